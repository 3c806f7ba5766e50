"""The folded words of one text and where they stand: what the hashes of n-grams stand for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.dedup.shingles import ALONE, fold_table

UTF8_SIZES = np.array([1, 0x80, 0x800, 0x10000], np.uint32)  # the first code points that take 1, 2, 3 and 4 bytes
LAST_FOLDED = (1 << 16) - 1  # code points above are letters that are words of their own


@dataclass(frozen=True)
class Words:
    """The words of a text, the same as near-duplicate search sees, in order.

    Args:
        text: the text itself.
        letters: the folded code point of each character, uint32 [number of characters]; 0 between words.
        starts: the character at which each word starts, int64 [number of words].
        ends: the character after each word.
    """

    text: str
    letters: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def ngram_bytes(self, width: int) -> NDArray[np.int64]:
        """The bytes of UTF-8 that the folded letters of each n-gram of ``width`` words take."""
        points = self.letters & ~ALONE
        sizes = np.searchsorted(UTF8_SIZES, points, side="right")
        ends = np.append(0, np.cumsum(sizes))
        starts = np.arange(len(self) - width + 1)
        return ends[self.ends[starts + width - 1]] - ends[self.starts[starts]]

    def ngram(self, first: int, width: int) -> list[bytes]:
        """The folded letters of ``width`` words."""
        words = range(first, first + width)
        return [self.letters[self.starts[word] : self.ends[word]].tobytes() for word in words]


def words_of(text: str) -> Words:
    """Fold a text and find its words."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    letters = np.where(points <= LAST_FOLDED, fold_table()[np.minimum(points, LAST_FOLDED)], points | ALONE)
    alone = letters >= ALONE
    inside = (letters > 0) & ~alone
    starts = alone | (inside & ~np.append(False, inside[:-1])[: len(inside)])
    ends = alone | (inside & ~np.append(inside[1:], False)[: len(inside)])
    return Words(text, letters, np.flatnonzero(starts), np.flatnonzero(ends) + 1)
