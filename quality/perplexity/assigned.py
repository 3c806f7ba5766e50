"""Documents assigned to quadrants: within each stratum by its own thresholds, and what the quadrants hold."""

from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.record import Flow
from quality.arrays import Bools
from quality.perplexity.declaration import QuadrantsDeclaration
from quality.perplexity.quantiles import QUADRANT_NAMES, Cut, cut_at_quantiles
from quality.quantiles import threshold_at

WHOLE = "all"  # all documents together: where nothing is stratified, and for strata that are too small
MIN_DOCUMENTS = 20  # of a stratum with thresholds of its own: of one alone, every document would be on the high side
UNSCORED = -1

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("shards", pa.string(), nullable=False),
        pa.field("quadrant", pa.string()),
        pa.field("reason", pa.string()),  # why there is no quadrant; null where there is one
    ]
)


class Assigned:
    """Documents in strata and quadrants.

    Args:
        rows: id, shards, domain, language, source, num_tokens, nll, pd, reason; without a score the last is not null.
    """

    def __init__(self, declaration: QuadrantsDeclaration, rows: pa.Table) -> None:
        self.declaration = declaration
        self.rows = rows
        self.ids = np.array(rows["id"].to_pylist(), dtype=str)
        self.num_tokens: npt.NDArray[np.int64] = rows["num_tokens"].to_numpy()
        self.nll = rows["nll"].to_numpy().astype(np.float64)
        self.pd = rows["pd"].to_numpy().astype(np.float64)
        self.scored = ~np.isnan(self.nll)
        self.strata = self._strata()
        self.quadrants = np.full(len(rows), UNSCORED)
        self.cuts: dict[str, Cut] = {}
        for stratum in np.unique(self.strata[self.scored]).tolist():
            members = self.scored & (self.strata == stratum)
            self.cuts[stratum] = self._cut(self.scored if stratum == WHOLE else members)
            self.quadrants[members] = self.cuts[stratum].quadrants(
                self.nll[members], self.pd[members], self.ids[members]
            )

    def _strata(self) -> npt.NDArray[np.str_]:
        """The stratum of each document; WHOLE for those of strata with too few to be cut in four."""
        if not self.declaration.stratify_by:
            return np.full(len(self.rows), WHOLE)
        keys = zip(*(self.rows[column].to_pylist() for column in self.declaration.stratify_by), strict=True)
        strata = np.array(["/".join(key) for key in keys])
        names, sizes = np.unique(strata[self.scored], return_counts=True)
        return np.where(np.isin(strata, names[sizes >= MIN_DOCUMENTS]), strata, WHOLE)

    def _cut(self, members: Bools) -> Cut:
        return cut_at_quantiles(self.declaration, *self._values(members), self.num_tokens[members])

    def _values(self, members: Bools) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.str_]]:
        return self.nll[members], self.pd[members], self.ids[members]

    def column(self, name: str) -> npt.NDArray[np.str_]:
        return np.array(self.rows[name].to_pylist(), dtype=str)

    def table(self) -> pa.Table:
        quadrants = pa.array(np.array([*QUADRANT_NAMES, ""])[self.quadrants], pa.string(), mask=~self.scored)
        columns = [self.rows["id"], self.rows["shards"], quadrants, self.rows["reason"]]
        return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA)

    @cached_property
    def reasons(self) -> dict[str, Bools]:
        """Which documents have no score, by reason."""
        reasons = np.array(self.rows["reason"].fill_null("").to_pylist(), dtype=str)
        return {reason: reasons == reason for reason in np.unique(reasons[~self.scored]).tolist()}

    def flow(self, amounts: npt.NDArray[np.integer]) -> Flow:
        """Where documents went, each counted as its amount."""
        dropped = {reason: int(amounts[members].sum()) for reason, members in self.reasons.items()}
        return Flow(num_in=int(amounts.sum()), num_kept=int(amounts[self.scored].sum()), dropped=dropped)

    def size(self, members: Bools) -> dict[str, int]:
        return {"num_documents": int(members.sum()), "num_tokens": int(self.num_tokens[members].sum())}

    def sizes(self, members: Bools) -> dict[str, dict[str, int]]:
        """Documents and tokens by quadrant, among some documents."""
        return {name: self.size(members & (self.quadrants == index)) for index, name in enumerate(QUADRANT_NAMES)}

    def sizes_by(self, column: str) -> dict[str, dict[str, dict[str, int]]]:
        """Documents and tokens by a column's values and quadrant."""
        values = self.column(column)
        return {value: self.sizes(values == value) for value in np.unique(values[self.scored]).tolist()}

    def medians(self, members: Bools) -> dict[str, float | None]:
        """The perplexity and the PD that half of the tokens lie below; None where there are no documents."""
        if not members.any():
            return {"median_perplexity": None, "median_pd": None}

        def median(values: npt.NDArray[np.float64]) -> float:
            return threshold_at(values[members], self.ids[members], self.num_tokens[members], 0.5).value

        return {"median_perplexity": float(np.exp(median(self.nll))), "median_pd": median(self.pd)}

    def measures(self, members: Bools) -> dict[str, Any]:
        """The size of a quadrant, its share of all scored tokens, and its medians."""
        size = self.size(members)
        share = size["num_tokens"] / int(self.num_tokens[self.scored].sum())
        return {**size, "share_of_tokens": share, **self.medians(members)}

    def facts(self) -> dict[str, Any]:
        quadrants = {name: self.measures(self.quadrants == index) for index, name in enumerate(QUADRANT_NAMES)}
        return {
            "quadrants": quadrants,
            "smallest_share_of_tokens": min(measures["share_of_tokens"] for measures in quadrants.values()),
            "quadrants_by_domain": self.sizes_by("domain"),
            "quadrants_by_language": self.sizes_by("language"),
            "without_quadrant": {reason: self.size(members) for reason, members in self.reasons.items()},
            "thresholds": {stratum: asdict(cut) for stratum, cut in self.cuts.items()},
        }

    def describe(self) -> str:
        sizes = self.sizes(self.scored)
        total = sum(size["num_tokens"] for size in sizes.values())
        shares = ", ".join(f"{name} {size['num_tokens'] / total:.1%}" for name, size in sizes.items())
        return f"{int(self.scored.sum()):,} of {len(self.rows):,} documents have a quadrant; of their tokens {shares}"
