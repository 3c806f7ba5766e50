"""The colours of pictures of runs: a hue for each domain, a shade of it for each source."""

import colorsys
import re
from collections.abc import Sequence
from itertools import groupby

from training.manifest import Manifest

HUES = (0.60, 0.07, 0.38, 0.96, 0.76, 0.13, 0.50, 0.86)  # blue, orange, green, red, violet, ochre, teal, pink
SATURATION = 0.42
DARKEST, LIGHTEST = 0.42, 0.80
MOST_DRAWN = 40  # sources that a person can tell apart by place and shade
PHASE_COLOURS = ("#eef3fa", "#fdf1e3")
LOSS_COLOUR = "#1f4e8c"
LR_COLOUR = "#b5651d"
SPIKE_COLOUR = "#b3261e"


def groups_of(manifest: Manifest) -> dict[str, list[int]]:
    """The numbers of the sources that are drawn as one, by name: every source, or what is cut from the same shards."""
    groups: dict[str, list[int]] = {}
    for number, source in enumerate(manifest.sources):
        name = source.name if len(manifest.sources) <= MOST_DRAWN else source.name.partition("[")[0]
        groups.setdefault(name, []).append(number)
    return dict(sorted(groups.items()))


def colours_of(names: Sequence[str]) -> dict[str, tuple[float, float, float]]:
    """A hue for each domain (the first word of a name), a shade of it for each name."""
    colours = {}
    families = [list(family) for _, family in groupby(names, key=lambda name: re.split(r"[_\[]", name)[0])]
    for number, family in enumerate(families):
        for place, name in enumerate(family):
            lightness = DARKEST + (LIGHTEST - DARKEST) * (place + 0.5) / len(family)
            colours[name] = colorsys.hls_to_rgb(HUES[number % len(HUES)], lightness, SATURATION)
    return colours
