"""Phone numbers, replaced by numbers that the North American plan keeps for fiction: area code, 555, 0100 to 0199."""

import re
from collections.abc import Callable, Iterator

from pipelines.mask.replacement import drawn, replace_spans
from pipelines.mask.shape import shape

# In the shape of a text, where a digit is 0, and a space, a dot, a slash or a closing bracket is a hyphen.
AFTER = rb"(?![0a-z_]|-{1,2}0)"
INTERNATIONAL = re.compile(rb"\+0(?:(?:-{0,2}|-?\()0){7,14}" + AFTER)
NORTH_AMERICAN = re.compile(rb"000-{1,2}000-0000(?![0a-z_])")
NATIONAL = re.compile(rb"0(?:-{0,2}0){5,12}" + AFTER)

NORTH_AMERICAN_FORM = re.compile(
    r"\(?[2-9][0-9][0-9]\) ?[2-9][0-9][0-9][-. ][0-9]{4}|[2-9][0-9][0-9][-./][2-9][0-9][0-9][-.][0-9]{4}"
)
MORE_DIGITS = re.compile(r"[-./][0-9]")
BEFORE = re.compile(r"(?:^|[^\w.,/+=$-]|(?<!\w)\+?1[-. ])\(?\Z")
LABEL = re.compile(
    r"\b(?:tel(?:e?phone|ef[oó]no?|efone|efoon|efax)?|tél(?:éphone)?|phone|fax|mobile?|handy|hotline|whatsapp)"
    r"(?: ?(?:number|no|nr|num|nummer))?[.:]{0,2}[ \xa0]{0,2}\(?\Z",
    re.IGNORECASE,
)
FEWEST_DIGITS = 6
LONGEST_LABEL = 24
SHORTEST_UNGROUPED = 11  # digits after a plus sign without any space between them; shorter ones are often numbers
FICTION = re.compile(r"[2-9][0-9][0-9]55501[0-9][0-9]$")


def mask_phones(text: str) -> tuple[str, int]:
    """Numbers with a country code, in the form of North America, or after a word such as ``Tel.`` replaced."""
    return replace_spans(text, numbers(text), replacement)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where the phone numbers of a text begin and end; of those that overlap, the first."""
    outline = shape(text)
    if outline.count(b"0") < FEWEST_DIGITS:
        return
    end_of_last = 0
    for start, end in sorted(
        (
            *matches(INTERNATIONAL, outline, text, is_international),
            *matches(NORTH_AMERICAN, outline, text, is_north_american),
            *matches(NATIONAL, outline, text, is_labelled),
        )
    ):
        if start >= end_of_last:
            yield start, end
            end_of_last = end


def matches(
    pattern: re.Pattern[bytes], outline: bytes, text: str, is_phone: Callable[[str, int, int], bool]
) -> Iterator[tuple[int, int]]:
    for found in pattern.finditer(outline):
        start, end = found.span()
        if is_phone(text, start, end):
            has_bracket_before = text[start - 1 : start] == "(" and ")" in text[start:end]
            yield start - has_bracket_before, end


def is_international(text: str, start: int, end: int) -> bool:
    digits = digits_of(text[start:end])
    is_grouped = end - start > len(digits) + 1
    stands_alone = BEFORE.search(text, max(0, start - 4), start) is not None
    return stands_alone and digits[0] != "0" and (is_grouped or len(digits) >= SHORTEST_UNGROUPED)


def is_north_american(text: str, start: int, end: int) -> bool:
    return (
        NORTH_AMERICAN_FORM.fullmatch(text, start, end) is not None
        and BEFORE.search(text, max(0, start - 4), start) is not None
        and MORE_DIGITS.match(text, end) is None
    )


def is_labelled(text: str, start: int, _: int) -> bool:
    return LABEL.search(text, max(0, start - LONGEST_LABEL), start) is not None


def digits_of(written: str) -> str:
    return "".join(character for character in written if character.isdecimal())


def replacement(written: str) -> str | None:
    """A number of fiction, in the same form where the number has the ten digits of North America."""
    digits = digits_of(written)
    if FICTION.search(digits):
        return None
    number = drawn(digits)
    area, line = 200 + number % 800, 100 + (number >> 32) % 100
    if len(digits) == 10 or (len(digits) == 11 and digits[0] == "1"):
        new_digits = iter(f"{digits[:-10]}{area}555{line:04}")
        return "".join(next(new_digits) if character.isdecimal() else character for character in written)
    return f"+1 {area}-555-{line:04}"
