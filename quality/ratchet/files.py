"""The files of a snapshot that is read again: none goes missing, and none comes in twice."""

from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import Field

from pipelines.declared import Declared
from pipelines.fetch.inventory import INVENTORY, NOT_READ
from quality.ratchet.measured import Measured, Verdict

MOST_NAMED = 3

Share = Annotated[float, Field(ge=0, le=1)]


class FilesBound(Declared):
    """How many files may be lost, as a share of those there were, and come in as copies, as a share of those there are.

    A file that has another name or other content is not lost. An empty file is no copy.
    """

    max_lost: Share
    max_copied: Share

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold the inventory against what it was."""
        old, new = files_read(before), files_read(after)
        lost = old.filter(pc.invert(pc.or_(is_in(old, new, "path"), is_in(old, new, "digest"))))["path"]
        copied = copies(old, new)["path"]
        passed = len(lost) <= self.max_lost * len(old) and len(copied) <= self.max_copied * len(new)
        return Verdict(
            passed,
            f"has lost {len(lost):,} of {len(old):,} files{named(lost)}, and {len(copied):,} of its {len(new):,} files"
            f"{named(copied)} came in as copies of others, where {self.max_lost:.0%} lost and {self.max_copied:.0%} "
            "copied are declared",
        )


def files_read(of: Measured) -> pa.Table:
    """Path, size and digest of each file that is read, in order of path."""
    columns = ["path", "num_bytes", "digest"]
    return pq.read_table(of.folder / INVENTORY, columns=columns, filters=~pc.field("how").isin(NOT_READ))


def copies(old: pa.Table, new: pa.Table) -> pa.Table:
    """The files that are new and hold what another file of theirs holds."""
    counts = new.group_by("digest").aggregate([([], "count_all")])
    repeated = counts.filter(pc.greater(counts["count_all"], 1))
    is_added = pc.and_(pc.invert(is_in(new, old, "path")), pc.greater(new["num_bytes"], 0))
    return new.filter(pc.and_(is_added, is_in(new, repeated, "digest")))


def is_in(rows: pa.Table, others: pa.Table, column: str) -> pa.ChunkedArray:
    """Whether the value of each row is among those of other rows."""
    return pc.is_in(rows[column], others[column].combine_chunks())


def named(paths: pa.ChunkedArray) -> str:
    """The first of some paths in brackets, or nothing."""
    first = paths.slice(0, MOST_NAMED).to_pylist()
    if not first:
        return ""
    return f" ({', '.join([*first, '…'] if len(paths) > len(first) else first)})"
