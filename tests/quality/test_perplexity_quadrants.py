"""Quadrants are cut at exact weighted quantiles, within strata, and hold what their facts say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_models import make_shards, random_documents

from pipelines.corpus import QUADRANTS
from pipelines.declared import read_declaration
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.shards import open_shards
from pipelines.store import Artifact, Draft, Store
from quality.perplexity.attributes import PERPLEXITY, SCHEMA
from quality.perplexity.declaration import PerplexityDeclaration, QuadrantsDeclaration
from quality.perplexity.examples import EXAMPLES
from quality.perplexity.quadrants import ensure_quadrants
from quality.perplexity.quantiles import QUADRANT_NAMES, Cut, cut_at_quantiles
from quality.quantiles import Threshold, threshold_at

PRESET = Path(__file__).parents[2] / "quality/perplexity/quadrants.yaml"
DECLARATION = read_declaration(PRESET, PerplexityDeclaration).quadrants.model_copy(update={"stratify_by": ()})
PARAMETERS = {"weak": "w", "strong": "s", "scoring": {"max_tokens": 16, "min_tokens": 4}}

weighted = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=40)


def ids_of(count: int) -> npt.NDArray[np.str_]:
    """Ids whose order is not that of the documents."""
    return np.array([f"{index * 7919 % 10007:05d}" for index in range(count)])


@given(weighted, st.floats(0.05, 0.95))
def test_the_low_side_is_the_most_that_fits_below_the_quantile(
    documents: list[tuple[int, int]], quantile: float
) -> None:
    values, weights = (np.array(column) for column in zip(*documents, strict=True))
    ids = ids_of(len(documents))
    low = ~threshold_at(values, ids, weights, quantile).is_high(values, ids)
    expected, weight = set(), 0
    for value, document, of_document in sorted(zip(values, ids, weights, strict=True)):
        weight += of_document
        if weight > quantile * weights.sum():
            break
        expected.add((value, document))
    assert set(zip(values[low], ids[low], strict=True)) == expected


def test_equal_values_are_parted_by_id() -> None:
    ids = np.array(list("dbca"))
    threshold = threshold_at(np.full(4, 2.5), ids, np.full(4, 10), 0.5)
    assert threshold == Threshold(2.5, "c")
    assert threshold.is_high(np.full(4, 2.5), ids).tolist() == [True, False, True, False]


def masses(declaration: QuadrantsDeclaration, num_tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The tokens of each quadrant, in the order of QUADRANT_NAMES; perplexity and PD go together."""
    generator = np.random.default_rng(3)
    nll = generator.normal(size=len(num_tokens))
    pd = nll + generator.normal(size=len(num_tokens))
    ids = ids_of(len(num_tokens))
    quadrants = cut_at_quantiles(declaration, nll, pd, ids, num_tokens).quadrants(nll, pd, ids)
    return np.bincount(quadrants, weights=num_tokens, minlength=len(QUADRANT_NAMES))


def test_marginal_medians_give_equal_halves_and_unequal_quadrants() -> None:
    high_low, high_high, low_low, low_high = masses(DECLARATION, np.full(1000, 7))
    assert high_low == low_high
    assert high_high == low_low
    assert high_low + high_high == high_low + low_low == 3500
    assert high_high > 1.5 * high_low


def test_nested_medians_give_equal_quadrants() -> None:
    nested = DECLARATION.model_copy(update={"split": "nested"})
    assert masses(nested, np.full(1000, 7)).tolist() == [1750] * 4
    num_tokens = np.random.default_rng(5).integers(1, 50, 1000)
    assert masses(nested, num_tokens) == pytest.approx([num_tokens.sum() / 4] * 4, abs=50)


def test_quantiles_other_than_medians() -> None:
    declaration = DECLARATION.model_copy(update={"split": "nested", "perplexity_quantile": 0.8, "pd_quantile": 0.25})
    assert masses(declaration, np.full(1000, 7)).tolist() == [350, 1050, 1400, 4200]


def test_quantiles_over_documents() -> None:
    nll, num_tokens = np.arange(4.0), np.array([100, 1, 1, 1])
    of_tokens = cut_at_quantiles(DECLARATION, nll, nll, ids_of(4), num_tokens)
    declaration = DECLARATION.model_copy(update={"weight": "documents"})
    of_documents = cut_at_quantiles(declaration, nll, nll, ids_of(4), num_tokens)
    assert (of_tokens.nll.value, of_documents.nll.value) == (0, 2)


def test_one_document_is_high_in_both() -> None:
    nested = DECLARATION.model_copy(update={"split": "nested"})
    one = np.array([1.5]), np.array([0.1]), np.array(["a"])
    quadrants = cut_at_quantiles(nested, *one, np.array([9])).quadrants(*one)
    assert [QUADRANT_NAMES[index] for index in quadrants] == ["high_ppl_high_pd"]


def make_perplexity(
    store: Store, name: str, shards: Artifact, nll: Sequence[float | None], pd: Sequence[float | None], **other: Any
) -> Artifact:
    """Planted scores of shards' documents in the order of the index; None for a document without one."""

    def make(draft: Draft) -> None:
        columns = {
            "id": open_shards(shards).index["id"],
            "num_tokens_scored": [0 if value is None else 5 for value in nll],
            "nll_weak": [None if value is None else 1.0 for value in nll],
            "nll_strong": nll,
            "pd": pd,
            "reason": ["too_short" if value is None else None for value in nll],
        }
        pq.write_table(pa.table(columns, schema=SCHEMA), draft.folder / PERPLEXITY)

    parameters = PARAMETERS | {"nll": [*nll], "pd": [*pd]} | other
    asset = f"quality/perplexity/{name}"
    return store.ensure(asset, make, code_version="1", parameters=parameters, parents=[shards]).artifact


class Scores:
    """Two shards: web with 8 documents in English and 8 in German, which is harder; code with 4, one too short."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.shards = {
            "web": make_shards(self.store, "web", random_documents(1, [9] * 16), ["de"] * 8 + ["en"] * 8),
            "code": make_shards(self.store, "code", random_documents(2, [4] * 4), ["python"] * 4, domain="code"),
        }
        languages = open_shards(self.shards["web"]).index["language"].to_pylist()
        ranks = {"de": iter(range(8)), "en": iter(range(8))}
        self.rank = [next(ranks[language]) for language in languages]
        nll = [rank + (20.0 if language == "de" else 0.0) for rank, language in zip(self.rank, languages, strict=True)]
        pd = [rank % 4 / 10 for rank in self.rank]
        self.perplexities = {
            "web": make_perplexity(self.store, "web", self.shards["web"], nll, pd),
            "code": make_perplexity(self.store, "code", self.shards["code"], [1, None, 2, 3], [0.1, None, 0.2, 0.3]),
        }

    def quadrants(self, **changes: Any) -> Artifact:
        declaration = DECLARATION.model_copy(update=changes)
        return ensure_quadrants(self.store, declaration, self.perplexities, self.shards, [].append).artifact


@pytest.fixture
def scores(tmp_path: Path) -> Scores:
    return Scores(tmp_path)


def quadrants_of(artifact: Artifact, shards: str) -> list[str | None]:
    table = pq.read_table(artifact.folder / QUADRANTS)
    return [row["quadrant"] for row in table.to_pylist() if row["shards"] == shards]


def nonzero(sizes: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {quadrant: size["num_documents"] for quadrant, size in sizes.items() if size["num_documents"]}


def test_rows_are_those_of_the_shards(scores: Scores) -> None:
    rows = pq.read_table(scores.quadrants().folder / QUADRANTS)
    ids = [open_shards(scores.shards[name]).index["id"].to_pylist() for name in ("code", "web")]
    assert rows["id"].to_pylist() == ids[0] + ids[1]
    assert rows["shards"].to_pylist() == ["code"] * 4 + ["web"] * 16


def test_documents_without_a_score_have_no_quadrant_but_their_reason(scores: Scores) -> None:
    artifact = scores.quadrants()
    rows = pq.read_table(artifact.folder / QUADRANTS).to_pylist()
    assert [(row["quadrant"], row["reason"]) for row in rows if row["reason"]] == [(None, "too_short")]
    assert rows[1]["reason"] == "too_short"
    record = artifact.record
    assert record.flows["documents"] == Flow(num_in=20, num_kept=19, dropped={"too_short": 1})
    assert record.flows["tokens"] == Flow(num_in=180, num_kept=175, dropped={"too_short": 5})
    assert record.facts["without_quadrant"] == {"too_short": {"num_documents": 1, "num_tokens": 5}}


@pytest.fixture
def small_strata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strata of a few documents have thresholds of their own."""
    monkeypatch.setattr("quality.perplexity.assigned.MIN_DOCUMENTS", 2)


def test_strata_of_too_few_documents_are_cut_where_all_are(
    scores: Scores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scores.quadrants()
    pooled = scores.quadrants(stratify_by=("language",))
    assert pooled.record.facts["thresholds"] == whole.record.facts["thresholds"]
    monkeypatch.setattr("quality.perplexity.assigned.MIN_DOCUMENTS", 4)  # three documents are in Python
    mixed = Scores(tmp_path / "mixed").quadrants(stratify_by=("language",))
    assert set(mixed.record.facts["thresholds"]) == {"all", "de", "en"}
    assert quadrants_of(mixed, "code") == quadrants_of(whole, "code")


def test_one_cut_for_all_makes_halves_of_languages(scores: Scores) -> None:
    facts = scores.quadrants().record.facts
    assert set(facts["thresholds"]) == {"all"}
    by_language = facts["quadrants_by_language"]
    assert set(nonzero(by_language["de"])) == {"high_ppl_low_pd", "high_ppl_high_pd"}
    assert "high_ppl_low_pd" not in nonzero(by_language["python"])
    assert sum(nonzero(by_language["en"])[name] for name in ("low_ppl_low_pd", "low_ppl_high_pd")) == 7


@pytest.mark.usefixtures("small_strata")
def test_cuts_within_languages_give_each_all_quadrants(scores: Scores) -> None:
    artifact = scores.quadrants(stratify_by=("language",))
    facts = artifact.record.facts
    assert set(facts["thresholds"]) == {"de", "en", "python"}
    for language in ("de", "en"):
        assert nonzero(facts["quadrants_by_language"][language]) == dict.fromkeys(QUADRANT_NAMES, 2)
    assert nonzero(facts["quadrants_by_domain"]["web"]) == dict.fromkeys(QUADRANT_NAMES, 4)
    expected = [f"{'high' if rank >= 4 else 'low'}_ppl_{'high' if rank % 4 >= 2 else 'low'}_pd" for rank in scores.rank]
    assert quadrants_of(artifact, "web") == expected
    assert quadrants_of(artifact, "code") == ["low_ppl_low_pd", None, "high_ppl_high_pd", "high_ppl_high_pd"]


@pytest.mark.usefixtures("small_strata")
def test_strata_of_language_and_domain(scores: Scores) -> None:
    thresholds = scores.quadrants(stratify_by=("language", "domain")).record.facts["thresholds"]
    assert set(thresholds) == {"de/web", "en/web", "python/code"}


@pytest.mark.usefixtures("small_strata")
def test_facts_are_of_tokens(scores: Scores) -> None:
    quadrants = scores.quadrants(stratify_by=("language",)).record.facts["quadrants"]
    assert quadrants["low_ppl_low_pd"]["num_tokens"] == 4 * 10 + 5
    assert quadrants["low_ppl_low_pd"]["share_of_tokens"] == pytest.approx(45 / 175)
    assert quadrants["high_ppl_low_pd"]["median_pd"] == pytest.approx(0.1)
    assert sum(quadrant["share_of_tokens"] for quadrant in quadrants.values()) == pytest.approx(1)


@pytest.mark.usefixtures("small_strata")
@pytest.mark.parametrize("split", ["marginal", "nested"])
def test_recorded_thresholds_cut_again_as_they_did(scores: Scores, split: str) -> None:
    artifact = scores.quadrants(stratify_by=("language",), split=split)
    cuts = {
        stratum: Cut(**{name: Threshold(**threshold) for name, threshold in cut.items()})
        for stratum, cut in artifact.record.facts["thresholds"].items()
    }
    table = pq.read_table(scores.perplexities["web"].folder / PERPLEXITY)
    nll, pd = (table[column].to_numpy() for column in ("nll_strong", "pd"))
    ids = np.array(table["id"].to_pylist())
    languages = np.array(open_shards(scores.shards["web"]).index["language"].to_pylist())
    again = np.select(
        [languages == language for language in ("de", "en")],
        [cuts[language].quadrants(nll, pd, ids) for language in ("de", "en")],
    )
    assert [QUADRANT_NAMES[index] for index in again] == quadrants_of(artifact, "web")


@pytest.mark.usefixtures("small_strata")
def test_examples_are_the_documents_themselves(scores: Scores) -> None:
    artifact = scores.quadrants(stratify_by=("language",))
    rows = pq.read_table(artifact.folder / EXAMPLES).to_pylist()
    assert len(rows) == 19
    assert [row["quadrant"] for row in rows] == sorted((row["quadrant"] for row in rows), key=QUADRANT_NAMES.index)
    texts = {" ".join(f"w{token}" for token in tokens) for tokens in random_documents(1, [9] * 16)}
    assert {row["excerpt"] for row in rows if row["domain"] == "web"} == texts
    scored = pq.read_table(artifact.folder / QUADRANTS).to_pylist()
    assert {(row["id"], row["quadrant"]) for row in rows} == {
        (row["id"], row["quadrant"]) for row in scored if row["quadrant"]
    }


def test_the_same_scores_give_the_same_bytes(scores: Scores, tmp_path: Path) -> None:
    assert scores.quadrants().digest == Scores(tmp_path / "again").quadrants().digest
    assert scores.quadrants(split="nested").record.version == 2


def test_scores_by_different_models_are_refused(scores: Scores) -> None:
    nothing = [1.0] * 4
    scores.perplexities["code"] = make_perplexity(
        scores.store, "code", scores.shards["code"], nothing, nothing, strong="another"
    )
    with pytest.raises(PhaselineError, match=r"code@2 and quality/perplexity/web@1 differ in strong"):
        scores.quadrants()


def test_scores_of_other_shards_are_refused(scores: Scores) -> None:
    scores.shards["web"] = make_shards(scores.store, "web", random_documents(9, [9] * 16), ["en"] * 16)
    with pytest.raises(PhaselineError, match=r"quality/perplexity/web@1 does not score shards/web@2"):
        scores.quadrants()


def test_every_value_of_the_preset_has_evidence() -> None:
    preset = read_declaration(PRESET, PerplexityDeclaration)
    fields = {f"{name}.{field}" for name in ("scoring", "quadrants") for field in getattr(preset, name).model_dump()}
    assert {evidence.field for evidence in preset.evidence} == {"weak", "strong", "part", *fields}


def test_lengths_that_nothing_fits_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "quadrants.yaml"
    path.write_text(PRESET.read_text().replace("min_tokens: 32", "min_tokens: 512"))
    with pytest.raises(PhaselineError, match=r"quadrants\.yaml:9: scoring: min_tokens 512 exceeds max_tokens 256"):
        read_declaration(path, PerplexityDeclaration)
