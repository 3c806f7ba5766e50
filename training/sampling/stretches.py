"""The blend over a run: stretches of samples within which the shares of the sources do not change."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from training.manifest import CompiledPhase, Manifest

FEWEST_SAMPLES = 16  # between two knots: the share of a phase in fewer says little


class Stretch(NamedTuple):
    """Samples [first, end) of the run and the share of each of the manifest's sources among them."""

    first: int
    end: int
    shares: list[float]
    fades: bool = False


def stretches(manifest: Manifest) -> Iterator[Stretch]:
    """The run as stretches in order, without gaps: a phase is one, a transition as many as its knots tell apart."""
    place = 0
    for before, phase in pairwise(manifest.phases):
        if phase.transition is None:
            fade: list[Stretch] = []
            place_of_fade = phase.first_sample
        else:
            fade = list(fading(before, phase))
            place_of_fade = fade[0].first
        yield Stretch(place, place_of_fade, shares_of(before))
        yield from fade
        place = fade[-1].end if fade else phase.first_sample
    yield Stretch(place, manifest.total_samples, shares_of(manifest.phases[-1]))


def fading(before: CompiledPhase, phase: CompiledPhase) -> Iterator[Stretch]:
    """The stretches of the transition into a phase."""
    assert phase.transition is not None
    num_samples, incoming = phase.transition.num_samples, phase.transition.incoming
    first = phase.first_sample - num_samples // 2
    last_knot = len(incoming) - 1
    numbers = [*range(0, last_knot, max(1, FEWEST_SAMPLES * last_knot // num_samples)), last_knot]
    knots = [first + number * num_samples // last_knot for number in numbers]
    counts = [incoming[number] for number in numbers]
    for (start, end), (count, next_count) in zip(pairwise(knots), pairwise(counts), strict=True):
        if start < end:
            share = (next_count - count) / (end - start)
            yield Stretch(start, end, mixed(shares_of(before), shares_of(phase), share), True)


def mixed(outgoing: Sequence[float], incoming: Sequence[float], share: float) -> list[float]:
    """Two blends in one, of which ``share`` is the incoming one."""
    return [(1 - share) * out + share * into for out, into in zip(outgoing, incoming, strict=True)]


def shares_of(phase: CompiledPhase) -> list[float]:
    """The share of each source among a phase's samples."""
    return [count / phase.num_samples for count in phase.samples]
