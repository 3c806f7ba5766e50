"""The colours of plots and pages, in one place: what is shown twice has the same colour both times."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """The colour of an area as ``#rrggbb``, and of what is written on it."""

    fill: str
    ink: str


GREEN = Colour("#1a7f5a", "white")
LIGHT_GREEN = Colour("#8fcbb1", "black")
PALE_GREEN = Colour("#d5e8df", "black")
AMBER = Colour("#e0a63c", "black")
SAND = Colour("#f0d79b", "black")
RED = Colour("#b8452f", "white")
SLATE = Colour("#5b6c8f", "white")
NAVY = Colour("#31456e", "white")
LIGHT_SLATE = Colour("#a9b6d0", "black")
PURPLE = Colour("#8a5a8f", "white")
GREY = Colour("#6e6e6e", "white")

CATEGORIES = (  # of things that are neither good nor bad
    Colour("#3b6ea5", "white"),
    AMBER,
    Colour("#3d9fb5", "black"),
    PURPLE,
    Colour("#84a150", "black"),
    Colour("#c9838f", "black"),
    Colour("#4d5566", "white"),
    LIGHT_SLATE,
)
OTHERS_COLOUR = Colour("#b9b6ae", "black")
