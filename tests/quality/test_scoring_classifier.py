"""A sequence classifier gives each document the score that it has alone; a folder that does not fit is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scored_documents import ODD_TEXTS, WITHOUT_CHARACTERS, Planted, make_documents, outcomes, score

from pipelines.engines.progress import progress_into, read_state
from pipelines.errors import PhaselineError
from pipelines.pieces import PIECE_BYTES
from pipelines.store import Store
from quality.scoring import sequence_classifier
from quality.scoring.declaration import SequenceClassifierScorer
from quality.scoring.kinds import parameters_of, piece_bytes_of
from quality.scoring.sequence_classifier import SequenceClassifierScores, refuse_unfit

WORDS = ["theorem", "river", "proof", "click", "buy", "доказательство", "证明"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
MAX_TOKENS = 24
TEXTS = [
    "river",
    "",
    "theorem river proof " * 3,
    "click buy " * 1000,
    "доказательство 证明 proof",
    "\x00\x01\ufffd�\x7f ���",
    " \n\t ",
    "buy theorem",
    "x" * 100_000,
]
WITHOUT_TOKENS = [1, 6]


def write_classifier(folder: Path, labels: list[str], seed: int = 1, **config: Any) -> Path:
    """A BERT of two layers with large random weights, and its tokenizer of words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    torch.manual_seed(seed)
    vocab = {word: number for number, word in enumerate(SPECIAL + WORDS)}
    shape = {
        "vocab_size": len(vocab),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": MAX_TOKENS,
        "initializer_range": 0.5,
        "id2label": dict(enumerate(labels)),
    }
    BertForSequenceClassification(BertConfig(**(shape | config))).save_pretrained(folder)
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocab["[CLS]"]), ("[SEP]", vocab["[SEP]"])]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("classifiers")
    return {
        "regression": write_classifier(folder / "regression", ["quality"]),
        "classes": write_classifier(folder / "classes", ["low", "medium", "high"]),
    }


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """A task sets them for its process."""
    import torch

    num_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(num_threads)


def scorer_of(folder: Path, **changes: Any) -> SequenceClassifierScorer:
    declared = {"name": "educational", "domain": "web", "kind": "sequence_classifier", "folder": str(folder)}
    return SequenceClassifierScorer.model_validate(declared | {"max_tokens": MAX_TOKENS} | changes)


def scores_together(scorer: SequenceClassifierScorer, texts: list[str]) -> np.ndarray:
    opened = SequenceClassifierScores(scorer, None)  # type: ignore[arg-type]
    return opened.score(pa.RecordBatch.from_pydict({"text": texts}))


def logits_alone(folder: Path, text: str) -> np.ndarray:
    """The outputs for one text without padding."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        inputs = tokenizer(text, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        return model(**inputs).logits[0].double().numpy()


@pytest.mark.parametrize("tokens_per_batch", [1, 60, 1 << 13])
def test_scores_do_not_depend_on_the_batch(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tokens_per_batch: int
) -> None:
    monkeypatch.setitem(sequence_classifier.TOKENS_PER_BATCH, "cpu", tokens_per_batch)
    together = scores_together(scorer_of(folders["regression"]), TEXTS)
    assert np.flatnonzero(np.isnan(together)).tolist() == WITHOUT_TOKENS
    for text, scored in zip(TEXTS, together, strict=True):
        if not np.isnan(scored):
            assert scored == pytest.approx(logits_alone(folders["regression"], text)[0], abs=1e-5)


@pytest.mark.parametrize("label", ["high", 2])
def test_a_label_is_scored_by_its_probability(folders: dict[str, Path], label: str | int) -> None:
    scored = scores_together(scorer_of(folders["classes"], label=label), ["theorem river"])
    exponentials = np.exp(logits_alone(folders["classes"], "theorem river"))
    assert scored[0] == pytest.approx(exponentials[2] / exponentials.sum(), abs=1e-5)


def test_every_document_has_a_score_or_a_reason(tmp_path: Path, folders: dict[str, Path]) -> None:
    store = Store(tmp_path)
    scorer = scorer_of(folders["regression"])
    reports: list[str] = []
    documents = make_documents(store, [[Planted(text) for text in TEXTS]])
    scores = score(store, scorer, documents, reports=reports)
    together = scores_together(scorer, TEXTS)
    expected = ["no_tokens" if np.isnan(value) else pytest.approx(float(value), abs=1e-5) for value in together]
    assert outcomes(scores) == expected
    assert scores.record.facts["num_without_score"] == {"no_tokens": 2}
    assert "tokens/s" in reports[-1]


def test_a_task_of_a_model_scores_less_text(tmp_path: Path) -> None:
    assert piece_bytes_of(scorer_of(tmp_path)) < PIECE_BYTES


def test_the_tokens_are_told_while_a_task_runs(tmp_path: Path, folders: dict[str, Path]) -> None:
    with progress_into(tmp_path / "progress"):
        scores_together(scorer_of(folders["regression"]), ["river", "", "theorem river proof"])
    assert read_state(tmp_path / "progress").num_tokens == 3 + 5  # with those before and after the words


def test_odd_documents_get_a_score_or_a_reason(folders: dict[str, Path]) -> None:
    scores = scores_together(scorer_of(folders["regression"]), ODD_TEXTS)
    without = np.arange(len(ODD_TEXTS)) < len(WITHOUT_CHARACTERS)
    assert np.isnan(scores).tolist() == without.tolist()
    assert np.isfinite(scores[~without]).all()


def test_the_content_of_the_folder_is_part_of_the_identity(tmp_path: Path, folders: dict[str, Path]) -> None:
    same = write_classifier(tmp_path / "same", ["quality"])
    other = write_classifier(tmp_path / "other", ["quality"], seed=2)
    known = parameters_of(scorer_of(folders["regression"]))
    assert parameters_of(scorer_of(same)) == known
    assert parameters_of(scorer_of(other)) != known


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        ("classes", {}, r"the outputs 0 \(low\), 1 \(medium\), 2 \(high\), and none is declared"),
        ("classes", {"label": "best"}, "best is none of them"),
        ("classes", {"label": 3}, "3 is none of them"),
        ("regression", {"label": "quality"}, "has one output alone"),
        ("regression", {"max_tokens": 25}, "reads 24 tokens, fewer than 25"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(
    folders: dict[str, Path], model: str, changes: dict[str, Any], message: str
) -> None:
    refuse_unfit(scorer_of(folders["classes"], label="high"))
    with pytest.raises(PhaselineError, match=message):
        refuse_unfit(scorer_of(folders[model], **changes))


def test_a_folder_without_model_or_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhaselineError, match=r"educational: there is no config\.json in"):
        refuse_unfit(scorer_of(tmp_path))
    folder = write_classifier(tmp_path / "model", ["quality"])
    (folder / "tokenizer.json").unlink()
    with pytest.raises(PhaselineError, match=r"there is no tokenizer\.json in .*model\n  remedy: save both"):
        refuse_unfit(scorer_of(folder))


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path, ["quality"], vocab_size=5)
    with pytest.raises(PhaselineError, match="has 11 ids, the model 5"):
        refuse_unfit(scorer_of(folder))


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    folder = write_classifier(tmp_path, ["quality"])
    BertModel(BertConfig.from_pretrained(folder)).save_pretrained(folder)
    with pytest.raises(PhaselineError, match="holds BertModel, which is no sequence classifier"):
        refuse_unfit(scorer_of(folder))


def test_a_model_that_gives_no_number_is_refused(tmp_path: Path) -> None:
    import torch
    from transformers import BertForSequenceClassification

    folder = write_classifier(tmp_path, ["quality"])
    model = BertForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.bias.fill_(torch.inf)
    model.save_pretrained(folder)
    with pytest.raises(PhaselineError, match="gives 2 documents a score that is no number"):
        scores_together(scorer_of(folder), ["river", "proof"])
