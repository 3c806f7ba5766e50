"""What an expectation found, in words: the value, where it is, and the first documents that it is about."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

MAX_ROWS = 3  # that a message names
COUNT = "num_"


def observed(columns: Sequence[str], frame: pa.Table, result: Mapping[str, Any]) -> str:
    """What an expectation found in columns of a frame.

    Args:
        result: as Great Expectations gives it in its complete format; empty where it could not be evaluated.
    """
    if missing := [column for column in columns if column not in frame.column_names]:
        return f"there is no {', '.join(missing)}"
    if not result:
        return f"{' and '.join(columns)} cannot be compared"
    if "observed_value" in result and len(frame) > 1:
        return f"{' and '.join(columns)} has {readable(result['observed_value'])} over {len(frame):,} rows"
    rows: Sequence[int] = [0] if len(frame) == 1 else result.get("unexpected_index_list") or []
    if not rows:
        return f"{' and '.join(ranges(columns, frame))} in {len(frame):,} rows"
    first = ", ".join(described(columns, row_of(frame, row)) for row in rows[:MAX_ROWS])
    return first if len(rows) == 1 else f"{len(rows):,} of {len(frame):,} rows unexpected: {first}"


def described(columns: Sequence[str], row: Mapping[str, Any]) -> str:
    """The values of a row, the document or file that it is of, and the first of what its counts have counted."""
    values = " and ".join(f"{column} is {readable(row[column])}" for column in columns)
    places = [str(row[column]) for column in ("id", "file") if column in row and column not in columns]
    counts = [column for column in columns if column.startswith(COUNT)]
    examples = [str(example) for count in counts for example in row.get(count.removeprefix(COUNT)) or []]
    where = f" in {' of '.join(places)}" if places else ""
    return f"{values}{where} ({', '.join(examples)})" if examples else f"{values}{where}"


def row_of(frame: pa.Table, row: int) -> dict[str, Any]:
    found: dict[str, Any] = frame.slice(row, 1).to_pylist()[0]
    return found


def ranges(columns: Sequence[str], frame: pa.Table) -> list[str]:
    """The least and the greatest value of each column, or its name alone where it has many that are no numbers."""
    found = []
    for column in columns:
        values = sorted(set(frame[column].drop_null().to_pylist()))
        if len(values) == 1:
            found.append(f"{column} is {readable(values[0])}")
        elif not values or isinstance(values[0], str):
            found.append(column)
        else:
            found.append(f"{column} is {readable(values[0])} to {readable(values[-1])}")
    return found


def readable(value: Any) -> str:
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if hasattr(value, "__index__") else str(value)
