"""Encoding with a trained tokenizer: from Arrow's texts to flat tokens, without a Python object for each document."""

import json

import awkward
import gigatoken
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.shards import Tokens, token_dtype
from pipelines.store import Artifact
from pipelines.tokenizer import TOKENIZER


class Encoder:
    """Encodes documents with a tokenizer artifact.

    The end-of-text marker inside a document is ordinary text: a page that quotes it cannot end a document.
    """

    def __init__(self, tokenizer: Artifact) -> None:
        declared = json.loads((tokenizer.folder / TOKENIZER).read_text())
        declared["added_tokens"] = []
        self._tokenizer = gigatoken.Tokenizer.from_json(json.dumps(declared))
        self._end_of_text: int = tokenizer.record.facts["end_of_text"]
        self._dtype = token_dtype(tokenizer.record.facts["vocab_size"])

    def encode(self, texts: pa.LargeStringArray) -> tuple[Tokens, npt.NDArray[np.int64]]:
        """The token ids of all texts end to end, each followed by the end-of-text token; on one core.

        Returns:
            The tokens, in the dtype of token files, and the length of each text in tokens, int64 [n].
        """
        encoded = self._tokenizer.encode_batch(as_awkward(texts), parallel=False).layout
        starts = encoded.offsets.data
        lengths = np.diff(starts) + 1
        tokens = np.empty(lengths.sum(), self._dtype)
        is_of_text = np.ones(len(tokens), np.bool_)
        is_of_text[np.cumsum(lengths) - 1] = False
        tokens[is_of_text] = encoded.content.data[starts[0] : starts[-1]]
        tokens[~is_of_text] = self._end_of_text
        return tokens, lengths


def as_awkward(texts: pa.LargeStringArray) -> awkward.Array:
    """Arrow's texts, without nulls, as the tokenizer takes them; no copy."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    letters = awkward.contents.NumpyArray(np.frombuffer(data or b"", np.uint8), parameters={"__array__": "char"})
    strings = awkward.contents.ListOffsetArray(
        awkward.index.Index64(starts), letters, parameters={"__array__": "string"}
    )
    return awkward.Array(strings)
