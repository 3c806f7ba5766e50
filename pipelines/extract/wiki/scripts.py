"""Superscripts and subscripts as the characters that look like them."""

from pipelines.extract.wiki.names import names

SUPERSCRIPTS = dict(zip("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ", strict=True))
SUBSCRIPTS = dict(zip("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎", strict=True))
ORDINALS = frozenset(names("st|nd|rd|th|e|er|re|o|a|os|as|eme|ème|ter|de|ste|me|nde|mo|ma|tm|sm"))


def superscript(text: str) -> str:
    """``10²``, ``1st``, ``x^k``: as characters where there are such, on the line where letters end a number."""
    return small(text, SUPERSCRIPTS, "^")


def subscript(text: str) -> str:
    """``H₂O``, ``x_i``."""
    return small(text, SUBSCRIPTS, "_")


def small(text: str, characters: dict[str, str], sign: str) -> str:
    plain = text.replace("''", "").strip()
    if all(character in characters for character in plain):
        return "".join(characters[character] for character in plain)
    if plain.lower() in ORDINALS or plain.startswith("["):
        return plain
    return f"{sign}{plain}" if plain.isalpha() or plain.startswith("(") else f"{sign}({plain})"
