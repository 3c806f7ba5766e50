"""Parts of shards: stretches in their hashed order of documents, so that a part is a random subset."""

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from pipelines.declared import Declared


class Part(Declared):
    """A stretch of every set of shards, as shares of its tokens.

    It holds the documents that begin in it, so that disjoint parts have no document in common.
    """

    start: Annotated[float, Field(ge=0, lt=1)] = 0.0
    end: Annotated[float, Field(gt=0, le=1)] = 1.0

    @model_validator(mode="after")
    def _holds_something(self) -> "Part":
        if self.start >= self.end:
            raise ValueError(f"the part ends at {self.end}, before it starts at {self.start}; exchange them")
        return self

    def tokens(self, offsets: npt.NDArray[np.int64], num_tokens: int) -> range:
        """The tokens of the part's documents.

        Args:
            offsets: where each document of the shards begins, ascending, shape (num_documents,).
            num_tokens: of the shards.
        """
        return range(
            *(document_boundary(int(share * num_tokens), offsets, num_tokens) for share in (self.start, self.end))
        )


def document_boundary(token: int, offsets: npt.NDArray[np.int64], num_tokens: int) -> int:
    """Where the first document begins that begins at a token or later; ``num_tokens`` where there is none."""
    row = int(np.searchsorted(offsets, token))
    return int(offsets[row]) if row < len(offsets) else num_tokens
