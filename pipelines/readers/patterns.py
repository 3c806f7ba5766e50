"""Glob patterns that choose files: ``**`` crosses folders, ``*`` stays within one."""

import re
from collections.abc import Sequence
from typing import Any, TypeVar

Items = TypeVar("Items", bound=Sequence[Any])


def at_least_one(items: Items) -> Items:
    if not items:
        raise ValueError("at least one is needed")
    return items


def compile_patterns(patterns: Sequence[str]) -> re.Pattern[str]:
    """One regular expression for several glob patterns; it matches nothing where there are none."""
    from fsspec.utils import glob_translate

    return re.compile("|".join(glob_translate(pattern) for pattern in patterns) or r"(?!)")
