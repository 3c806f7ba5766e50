"""The frame of what an artifact knows of itself."""

import pyarrow as pa

from pipelines.store import Draft
from quality.validation.frames.counts import flow_counts, one_row


def facts(draft: Draft) -> pa.Table:
    """One row with the numbers, strings and truth values among a draft's facts."""
    scalars = {name: value for name, value in draft.facts.items() if isinstance(value, (bool, int, float, str))}
    return one_row(scalars | flow_counts(draft))
