"""What a section of the page shows: figures, tables and excerpts, as values that the template draws."""

import base64
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from pipelines.store import Artifact
from quality.report.units import percent, spelt

PNG_SIZE = slice(16, 24)  # width and height, big-endian
WIDTH_OF_HALF = 800  # pixels of an image that is still readable on half a page
SCALE = 0.75  # of images, whose letters are larger than the page's


@dataclass(frozen=True)
class Colour:
    """The colour of an area, and of what is written on it."""

    fill: str
    ink: str


GOOD = Colour("#1a7f5a", "white")
CATEGORIES = (  # of things that are neither good nor bad
    Colour("#3b6ea5", "white"),
    Colour("#e0a63c", "black"),
    Colour("#3d9fb5", "black"),
    Colour("#8a5a8f", "white"),
    Colour("#84a150", "black"),
    Colour("#c9838f", "black"),
    Colour("#4d5566", "white"),
    Colour("#a9b6d0", "black"),
)
OTHERS = Colour("#b9b6ae", "black")


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
    colour: Colour = GOOD


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
    """A histogram: upright bars in the order of ``axis``."""

    kind: ClassVar[str] = "columns"
    is_wide: ClassVar[bool] = False
    title: str
    axis: str
    columns: Sequence[Bar]


@dataclass(frozen=True)
class Plot:
    """An image that lies in an artifact's folder, as Dagster shows it too; ``address`` holds it whole."""

    kind: ClassVar[str] = "plot"
    title: str
    address: str
    width: int
    height: int

    @property
    def is_wide(self) -> bool:
        """Whether it is too wide for half a page."""
        return self.width > WIDTH_OF_HALF

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
    is_wide: ClassVar[bool] = True
    title: str
    words: Sequence[str]
    numbers: Sequence[str]
    rows: Sequence[Sequence[str]]
    emphasised: frozenset[int] = frozenset()
    is_open: bool = False


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


Figure: TypeAlias = StackedBars | Bars | Columns | Plot | Table | Excerpts


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


def bars_of(
    amounts: Mapping[str, int], describe: Callable[[int], str], colour: Callable[[str], Colour] = lambda _: GOOD
) -> list[Bar]:
    """A bar for each amount, the longest of length 1."""
    most = max(amounts.values(), default=0) or 1
    return [Bar(label, amount / most, describe(amount), colour(label)) for label, amount in amounts.items()]


def plots_of(artifact: Artifact, prefix: str = "") -> list[Plot]:
    """The PNG files of an artifact, those that Dagster shows on its page, carried in this page itself."""
    return [plot(f"{prefix}{spelt(path.stem)}", path) for path in artifact.files("*.png")]


def plot(title: str, path: Path) -> Plot:
    png = path.read_bytes()
    width, height = struct.unpack(">II", png[PNG_SIZE])
    return Plot(title, f"data:image/png;base64,{base64.b64encode(png).decode()}", width, height)
