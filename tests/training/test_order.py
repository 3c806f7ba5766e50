"""The order of samples: exact, invertible, independent of how it is asked for, close to the blend at any stretch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifests import manifest, recipe

from training.manifest import Manifest
from training.order import BLOCK, Order


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    num_sources = draw(st.integers(1, 5))
    num_phases = draw(st.integers(1, 3))

    def weights() -> list[float]:
        raw = np.array(draw(st.lists(st.integers(0, 20), min_size=num_sources, max_size=num_sources)), dtype=float)
        raw[draw(st.integers(0, num_sources - 1))] += 1
        return (raw / raw.sum()).tolist()

    return manifest(
        recipe(
            steps=draw(st.integers(20, 900)),
            batch=draw(st.integers(1, 24)),
            length=8,
            seed=draw(st.integers(0, 2**32)),
            phases=[(1 / num_phases, weights()) for _ in range(num_phases)],
        ),
        draw(st.lists(st.integers(1, 9000), min_size=num_sources, max_size=num_sources)),
    )


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_every_source_is_passed_over_whole_and_in_turn(made: Manifest) -> None:
    """No window comes again before its source is exhausted, across phases."""
    order = Order(made)
    places = order.windows(np.arange(order.num_samples))
    for source, shards in enumerate(made.sources):
        here = places.source == source
        epochs = places.epoch[here]
        assert (np.diff(np.maximum.accumulate(epochs)) <= 1).all()
        for epoch in range(int(epochs.max()) + 1 if epochs.size else 0):
            windows = places.window[here][epochs == epoch]
            assert len(np.unique(windows)) == len(windows)
            if epoch < epochs.max():
                assert len(windows) == shards.num_windows


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_counts_are_exact_at_every_point(made: Manifest) -> None:
    order = Order(made)
    source = order.windows(np.arange(order.num_samples)).source
    for sample in {0, 1, order.num_samples // 3, order.num_samples - 1}:
        assert order.counts(sample).tolist() == np.bincount(source[:sample], minlength=len(made.sources)).tolist()
    taken = np.sum([phase.samples for phase in made.phases], axis=0)
    assert taken.tolist() == np.bincount(source, minlength=len(made.sources)).tolist()


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_the_inverse_inverts(made: Manifest) -> None:
    order = Order(made)
    samples = np.arange(order.num_samples)
    places = order.windows(samples)
    for source in range(len(made.sources)):
        here = places.source == source
        assert (order.samples(source, places.epoch[here], places.window[here]) == samples[here]).all()
    never = order.samples(0, 10**6, np.arange(made.sources[0].num_windows))
    assert (never == -1).all()


@settings(max_examples=40, deadline=None)
@given(manifests(), st.integers(1, 4), st.integers(0, 10**6))
def test_the_order_is_the_same_however_it_is_asked_for(made: Manifest, ranks: int, restart: int) -> None:
    """Any ranks, any place to restart and any batches give the samples that one pass gives."""
    whole = Order(made).windows(np.arange(Order(made).num_samples))
    order = Order(made)
    first = restart % order.num_samples
    wanted = np.arange(first, order.num_samples)
    for rank in range(ranks):
        mine = wanted[rank::ranks].reshape(1, -1)
        for part, of_whole in zip(order.windows(mine), whole, strict=True):
            assert part.shape == mine.shape
            assert (part.reshape(-1) == of_whole[mine.reshape(-1)]).all()


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_any_stretch_has_the_composition_of_the_blend(made: Manifest) -> None:
    """In any stretch of a phase, each source's samples are its share of the stretch to within 2 + n, n the sources."""
    order = Order(made)
    source = order.windows(np.arange(order.num_samples)).source
    for phase in made.phases:
        start, stop = phase.first_step * made.global_batch_size, phase.end_step * made.global_batch_size
        for index, count in enumerate(phase.block):
            seen = np.concatenate([[0], np.cumsum(source[start:stop] == index)])
            excess = seen - np.arange(stop - start + 1) * (count / BLOCK)
            assert excess.max() - excess.min() <= 2 + len(phase.block)


def test_the_beginning_of_a_phase_does_not_depend_on_its_length() -> None:
    blends = [[0.7, 0.3], [0.2, 0.8]]
    short = Order(
        manifest(recipe(steps=900, batch=8, length=8, phases=[(0.5, blends[0]), (0.5, blends[1])]), [999, 77])
    )
    long = Order(manifest(recipe(steps=900, batch=8, length=8, phases=[(0.9, blends[0]), (0.1, blends[1])]), [999, 77]))
    shared = np.arange(450 * 8)
    for one, other in zip(short.windows(shared), long.windows(shared), strict=True):
        assert (one == other).all()
    assert not (short.windows(450 * 8 + shared).source == long.windows(450 * 8 + shared).source).all()


def test_batches_mix_sources() -> None:
    made = manifest(recipe(steps=1000, batch=16, length=8, phases=[(1.0, [0.5, 0.25, 0.25])]), [10**6] * 3)
    source = Order(made).windows(np.arange(16_000)).source.reshape(1000, 16)
    for index, share in enumerate([8, 4, 4]):
        counts = (source == index).sum(axis=1)
        assert abs(counts.mean() - share) < 0.02
        assert counts.min() >= share - 3
        assert counts.max() <= share + 3


def test_fifteen_trillion_tokens_need_no_more_than_a_small_run() -> None:
    made = manifest(
        recipe(steps=3_000_000, batch=1220, length=4096, phases=[(0.6, [0.9, 0.1]), (0.4, [0.3, 0.7])]),
        [1_500_000_000, 90_000_000],
    )
    order = Order(made)
    samples = np.array([0, order.num_samples // 2, order.num_samples - 1])
    places = order.windows(samples)
    for row, sample in enumerate(samples.tolist()):
        assert order.samples(int(places.source[row]), places.epoch[row], places.window[row]) == sample


def test_a_sample_outside_of_the_run_is_refused() -> None:
    order = Order(manifest(recipe(steps=10, batch=2, length=8, phases=[(1.0, [1.0])]), [5]))
    with pytest.raises(IndexError, match=r"not all in \[0, 20\)"):
        order.windows([19, 20])
