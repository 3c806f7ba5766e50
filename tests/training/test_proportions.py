"""Balanced proportions: gapless, invertible, exact in the end and close to the blend at any stretch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.sampling.proportions import MAX_TOTAL, Proportions

weights = st.lists(st.integers(0, 30) | st.integers(0, 2**36), min_size=1, max_size=20).filter(any)


@settings(deadline=None)
@given(weights, st.text(max_size=3), st.integers(0, 2**36))
def test_places_count_up_and_positions_invert_them(weights: list[int], key: str, start: int) -> None:
    proportions = Proportions(weights, key)
    stretch = np.arange(start, start + 300)
    places = proportions.places(stretch)
    seen = proportions.counts(start)
    for source, rank in zip(*(array.tolist() for array in places), strict=True):
        assert weights[source] > 0
        assert rank == seen[source]
        seen[source] += 1
    assert seen.tolist() == proportions.counts(start + 300).tolist()
    assert proportions.ranks(places.source, stretch).tolist() == places.rank.tolist()
    for source in np.unique(places.source).tolist():
        here = places.source == source
        assert proportions.positions(source, places.rank[here]).tolist() == stretch[here].tolist()


@settings(deadline=None)
@given(weights, st.integers(0, 2**36))
def test_any_stretch_holds_the_blend_to_within_the_depth_of_the_tree(weights: list[int], start: int) -> None:
    proportions = Proportions(weights, "key")
    depth = (int(np.count_nonzero(weights)) - 1).bit_length()
    sources = proportions.places(np.arange(start, start + 300)).source
    for source, weight in enumerate(weights):
        counts = [0, *np.cumsum(sources == source).tolist()]
        excess = [count * sum(weights) - number * weight for number, count in enumerate(counts)]
        assert max(excess) - min(excess) <= max(0, depth * sum(weights) - 1)


@settings(deadline=None)
@given(weights, st.integers(1, 5))
def test_weights_that_are_counts_are_met_exactly(weights: list[int], times: int) -> None:
    counts = Proportions(weights, "key").counts(times * sum(weights))
    assert counts.tolist() == [times * weight for weight in weights]


def test_keys_draw_different_turns() -> None:
    one, other = (Proportions([3, 2, 2, 5], key).places(np.arange(1000)).source for key in ("one", "other"))
    assert not (one == other).all()


def test_turns_stay_what_they_are() -> None:
    """Runs in flight depend on them."""
    turns = [0, 2, 0, 2, 0, 0, 2, 0, 3, 0, 2, 0, 2, 0, 0, 2, 0, 3]
    assert Proportions([5, 0, 3, 1], "key").places(np.arange(18)).source.tolist() == turns


@pytest.mark.parametrize("weights", [[0, 0], [MAX_TOTAL, 1]])
def test_weights_that_cannot_be_laid_out_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match=f"add up to {sum(weights)}, not to a number in"):
        Proportions(weights, "key")
