"""How much is kept as a function of one threshold."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.errors import PhaselineError
from pipelines.sources import Domain
from pipelines.store import Artifact
from pipelines.whatif.changes import Threshold
from pipelines.whatif.judging import attributes, column

# Of the documents that have the value, so many meet the threshold: close together where thresholds usually lie.
SHARES = (1, 0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.25)


def thresholds(documents: Sequence[Artifact], domain: Domain, changing: Threshold) -> list[float]:
    """The values of a threshold that SHARES of the documents it binds would meet, and the declared one.

    Returns:
        Each once and as float32 has it, the loosest first.

    Raises:
        PhaselineError: the rule is on or off and has no threshold.
    """
    if changing.rule and changing.rule.is_switch:
        raise PhaselineError(f"{changing.rule.path} is on or off, so it has no curve", "give it =true or =false")
    found = [bound_values(batch, domain, changing) for batch in attributes(documents, [changing.measure])]
    values = np.concatenate([np.empty(0, np.float32), *found])
    declared = changing.declared(domain)
    distinct = set() if declared is None else {float(np.float32(declared))}
    if len(values):
        shares = [1 - share if changing.is_minimum else share for share in SHARES]
        distinct |= set(np.quantile(values, shares, method="inverted_cdf").tolist())
    return sorted(distinct, reverse=not changing.is_minimum)


def bound_values(batch: pa.RecordBatch, domain: Domain, changing: Threshold) -> NDArray[np.float32]:
    """The values in a batch that are held against a threshold."""
    languages = np.array(batch["language"].to_pylist(), dtype=object)
    bound = [language for language in set(languages) if changing.binds(domain, language)]
    values = column(batch, changing.measure)
    return values[np.isin(languages, bound) & ~np.isnan(values)]
