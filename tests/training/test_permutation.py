"""Keyed permutations: bijective, invertible, different by key."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.sampling.permutation import permute, permute_each, subkeys, unpermute


@settings(deadline=None)
@given(size=st.integers(1, 5000), key=st.text(max_size=5))
def test_a_permutation_is_a_bijection_and_its_inverse_inverts_it(size: int, key: str) -> None:
    images = permute(np.arange(size), size, key)
    assert sorted(images.tolist()) == list(range(size))
    assert unpermute(images, size, key).tolist() == list(range(size))


@settings(deadline=None)
@given(size=st.integers(1, 2**62), key=st.text(max_size=5), data=st.data())
def test_the_inverse_holds_at_any_size(size: int, key: str, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20))
    images = permute(values, size, key)
    assert images.max() < size
    assert unpermute(images, size, key).tolist() == values


def test_keys_give_unrelated_permutations() -> None:
    one, other = (permute(np.arange(10_000), 10_000, key) for key in ("one", "other"))
    assert np.count_nonzero(one == other) < 10
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.05
    assert abs(np.corrcoef(one, np.arange(10_000))[0, 1]) < 0.05


def test_permutations_stay_what_they_are() -> None:
    """Runs in flight depend on them."""
    assert permute(np.arange(10), 10, "key").tolist() == [8, 4, 3, 6, 1, 0, 9, 7, 5, 2]
    assert permute([0, 1, 10**12 - 1], 10**12, "key").tolist() == [700843199900, 250558180154, 984022303948]


def test_each_value_goes_through_its_own_permutation() -> None:
    sizes, names = [7, 1000], ["one", "other"]
    values, which = np.array([0, 999, 6, 5]), np.array([0, 1, 0, 1])
    keys = np.array([subkeys(name) for name in names])
    images = permute_each(values, which, np.array(sizes), keys, inverse=False)
    expected = [permute(value, sizes[k], names[k]) for value, k in zip(values.tolist(), which.tolist(), strict=True)]
    assert images.tolist() == expected
    assert permute_each(images, which, np.array(sizes), keys, inverse=True).tolist() == values.tolist()


@pytest.mark.parametrize("value", [7, -1])
def test_a_value_outside_is_refused(value: int) -> None:
    with pytest.raises(IndexError, match=rf"{value} is outside of \[0, 7\)"):
        permute([1, value], 7, "key")
