"""Counts of tokens are the lengths that shards have, for any files and tasks, of the documents that are asked for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from selected_documents import ignore, make_dedup, make_documents

from pipelines.corpus import survivors
from pipelines.engines import LocalEngine
from pipelines.shards import open_shards
from pipelines.store import Artifact, Store
from pipelines.token_counts import count_tokens
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TokenizerDeclaration, ensure_tokenizer

PAGES = [
    "a",
    "abc def\n\n  ghi\t1234",
    "Zürich ∑ 東京 🙂",
    *(f"page {number} of " + "words " * number for number in range(20)),
]
OTHERS = [f"other {number}: " + "abcdefghij"[:number] * 9 for number in range(9)]
ENGINE = LocalEngine(workers=2)


class Corpus:
    """Two sources in some files, and a tokenizer trained on them."""

    def __init__(self, home: Path, pages: Sequence[Sequence[str]]) -> None:
        self.store = Store(home)
        self.documents = [make_documents(self.store, "pages", pages), make_documents(self.store, "others", [OTHERS])]
        self.dedup = make_dedup(self.store, {"pages": PAGES, "others": OTHERS})
        declared = TokenizerDeclaration(vocab_size=300, sample_bytes_per_domain=1 << 20)
        self.tokenizer = ensure_tokenizer(self.store, declared, self.dedup, self.documents, ignore).artifact
        self.rows = survivors(self.dedup)

    def counts(self, rows: pa.Table, folder: Path) -> list[int]:
        counts = count_tokens(rows, self.documents, self.tokenizer, folder, engine=ENGINE, report=ignore)
        return counts.tolist()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("home"), [PAGES])


@pytest.fixture(scope="module")
def lengths(corpus: Corpus) -> dict[str, int]:
    """The length of each document in shards."""
    shards: Artifact = ensure_shards(
        corpus.store,
        "shards/web",
        domain="web",
        split="train",
        buckets=None,
        bucket=None,
        corpus=corpus.dedup,
        documents=corpus.documents,
        tokenizer=corpus.tokenizer,
        engine=ENGINE,
        report=ignore,
    ).artifact
    index = open_shards(shards).index
    return dict(zip(index["id"].to_pylist(), index["length"].to_pylist(), strict=True))


def test_counts_are_the_lengths_of_shards(corpus: Corpus, lengths: dict[str, int], tmp_path: Path) -> None:
    expected = [lengths[document] for document in corpus.rows["id"].to_pylist()]
    assert corpus.counts(corpus.rows, tmp_path) == expected
    assert min(expected) == 2


def test_only_what_is_asked_for_is_counted(corpus: Corpus, lengths: dict[str, int], tmp_path: Path) -> None:
    rows = corpus.rows.take(np.arange(0, len(corpus.rows), 3))
    assert corpus.counts(rows, tmp_path) == [lengths[document] for document in rows["id"].to_pylist()]


def test_files_and_tasks_do_not_matter(
    corpus: Corpus, lengths: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.token_counts.GROUP_BYTES", 1)
    again = Corpus(tmp_path, [PAGES[15:], PAGES[:18]])  # three pages stand in two files
    assert again.counts(again.rows, tmp_path / "work") == [
        lengths[document] for document in again.rows["id"].to_pylist()
    ]


def test_a_row_without_a_document_is_an_error(corpus: Corpus, tmp_path: Path) -> None:
    fewer = make_documents(Store(tmp_path), "pages", [PAGES[:-1]])
    documents = [fewer, corpus.documents[1]]
    with pytest.raises(ValueError, match="1 documents are not in"):
        count_tokens(corpus.rows, documents, corpus.tokenizer, tmp_path / "work", engine=ENGINE, report=ignore)
