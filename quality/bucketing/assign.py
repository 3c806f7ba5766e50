"""Documents in buckets: the level of each, the bucket that it gives, or the reason why it is in none."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.record import Flow
from quality.arrays import Bools
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.levels import NO_LEVEL, Levels, Thresholds, maximum
from quality.bucketing.scored import Amounts, Scored, column

UNSCORED = "unscored"  # the reason of a document that no scorer scores

BUCKETS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("num_bytes", pa.int64(), nullable=False),
        pa.field("level", pa.int8()),  # the best of its scorers; null where none scores it
        pa.field("bucket", pa.string()),
        pa.field("reason", pa.string()),  # why there is no bucket; null where there is one
    ]
)


class Assigned:
    """The documents of a domain in their buckets.

    A document that breaks a rule stays where its bucket does without the rule. Otherwise the rule is the reason why it
    is in none, also where no scorer scores it.

    Args:
        scored: all survivors of the domain; their rows have the columns split and broken_rule as well.
    """

    def __init__(self, declaration: BucketsDeclaration, thresholds: Thresholds, scored: Scored) -> None:
        self.buckets = declaration.buckets
        self.scored = scored
        self.levels = scored.levels(thresholds)
        self.maximum = maximum(self.levels)
        self.broken_rules = column(scored.rows, "broken_rule")
        self._indices = self._bucket_indices()
        self.is_excused = self._excused()
        reasons = np.where(self.maximum == NO_LEVEL, UNSCORED, "")
        self.reasons = np.where((self.broken_rules == "") | self.is_excused, reasons, self.broken_rules)
        self.is_placed: Bools = self.reasons == ""

    def _bucket_indices(self) -> npt.NDArray[np.intp]:
        """The position among the buckets that each document's level gives, shape (n,); NO_LEVEL is behind the last."""
        bounds = [bucket.min_level for bucket in reversed(self.buckets)]
        return len(bounds) - np.searchsorted(bounds, self.maximum, side="right")

    def _excused(self) -> Bools:
        """Which documents break a rule that their bucket does without, shape (n,)."""
        excused = np.zeros(len(self.broken_rules), bool)
        for reason in np.unique(self.broken_rules[self.broken_rules != ""]).tolist():
            excusing = [index for index, bucket in enumerate(self.buckets) if bucket.excuses(reason)]
            excused |= (self.broken_rules == reason) & np.isin(self._indices, excusing)
        return excused

    @property
    def members(self) -> dict[str, Bools]:
        """Which documents are in each bucket, shape (n,), the best bucket first."""
        return {bucket.name: self.is_placed & (self._indices == index) for index, bucket in enumerate(self.buckets)}

    def table(self) -> pa.Table:
        """A row for each document, in their order, BUCKETS_SCHEMA; exactly one of bucket and reason is null.

        Then come ``score_<scorer>`` and ``level_<scorer>`` for each scorer, null where it has no score.
        """
        rows = self.scored.rows
        names = np.array([*(bucket.name for bucket in self.buckets), ""])
        bucket = pa.array(names[self._indices], pa.string(), mask=~self.is_placed)
        reason = pa.array(self.reasons, pa.string(), mask=self.is_placed)
        known = [rows[name] for name in ("id", "split", "language", "num_bytes")]
        table = pa.table([*known, as_nullable(self.maximum), bucket, reason], schema=BUCKETS_SCHEMA)
        for scorer, scores in self.scored.scores.items():
            table = table.append_column(f"score_{scorer}", pa.array(scores, pa.float32(), from_pandas=True))
        for scorer, levels in self.levels.items():
            table = table.append_column(f"level_{scorer}", as_nullable(levels))
        return table

    def flow(self, amounts: Amounts) -> Flow:
        """Where documents went, each counted as its amount."""
        reasons = np.unique(self.reasons[~self.is_placed]).tolist()
        dropped = {reason: int(amounts[self.reasons == reason].sum()) for reason in reasons}
        return Flow(num_in=int(amounts.sum()), num_kept=int(amounts[self.is_placed].sum()), dropped=dropped)


def as_nullable(levels: Levels) -> pa.Array:
    """Levels as Arrow's int8, null where there is none."""
    return pa.array(levels, pa.int8(), mask=levels == NO_LEVEL)
