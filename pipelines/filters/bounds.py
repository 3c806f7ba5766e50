"""Rejections for values outside their bounds."""

from pipelines.rejection import Rejection


def below(reason: str, value: float, minimum: float | None) -> Rejection | None:
    """A rejection if the value is under the minimum; no minimum, no rejection."""
    if minimum is None or value >= minimum:
        return None
    return Rejection(reason, f"{value:.4g} < {minimum:.4g}")


def above(reason: str, value: float, maximum: float | None) -> Rejection | None:
    """A rejection if the value is over the maximum; no maximum, no rejection."""
    if maximum is None or value <= maximum:
        return None
    return Rejection(reason, f"{value:.4g} > {maximum:.4g}")
