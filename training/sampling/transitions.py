"""Transitions: how a phase fades into the next one, with every sample of both taken once.

Over the D samples around a boundary, the share of the incoming phase rises from 0 to 1: in proportion to the place
(linear), or along a logistic curve (sigmoid). The integral of the share, times D, is how many of the first samples are
the incoming phase's; it is D / 2 at the end, so each phase gives exactly the D / 2 samples that it has there.
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from training.manifest import Transition

Int64s = npt.NDArray[np.int64]
TransitionShape = Literal["linear", "sigmoid"]

NUM_STRETCHES = 64  # between knots
STEEPNESS = 10.0  # of the logistic curve over the whole transition: its share is a tenth at 0.29 of the way


def compile_transition(shape: TransitionShape, num_samples: int) -> Transition:
    """A transition over the ``num_samples`` samples around a boundary, an even number."""
    return Transition(num_samples=num_samples, incoming=incoming_knots(shape, num_samples))


def incoming_knots(shape: TransitionShape, num_samples: int) -> list[int]:
    """How many of the first ``k * num_samples // NUM_STRETCHES`` samples belong to the incoming phase, k from 0.

    The knots never rise faster than their places. Both phases fade alike, to within one sample.
    """
    places = [number * num_samples // NUM_STRETCHES for number in range(NUM_STRETCHES)]
    if shape == "linear":
        incoming = [place**2 // (2 * num_samples) for place in places]
    else:
        incoming = [math.floor(num_samples * _sigmoid_integral(place / num_samples)) for place in places]
    return [*incoming, num_samples // 2]


def incoming_before(transition: Transition, places: Int64s) -> Int64s:
    """How many samples of the incoming phase come before places in [0, num_samples] of a transition; any shape."""
    knots = np.array(transition.incoming)
    num_stretches = len(knots) - 1
    stretches = np.minimum(((places + 1) * num_stretches - 1) // transition.num_samples, num_stretches - 1)
    starts = stretches * transition.num_samples // num_stretches
    ends = (stretches + 1) * transition.num_samples // num_stretches
    return knots[stretches] + (places - starts) * np.diff(knots)[stretches] // (ends - starts)


def _sigmoid_integral(progress: float) -> float:
    """The integral from 0 to ``progress`` of the logistic curve, stretched so that it goes from 0 to 1 over [0, 1]."""
    start = 1 / (1 + math.exp(STEEPNESS / 2))
    integral = (_softplus(progress) - _softplus(0)) / STEEPNESS
    return (integral - start * progress) / (1 - 2 * start)


def _softplus(progress: float) -> float:
    return math.log1p(math.exp(STEEPNESS * (progress - 0.5)))
