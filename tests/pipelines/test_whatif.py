"""Documents judged again by their attributes: as the step itself would judge them, under any threshold."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import fasttext
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.documents import ATTRIBUTES, DOCUMENTS, REJECTED
from pipelines.engines import LocalEngine
from pipelines.errors import PhaselineError
from pipelines.fetch.raw import ensure_raw
from pipelines.filters import Filters
from pipelines.places import Folder
from pipelines.process.step import ensure_documents
from pipelines.readers.formats import TextReader
from pipelines.shards import INDEX, INDEX_SCHEMA
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Draft, Store
from pipelines.whatif.changes import changed, threshold, with_value
from pipelines.whatif.curve import thresholds
from pipelines.whatif.judging import KEPT, REASONS, Tally, attributes, deferred_reasons, judged, outcomes
from pipelines.whatif.plot import plot_curve
from pipelines.whatif.tokens import tokens_per_byte

ENGLISH = "the house and garden of our friends were green with old trees that nobody had cut for years"
GERMAN = "das Haus und der Garten unserer Freunde waren grün von alten Bäumen die niemand gefällt hat"
NUM_TEXTS = 120
FILTERS = {
    "gopher_quality": {"min_words": 30, "max_symbols_per_word": 0.1},
    "c4": {"min_sentences": 2, "refuse_curly_brackets": True},
    "gopher_repetition": {},
    "fineweb": {},
    "by_language": {"de": {"gopher_quality": {"min_words": 60}, "fineweb": None}},
}


DEFERRED = ("gopher_too_few_words", "c4_*")
CHANGES = [
    ["gopher_quality.min_words=null", "c4.min_sentences=1", "min_language_score=0.9"],
    ["de.gopher_quality.min_words=20", "de.fineweb.max_short_lines=0.1", "c4.refuse_curly_brackets=false"],
    ["gopher_repetition.max_top_ngram.3=0.05", "fineweb.max_line_breaks_per_word=0.1", "min_language_score=0.5"],
]

Make = Callable[..., Artifact]


def silent(_: str) -> None:
    """No reports are wanted."""


def text(number: int) -> str:
    """A text of some sentences, one in three German, some mixed; now and then with hashes, a bracket, a repetition."""
    draw = random.Random(number)
    words = GERMAN if number % 3 == 0 else ENGLISH
    if number % 10 == 1:
        words = f"{GERMAN} {ENGLISH}"
    sentences = [" ".join(draw.choices(words.split(), k=12)).capitalize() + "." for _ in range(draw.randint(1, 9))]
    extras = [(0.2, "# # # # #"), (0.1, "a {bracket}"), (0.2, f"{sentences[0]}\n{sentences[0]}")]
    return draw.choice(["\n", " ", "\n\n"]).join(
        sentences + [extra for chance, extra in extras if draw.random() < chance]
    )


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Runs the documents step on the texts under a declaration, perhaps with some rules deferred."""
    folder = tmp_path_factory.mktemp("whatif")
    lines = [
        f"__label__{name} {word} {word}" for name, words in (("en", ENGLISH), ("de", GERMAN)) for word in words.split()
    ]
    (folder / "train.txt").write_text("\n".join(lines * 5))
    trained = fasttext.train_supervised(str(folder / "train.txt"), dim=4, epoch=30, thread=1, verbose=0)
    (folder / "texts").mkdir()
    for number in range(NUM_TEXTS):
        (folder / "texts" / f"{number:03}.txt").write_text(text(number))

    def make_model(draft: Draft) -> None:
        trained.save_model(str(draft.folder / "tiny.bin"))

    store = Store(folder / "home")
    identifier = store.ensure("model/tiny", make_model, code_version="1", parameters={}).artifact

    def documents(domain: Domain, deferred_rules: Sequence[str] = ()) -> Artifact:
        (source,) = domain.sources
        declared = source.model_copy(update={"snapshots": {"1": Folder(folder=folder / "texts")}})
        raw = ensure_raw(store, declared, "1", silent).artifact
        return ensure_documents(
            store,
            domain,
            declared,
            "1",
            raw,
            identifier,
            deferred_rules=deferred_rules,
            engine=LocalEngine(workers=1),
            report=silent,
        ).artifact

    return documents


@pytest.fixture(scope="module")
def domain() -> Domain:
    source = Source(
        name="web_planted",
        licence="CC0-1.0",
        reader=TextReader(format="text", include=("*.txt",)),
        snapshots={"1": Folder(folder=Path("texts"))},
    )
    filters = Filters.model_validate(FILTERS)
    return Domain(domain="web", languages=("en", "de"), min_language_score=0.75, filters=filters, sources=(source,))


@pytest.fixture(scope="module")
def documents(make: Make, domain: Domain) -> Artifact:
    return make(domain)


def reasons(artifact: Artifact) -> Counter[str | None]:
    """How many records break no rule (None), and are dropped or only deferred for each reason."""
    kept = [rule for path in artifact.files(DOCUMENTS) for rule in pq.read_table(path)["broken_rule"].to_pylist()]
    rejected = [reason for path in artifact.files(REJECTED) for reason in pq.read_table(path)["reason"].to_pylist()]
    return Counter([*kept, *rejected])


def deferred(artifact: Artifact) -> Tally:
    """The documents that break a rule and that the step kept."""
    (path,) = artifact.files(DOCUMENTS)
    rows = pq.read_table(path, columns=["num_bytes", "broken_rule"]).to_pylist()
    sizes = [row["num_bytes"] for row in rows if row["broken_rule"]]
    return Tally(len(sizes), sum(sizes))


def judged_again(artifact: Artifact, domain: Domain) -> Counter[str | None]:
    late = deferred_reasons(artifact)
    verdicts = [
        verdict for batch in attributes([artifact], domain.filters.measures) for verdict in judged(batch, domain, late)
    ]
    return Counter(None if verdict == KEPT else REASONS[verdict] for verdict in verdicts)


def test_declared_thresholds_judge_as_the_step_did(documents: Artifact, domain: Domain) -> None:
    found = reasons(documents)
    assert found[None] > 20
    assert {"gopher_too_few_words", "gopher_symbols", "c4_curly_brackets", "language_score"} < set(found)
    assert judged_again(documents, domain) == found
    (outcome,) = outcomes([documents], [domain])
    assert outcome.before == outcome.after
    assert not outcome.newly_kept
    assert not outcome.newly_dropped


@pytest.mark.parametrize("deferred_rules", [(), DEFERRED])
@pytest.mark.parametrize("changes", CHANGES)
def test_changed_thresholds_judge_as_the_step_would(
    make: Make, domain: Domain, changes: Sequence[str], deferred_rules: Sequence[str]
) -> None:
    documents = make(domain, deferred_rules)
    then = domain
    for change in changes:
        then = changed(then, change)
    made = make(then, deferred_rules)
    assert reasons(made) != reasons(documents)
    assert judged_again(documents, then) == reasons(made)
    (outcome,) = outcomes([documents], [then])
    num_bytes = {unit: made.record.flows[unit].num_kept for unit in ("documents", "bytes")}
    assert outcome.after == Tally(num_bytes["documents"], num_bytes["bytes"])
    assert (outcome.deferred_before, outcome.deferred_after) == (deferred(documents), deferred(made))
    assert (outcome.deferred_after.num_documents > 0) == bool(deferred_rules)
    kept = sum(outcome.newly_kept.values(), Tally())
    dropped = sum(outcome.newly_dropped.values(), Tally())
    assert outcome.before + kept == outcome.after + dropped
    assert kept.num_documents + dropped.num_documents > 0


def test_who_changes_sides_is_counted_under_the_reason_of_the_other_side(documents: Artifact, domain: Domain) -> None:
    (stricter,) = outcomes([documents], [changed(domain, "gopher_quality.min_words=100")])
    assert set(stricter.newly_dropped) == {"gopher_too_few_words"}
    assert not stricter.newly_kept
    (looser,) = outcomes([documents], [changed(domain, "gopher_quality.min_words=1")])
    assert set(looser.newly_kept) == {"gopher_too_few_words"}
    assert not looser.newly_dropped


def test_a_threshold_of_a_deferred_rule_moves_documents_between_the_deferred_and_those_within_the_rules(
    make: Make, domain: Domain
) -> None:
    documents = make(domain, DEFERRED)
    now, stricter = outcomes([documents], [domain, changed(domain, "gopher_quality.min_words=50")])
    assert now.deferred_before == now.deferred_after == stricter.deferred_before == deferred(documents)
    assert now.before == now.after == stricter.after
    assert stricter.deferred_after.num_documents > now.deferred_after.num_documents > 0
    assert stricter.within_rules + stricter.deferred_after == stricter.after
    assert not stricter.newly_kept
    assert not stricter.newly_dropped


def test_a_document_of_a_language_that_is_not_declared_stays_dropped(make: Make, domain: Domain) -> None:
    english = domain.model_copy(update={"languages": ("en",)})
    made = make(english)
    anything = changed(changed(english, "gopher_quality.min_words=0"), "min_language_score=0")
    (outcome,) = outcomes([made], [anything])
    assert reasons(made)["language"] > 10
    assert "language" not in outcome.newly_kept


def test_a_curve_has_the_values_that_documents_have_and_the_declared_one(documents: Artifact, domain: Domain) -> None:
    changing = threshold(domain, "gopher_quality.min_words")
    values = thresholds([documents], domain, changing)
    assert 30 in values
    assert values == sorted(values)
    table = pa.Table.from_batches(list(attributes([documents], ["num_words"])))
    english = [row["num_words"] for row in table.to_pylist() if row["language"] != "de"]
    assert set(values) - {30} <= set(english)
    assert values[0] == min(*english, 30)
    kept = [
        outcome.after for outcome in outcomes([documents], [with_value(domain, changing, value) for value in values])
    ]
    assert [tally.num_documents for tally in kept] == sorted((tally.num_documents for tally in kept), reverse=True)
    most = thresholds([documents], domain, threshold(domain, "gopher_repetition.max_top_ngram.2"))
    assert most == sorted(most, reverse=True)


def test_a_curve_can_be_drawn(tmp_path: Path) -> None:
    paths = [tmp_path / "one.png", tmp_path / "two.png"]
    for path in paths:
        plot_curve(path, "gopher_quality.min_words", [10, 20, 40], [Tally(5, 900), Tally(3, 700), Tally(1, 400)], 20)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("gopher_quality.min_word=3", "there is no rule gopher_quality.min_word"),
        ("german.gopher_quality.min_words=3", "there is no rule german.gopher_quality.min_words"),
        ("code.max_data=0.3", "web declares no code"),
        ("gopher_quality.min_words=many", "gopher_quality.min_words: Input should be a valid integer"),
        ("min_language_score=2", "min_language_score: Input should be less than or equal to 1"),
        ("gopher_quality.min_words=[", r"gopher_quality.min_words=\[: \[ is no value"),
    ],
)
def test_what_cannot_be_changed_is_refused(domain: Domain, change: str, message: str) -> None:
    with pytest.raises(PhaselineError, match=message):
        changed(domain, change)


def test_an_unknown_rule_is_answered_with_the_known_ones(domain: Domain) -> None:
    with pytest.raises(PhaselineError) as caught:
        changed(domain, "min_words=3")
    assert "min_language_score, gopher_quality.min_words" in caught.value.remedy
    assert "code." not in caught.value.remedy


def test_a_switch_has_no_curve(documents: Artifact, domain: Domain) -> None:
    with pytest.raises(PhaselineError, match=r"c4\.refuse_lorem_ipsum is on or off"):
        thresholds([documents], domain, threshold(domain, "c4.refuse_lorem_ipsum"))


def test_rules_that_were_not_measured_are_refused(documents: Artifact, domain: Domain) -> None:
    filters = Filters.model_validate({**FILTERS, "math": {}})
    with pytest.raises(PhaselineError, match=r"documents/web_planted/1@\d+ has no num_formulas"):
        outcomes([documents], [domain.model_copy(update={"filters": filters})])


def test_attributes_hold_every_value_whatever_the_verdict(documents: Artifact, domain: Domain) -> None:
    (path,) = documents.files(ATTRIBUTES)
    table = pq.read_table(path)
    assert len(table) == NUM_TEXTS
    assert {name: table[name].null_count for name in domain.filters.measures} == dict.fromkeys(
        domain.filters.measures, 0
    )


def test_tokens_by_byte_are_those_of_each_source(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def shards(name: str, rows: list[tuple[str, int, int]]) -> Artifact:
        def make(draft: Draft) -> None:
            columns = [
                {"id": "x", "offset": 0, "length": length, "num_bytes": size, "source": source}
                | {"licence": "", "language": ""}
                for source, length, size in rows
            ]
            pq.write_table(pa.Table.from_pylist(columns, schema=INDEX_SCHEMA), draft.folder / INDEX)

        return store.ensure(name, make, code_version="1", parameters={}).artifact

    made = [shards("shards/a", [("one", 10, 40), ("two", 10, 50)]), shards("shards/b", [("one", 20, 60)])]
    assert tokens_per_byte(made) == {"one": 0.3, "two": 0.2}
    assert tokens_per_byte([]) == {}
