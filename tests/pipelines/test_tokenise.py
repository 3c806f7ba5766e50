"""Shards hold every document exactly, in an order that depends on ids alone."""

import random
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from selected_documents import ignore, make_dedup, make_documents
from tokenizers import Tokenizer

from pipelines.corpus import BUCKETS
from pipelines.digests import document_id, keyed_hash
from pipelines.encoder import Encoder
from pipelines.engines import LocalEngine
from pipelines.errors import PhaselineError
from pipelines.shards import open_shards, token_dtype
from pipelines.store import Artifact, Draft, Store
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TokenizerDeclaration, ensure_tokenizer, training_sample

VOCAB_SIZE = 384
QUOTING = "a page that says <|endoftext|> in the middle"


def made_up_text(seed: str, num_words: int) -> str:
    letters = random.Random(seed)
    return " ".join("".join(letters.choices("abcdefghij", k=letters.randint(2, 7))) for _ in range(num_words))


PAGES = [
    "a",
    "abc def\n\n  ghi\t1234",
    QUOTING,
    *(made_up_text(f"page {number}", 1 + 7 * number % 60) for number in range(30)),
]
OTHERS = ["Zürich ∑ 東京 🙂", *(made_up_text(f"other {number}", 40) for number in range(9))]


class Corpus:
    """Two sources in some files, and what shards are made from."""

    def __init__(self, home: Path, pages: Sequence[Sequence[str]], others: Sequence[Sequence[str]]) -> None:
        self.store = Store(home)
        self.documents = [make_documents(self.store, "pages", pages), make_documents(self.store, "others", others)]
        self.dedup = make_dedup(self.store, {"pages": PAGES, "others": OTHERS})
        declared = TokenizerDeclaration(vocab_size=VOCAB_SIZE, sample_bytes_per_domain=1 << 20)
        made = ensure_tokenizer(self.store, declared, self.dedup, self.documents, ignore)
        self.tokenizer = made.artifact

    def shards(
        self,
        asset: str = "shards/web",
        domain: str = "web",
        buckets: Artifact | None = None,
        bucket: str | None = None,
    ) -> Artifact:
        return ensure_shards(
            self.store,
            asset,
            domain=domain,
            split="train",
            buckets=buckets,
            bucket=bucket,
            corpus=self.dedup,
            documents=self.documents,
            tokenizer=self.tokenizer,
            engine=LocalEngine(workers=2),
            report=ignore,
        ).artifact


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("home"), [PAGES], [OTHERS])


def test_the_index_covers_the_tokens_and_each_stretch_decodes_to_its_document(corpus: Corpus) -> None:
    artifact = corpus.shards()
    texts = {document_id(text): text for text in [*PAGES, *OTHERS]}
    decoder = Tokenizer.from_file(str(corpus.tokenizer.folder / "tokenizer.json"))
    shards = open_shards(artifact)
    index = shards.index.to_pydict()
    ends = np.add(index["offset"], index["length"])
    assert index["offset"] == [0, *ends[:-1].tolist()]
    assert ends[-1] == shards.num_tokens == artifact.record.facts["num_tokens"]
    assert sorted(index["id"]) == sorted(texts)
    for row in shards.index.to_pylist():
        tokens = shards.tokens[row["offset"] : row["offset"] + row["length"]]
        assert decoder.decode(tokens.tolist(), skip_special_tokens=False) == texts[row["id"]] + "<|endoftext|>"
        assert row["num_bytes"] == len(texts[row["id"]].encode())
        assert row["source"] == ("pages" if texts[row["id"]] in PAGES else "others")
        assert row["licence"] == f"licence of {row['source']}"
    flow = artifact.record.flows["documents"]
    assert (flow.num_in, flow.num_kept, flow.num_lost) == (len(texts), len(texts), 0)


def test_documents_lie_in_the_order_of_a_keyed_hash_of_their_ids(corpus: Corpus) -> None:
    ids = open_shards(corpus.shards()).index["id"].to_pylist()
    assert ids == sorted(ids, key=lambda document: keyed_hash(document, "shards"))


def test_the_same_documents_give_the_same_bytes_from_any_files_and_any_number_of_tasks(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.tokenise.GROUP_BYTES", 1)
    monkeypatch.setattr("pipelines.tokenise.STRETCH_BYTES", 1000)
    again = Corpus(tmp_path, [PAGES[20:], PAGES[:25]], [OTHERS[::-1]])  # five pages stand in two files
    assert again.shards().digest == corpus.shards().digest


def test_a_bucket_takes_its_documents_alone_and_all_buckets_leave_out_what_has_none(corpus: Corpus) -> None:
    names = ["high", None, *["low"] * (len(PAGES) - 2)]

    def make(draft: Draft) -> None:
        table = {"id": list(map(document_id, PAGES)), "bucket": names}
        pq.write_table(pa.table(table), draft.folder / BUCKETS)

    buckets = corpus.store.ensure("buckets/web", make, code_version="1", parameters={}).artifact
    high = open_shards(corpus.shards("shards/web_high", buckets=buckets, bucket="high"))
    assert high.index["id"].to_pylist() == [document_id(PAGES[0])]
    every = open_shards(corpus.shards("shards/web_all", buckets=buckets))
    assert set(every.index["id"].to_pylist()) == {document_id(text) for text in [PAGES[0], *PAGES[2:]]}


def test_encoding_equals_the_reference_library(corpus: Corpus) -> None:
    reference = Tokenizer.from_file(str(corpus.tokenizer.folder / "tokenizer.json"))
    texts = ["", *OTHERS, *PAGES[:2], *PAGES[3:], ""]  # the page that quotes the marker is told apart from it below
    end_of_text = corpus.tokenizer.record.facts["end_of_text"]
    tokens, lengths = Encoder(corpus.tokenizer).encode(pa.array(["before", *texts, "after"], pa.large_string())[1:-1])
    expected = [[*reference.encode(text).ids, end_of_text] for text in texts]
    assert tokens.tolist() == list(chain.from_iterable(expected))
    assert lengths.tolist() == list(map(len, expected))
    assert tokens.dtype == token_dtype(VOCAB_SIZE)


def test_a_page_that_quotes_the_end_of_text_marker_does_not_end_there(corpus: Corpus) -> None:
    tokens, (length,) = Encoder(corpus.tokenizer).encode(pa.array([QUOTING], pa.large_string()))
    assert tokens.tolist().index(corpus.tokenizer.record.facts["end_of_text"]) == length - 1


def test_token_files_take_four_bytes_only_where_two_do_not_do() -> None:
    assert token_dtype(65_536).itemsize == 2
    assert token_dtype(65_537).itemsize == 4


def test_too_little_text_for_the_vocabulary_is_refused(corpus: Corpus) -> None:
    declared = TokenizerDeclaration(vocab_size=100_000, sample_bytes_per_domain=1000)
    with pytest.raises(PhaselineError, match=r"the sample gives only .* of 100,000 tokens"):
        ensure_tokenizer(corpus.store, declared, corpus.dedup, corpus.documents, ignore)


def test_a_tokenizer_is_kept_when_documents_come_and_trained_again_on_purpose(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path / "home", [PAGES], [OTHERS])
    grown = make_dedup(Store(tmp_path / "grown"), {"pages": PAGES, "others": OTHERS}, held_out=OTHERS[:3])
    declared = TokenizerDeclaration(vocab_size=VOCAB_SIZE, sample_bytes_per_domain=1 << 20)
    kept = ensure_tokenizer(corpus.store, declared, grown, corpus.documents, ignore)
    assert (kept.artifact, kept.changes) == (corpus.tokenizer, [])
    assert [change.split()[0] for change in kept.newer_parents] == ["corpus/dedup"]
    again = declared.model_copy(update={"fit": 2})
    trained = ensure_tokenizer(corpus.store, again, grown, corpus.documents, ignore)
    assert trained.artifact.record.version == 2
    assert trained.changes[0] == "fit 1 → 2"


def test_a_tokenizer_learns_from_training_documents_within_the_rules(corpus: Corpus, tmp_path: Path) -> None:
    broken_rules = dict.fromkeys(PAGES[3:9], "gopher_too_few_words")
    dedup = make_dedup(
        Store(tmp_path), {"pages": PAGES, "others": OTHERS}, held_out=OTHERS[:3], broken_rules=broken_rules
    )
    declared = TokenizerDeclaration(vocab_size=VOCAB_SIZE, sample_bytes_per_domain=1 << 20)
    sample = training_sample(declared, dedup, corpus.documents)
    assert sorted(sample["text"].to_pylist()) == sorted([*PAGES[:3], *PAGES[9:], *OTHERS[3:]])


def test_shards_without_a_document_are_refused(corpus: Corpus) -> None:
    with pytest.raises(PhaselineError, match="shards/wiki would hold no document"):
        corpus.shards("shards/wiki", domain="wiki")


def test_a_survivor_without_a_document_is_an_error(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = make_documents(Store(tmp_path), "pages", [PAGES[:-1]])
    monkeypatch.setattr(corpus, "documents", [fewer, corpus.documents[1]])
    with pytest.raises(ValueError, match="1 documents are not in"):
        corpus.shards("shards/fewer")
