"""Rules that a bucket may excuse: who breaks only such goes on, marked; whoever breaks any other is dropped at once."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from inline_engine import InlineEngine
from two_languages import ENGLISH, GERMAN, train_identifier

from pipelines.documents import ATTRIBUTES, DOCUMENTS, REJECTED
from pipelines.fetch.raw import ensure_raw
from pipelines.filters import FILTER_REASONS, Filters, reasons_matching
from pipelines.places import Folder
from pipelines.process.step import ensure_documents
from pipelines.readers.formats import TextReader
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Draft, Outcome, Store

SHORT, CURLY, SYMBOLS = "gopher_too_few_words", "c4_curly_brackets", "gopher_symbols"
SHORT_TEXT = " ".join(ENGLISH.split()[:9])
TEXTS = {
    "curly": f"{ENGLISH} {{",
    "german": f"{' '.join(GERMAN.split()[:9])}",
    "good": ENGLISH,
    "short": SHORT_TEXT,
    "short_curly": f"{SHORT_TEXT} {{",
    "short_symbols": f"{SHORT_TEXT} # #",
    "symbols": f"{ENGLISH} # # # # # # #",
}

Ensure = Callable[[Sequence[str]], Outcome]


def silent(_: str) -> None:
    """No reports are wanted."""


@pytest.fixture(scope="module")
def ensure(tmp_path_factory: pytest.TempPathFactory) -> Ensure:
    """Runs the documents step on the texts with some rules deferred."""
    folder = tmp_path_factory.mktemp("deferred")
    model = train_identifier(folder)
    (folder / "texts").mkdir()
    for name, text in TEXTS.items():
        (folder / "texts" / f"{name}.txt").write_text(text)
    source = Source(
        name="web_planted",
        licence="CC0-1.0",
        reader=TextReader(format="text", include=("*.txt",)),
        snapshots={"1": Folder(folder=folder / "texts")},
    )
    filters = Filters.model_validate(
        {
            "gopher_quality": {"min_words": 12, "max_symbols_per_word": 0.1, "min_alphabetic_words": None},
            "c4": {"min_sentences": None, "min_terminal_lines": None},
        }
    )
    domain = Domain(domain="web", languages=("en",), filters=filters, sources=(source,))
    store = Store(folder / "home")

    def make_model(draft: Draft) -> None:
        (draft.folder / model.name).write_bytes(model.read_bytes())

    identifier = store.ensure("model/tiny", make_model, code_version="1", parameters={}).artifact
    raw = ensure_raw(store, source, "1", silent).artifact

    def documents(deferred_rules: Sequence[str]) -> Outcome:
        return ensure_documents(
            store,
            domain,
            source,
            "1",
            raw,
            identifier,
            deferred_rules=deferred_rules,
            engine=InlineEngine(),
            report=silent,
        )

    return documents


def by_name(artifact: Artifact, pattern: str) -> dict[str, dict[str, Any]]:
    """The rows of the one file of a pattern by the name of their text."""
    (path,) = artifact.files(pattern)
    return {Path(row["locator"]).stem: row for row in pq.read_table(path).to_pylist()}


def test_who_breaks_only_deferred_rules_goes_on_with_the_first_of_them(ensure: Ensure) -> None:
    artifact = ensure(["gopher_*"]).artifact
    kept = {name: row["broken_rule"] for name, row in by_name(artifact, DOCUMENTS).items()}
    assert kept == {"good": None, "short": SHORT, "short_symbols": SHORT, "symbols": SYMBOLS}
    rejected = {name: row["reason"] for name, row in by_name(artifact, REJECTED).items()}
    assert rejected == {"curly": CURLY, "german": "language", "short_curly": CURLY}
    flow = artifact.record.flows["documents"]
    assert (flow.num_in, flow.num_kept, flow.num_lost) == (7, 4, 0)
    assert flow.dropped == {CURLY: 2, "language": 1}
    assert artifact.record.facts["documents_by_broken_rule"] == {SHORT: 2, SYMBOLS: 1}


def test_attributes_tell_the_broken_rule_of_a_kept_document_from_why_others_are_not(ensure: Ensure) -> None:
    rows = by_name(ensure(["gopher_*"]).artifact, ATTRIBUTES)
    assert {name: (row["kept"], row["reason"]) for name, row in rows.items()} == {
        "curly": (False, CURLY),
        "german": (False, "language"),
        "good": (True, None),
        "short": (True, SHORT),
        "short_curly": (False, CURLY),
        "short_symbols": (True, SHORT),
        "symbols": (True, SYMBOLS),
    }


def test_without_deferred_rules_the_first_broken_one_decides(ensure: Ensure) -> None:
    artifact = ensure([]).artifact
    assert {name: row["broken_rule"] for name, row in by_name(artifact, DOCUMENTS).items()} == {"good": None}
    rejected = {name: row["reason"] for name, row in by_name(artifact, REJECTED).items()}
    assert rejected == {
        "curly": CURLY,
        "german": "language",
        "short": SHORT,
        "short_curly": SHORT,
        "short_symbols": SHORT,
        "symbols": SYMBOLS,
    }
    assert "deferred_rules" not in artifact.record.parameters


def test_rules_that_nothing_breaks_change_no_file_when_they_are_deferred(ensure: Ensure) -> None:
    assert ensure(["math_*", "c4_lorem_ipsum"]).artifact.digest == ensure([]).artifact.digest


def test_deferring_another_rule_makes_the_documents_again_and_another_order_does_not(ensure: Ensure) -> None:
    ensure(["gopher_*"])
    (change,) = ensure(["gopher_*", "c4_*"]).changes
    assert "deferred_rules" in change
    assert ensure(["c4_*", "gopher_*", "c4_*"]).changes == []


def test_patterns_stand_for_the_reasons_of_rules() -> None:
    assert reasons_matching([]) == frozenset()
    assert reasons_matching(["c4_*_lines", SHORT]) == {"c4_policy_lines", SHORT}
    assert reasons_matching(["*"]) == FILTER_REASONS
    with pytest.raises(ValueError, match=r"no rule has a reason like gopher_\?; the reasons are c4_curly_brackets, "):
        reasons_matching(["c4_*", "gopher_?"])
