"""Shards hold every document exactly, in an order that depends on ids alone."""

from pathlib import Path

import numpy as np
import pytest
from corpora import VOCAB_SIZE, Corpus, ignore, make_documents, small_corpus

from pipelines.errors import PhaselineError
from pipelines.shards import open_shards, token_dtype
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import Encoder, TokenizerDeclaration, ensure_tokenizer


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return small_corpus(tmp_path_factory.mktemp("home"), {"s0": 40, "s1": 9})


def test_the_index_covers_the_tokens_and_each_stretch_decodes_to_its_document(corpus: Corpus) -> None:
    for artifact in corpus.shards.values():
        shards = open_shards(artifact)
        index = shards.index.to_pydict()
        ends = np.add(index["offset"], index["length"])
        assert index["offset"] == [0, *ends[:-1].tolist()]
        assert ends[-1] == shards.num_tokens == artifact.record.facts["num_tokens"]
        for document, offset, length, num_bytes in zip(
            index["id"], index["offset"], index["length"], index["num_bytes"], strict=True
        ):
            text = corpus.decode(shards.tokens[offset : offset + length].tolist())
            assert text == corpus.texts[document] + "<|endoftext|>"
            assert num_bytes == len(corpus.texts[document].encode())
        flow = artifact.record.flows["documents"]
        assert (flow.num_in, flow.num_kept, flow.num_lost) == (len(index["id"]), len(index["id"]), 0)


def test_the_same_documents_give_the_same_bytes_from_other_files(corpus: Corpus, tmp_path: Path) -> None:
    again = small_corpus(tmp_path, {"s1": 9, "s0": 40})
    for name, artifact in corpus.shards.items():
        assert again.shards[name].digest == artifact.digest


def test_encoding_equals_the_reference_library(corpus: Corpus) -> None:
    from tokenizers import Tokenizer

    reference = Tokenizer.from_file(str(corpus.tokenizer.folder / "tokenizer.json"))
    texts = ["", "a", "abc def\n\n  ghi\t1234", "Zürich ∑ 東京 🙂", *list(corpus.texts.values())[:20]]
    encoded = [ids.tolist() for ids in Encoder(corpus.tokenizer).encode(texts)]
    assert encoded == [reference.encode(text).ids for text in texts]


def test_a_page_that_quotes_the_end_of_text_marker_does_not_end_there(corpus: Corpus) -> None:
    encoder = Encoder(corpus.tokenizer)
    (ids,) = encoder.encode(["abc <|endoftext|> def"])
    assert encoder.end_of_text not in ids
    assert corpus.decode(ids.tolist()) == "abc <|endoftext|> def"


def test_token_files_take_four_bytes_only_where_two_do_not_do() -> None:
    assert token_dtype(65_536).itemsize == 2
    assert token_dtype(65_537).itemsize == 4
    assert VOCAB_SIZE < 65_536


def test_too_little_text_for_the_vocabulary_is_refused(corpus: Corpus) -> None:
    declared = TokenizerDeclaration(vocab_size=100_000, sample_bytes_per_domain=1000)
    documents = [corpus.store.require(f"documents/source_{domain}") for domain in corpus.shards]
    with pytest.raises(PhaselineError, match=r"the sample gives only .* of 100,000 tokens"):
        ensure_tokenizer(corpus.store, declared, corpus.store.require("corpus/dedup"), documents, ignore)


def test_shards_without_a_document_are_refused(corpus: Corpus) -> None:
    documents = [make_documents(corpus.store, "s2", [])]
    with pytest.raises(PhaselineError, match="shards/s2 would hold no document"):
        ensure_shards(
            corpus.store,
            "shards/s2",
            domain="s2",
            split="train",
            bucket=None,
            dedup=corpus.store.require("corpus/dedup"),
            documents=documents,
            tokenizer=corpus.tokenizer,
            report=ignore,
        )
