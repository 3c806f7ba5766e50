"""Transitions: the incoming phase's samples rise from none to all, one at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.sampling.transitions import TransitionShape, compile_transition, incoming_before

shapes = st.sampled_from(["linear", "sigmoid"])


@settings(deadline=None)
@given(shapes, st.integers(1, 2000))
def test_both_phases_give_half_of_the_samples_and_fade_alike(shape: TransitionShape, half: int) -> None:
    places = np.arange(2 * half + 1)
    incoming = incoming_before(compile_transition(shape, 2 * half), places)
    assert set(np.diff(incoming).tolist()) <= {0, 1}
    assert (incoming[0], incoming[-1]) == (0, half)
    outgoing_at_the_end = half - (places - incoming)[::-1]
    assert np.abs(incoming - outgoing_at_the_end).max() <= 1


@settings(deadline=None)
@given(shapes, st.integers(1, 2**35))
def test_knots_never_rise_faster_than_their_places(shape: TransitionShape, half: int) -> None:
    incoming = compile_transition(shape, 2 * half).incoming
    places = np.arange(len(incoming)) * 2 * half // (len(incoming) - 1)
    assert (np.diff(incoming) >= 0).all()
    assert (np.diff(incoming) <= np.diff(places)).all()
    assert incoming[-1] == half


@pytest.mark.parametrize(
    ("shape", "tenths"), [("linear", [50, 150, 250, 350, 450]), ("sigmoid", [3, 25, 72, 183, 378])]
)
def test_the_incoming_share_of_each_tenth(shape: TransitionShape, tenths: list[int]) -> None:
    incoming = incoming_before(compile_transition(shape, 10_000), np.arange(0, 10_001, 1000))
    shares = np.diff(incoming)
    assert shares[:5].tolist() == pytest.approx(tenths, abs=2)
    assert (shares + shares[::-1]).tolist() == pytest.approx([1000] * 10, abs=2)
