"""What frames count: the flow of a draft, and which rows of a table are as they should not be."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.store import Draft

ID = r"^[0-9a-f]{32}$"
NUM_EXAMPLES = 3

Row = dict[str, Any]
Column: TypeAlias = pa.ChunkedArray | pa.Array


def one_row(row: Row) -> pa.Table:
    return pa.Table.from_pylist([row])


def flow_counts(draft: Draft) -> Row:
    """What came in, stayed, was dropped and was lost, for each unit of the draft's flows."""
    counts: Row = {}
    for unit, flow in draft.flows.items():
        num_dropped = sum(flow.dropped.values())
        counts |= {
            f"num_{unit}_in": flow.num_in,
            f"num_{unit}_kept": flow.num_kept,
            f"num_{unit}_dropped": num_dropped,
            f"num_{unit}_lost": flow.num_lost,
            f"share_of_{unit}_dropped": num_dropped / flow.num_in if flow.num_in else 0.0,
        }
    return counts


def found(fault: str, ids: Column, has_fault: Column) -> Row:
    """How many rows have a fault, as ``num_<fault>``, and the ids of the first of them, as ``<fault>``."""
    return {
        f"num_{fault}": num_true(has_fault),
        fault: ids.filter(pc.fill_null(has_fault, False)).slice(0, NUM_EXAMPLES).to_pylist(),
    }


def total(column: Column) -> int:
    """The sum of integers."""
    return int(pc.sum(column, min_count=0).as_py())


def num_true(column: Column) -> int:
    """How many truth values are true; nulls are not."""
    return total(column)


def num_duplicates(column: Column) -> int:
    return len(column) - int(pc.count_distinct(column).as_py())


def is_malformed(ids: Column) -> Column:
    """Whether each id is not 32 hexadecimal digits."""
    return pc.invert(pc.match_substring_regex(ids, ID))


def is_blank(column: Column) -> Column:
    return pc.equal(pc.utf8_trim_whitespace(column), "")


def repeats(ids: Column) -> Column:
    """Whether each of some sorted ids is that of the row before."""
    return compared_with_last(pc.equal, ids)


def descends(ids: Column) -> Column:
    """Whether each id is less than that of the row before."""
    return compared_with_last(pc.less, ids)


def differs(first: Column, second: Column) -> Column:
    """Whether two columns differ in a row; null differs from all but null."""
    return pc.or_(pc.fill_null(pc.not_equal(first, second), False), pc.not_equal(first.is_valid(), second.is_valid()))


def compared_with_last(compare: Callable[[Column, Column], Column], column: Column) -> Column:
    """What a comparison of each row with the one before it says; false for the first."""
    of_later = compare(column.slice(1), column.slice(0, max(len(column) - 1, 0)))
    return pa.array(np.append(False, np.asarray(of_later))[: len(column)], pa.bool_())


class Faults:
    """Faults found in one batch of rows after the other; ``row`` is as ``found`` gives it for all of them."""

    def __init__(self) -> None:
        self.row: Row = {}

    def add(self, fault: str, ids: Column, has_fault: Column) -> None:
        for name, value in found(fault, ids, has_fault).items():
            self.row[name] = self.row[name] + value if name in self.row else value
        self.row[fault] = self.row[fault][:NUM_EXAMPLES]
