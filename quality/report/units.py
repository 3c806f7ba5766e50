"""How the page writes amounts."""

from collections.abc import Sequence
from datetime import datetime

THIN_SPACE = "\u202f"  # no line breaks there
NO_BREAK_SPACE = "\u00a0"
NONE = "–"
MINUS = "−"


def count(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def counted(number: int, noun: str) -> str:
    """``1 record``, ``2 records``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(part: float, whole: float = 1.0) -> str:
    return f"{part / whole:.1%}" if whole else NONE


def decimal(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:,.{digits}f}".replace("-", MINUS)


def bytesize(num_bytes: int) -> str:
    """In megabytes, of less than a tenth of one in kilobytes."""
    unit, size = ("MB", 1e6) if num_bytes >= 1e5 else ("kB", 1e3)
    return f"{num_bytes / size:,.1f}{THIN_SPACE}{unit}"


def moment(created_at: str) -> str:
    """A record's time for people: ``21 Nov 2026, 20:09 UTC``."""
    made = datetime.fromisoformat(created_at)
    return f"{made.day} {made:%b %Y, %H:%M} UTC".replace(" ", NO_BREAK_SPACE)


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def spelt(name: str) -> str:
    """A name of the code in words: ``near_duplicate`` as ``near duplicate``."""
    return name.replace("_", " ")
