"""Documents of shards in the tokens of reference models that have another tokenizer."""

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from pipelines.errors import PhaselineError
from pipelines.tokenizer import TOKENIZER
from quality.perplexity.reference import ReferenceModel
from quality.perplexity.score import Documents

DOCUMENTS_AT_ONCE = 1000
TOKENS_FOR_ONE = 8  # of the shards, decoded for each token that may be scored: more than one of another tokenizer holds


def reencoded(
    documents: Documents, tokenizer: Path, reference: ReferenceModel, max_tokens: int, folder: Path
) -> Documents:
    """The documents' texts in the tokens of a reference model, each followed by its end-of-text token.

    Special tokens that a text quotes are ordinary text. Of a document no more than ``max_tokens + 1`` are written, so
    that a truncated one can be told.

    Args:
        documents: as a tokenizer has encoded them, their end-of-text tokens included.
        tokenizer: its file.
        folder: where the tokens go, to be read from there.

    Raises:
        PhaselineError: the model's configuration names no end-of-text token.
    """
    decoder = Tokenizer.from_file(str(tokenizer))
    encoder = without_special_tokens(reference.folder / TOKENIZER)
    start, end_of_text = special_tokens(reference)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokens.bin"
    lengths: list[int] = []
    with path.open("wb") as file:
        for first in range(0, len(documents), DOCUMENTS_AT_ONCE):
            some = documents.take(slice(first, first + DOCUMENTS_AT_ONCE))
            texts = decoder.decode_batch(texts_of(some, TOKENS_FOR_ONE * max_tokens))
            for encoding in encoder.encode_batch(texts, add_special_tokens=False):
                tokens = np.array([*encoding.ids[:max_tokens], end_of_text], np.uint32)
                file.write(tokens.tobytes())
                lengths.append(len(tokens))
    num_tokens = np.array(lengths)
    return Documents(np.memmap(path, np.uint32, "r"), np.cumsum(num_tokens) - num_tokens, num_tokens, start)


def texts_of(documents: Documents, max_tokens: int) -> list[list[int]]:
    """The tokens of each document's text, no more than so many, without the end-of-text token."""
    lengths = np.minimum(documents.num_scored - 1, max_tokens)
    return [
        documents.tokens[offset : offset + length].tolist()
        for offset, length in zip(documents.offsets, lengths, strict=True)
    ]


def without_special_tokens(path: Path) -> Tokenizer:
    """A tokenizer that takes every text for what it is: one that quotes a special token cannot end a document."""
    declared = json.loads(path.read_text())
    declared["added_tokens"] = [token for token in declared["added_tokens"] if not token["special"]]
    return Tokenizer.from_str(json.dumps(declared))


def special_tokens(reference: ReferenceModel) -> tuple[int, int]:
    """The token before a document and the one behind it, often the same."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(reference.folder, local_files_only=True).get_text_config()
    ends = config.eos_token_id
    end_of_text = ends[0] if isinstance(ends, list) else ends
    if end_of_text is None:
        raise PhaselineError(f"the config.json of {reference.name} has no eos_token_id", "name its end-of-text token")
    return (end_of_text if config.bos_token_id is None else config.bos_token_id), end_of_text
