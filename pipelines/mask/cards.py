"""Numbers of payment cards, replaced by numbers of the test range 4000 00 with a valid check digit."""

import re
from collections.abc import Iterator

from pipelines.mask.replacement import drawn, replace_spans
from pipelines.mask.shape import shape

# In the shape of a text: four digits that at least nine more follow.
CANDIDATE = re.compile(rb"0000(?=-?0000(?:-?0){5})")
FORM = re.compile(
    r"(?:[0-9]{4}(?P<four>[ -])[0-9]{4}(?P=four)[0-9]{4}(?P=four)[0-9]{4}"
    r"|[0-9]{4}(?P<six>[ -])[0-9]{6}(?P=six)[0-9]{4,5}|[0-9]{13,19})(?!\w|[-.]\w|[ \t,]{1,3}[0-9a-f]{3,}(?!/))"
)
BEFORE = re.compile(r"(?:\A|[\s\"'(\[>:,;])\Z")
IN_A_TABLE = re.compile(r"[0-9][ \t,;]{1,3}\Z")
# Issuers' ranges and lengths (ISO/IEC 7812-1; https://en.wikipedia.org/wiki/Payment_card_number).
ISSUER = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}"
    r"|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}"
)
TEST_RANGE = "400000"
PUBLISHED_FOR_TESTS = (
    "4111111111111111",
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
)


def mask_cards(text: str) -> tuple[str, int]:
    """Card numbers, told by their form, issuer, length and check digit, replaced; their grouping stays."""
    return replace_spans(text, numbers(text), replacement)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where the card numbers of a text begin and end."""
    for candidate in CANDIDATE.finditer(shape(text)):
        start = candidate.start()
        found = FORM.match(text, start)
        if found and is_card(digits_of(found[0])) and stands_alone(text, start):
            yield found.span()


def stands_alone(text: str, start: int) -> bool:
    """Whether what begins here is neither part of a word or number nor next to another number."""
    before = max(0, start - 4)
    return BEFORE.search(text, before, start) is not None and IN_A_TABLE.search(text, before, start) is None


def digits_of(written: str) -> str:
    return written.replace(" ", "").replace("-", "")


def is_card(digits: str) -> bool:
    return ISSUER.fullmatch(digits) is not None and check_digit(digits[:-1]) == digits[-1]


def replacement(written: str) -> str | None:
    digits = digits_of(written)
    if digits.startswith(TEST_RANGE) or digits in PUBLISHED_FOR_TESTS:
        return None
    account = f"{TEST_RANGE}{drawn(digits) % 10 ** (len(digits) - 7):0{len(digits) - 7}d}"
    new_digits = iter(account + check_digit(account))
    return "".join(next(new_digits) if character.isdecimal() else character for character in written)


def check_digit(digits: str) -> str:
    """The digit that makes a number valid (Luhn; ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * 2 for digit in digits[::-2]]
    others = [int(digit) for digit in digits[-2::-2]]
    return str(-(sum(value // 10 + value % 10 for value in doubled) + sum(others)) % 10)
