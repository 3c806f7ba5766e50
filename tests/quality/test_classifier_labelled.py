"""Which documents a classifier learns from: every record is counted, and what would leak or mislead is refused."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from planted_corpus import BAD_WORDS, DECLARATION, GOOD_WORDS, Corpus, Planted, prose
from pydantic import ValidationError

from pipelines.corpus import survivors
from pipelines.digests import document_id
from pipelines.errors import PhaselineError
from pipelines.readers.records import Record, rejected
from quality.classifier.declaration import FastTextScorer
from quality.classifier.labelled import labelled_documents, training_set_digest

DOMAINS = {"good": "wiki", "bad": "web"}
FILE = {
    "name": "judged",
    "licence": "MIT",
    "reader": {"format": "json_lines", "include": ["*.jsonl"], "text": "text"},
    "snapshots": {"1": {"folder": "judged"}},
}


def declared(**documents: Any) -> FastTextScorer:
    return FastTextScorer.model_validate(DECLARATION | {"documents": DECLARATION["documents"] | documents})


def with_file(**documents: Any) -> FastTextScorer:
    scorer = copy.deepcopy(DECLARATION) | {"positives": {"sources": ["good"], "files": [FILE]}}
    return FastTextScorer.model_validate(scorer | {"documents": DECLARATION["documents"] | documents})


def records(texts: Sequence[str], **fields: Any) -> list[Record]:
    return [Record(f"judged.jsonl#{number}", text, len(text), **fields) for number, text in enumerate(texts)]


def test_only_training_documents_are_labelled(corpus: Corpus) -> None:
    table, flow = labelled_documents(declared(max_documents_per_source=1000), corpus.survivors, corpus.documents, {})
    held_out = set(survivors(corpus.survivors, split="held_out")["id"].to_pylist())
    assert len(held_out) == 20
    assert set(table["id"].to_pylist()).isdisjoint(held_out)
    assert (flow.num_in, flow.num_kept, flow.num_lost) == (160, 160, 0)


def test_documents_of_sources_that_are_not_labelled_are_counted(tmp_path: Path) -> None:
    odd = [
        *(Planted(f"Satz Nummer {number}", language="de") for number in range(7)),
        *(Planted(f"rule {number}", broken_rule="gopher_too_few_words") for number in range(5)),
        *(Planted(text) for text in ("the same words", "The same: words!", "12 == 30", "...")),
    ]
    corpus = Corpus(tmp_path, {"good": prose(GOOD_WORDS, 1, 24) + odd, "bad": prose(BAD_WORDS, 2, 30)}, DOMAINS)
    _, flow = labelled_documents(declared(max_documents_per_source=28), corpus.survivors, corpus.documents, {})
    assert (flow.num_in, flow.num_kept, flow.num_lost) == (24 + 7 + 4 + 30, 25 + 28, 0)
    assert flow.dropped == {"language": 7, "over_source_maximum": 2, "no_words": 2, "same_words": 1}


def test_records_of_files_that_are_not_labelled_are_counted(corpus: Corpus) -> None:
    new = [page.text for page in prose(GOOD_WORDS, 21, 12)]
    known, held_out = prose(GOOD_WORDS, 1, 80)[0].text, prose(BAD_WORDS, 4, 10)[0].text
    judged = [
        *records([*new, new[0], f"\n{new[1]}  ", known, held_out, " ", ""]),
        *records(["Ein Satz."], language="de"),
        rejected("judged.jsonl#99", b"{", 1, "invalid_json", "no JSON"),
    ]
    scorer = with_file(max_documents_per_source=10, min_documents_per_side=10)
    table, flow = labelled_documents(scorer, corpus.survivors, corpus.documents, {"judged": judged})
    assert flow.num_in == 160 + len(judged)
    assert flow.num_lost == 0
    assert flow.dropped == {
        "duplicate": 3,
        "empty": 2,
        "held_out": 1,
        "invalid_json": 1,
        "language": 1,
        "over_source_maximum": 70 + 70 + 2,
    }
    of_file = {row["id"]: row["label"] for row in table.to_pylist() if row["source"] == "judged"}
    assert set(of_file) < {document_id(text) for text in new}
    assert list(of_file.values()) == [1] * 10


def test_a_document_on_both_sides_is_refused(corpus: Corpus) -> None:
    pages = prose(BAD_WORDS, 3, 80)
    judged = records([page.text for page in pages[:2]])
    with pytest.raises(PhaselineError, match="has 2 documents among both positives and negatives") as refusal:
        labelled_documents(with_file(), corpus.survivors, corpus.documents, {"judged": judged})
    assert document_id(pages[0].text) in refusal.value.what


def test_too_few_documents_are_refused(corpus: Corpus) -> None:
    with pytest.raises(PhaselineError, match="has 70 positives, fewer than min_documents_per_side 71; dropped on both"):
        labelled_documents(declared(min_documents_per_side=71), corpus.survivors, corpus.documents, {})


def test_a_fold_without_one_of_the_classes_is_refused(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path, {"good": prose(GOOD_WORDS, 1, 2), "bad": prose(BAD_WORDS, 2, 30)}, DOMAINS)
    with pytest.raises(PhaselineError, match="has 2 positives and 3 folds, one without positives"):
        labelled_documents(declared(min_documents_per_side=1), corpus.survivors, corpus.documents, {})


def test_the_digest_of_the_training_set_is_of_ids_and_labels_alone(corpus: Corpus) -> None:
    arguments = (corpus.survivors, corpus.documents, {})
    table, _ = labelled_documents(declared(), *arguments)
    shorter, _ = labelled_documents(declared(max_characters=50), *arguments)
    fewer, _ = labelled_documents(declared(max_documents_per_source=69), *arguments)
    assert training_set_digest(shorter) == training_set_digest(table)
    assert training_set_digest(fewer) != training_set_digest(table)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"negatives": {"sources": ["bad", "good"]}}, "good is among both positives and negatives"),
        ({"negatives": {}}, "one class alone teaches nothing"),
        ({"positives": {"sources": ["good", "judged"], "files": [FILE]}}, "judged is named twice"),
        ({"num_folds": 2}, "greater than or equal to 3"),
    ],
)
def test_declarations_that_cannot_be_trained_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FastTextScorer.model_validate(DECLARATION | changes)


def test_folders_of_labelled_files_start_where_the_declaration_lies(tmp_path: Path) -> None:
    (file,) = with_file().resolved(tmp_path).files
    assert file.snapshots["1"].model_dump()["folder"] == tmp_path / "judged"
