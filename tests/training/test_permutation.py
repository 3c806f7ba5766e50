"""Keyed permutations: bijective, invertible, different by key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.permutation import permute, unpermute


@given(size=st.integers(1, 5000), key=st.text(max_size=5))
def test_a_permutation_is_a_bijection_and_its_inverse_inverts_it(size: int, key: str) -> None:
    images = permute(np.arange(size), size, key)
    assert sorted(images.tolist()) == list(range(size))
    assert unpermute(images, size, key).tolist() == list(range(size))


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


def test_a_value_outside_is_refused() -> None:
    with pytest.raises(IndexError, match=r"7 is outside of \[0, 7\)"):
        permute([1, 7], 7, "key")
