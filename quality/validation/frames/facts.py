"""The frame of what an artifact knows of itself."""

import math

import pyarrow as pa

from pipelines.store import Draft
from quality.validation.frames.counts import flow_counts, one_row


def facts(draft: Draft) -> pa.Table:
    """One row with the numbers, strings and truth values among a draft's facts.

    NaN is left out: Great Expectations takes it for null, which it never finds unexpected, but a missing column fails.
    """
    scalars = {name: value for name, value in draft.facts.items() if isinstance(value, (bool, int, float, str))}
    is_nan = {name for name, value in scalars.items() if isinstance(value, float) and math.isnan(value)}
    scalars = {name: value for name, value in scalars.items() if name not in is_nan}
    return one_row(scalars | flow_counts(draft))
