"""Every document's score is what the model says of it alone and outlives a killed run; unfit models are refused."""

import math
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_models import (
    CONTEXT,
    END_OF_TEXT,
    VOCAB_SIZE,
    make_model,
    make_shards,
    random_documents,
    word_tokenizer,
    write_model,
)
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from pipelines.errors import PhaselineError
from pipelines.parts import Part
from pipelines.record import Flow, Parent
from pipelines.shards import open_shards
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.batches import batches_by_length
from quality.perplexity import score
from quality.perplexity.attributes import PARTS, PERPLEXITY, ensure_perplexity
from quality.perplexity.declaration import ModelFolder, ScoringDeclaration, read_perplexity
from quality.perplexity.reference import TrainedOn, reference_model, reference_model_in

WHOLE = Part(start=0, end=1)
SCORING = ScoringDeclaration(max_tokens=CONTEXT, min_tokens=4)
ASSET = "quality/perplexity/web"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")

    def silence(model: Any) -> None:
        model.lm_head.weight.zero_()

    return {
        "weak": write_model(folder / "weak", 1),
        "strong": write_model(folder / "strong", 2),
        "uniform": write_model(folder / "uniform", 3, silence),
    }


def web_shards(store: Store) -> Artifact:
    """30 documents of 1 to 30 tokens, their end-of-text token included."""
    return make_shards(store, "web", random_documents(1, range(30)), ["en"] * 30)


def score_web(
    store: Store, weak: Path, strong: Path, *, part: Part = WHOLE, reports: list[str] | None = None
) -> Outcome:
    return ensure_perplexity(
        store,
        ASSET,
        web_shards(store),
        reference_model_in(weak),
        reference_model_in(strong),
        part=part,
        scoring=SCORING,
        report=(reports if reports is not None else []).append,
    )


def loss_alone(model: Any, tokens: list[int]) -> float:
    """The mean loss of a document's tokens, from a pass over it alone; log-softmax in float64."""
    import torch

    with torch.no_grad():
        logits = model(torch.tensor([[END_OF_TEXT, *tokens[:-1]]])).logits[0].double().numpy()
    total = 0.0
    for position, token in enumerate(tokens):
        total += math.log(np.exp(logits[position] - logits[position, token]).sum())
    return total / len(tokens)


def rows_of(artifact: Artifact) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(artifact.folder / PERPLEXITY).to_pylist()
    return rows


def test_scores_are_those_of_each_document_alone(tmp_path: Path, models: dict[str, Path]) -> None:
    from transformers import AutoModelForCausalLM

    store = Store(tmp_path)
    rows = rows_of(score_web(store, models["weak"], models["strong"]).artifact)
    shards = open_shards(web_shards(store))
    loaded = {name: AutoModelForCausalLM.from_pretrained(models[name]).eval() for name in ("weak", "strong")}
    assert [row["id"] for row in rows] == shards.index["id"].to_pylist()
    for row, offset, length in zip(
        rows, shards.index["offset"].to_pylist(), shards.index["length"].to_pylist(), strict=True
    ):
        if length < SCORING.min_tokens:
            unscored = {"num_tokens_scored": 0, "nll_weak": None, "nll_strong": None, "pd": None, "reason": "too_short"}
            assert row == {"id": row["id"]} | unscored
            continue
        tokens = shards.tokens[offset : offset + min(length, CONTEXT)].tolist()
        weak, strong = (loss_alone(loaded[name], tokens) for name in ("weak", "strong"))
        assert row["num_tokens_scored"] == len(tokens)
        assert row["reason"] is None
        assert (row["nll_weak"], row["nll_strong"]) == pytest.approx((weak, strong), rel=1e-5)
        assert row["pd"] == pytest.approx((math.exp(weak) - math.exp(strong)) / math.exp(weak), rel=1e-4, abs=1e-5)


def test_a_model_that_knows_nothing_has_the_loss_of_the_vocabulary(tmp_path: Path, models: dict[str, Path]) -> None:
    artifact = score_web(Store(tmp_path), models["uniform"], models["strong"]).artifact
    losses = [row["nll_weak"] for row in rows_of(artifact) if row["reason"] is None]
    assert losses == pytest.approx([math.log(VOCAB_SIZE)] * 27, rel=1e-6)
    assert artifact.record.facts["nll_weak"] == pytest.approx(math.log(VOCAB_SIZE), rel=1e-6)


def test_counts_close(tmp_path: Path, models: dict[str, Path]) -> None:
    record = score_web(Store(tmp_path), models["weak"], models["strong"]).artifact.record
    assert record.flows["documents"] == Flow(num_in=30, num_kept=27, dropped={"too_short": 3})
    assert record.facts["num_truncated_documents"] == 14  # of 17 to 30 tokens
    assert record.facts["num_tokens_scored"] == sum(range(4, 17)) + 14 * 16


def test_documents_that_begin_outside_of_the_part_have_a_reason(tmp_path: Path, models: dict[str, Path]) -> None:
    store = Store(tmp_path)
    shards = open_shards(web_shards(store))
    shares = (shards.index["offset"].to_numpy() / shards.num_tokens).tolist()
    part = Part(start=(shares[4] + shares[5]) / 2, end=(shares[25] + shares[26]) / 2)
    rows = rows_of(score_web(store, models["weak"], models["strong"], part=part).artifact)
    assert [row["reason"] for row in [*rows[:5], *rows[26:]]] == ["outside_part"] * 9
    assert {row["reason"] for row in rows[5:26]} == {None, "too_short"}
    whole = rows_of(score_web(Store(tmp_path / "whole"), models["weak"], models["strong"]).artifact)
    compared = [(row["pd"], other["pd"]) for row, other in zip(rows[5:26], whole[5:26], strict=True) if row["pd"]]
    assert len(compared) > 15
    assert [pd for pd, _ in compared] == pytest.approx([pd for _, pd in compared], rel=1e-4, abs=1e-5)


def test_scores_do_not_depend_on_parts_and_batches(
    tmp_path: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows_of(score_web(Store(tmp_path / "whole"), models["weak"], models["strong"]).artifact)
    monkeypatch.setattr(score, "TOKENS_PER_PART", 50)
    monkeypatch.setitem(score.LOGITS_PER_BATCH, "cpu", 1)
    alone = rows_of(score_web(Store(tmp_path / "alone"), models["weak"], models["strong"]).artifact)
    for column in ("nll_weak", "nll_strong"):
        expected = [row[column] for row in whole if row["reason"] is None]
        assert [row[column] for row in alone if row["reason"] is None] == pytest.approx(expected, abs=1e-5)


KILLED_AFTER_TWO_PARTS = """
import os, signal, sys
from pathlib import Path
sys.path[:] = {path!r}
from quality.batches import batches_by_length
from quality.perplexity import score
score.TOKENS_PER_PART = 50
import test_perplexity
from pipelines.store import Store

class Reports(list):
    def append(self, line):
        super().append(line)
        if sum("tokens/s" in line for line in self) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

test_perplexity.score_web(Store(Path({home!r})), Path({weak!r}), Path({strong!r}), reports=Reports())
"""


def test_a_killed_run_goes_on_where_it_was(
    tmp_path: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "TOKENS_PER_PART", 50)
    uninterrupted = score_web(Store(tmp_path / "whole"), models["weak"], models["strong"]).artifact
    paths = {"home": str(tmp_path / "killed"), "weak": str(models["weak"]), "strong": str(models["strong"])}
    script = KILLED_AFTER_TWO_PARTS.format(path=sys.path, **paths)
    killed = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    store = Store(tmp_path / "killed")
    kept = sorted((store.folder(ASSET) / PARTS).rglob("*.npy"))
    assert len(kept) == 2
    reports: list[str] = []
    resumed = score_web(store, models["weak"], models["strong"], reports=reports).artifact
    assert [line for line in reports if "scored before" in line] == [
        f"{models['weak']}: 2 of 7 parts were scored before"
    ]
    assert resumed.digest == uninterrupted.digest
    assert not kept[0].parent.parent.exists()
    assert score_web(store, models["weak"], models["strong"]).changes == []


def test_parts_of_other_inputs_are_not_used(
    tmp_path: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(line: str) -> None:
        if "tokens/s" in line:
            raise KeyboardInterrupt

    store = Store(tmp_path)
    monkeypatch.setattr(score, "TOKENS_PER_PART", 50)
    references = reference_model_in(models["weak"]), reference_model_in(models["strong"])
    shorter = SCORING.model_copy(update={"max_tokens": CONTEXT - 1})
    with pytest.raises(KeyboardInterrupt):
        ensure_perplexity(store, ASSET, web_shards(store), *references, part=WHOLE, scoring=shorter, report=stop)
    assert len(list((store.folder(ASSET) / PARTS).rglob("*.npy"))) == 1
    reports: list[str] = []
    score_web(store, models["weak"], models["strong"], reports=reports)
    assert [line for line in reports if "scored before" in line] == []
    assert list((store.folder(ASSET) / PARTS).iterdir()) == []


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.integers(1, 200))
def test_batches_hold_every_document_once_within_their_budget(lengths: list[int], budget: int) -> None:
    batches = list(batches_by_length(np.array(lengths), budget))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


def test_two_models_with_a_tokenizer_of_their_own_score_the_text_in_their_tokens(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    store = Store(tmp_path)
    folders = [write_model(tmp_path / name, seed, **THEIR_ENDS) for name, seed in (("small", 5), ("large", 6))]
    for folder in folders:
        their_tokenizer().save(str(folder / "tokenizer.json"))
    shards = open_shards(web_shards(store))
    artifact = score_web(store, *folders).artifact
    small = AutoModelForCausalLM.from_pretrained(folders[0]).eval()
    compared = 0
    for row, offset, length in zip(
        rows_of(artifact), shards.index["offset"].to_pylist(), shards.index["length"].to_pylist(), strict=True
    ):
        if row["reason"] is None:
            words = shards.tokens[offset : offset + length - 1].tolist()
            tokens = [*(VOCAB_SIZE - word for word in words[:CONTEXT]), END_OF_TEXT][:CONTEXT]
            assert row["num_tokens_scored"] == len(tokens)
            assert row["nll_weak"] == pytest.approx(loss_alone(small, tokens), rel=1e-5)
            compared += 1
    assert compared == 27
    assert artifact.record.facts["num_truncated_documents"] == 14


def their_tokenizer() -> Tokenizer:
    """The words of the shards' tokenizer by other numbers."""
    vocab = {"<s>": END_OF_TEXT} | {f"w{VOCAB_SIZE - token}": token for token in range(1, VOCAB_SIZE)}
    tokenizer = Tokenizer(WordLevel(vocab, unk_token="<s>"))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


THEIR_ENDS = {"bos_token_id": None, "eos_token_id": [END_OF_TEXT, 7]}


def test_a_model_of_the_pipeline_with_another_tokenizer_than_the_shards_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def make(draft: Draft) -> None:
        write_model(draft.folder, 4)
        their_tokenizer().save(str(draft.folder / "tokenizer.json"))

    other = store.ensure("models/other", make, code_version="1", parameters={}).artifact
    references = reference_model(other, []), reference_model_in(write_model(tmp_path / "same", 5))
    their_tokenizer().save(str(references[1].folder / "tokenizer.json"))
    with pytest.raises(PhaselineError, match=r"models/other@1 has another tokenizer than shards/web@1"):
        ensure_perplexity(store, ASSET, web_shards(store), *references, part=WHOLE, scoring=SCORING, report=[].append)


def test_a_model_without_a_tokenizer_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    without = write_model(tmp_path / "without", 4)
    (without / "tokenizer.json").unlink()
    with pytest.raises(
        PhaselineError, match=r"there is no tokenizer\.json in .*without\n  remedy: save the model with"
    ):
        score_web(Store(tmp_path), models["weak"], without)


def test_models_are_declared_as_assets_or_folders(tmp_path: Path) -> None:
    preset = Path(__file__).parents[2] / "quality/perplexity/quadrants.yaml"
    path = tmp_path / "quadrants.yaml"
    path.write_text(re.sub("^weak: .*", "weak: {folder: models/small}", preset.read_text(), flags=re.MULTILINE))
    declared = read_perplexity(path)
    assert declared.models == (ModelFolder(folder=tmp_path / "models/small"), "models/reference_strong/reference")


def test_a_model_with_another_tokenizer_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    other = write_model(tmp_path / "other", 4)
    word_tokenizer("v").save(str(other / "tokenizer.json"))
    with pytest.raises(PhaselineError, match=r"weak has another tokenizer than .*other"):
        score_web(Store(tmp_path), models["weak"], other)


def test_a_model_with_a_smaller_vocabulary_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    small = write_model(tmp_path / "small", 4, vocab_size=39)
    with pytest.raises(PhaselineError, match="small has 39 token ids and its tokenizer 40"):
        score_web(Store(tmp_path), small, models["strong"])


def test_a_model_with_a_shorter_context_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    short = write_model(tmp_path / "short", 4, max_position_embeddings=8)
    with pytest.raises(PhaselineError, match=r"short reads 8 tokens, fewer than max_tokens 16"):
        score_web(Store(tmp_path), short, models["strong"])


def test_one_model_twice_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    with pytest.raises(PhaselineError, match="is both the weak and the strong model"):
        score_web(Store(tmp_path), models["weak"], models["weak"])


def test_a_broken_model_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    def spoil(model: Any) -> None:
        model.lm_head.weight[3] = math.nan

    with pytest.raises(PhaselineError, match="gives 27 documents a loss that is no number"):
        score_web(Store(tmp_path), write_model(tmp_path / "broken", 4, spoil), models["strong"])


def test_shards_without_a_document_to_score_are_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    with pytest.raises(PhaselineError, match=r"shards/web@1 has no document of 4 tokens or more from 0\.999"):
        score_web(Store(tmp_path), models["weak"], models["strong"], part=Part(start=0.999, end=1))


FIRST_SCORED = 10  # the document that the part of the next test begins with
LAST_SCORED = 19
OTHER_SHARDS = Parent(asset="shards/code", version=1, digest="0" * 64)


@pytest.mark.parametrize(
    ("documents", "is_selection", "message"),
    [
        (slice(0, FIRST_SCORED), False, None),
        (slice(LAST_SCORED + 1, 30), False, None),
        (slice(0, FIRST_SCORED + 1), False, "small@1 was trained on tokens of shards/web@1 up to"),
        (slice(LAST_SCORED, 30), False, "small@1 was trained on tokens of shards/web@1 up to 465"),
        ([2, 3, 7, 22, 28], True, None),
        ([2, 3, 15, 28], True, "small@1 was trained on tokens of shards/web@1 up to"),
    ],
)
def test_a_model_trained_on_what_it_would_score_is_refused(
    tmp_path: Path,
    models: dict[str, Path],
    documents: slice | list[int],
    is_selection: bool,
    message: str | None,
) -> None:
    store = Store(tmp_path)
    index = open_shards(web_shards(store)).index
    offsets, lengths = index["offset"].to_numpy(), index["length"].to_numpy()
    starts, ends = offsets[documents], (offsets + lengths)[documents]
    if not is_selection:
        starts, ends = starts[:1], ends[-1:]
    small = make_model(store, "small", 1, {})
    part = Part(start=offsets[FIRST_SCORED] / 465, end=offsets[LAST_SCORED + 1] / 465)
    known = [TrainedOn(OTHER_SHARDS, starts, ends), TrainedOn(web_shards(store).parent, starts, ends)]
    references = reference_model(small, known), reference_model_in(models["strong"])

    def ensure() -> Outcome:
        return ensure_perplexity(
            store, ASSET, web_shards(store), *references, part=part, scoring=SCORING, report=[].append
        )

    if message is None:
        assert ensure().artifact.record.parents == [web_shards(store).parent, small.parent]
    else:
        with pytest.raises(PhaselineError, match=message):
            ensure()


def test_a_model_trained_on_other_shards_of_that_name_is_refused(tmp_path: Path, models: dict[str, Path]) -> None:
    store = Store(tmp_path)
    other = Parent(asset="shards/web", version=7, digest="0" * 64)
    small = reference_model(make_model(store, "small", 1, {}), [TrainedOn(other, np.array([0]), np.array([10]))])
    references = small, reference_model_in(models["strong"])
    with pytest.raises(PhaselineError, match=r"small@1 was trained on shards/web@7, which is not shards/web@1"):
        ensure_perplexity(store, ASSET, web_shards(store), *references, part=WHOLE, scoring=SCORING, report=[].append)
