"""Templates for dates: what they show is put together from numbers."""

import calendar
from collections.abc import Callable, Mapping

from pipelines.extract.wiki.names import names

Arguments = Mapping[str, str]


def date(arguments: Arguments, first: int = 1) -> str:
    """Year, month and day from three positional arguments; a text that is no number stays as it is."""
    year, month, day = (arguments.get(str(first + offset), "").strip() for offset in range(3))
    if not (month.isdecimal() and 1 <= int(month) <= 12):
        return " ".join(part for part in (day, month, year) if part)
    name = calendar.month_name[int(month)]
    if not day.isdecimal():
        return f"{name} {year}"
    return f"{int(day)} {name} {year}" if arguments.get("df") else f"{name} {int(day)}, {year}"


def as_of(arguments: Arguments) -> str:
    if arguments.get("alt"):
        return arguments["alt"]
    since = "since" if arguments.get("since") else "as of"
    return f"{since if arguments.get('lc') else since.capitalize()} {date({**arguments, 'df': 'y'})}"


def prefixed(prefix: str) -> Callable[[Arguments], str]:
    """A year or a span of years after an abbreviation, such as ``c. 1900`` and ``r. 1900–1910``."""

    def render(arguments: Arguments) -> str:
        years = [arguments[number] for number in ("1", "2") if arguments.get(number)]
        return f"{prefix} {'–'.join(years)}".strip()

    return render


def suffixed(suffix: str) -> Callable[[Arguments], str]:
    return lambda arguments: f"{arguments.get('1', '')} {suffix}".strip()


def old_style(arguments: Arguments) -> str:
    """``{{OldStyleDate|day month|year|old style}}``."""
    return f"{arguments.get('1', '')} {arguments.get('2', '')} [O.S. {arguments.get('3', '')}]"


PLAIN = """
    birth date|birth date and age|bda|dob|death date|death date and age|dda|start date|start date and age|end date
    |film date|birth-date|death-date|birth-date and age|death-date and age|birth year and age|death year and age|dts
    |date|release date|launch date|start-date|end-date|birth year
"""
DATES: dict[str, Callable[[Arguments], str]] = {
    **dict.fromkeys(names(PLAIN), date),
    **dict.fromkeys(names("as of|asof"), as_of),
    **dict.fromkeys(names("circa|c.|ca.|c|ca"), prefixed("c.")),
    **dict.fromkeys(names("floruit|fl.|fl"), prefixed("fl.")),
    **dict.fromkeys(names("reign|r."), prefixed("r.")),
    **dict.fromkeys(names("b.|born in"), prefixed("b.")),
    **dict.fromkeys(names("d."), prefixed("d.")),
    **dict.fromkeys(names("oldstyledate|old style date"), old_style),
    "bc": suffixed("BC"),
    "bce": suffixed("BCE"),
    "ce": suffixed("CE"),
    "ad": prefixed("AD"),
}
