"""A tokenizer that somebody else has trained, as the one that shards are made with."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.declared_folders import declared_folder
from pipelines.digests import file_digest
from pipelines.encoder import as_awkward
from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Draft, Outcome, Store
from pipelines.tokenizer import CODE_VERSION, TOKENIZER, TOKENIZER_ASSET, TokenizerFolder, round_trip, training_sample

NUM_TRIED_DOCUMENTS = 500


def ensure_foreign_tokenizer(
    store: Store,
    declared: TokenizerFolder,
    corpus: Artifact,
    documents: Sequence[Artifact],
    relative_to: Path,
    report: Callable[[str], None],
) -> Outcome:
    """Publish the ``tokenizer.json`` of a folder as ``tokenizer``, or keep it.

    Args:
        relative_to: where a relative folder starts.

    Raises:
        PhaselineError: the folder has none, it lacks the token that ends documents or has more tokens than declared, or
            it is of a kind that is encoded otherwise here than by the ``tokenizers`` library.
    """
    path = declared_folder(declared.folder, relative_to, "tokenizer.folder") / TOKENIZER
    if not path.is_file():
        raise PhaselineError(f"tokenizer.folder: there is no {path}", "name the folder of a model that has one")

    def make(draft: Draft) -> None:
        text = path.read_text()
        report(f"trying the tokenizer of {path.parent}")
        sample = training_sample(declared, corpus, documents)
        refuse_other_encoding(text, sample)
        (draft.folder / TOKENIZER).write_text(text)
        draft.facts |= {
            **sizes(declared, text),
            "sample_documents": len(sample),
            "sample_bytes": pc.sum(pc.binary_length(sample["text"])).as_py() or 0,
            **round_trip(text, sample),
        }

    return store.ensure(
        TOKENIZER_ASSET,
        make,
        code_version=CODE_VERSION,
        parameters=declared.model_dump(exclude={"folder"}) | {TOKENIZER: file_digest(path)},
        parents=[corpus, *documents],
        keep=True,
    )


def sizes(declared: TokenizerFolder, text: str) -> dict[str, int]:
    """The size of the vocabulary, and the token that ends documents.

    Raises:
        PhaselineError: there is no such token, or there are more tokens than declared.
    """
    from tokenizers import Tokenizer

    vocab = Tokenizer.from_str(text).get_vocab()
    num_ids = max(vocab.values()) + 1
    if declared.end_of_text not in vocab:
        raise PhaselineError(
            f"tokenizer.end_of_text: {declared.end_of_text!r} is no token of {declared.folder}",
            "name the one that ends documents: eos_token in its tokenizer_config.json",
        )
    if declared.vocab_size is not None and declared.vocab_size < num_ids:
        raise PhaselineError(
            f"tokenizer.vocab_size: {declared.vocab_size:,}, and {declared.folder} has {num_ids:,} tokens",
            "give the rows of the model's embeddings: vocab_size in its config.json; or leave it out",
        )
    return {"vocab_size": declared.vocab_size or num_ids, "end_of_text": vocab[declared.end_of_text]}


def refuse_other_encoding(text: str, sample: pa.Table) -> None:
    """Raise PhaselineError if documents are not encoded here as the ``tokenizers`` library does.

    Special tokens are ordinary text in both, as they are in shards.
    """
    import gigatoken
    from tokenizers import Tokenizer

    ordinary = json.dumps(json.loads(text) | {"added_tokens": []})
    remedy = "name the folder of a model with a byte-level BPE, as those of Llama 3 and Qwen 3"
    try:
        fast = gigatoken.Tokenizer.from_json(ordinary)
    except (RuntimeError, ValueError) as error:
        what = str(error).splitlines()[0]
        raise PhaselineError(f"tokenizer.folder: its tokenizer is of no known kind: {what}", remedy) from error
    texts = sample["text"].combine_chunks().slice(0, NUM_TRIED_DOCUMENTS)
    expected = Tokenizer.from_str(ordinary).encode_batch(texts.to_pylist(), add_special_tokens=False)
    encoded = fast.encode_batch(as_awkward(texts), parallel=False)
    for number, (own, other) in enumerate(zip(encoded, expected, strict=True)):
        if own.tolist() != other.ids:
            raise PhaselineError(
                f"tokenizer.folder: document {sample['id'][number]} has other tokens than the tokenizers library finds",
                remedy,
            )
