"""Spans: the stretches of a run in which one phase stands alone or two take turns.

Within a span the samples of a source are numbered from the beginning of the span's phase, the one that ends where two
take turns. The numbers have no gaps in time, so the sequences of a source that were read are always a prefix of those
that the phase and the one after it read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.manifest import CompiledPhase, Manifest, Transition
from training.sampling.proportions import Places, Proportions
from training.sampling.transitions import incoming_before

Int64s = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PhaseSpan:
    """Samples of one phase alone, from a position of its stream on."""

    phase: CompiledPhase
    first_sample: int
    num_samples: int
    stream: Proportions
    first_position: int

    @property
    def end_sample(self) -> int:
        return self.first_sample + self.num_samples

    def places(self, places: Int64s) -> Places:
        """The source and number of the samples at places of the span, shape (n,)."""
        return self.stream.places(self.first_position + places)

    def numbers(self, sources: Int64s, places: Int64s) -> Int64s:
        """How many samples of a source the phase has had before a place of the span; shape (n,)."""
        return self.stream.ranks(sources, self.first_position + places)

    def find(self, source: int, numbers: Int64s) -> Int64s:
        """The places of a source's samples by number, shape (n,); they lie in the span."""
        return self.stream.positions(source, numbers) - self.first_position


@dataclass(frozen=True)
class TransitionSpan:
    """Samples of the last of a phase and the first of the next, in turns."""

    phase: CompiledPhase
    first_sample: int
    num_samples: int
    outgoing: Proportions
    first_position: int
    incoming: Proportions
    transition: Transition

    @property
    def end_sample(self) -> int:
        return self.first_sample + self.num_samples

    def places(self, places: Int64s) -> Places:
        incoming_positions, outgoing_positions = self._positions(places)
        enters = incoming_before(self.transition, places + 1) > incoming_positions
        sources, numbers = np.empty_like(places), np.empty_like(places)
        for here, own, own_positions, other, other_positions in (
            (enters, self.incoming, incoming_positions, self.outgoing, outgoing_positions),
            (~enters, self.outgoing, outgoing_positions, self.incoming, incoming_positions),
        ):
            sources[here], ranks = own.places(own_positions[here])
            numbers[here] = ranks + other.ranks(sources[here], other_positions[here])
        return Places(sources, numbers)

    def numbers(self, sources: Int64s, places: Int64s) -> Int64s:
        incoming_positions, outgoing_positions = self._positions(places)
        return self.outgoing.ranks(sources, outgoing_positions) + self.incoming.ranks(sources, incoming_positions)

    def find(self, source: int, numbers: Int64s) -> Int64s:
        """By bisection: the last place before which there are at most so many samples of the source."""
        sources = np.full_like(numbers, source)
        low, high = np.zeros_like(numbers), np.full_like(numbers, self.num_samples)
        for _ in range(self.num_samples.bit_length()):
            middle = (low + high) // 2
            beyond = self.numbers(sources, middle) > numbers
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return low

    def _positions(self, places: Int64s) -> tuple[Int64s, Int64s]:
        """The positions that the streams of the incoming and the outgoing phase have reached before places."""
        incoming = incoming_before(self.transition, places)
        return incoming, self.first_position + places - incoming


Span = PhaseSpan | TransitionSpan


def phase_stream(seed: int, name: str, weights: Sequence[int]) -> Proportions:
    """The stream of a phase's samples, drawn from the phase's name, so that it does not depend on where that stands."""
    return Proportions(weights, f"{seed}/blend/{name}")


def spans_of(manifest: Manifest) -> Iterator[Span]:
    """The spans of a run in order, without gaps."""
    streams = [phase_stream(manifest.seed, phase.name, phase.weights) for phase in manifest.phases]
    place = 0
    for number, (phase, stream) in enumerate(zip(manifest.phases, streams, strict=True)):
        boundary = phase.first_sample + phase.num_samples
        following = manifest.phases[number + 1] if phase is not manifest.phases[-1] else None
        transition = following.transition if following else None
        end = boundary - transition.num_samples // 2 if transition else boundary
        if place < end:
            yield PhaseSpan(phase, place, end - place, stream, place - phase.first_sample)
        if transition:
            position = end - phase.first_sample
            yield TransitionSpan(phase, end, transition.num_samples, stream, position, streams[number + 1], transition)
            place = end + transition.num_samples
        else:
            place = end
