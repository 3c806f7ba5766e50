"""Each planted fault is stopped by the checks that should stop it, and by no others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from planted_corpus import conserved, document_row

from pipelines.corpus import CONTAMINATION, REMOVALS, SCORES, SURVIVORS
from pipelines.digests import document_id
from pipelines.documents import REJECTED_SCHEMA, SCHEMA
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.shards import INDEX, INDEX_SCHEMA, TOKENS, TokenisedDocument, write_shards
from pipelines.store import Draft, Store
from quality.validation.expectations import Expectations

SUITES = Path(__file__).parents[2] / "quality/expectations"
VOCAB_SIZE = 100
END_OF_TEXT = 99

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations(SUITES)


def failed(expectations: Expectations, asset: str, draft: Draft) -> list[str]:
    return [check.name for check in expectations.validate(asset, draft) if not check.passed]


def document_draft(folder: Path, rows: Rows, num_rejected: int = 0) -> Draft:
    """A documents draft whose flows close, before a fault is planted."""
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), folder / "documents-00000.parquet")
    rejected = [
        {
            "source": "pages",
            "snapshot": "1",
            "locator": f"r{index}",
            "url": None,
            "reason": "short",
            "detail": "",
            "num_bytes": 5,
            "excerpt": "",
        }
        for index in range(num_rejected)
    ]
    pq.write_table(pa.Table.from_pylist(rejected, schema=REJECTED_SCHEMA), folder / "rejected-00000.parquet")
    attributes = pa.table({"kept": pa.array([True] * len(rows) + [False] * num_rejected, pa.bool_())})
    pq.write_table(attributes, folder / "attributes-00000.parquet")
    num_bytes = sum(len(row["text"].encode()) for row in rows)
    dropped = {"short": num_rejected}
    return Draft(
        folder,
        flows={
            "documents": Flow(num_in=len(rows) + num_rejected, num_kept=len(rows), dropped=dropped),
            "bytes": Flow(num_in=num_bytes + 5 * num_rejected, num_kept=num_bytes, dropped={"short": 5 * num_rejected}),
        },
    )


def document_rows() -> Rows:
    return [document_row("pages", index, f"Document number {index}, with enough words.") for index in range(5)]


def test_sound_documents_pass_every_check(expectations: Expectations, tmp_path: Path) -> None:
    checks = expectations.validate("documents/pages", document_draft(tmp_path, document_rows(), num_rejected=3))
    assert [check.name for check in checks if not check.passed] == []
    assert {check.name: check.severity == "error" for check in checks} == expectations.checks("documents/pages")
    details = {check.name: check.detail for check in checks}
    assert details["documents_conserved"] == "num_documents_lost is 0; expected 0"
    assert details["some_documents"] == "num_documents is 5; expected min_value 1"


def changed(row: int, **values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[row].update(values)


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (changed(3, locator="pages.jsonl:0"), ["unique_locators"]),
        (changed(2, id=document_id("another text")), ["ids_are_digests_of_text"]),
        (changed(1, licence=" "), ["licence_present"]),
        (changed(4, language=""), ["language_present"]),
        (changed(0, num_bytes=7), ["sizes_are_of_text"]),
        (changed(0, text=" \n", id=document_id(" \n"), num_bytes=2), ["text_present"]),
        (changed(0, text="\ufffd" * 9, id=document_id("\ufffd" * 9), num_bytes=27), ["few_replacement_characters"]),
        (changed(0, text="ab\0", id=document_id("ab\0"), num_bytes=3), ["few_control_characters"]),
        (changed(0, language_score=float("inf")), ["language_scores_are_probabilities"]),
    ],
)
def test_faults_in_documents(
    expectations: Expectations, tmp_path: Path, fault: Callable[[Rows], None], stopped_by: list[str]
) -> None:
    rows = document_rows()
    fault(rows)
    assert failed(expectations, "documents/pages", document_draft(tmp_path, rows)) == stopped_by


def test_lost_documents(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows())
    draft.flows["documents"] = Flow(num_in=6, num_kept=5)
    assert failed(expectations, "documents/pages", draft) == ["documents_conserved"]


def test_counts_that_the_files_do_not_bear_out(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows(), num_rejected=2)
    draft.flows["documents"] = Flow(num_in=8, num_kept=5, dropped={"short": 3})
    draft.flows["bytes"] = Flow(num_in=1000, num_kept=990, dropped={"short": 10})
    assert failed(expectations, "documents/pages", draft) == ["bytes_on_disk", "rejections_on_disk"]


def test_a_maker_that_counts_nothing_fails(expectations: Expectations, tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows())
    draft.flows.clear()
    checks = {check.name: check for check in expectations.validate("documents/pages", draft)}
    assert checks["documents_conserved"].blocks
    assert checks["documents_conserved"].detail.startswith("there is no num_documents_lost")


def test_no_documents_at_all(expectations: Expectations, tmp_path: Path) -> None:
    assert failed(expectations, "documents/pages", document_draft(tmp_path, [])) == ["some_documents"]


def shard_draft(folder: Path) -> Draft:
    documents = [
        TokenisedDocument(document_id(str(index)), np.arange(index + 1), index + 10, "pages", "MIT", "en")
        for index in range(4)
    ]
    num_tokens = write_shards(folder, documents, VOCAB_SIZE, END_OF_TEXT)
    facts = {"vocab_size": VOCAB_SIZE, "end_of_text": END_OF_TEXT, "num_tokens": num_tokens}
    return Draft(folder, flows=conserved(4, sum(document.num_bytes for document in documents)), facts=facts)


def change_index(draft: Draft, column: str, row: int, value: str | int) -> None:
    rows = pq.read_table(draft.folder / INDEX).to_pylist()
    rows[row][column] = value
    pq.write_table(pa.Table.from_pylist(rows, schema=INDEX_SCHEMA), draft.folder / INDEX)


@pytest.mark.parametrize("asset", ["shards/web_high", "held_out/web"])
def test_sound_shards_pass_every_check(expectations: Expectations, tmp_path: Path, asset: str) -> None:
    assert failed(expectations, asset, shard_draft(tmp_path)) == []


@pytest.mark.parametrize(
    ("column", "row", "value", "stopped_by"),
    [
        ("id", 1, document_id("0"), ["unique_ids"]),
        ("id", 1, "0123", ["ids_are_digests"]),
        ("licence", 3, "", ["licence_present"]),
        ("language", 0, " ", ["language_present"]),
        ("num_bytes", 2, 0, ["bytes_on_disk"]),
        # document 2 begins a token late: a gap before it, an overlap after it, and it ends within document 3
        ("offset", 2, 6, ["index_without_gaps", "documents_end_with_end_of_text"]),
        # the last document runs past the end of the file
        ("length", 3, 9, ["tokens_conserved", "documents_end_with_end_of_text"]),
    ],
)
def test_faults_in_an_index(
    expectations: Expectations, tmp_path: Path, column: str, row: int, value: str | int, stopped_by: list[str]
) -> None:
    draft = shard_draft(tmp_path)
    change_index(draft, column, row, value)
    assert failed(expectations, "shards/web", draft) == stopped_by


def test_token_ids_out_of_range(expectations: Expectations, tmp_path: Path) -> None:
    draft = shard_draft(tmp_path)
    tokens = np.fromfile(draft.folder / TOKENS, dtype="<u2")
    tokens[0] = VOCAB_SIZE
    tokens.tofile(draft.folder / TOKENS)
    assert failed(expectations, "shards/web", draft) == ["token_ids_in_range"]


def test_a_token_file_cut_short(expectations: Expectations, tmp_path: Path) -> None:
    draft = shard_draft(tmp_path)
    tokens = np.fromfile(draft.folder / TOKENS, dtype="<u2")
    tokens[:-1].tofile(draft.folder / TOKENS)
    stopped_by = ["tokens_on_disk", "tokens_conserved", "documents_end_with_end_of_text"]
    assert failed(expectations, "shards/web", draft) == stopped_by


def dedup_draft(folder: Path, rows: Rows, survivor: str) -> Draft:
    """Survivors of 10 bytes each, and one removed duplicate of ``survivor``."""
    pq.write_table(pa.Table.from_pylist(rows), folder / SURVIVORS)
    pq.write_table(pa.table({"survivor_id": [survivor]}), folder / REMOVALS)
    num_kept = len(rows)
    return Draft(
        folder,
        flows={
            "documents": Flow(num_in=num_kept + 1, num_kept=num_kept, dropped={"exact_duplicate": 1}),
            "bytes": Flow(num_in=10 * num_kept + 10, num_kept=10 * num_kept, dropped={"exact_duplicate": 10}),
        },
    )


def survivor_rows() -> Rows:
    places = [{"source": "pages", "locator": "pages.jsonl:0"}]
    ids = sorted(document_id(str(index)) for index in range(4))
    return [{"id": document, "licence": "MIT", "split": "train", "num_bytes": 10, "places": places} for document in ids]


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda rows: None, []),  # noqa: ARG005
        (lambda rows: rows.reverse(), ["ids_in_order"]),
        (lambda rows: rows[1].update(id=rows[0]["id"]), ["unique_ids"]),
        (changed(0, id="0"), ["ids_are_digests"]),
        (changed(2, split="test"), ["known_splits"]),
        (changed(3, places=[]), ["places_present"]),
        (changed(3, licence=""), ["licence_present"]),
        (changed(1, num_bytes=11), ["bytes_on_disk"]),
    ],
)
def test_faults_in_survivors(
    expectations: Expectations, tmp_path: Path, fault: Callable[[Rows], None], stopped_by: list[str]
) -> None:
    rows = survivor_rows()
    survivor = rows[-1]["id"]
    fault(rows)
    assert failed(expectations, "corpus/dedup", dedup_draft(tmp_path, rows, survivor)) == stopped_by


def test_removals_that_name_no_survivor(expectations: Expectations, tmp_path: Path) -> None:
    draft = dedup_draft(tmp_path, survivor_rows(), document_id("gone"))
    assert failed(expectations, "corpus/dedup", draft) == ["removals_name_survivors"]


def contamination_draft(folder: Path, hit: str, record: str = "quiz.jsonl#3") -> Draft:
    """Survivors of 10 bytes each, and one document that was dropped for a hit."""
    pq.write_table(pa.Table.from_pylist(survivor_rows()), folder / SURVIVORS)
    pq.write_table(pa.table({"id": [hit, hit], "record": [record, record]}), folder / CONTAMINATION)
    return Draft(
        folder,
        flows={
            "documents": Flow(num_in=5, num_kept=4, dropped={"contaminated_quiz": 1}),
            "bytes": Flow(num_in=50, num_kept=40, dropped={"contaminated_quiz": 10}),
        },
    )


def test_a_contaminated_document_among_the_survivors_stops_everything(
    expectations: Expectations, tmp_path: Path
) -> None:
    asset = "corpus/contamination"
    assert failed(expectations, asset, contamination_draft(tmp_path, document_id("gone"))) == []
    kept = contamination_draft(tmp_path, survivor_rows()[2]["id"])
    assert failed(expectations, asset, kept) == ["contamination_zero"]
    unnamed = contamination_draft(tmp_path, document_id("gone"), record=" ")
    assert failed(expectations, asset, unnamed) == ["hits_name_records"]
    lost = contamination_draft(tmp_path, document_id("gone"))
    lost.flows["documents"] = Flow(num_in=6, num_kept=4, dropped={"contaminated_quiz": 2})
    assert failed(expectations, asset, lost) == ["hits_on_disk"]


def test_a_classifier_that_tells_nothing_apart(expectations: Expectations, tmp_path: Path) -> None:
    draft = Draft(tmp_path, facts={"auc": 0.55, "num_positives": 500, "num_negatives": 90})
    draft.flows["documents"] = Flow(num_in=590, num_kept=590)
    checks = expectations.validate("quality/web", draft)
    assert [(check.name, check.blocks) for check in checks if not check.passed] == [
        ("separates_classes", True),
        ("enough_negatives", False),
    ]


def test_scores_that_are_not_numbers(expectations: Expectations, tmp_path: Path) -> None:
    ids = sorted(document_id(str(index)) for index in range(3))
    columns = {"id": ids, "score": [0.5, float("nan"), 0.1], "percentile": [50.0, 20.0, 101.0]}
    pq.write_table(pa.table(columns), tmp_path / SCORES)
    draft = Draft(tmp_path, flows={"documents": Flow(num_in=3, num_kept=3)})
    assert failed(expectations, "quality/web_scores", draft) == ["scores_are_probabilities", "percentiles_in_range"]


def test_the_store_blocks_what_is_downstream_of_a_fault(expectations: Expectations, tmp_path: Path) -> None:
    store = Store(tmp_path, expectations)

    def make(draft: Draft) -> None:
        rows = document_rows()
        rows[0]["licence"] = ""
        made = document_draft(draft.folder, rows)
        draft.flows = made.flows

    faulty = store.ensure("documents/pages", make, code_version="1", parameters={}).artifact
    with pytest.raises(
        PhaselineError, match=r"documents/pages@1 failed licence_present \(num_without_licence is 1; expected 0\)"
    ):
        store.ensure("corpus/dedup", make, code_version="1", parameters={}, parents=[faulty])


SUITE = """applies_to: [documents/*]
frames:
  {frame}:
    - {{name: some, expectation: {expectation}, kwargs: {kwargs}}}
"""


@pytest.mark.parametrize(
    ("frame", "expectation", "kwargs", "message"),
    [
        (
            "document_statistics",
            "ExpectColumnsToShine",
            "{column: a}",
            r"s\.yaml:4: .*Great Expectations has no ExpectColumnsToShine",
        ),
        ("document_statistics", "ExpectColumnValuesToBeUnique", "{columm: a}", r"s\.yaml:4: .*'columm' was unexpected"),
        (
            "document_statistics",
            "ExpectColumnValuesToBeBetween",
            "{column: a, max_value: [1]}",
            r"kwargs\.max_value of Expect",
        ),
        (
            "document_statistic",
            "ExpectColumnValuesToBeUnique",
            "{column: a}",
            "there is no frame document_statistic; name one of: doc",
        ),
    ],
)
def test_suites_are_refused_before_any_work(
    tmp_path: Path, frame: str, expectation: str, kwargs: str, message: str
) -> None:
    (tmp_path / "s.yaml").write_text(SUITE.format(frame=frame, expectation=expectation, kwargs=kwargs))
    with pytest.raises(PhaselineError, match=message):
        Expectations(tmp_path)


def test_one_name_twice_for_one_asset_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(
            SUITE.format(frame="facts", expectation="ExpectColumnToExist", kwargs="{column: a}")
        )
    with pytest.raises(PhaselineError, match="some is expected of documents/pages more than once"):
        Expectations(tmp_path).digest("documents/pages")


def test_the_digest_is_of_what_is_expected_of_the_asset(expectations: Expectations, tmp_path: Path) -> None:
    assert expectations.digest("model/pages") is None
    assert expectations.digest("documents/pages") == expectations.digest("documents/others")
    assert expectations.digest("documents/pages") != expectations.digest("shards/web")
    for suite in SUITES.glob("*.yaml"):
        (tmp_path / suite.name).write_text(
            suite.read_text().replace("max_value: 0.9}, severity: warn", "max_value: 0.8}")
        )
    assert Expectations(tmp_path).digest("documents/pages") != expectations.digest("documents/pages")
    assert Expectations(tmp_path).digest("shards/web") == expectations.digest("shards/web")
