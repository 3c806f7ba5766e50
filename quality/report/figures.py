"""What a section of the page shows: figures, tables and excerpts, as values that the template draws."""

import base64
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from pipelines.colours import GREEN, Colour
from pipelines.store import Artifact
from quality.report.units import percent

PNG_SIZE = slice(16, 24)  # width and height, big-endian
OTHERS = "others"
SCALE = 0.75  # of images, whose letters are larger than the page's


@dataclass(frozen=True)
class Segment:
    """A part of a stack: its share of the whole, and what it is in words."""

    series: str
    share: float
    words: str


@dataclass(frozen=True)
class Stack:
    """One bar, divided."""

    label: str
    whole: str
    segments: Sequence[Segment]


@dataclass(frozen=True)
class StackedBars:
    """Bars of equal length, each divided into the same series."""

    kind: ClassVar[str] = "stacked_bars"
    is_wide: ClassVar[bool] = False
    title: str
    series: Mapping[str, Colour]
    stacks: Sequence[Stack]


@dataclass(frozen=True)
class Bar:
    """A bar as long as its share of the longest."""

    label: str
    share: float
    words: str
    colour: Colour = GREEN


@dataclass(frozen=True)
class Bars:
    """Bars that are compared by their length; ``series`` says what their colours mean, where they have several."""

    kind: ClassVar[str] = "bars"
    title: str
    bars: Sequence[Bar]
    series: Mapping[str, Colour]
    is_wide: bool = False


@dataclass(frozen=True)
class Columns:
    """A histogram: upright bars in the order of ``axis``; labels that are too close on a phone are left out there."""

    kind: ClassVar[str] = "columns"
    is_wide: ClassVar[bool] = False
    title: str
    axis: str
    columns: Sequence[Bar]


@dataclass(frozen=True)
class Plot:
    """An image that lies in an artifact's folder, as Dagster shows it too; ``address`` holds it whole."""

    kind: ClassVar[str] = "plot"
    is_wide: ClassVar[bool] = False
    title: str
    address: str
    width: int
    height: int

    @property
    def most_width(self) -> int:
        """How wide it is shown at most."""
        return round(SCALE * self.width)


@dataclass(frozen=True)
class Table:
    """A folded table: columns of words, then columns of numbers.

    Args:
        emphasised: positions of the rows that sum others up.
    """

    kind: ClassVar[str] = "table"
    title: str
    words: Sequence[str]
    numbers: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: frozenset[int] = frozenset()
    is_open: bool = False
    is_wide: bool = True


@dataclass(frozen=True)
class Heading:
    """What the figures up to the next heading have in common."""

    kind: ClassVar[str] = "heading"
    is_wide: ClassVar[bool] = True
    title: str


@dataclass(frozen=True)
class Excerpt:
    """The beginning of a text, with what is known of it by name."""

    title: str
    facts: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class Excerpts:
    """Texts to be read, folded together."""

    kind: ClassVar[str] = "excerpts"
    is_wide: ClassVar[bool] = True
    title: str
    words: str
    excerpts: Sequence[Excerpt]


Figure: TypeAlias = StackedBars | Bars | Columns | Plot | Table | Heading | Excerpts


def stacked_bars(
    title: str,
    amounts: Mapping[str, Mapping[str, int]],
    colours: Mapping[str, Colour],
    describe: Callable[[int], str],
) -> StackedBars:
    """Bars by label and series; a series that no bar has is left out.

    Args:
        amounts: by label, then by a name in ``colours``.
        describe: an amount in words, with its unit.
    """
    stacks = []
    for label, by_series in amounts.items():
        whole = sum(by_series.values())
        shares = {name: by_series[name] / whole for name in colours if by_series.get(name)}
        segments = [
            Segment(name, share, f"{name}: {describe(by_series[name])}, {percent(share)}")
            for name, share in shares.items()
        ]
        stacks.append(Stack(label, describe(whole), segments))
    used = {segment.series for stack in stacks for segment in stack.segments}
    return StackedBars(title, {name: of for name, of in colours.items() if name in used}, stacks)


def with_others(amounts: Mapping[str, Mapping[str, int]], most: int) -> dict[str, dict[str, int]]:
    """The labels with the largest amounts, the largest first, then the sum of all others as OTHERS.

    Args:
        amounts: by label, then by series.
        most: how many labels stay.
    """
    ordered = sorted(amounts, key=lambda label: (-sum(amounts[label].values()), label))
    largest = {label: dict(amounts[label]) for label in ordered[:most]}
    rest: Counter[str] = sum((Counter(amounts[label]) for label in ordered[most:]), Counter())
    return largest | ({OTHERS: dict(rest)} if rest else {})


def bars_of(
    amounts: Mapping[str, int], describe: Callable[[int], str], colour: Callable[[str], Colour] = lambda _: GREEN
) -> list[Bar]:
    """A bar for each amount, the longest of length 1."""
    most = max(amounts.values(), default=0) or 1
    return [Bar(label, amount / most, describe(amount), colour(label)) for label, amount in amounts.items()]


def plots_of(artifact: Artifact, titles: Mapping[str, str]) -> list[Plot]:
    """The PNG files of an artifact, as Dagster shows them on its page, carried in this page itself.

    Args:
        titles: by the name of the file without its ending, in the order of the plots; a file that is not there is left
            out.
    """
    return [plot(title, path) for name, title in titles.items() for path in artifact.files(f"{name}.png")]


def plot(title: str, path: Path) -> Plot:
    png = path.read_bytes()
    width, height = struct.unpack(">II", png[PNG_SIZE])
    return Plot(title, f"data:image/png;base64,{base64.b64encode(png).decode()}", width, height)
