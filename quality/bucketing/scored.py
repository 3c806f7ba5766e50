"""Surviving documents with their scores by several scorers, and the strata in which they are compared."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.store import Artifact
from quality.arrays import Bools, Floats, Strings
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.levels import NO_LEVEL, NUM_LEVELS, POOLED, Levels, Thresholds
from quality.scoring.table import counted, scores_of

Amounts = npt.NDArray[np.integer]


class Scored:
    """Documents and their scores by scorer, float32 of shape (n,), NaN where a scorer has none.

    Args:
        rows: survivors of the domain, with the columns id, language and num_bytes, sorted by id.
        scores: by scorer, the scores of the documents of the domain.

    Raises:
        ValueError: scores lack a row's document: they are not those of the documents that survived.
    """

    def __init__(
        self, declaration: BucketsDeclaration, rows: pa.Table, scores: Mapping[str, Sequence[Artifact]]
    ) -> None:
        self.rows = rows
        self.ids: Strings = column(rows, "id")
        self.num_bytes: Amounts = rows["num_bytes"].to_numpy()
        stratify_by = declaration.stratify_by
        self.strata = column(rows, stratify_by) if stratify_by else np.full(len(rows), POOLED)
        tables = {scorer: scores_of(rows, scores[scorer]) for scorer in declaration.scorers}
        self.scores: dict[str, Floats] = {scorer: table["score"].to_numpy() for scorer, table in tables.items()}
        self._reasons = {scorer: table["reason"] for scorer, table in tables.items()}

    @property
    def is_scored(self) -> Bools:
        """Which documents have a score by any scorer, shape (n,)."""
        return np.any([~np.isnan(values) for values in self.scores.values()], axis=0)

    def levels(self, thresholds: Thresholds) -> dict[str, Levels]:
        """The levels of all documents by scorer, shape (n,) each."""
        return {
            scorer: thresholds.levels(scorer, values, self.strata, self.ids) for scorer, values in self.scores.items()
        }

    def without_score(self) -> dict[str, dict[str, int]]:
        """How many documents each scorer does not score, by its reason."""
        return {scorer: counted(reasons) for scorer, reasons in self._reasons.items()}


def column(rows: pa.Table, name: str) -> Strings:
    """A column of strings, shape (n,); nulls are empty."""
    return np.array(rows[name].fill_null("").to_pylist(), dtype=str)


def by_level(levels: Levels, amounts: Amounts) -> list[int]:
    """The amount at each level, shape (NUM_LEVELS,); what is NO_LEVEL counts nowhere."""
    is_scored = levels != NO_LEVEL
    sums = np.zeros(NUM_LEVELS, np.int64)
    np.add.at(sums, levels[is_scored], amounts[is_scored])
    return sums.tolist()


def size(members: Bools, **amounts: Amounts) -> dict[str, Any]:
    """How many documents there are, and the sums of their amounts by name."""
    return {"num_documents": int(members.sum())} | {name: int(of[members].sum()) for name, of in amounts.items()}
