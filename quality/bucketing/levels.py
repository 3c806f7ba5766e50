"""Levels of scores: 0 to 19 by the token-weighted percentiles of each scorer and stratum, as Nemotron-CC has them.

Su et al. 2024, "Nemotron-CC" (arXiv:2412.02595), section 2.2: scores are rounded to integers of equal token mass, and a
document takes the maximum over the classifiers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from quality.arrays import Bools, Floats, Strings
from quality.quantiles import Threshold, thresholds_at

NUM_LEVELS = 20
QUANTILES = tuple(Fraction(level, NUM_LEVELS) for level in range(1, NUM_LEVELS))
MIN_DOCUMENTS = 20  # of a stratum with thresholds of its own: fewer cannot fill the levels
POOLED = "all"  # the stratum of all documents together
NO_LEVEL = -1  # in place of a level

SCHEMA = pa.schema(
    [
        pa.field("scorer", pa.string(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("level", pa.int8(), nullable=False),  # that begins at this document
        pa.field("score", pa.float32(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
    ]
)

Levels = npt.NDArray[np.int8]
Cuts = tuple[Threshold, ...]  # of the levels 1 to 19


def cuts_of(scores: Floats, ids: Strings, num_tokens: npt.NDArray[np.integer]) -> Cuts:
    """The thresholds of n documents, n at least 1; arrays have shape (n,), scores without NaN."""
    return tuple(thresholds_at(scores, ids, num_tokens, QUANTILES))


def levels_at(cuts: Cuts, scores: Floats, ids: Strings) -> Levels:
    """How many thresholds each of n documents is at or past, shape (n,); NO_LEVEL where the score is NaN."""
    levels = np.sum([cut.is_high(scores, ids) for cut in cuts], axis=0, dtype=np.int8)
    return np.where(np.isnan(scores), np.int8(NO_LEVEL), levels)


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of each scorer and stratum; POOLED is a stratum of every scorer."""

    cuts: Mapping[tuple[str, str], Cuts]

    @classmethod
    def fit(
        cls, scores: Mapping[str, Floats], strata: Strings, ids: Strings, num_tokens: npt.NDArray[np.integer]
    ) -> Self:
        """Cut the documents of each scorer and stratum.

        Args:
            scores: by scorer, shape (n,), NaN where it has none; each scores at least one document.
            strata: of each document, shape (n,).
            num_tokens: of each document, positive, shape (n,).
        """
        cuts = {}
        for scorer, values in scores.items():
            is_scored = ~np.isnan(values)
            names, sizes = np.unique(strata[is_scored], return_counts=True)
            for stratum in [POOLED, *names[sizes >= MIN_DOCUMENTS].tolist()]:
                members = is_scored & ((strata == stratum) | (stratum == POOLED))
                cuts[scorer, stratum] = cuts_of(values[members], ids[members], num_tokens[members])
        return cls(cuts)

    @classmethod
    def from_table(cls, table: pa.Table) -> Self:
        """What ``table`` wrote."""
        cuts: dict[tuple[str, str], Cuts] = {}
        for row in table.sort_by("level").to_pylist():
            key = row["scorer"], row["stratum"]
            cuts[key] = (*cuts.get(key, ()), Threshold(row["score"], row["id"]))
        return cls(cuts)

    def table(self) -> pa.Table:
        """A row for each threshold, SCHEMA, sorted by scorer, stratum and level."""
        rows = [
            {"scorer": scorer, "stratum": stratum, "level": level, "score": cut.value, "id": cut.id}
            for (scorer, stratum), cuts in sorted(self.cuts.items())
            for level, cut in enumerate(cuts, 1)
        ]
        return pa.Table.from_pylist(rows, SCHEMA)

    def used(self, scorer: str, strata: Strings) -> dict[str, Bools]:
        """Which of n documents are cut by each stratum's thresholds, shape (n,), by stratum.

        A stratum without thresholds of its own uses those of all documents together.
        """
        names = [name for name in np.unique(strata).tolist() if name != POOLED and (scorer, name) in self.cuts]
        own = {name: strata == name for name in names}
        return own | {POOLED: ~np.isin(strata, names)}

    def levels(self, scorer: str, scores: Floats, strata: Strings, ids: Strings) -> Levels:
        """The levels of n documents by a scorer, shape (n,); NO_LEVEL where the score is NaN."""
        levels = np.empty(len(scores), np.int8)
        for stratum, members in self.used(scorer, strata).items():
            levels[members] = levels_at(self.cuts[scorer, stratum], scores[members], ids[members])
        return levels


def maximum(levels: Mapping[str, Levels]) -> Levels:
    """The best level of each of n documents over the scorers that scored it, shape (n,); else NO_LEVEL."""
    return np.max(list(levels.values()), axis=0)
