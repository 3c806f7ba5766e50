"""A rule: a measured value, the declared bound that it is held against, and the reason that is counted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.declared import Declared
from pipelines.rejection import Rejection


@dataclass(frozen=True)
class Rule:
    """One bound of a family of rules.

    Values and bounds are compared as float32, the numbers that are written beside the documents, so that who reads them
    there comes to the same judgement.

    Args:
        path: where the bound is declared: ``family.field``, and ``.key`` where the field is a mapping. The field's
            prefix says what it bounds: ``min_`` and ``max_`` a value from below and from above; ``refuse_`` one that
            must be 0.
        measure: the name of the value.
        reason: under which the documents that break the rule are counted.
        says: what a ``refuse_`` rule found, for people.
    """

    path: str
    measure: str
    reason: str
    says: str = ""

    @property
    def family(self) -> str:
        return self.path.split(".")[0]

    @property
    def field(self) -> str:
        return self.path.split(".")[1]

    @property
    def key(self) -> int | None:
        """Of the bound in its mapping, such as the n of an n-gram."""
        return int(self.path.split(".")[2]) if self.path.count(".") == 2 else None

    @property
    def is_minimum(self) -> bool:
        return self.field.startswith("min_")

    @property
    def is_switch(self) -> bool:
        return self.field.startswith("refuse_")

    def bound(self, family: Declared) -> float | None:
        """The bound as declared; None where the rule is off."""
        declared: Any = getattr(family, self.field)
        if self.is_switch:
            return 0.0 if declared else None
        return declared if self.key is None else declared.get(self.key)

    def broken(self, values: NDArray[np.float32], bound: float) -> NDArray[np.bool_]:
        """Which values are out of bounds; what was not measured (NaN) breaks no rule."""
        limit = np.float32(bound)
        return values < limit if self.is_minimum else values > limit

    def rejection(self, value: float, bound: float) -> Rejection:
        sign = "<" if self.is_minimum else ">"
        return Rejection(self.reason, self.says or f"{value:.4g} {sign} {bound:.4g}")
