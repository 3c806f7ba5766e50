"""The order of samples: exact, invertible, independent of how it is asked for, close to the blend at any stretch."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifests import manifest, manifests, phase, shapes_of

from training.manifest import Manifest
from training.sampling.order import BLOCK, Order, Windows, lay_out
from training.sampling.transitions import compile_transition

Int64s = npt.NDArray[np.int64]


def whole(order: Order) -> Windows:
    return order.windows(np.arange(order.num_samples))


def lengths(made: Manifest) -> Int64s:
    """The sequence length of each sample of a run."""
    return np.repeat([phase.sequence_length for phase in made.phases], [phase.num_samples for phase in made.phases])


def same(one: Windows, other: Windows) -> bool:
    return all((part == other_part).all() for part, other_part in zip(one, other, strict=True))


@settings(max_examples=100, deadline=None)
@given(manifests())
def test_a_source_is_read_to_its_end_before_any_of_it_comes_again(made: Manifest) -> None:
    """Every token of a pass is read once, in whole sequences within a window; only what phases round up is left out."""
    order = Order(made)
    places = whole(order)
    for index, source in enumerate(made.sources):
        here = np.flatnonzero(places.source == index)
        epochs, starts, of_length = places.epoch[here], places.start[here], lengths(made)[here]
        assert (np.diff(epochs) >= 0).all()
        assert (starts % of_length == 0).all()
        pass_length = source.num_windows * made.window_length
        first, end = source.cursor, int(order.cursors(order.num_samples)[index])
        times_read = np.zeros((end // pass_length + 1, pass_length), dtype=np.int64)
        for epoch, start, length in zip(epochs.tolist(), starts.tolist(), of_length.tolist(), strict=True):
            times_read[epoch, start : start + length] += 1
        assert times_read.max() <= 1
        for epoch in range(first // pass_length + 1, end // pass_length):
            skipped = sum(
                number_skipped
                for cursor, number_skipped in roundings(made, index)
                if epoch * pass_length <= cursor < (epoch + 1) * pass_length
            )
            assert times_read[epoch].sum() == pass_length - skipped
        skipped_in_all = sum(number_skipped for _, number_skipped in roundings(made, index))
        assert times_read.sum() == end - first - skipped_in_all


def roundings(made: Manifest, source: int) -> list[tuple[int, int]]:
    """Where a phase's beginning left tokens of a source's passes out, and how many."""
    ends = [phase.cursors[source] + phase.samples[source] * phase.sequence_length for phase in made.phases]
    begins = [phase.cursors[source] for phase in made.phases]
    return [(end, begin - end) for end, begin in zip([made.sources[source].cursor, *ends], begins, strict=False)]


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_counts_and_cursors_are_exact_at_every_point(made: Manifest) -> None:
    order = Order(made)
    source = whole(order).source
    taken = np.sum([phase.samples for phase in made.phases], axis=0)
    assert order.counts(order.num_samples).tolist() == taken.tolist()
    for sample in {0, 1, order.num_samples // 3, order.num_samples - 1, order.num_samples}:
        assert order.counts(sample).tolist() == np.bincount(source[:sample], minlength=len(made.sources)).tolist()
    cursors = order.cursors(np.arange(order.num_samples))
    places = whole(order)
    passes = np.array([source.num_windows for source in made.sources]) * made.window_length
    assert (cursors[np.arange(order.num_samples), source] // passes[source] == places.epoch).all()
    assert (np.diff(cursors, axis=0) >= 0).all()


@settings(max_examples=100, deadline=None)
@given(manifests(), st.data())
def test_the_inverse_inverts(made: Manifest, data: st.DataObject) -> None:
    order = Order(made)
    samples = np.arange(order.num_samples)
    places = whole(order)
    within = np.array(data.draw(st.lists(st.integers(0, 15), min_size=1, max_size=9)))
    offsets = np.resize(within, samples.size) % lengths(made)
    for source in range(len(made.sources)):
        here = places.source == source
        found = order.samples(source, places.epoch[here], places.start[here] + offsets[here])
        assert (found == samples[here]).all()


@settings(max_examples=60, deadline=None)
@given(manifests())
def test_tokens_that_no_sample_holds_have_no_sample(made: Manifest) -> None:
    order = Order(made)
    places = whole(order)
    for index, source in enumerate(made.sources):
        here = places.source == index
        pass_length = source.num_windows * made.window_length
        last_epoch = int(order.cursors(order.num_samples)[index]) // pass_length + 1
        epochs = np.arange(last_epoch + 1)[:, np.newaxis] if last_epoch < 20 else np.zeros((1, 1), dtype=np.int64)
        found = order.samples(index, epochs, np.arange(pass_length + 3))
        held = {
            (epoch, start + offset)
            for epoch, start, length in zip(
                places.epoch[here].tolist(), places.start[here].tolist(), lengths(made)[here].tolist(), strict=True
            )
            for offset in range(length)
            if epoch in epochs
        }
        assert set(zip(*(axis.tolist() for axis in np.nonzero(found >= 0)), strict=True)) == held


@settings(max_examples=60, deadline=None)
@given(manifests(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 50), st.integers(0, 10**6))
def test_the_order_is_the_same_however_it_is_asked_for(
    made: Manifest, ranks: int, workers: int, batch: int, restart: int
) -> None:
    """Any ranks, workers, batches and place to restart give the samples that one pass gives."""
    expected = whole(Order(made))
    first = restart % Order(made).num_samples
    for rank in range(ranks):
        for worker in range(workers):
            order = Order(made)
            mine = np.arange(first, order.num_samples)[rank::ranks][worker::workers]
            for start in range(0, len(mine), batch):
                wanted = mine[start : start + batch].reshape(1, -1)
                windows = order.windows(wanted)
                assert all(part.shape == wanted.shape for part in windows)
                assert same(windows, Windows(*(part[wanted] for part in expected)))


@settings(max_examples=20, deadline=None)
@given(manifests(), st.integers(0, 100))
def test_samples_may_be_asked_for_in_any_order_and_more_than_once(made: Manifest, seed: int) -> None:
    order = Order(made)
    wanted = np.random.default_rng(seed).integers(0, order.num_samples, 3 * BLOCK + 1)
    assert same(order.windows(wanted), Windows(*(part[wanted] for part in whole(order))))


@settings(max_examples=60, deadline=None)
@given(manifests(with_transitions=False))
def test_any_stretch_of_a_phase_holds_its_blend(made: Manifest) -> None:
    """Each source's share of the stretch to within ceil(log2 n) samples, n the sources of the phase."""
    sources = whole(Order(made)).source
    for of_phase in made.phases:
        total = sum(of_phase.weights)
        depth = (sum(weight > 0 for weight in of_phase.weights) - 1).bit_length()
        here = sources[of_phase.first_sample : of_phase.first_sample + of_phase.num_samples]
        for index, weight in enumerate(of_phase.weights):
            counts = [0, *np.cumsum(here == index).tolist()]
            excess = [count * total - number * weight for number, count in enumerate(counts)]
            assert max(excess) - min(excess) <= max(0, depth * total - 1)


@settings(max_examples=100, deadline=None)
@given(manifests())
def test_transitions_conserve_every_sample(made: Manifest) -> None:
    """A transition holds the very samples of each source that are there without it, and changes nothing elsewhere."""
    abrupt = made.model_copy(
        update={"phases": [phase.model_copy(update={"transition": None}) for phase in made.phases]}
    )
    fading, plain = whole(Order(made)), whole(Order(abrupt))
    elsewhere = np.ones(made.total_samples, dtype=bool)
    for incoming in made.phases:
        if incoming.transition:
            half = incoming.transition.num_samples // 2
            stretch = slice(incoming.first_sample - half, incoming.first_sample + half)
            elsewhere[stretch] = False
            samples_of = [sorted(zip(*(part[stretch].tolist() for part in of), strict=True)) for of in (fading, plain)]
            assert samples_of[0] == samples_of[1]
    assert same(*(Windows(*(part[elsewhere] for part in of)) for of in (fading, plain)))


def test_a_transition_brings_the_incoming_blend_in_step_by_step() -> None:
    transition = compile_transition("linear", 800)
    made = manifest(
        num_windows=[10_000] * 2,
        phases=[
            phase(1, 0, name="before", steps=200),
            phase(0, 1, name="after", steps=200, transition=transition),
        ],
    )
    incoming = whole(Order(made)).source.reshape(-1, 100).sum(axis=1)
    assert incoming[:4].tolist() == [0, 0, 0, 0]
    assert incoming[4:12].tolist() == pytest.approx([100 * (number + 0.5) / 8 for number in range(8)], abs=2)
    assert incoming[12:].tolist() == [100] * 4


@settings(max_examples=40, deadline=None)
@given(manifests(), st.integers(1, 100))
def test_the_beginning_of_a_phase_does_not_depend_on_its_length(made: Manifest, more_steps: int) -> None:
    """A run whose last phase goes on for longer, with another one after that, begins with the very same samples."""
    shapes = shapes_of(made)
    shapes[-1] = replace(shapes[-1], num_steps=shapes[-1].num_steps + more_steps)
    longer = made.model_copy(
        update={
            "phases": lay_out(
                [*shapes, replace(shapes[0], name="another")], made.seed, [source.cursor for source in made.sources]
            )
        }
    )
    shared = np.arange(made.total_samples)
    assert same(Order(longer).windows(shared), whole(Order(made)))


@settings(max_examples=40, deadline=None)
@given(manifests(with_transitions=False))
def test_a_run_that_carries_on_reads_what_the_first_would_have_read(made: Manifest) -> None:
    order = Order(made)
    last = made.phases[-1]
    cursors = order.cursors(last.first_sample).tolist()
    carried_on = made.model_copy(update={"phases": lay_out(shapes_of(made)[-1:], made.seed, cursors)})
    assert same(whole(Order(carried_on)), order.windows(np.arange(last.first_sample, order.num_samples)))


def test_batches_mix_sources() -> None:
    made = manifest(num_windows=[10**6] * 3, phases=[phase(2, 1, 1, name="only", steps=1000, batch=16)])
    source = whole(Order(made)).source.reshape(1000, 16)
    for index, share in enumerate([8, 4, 4]):
        counts = (source == index).sum(axis=1)
        assert counts.mean() == pytest.approx(share, abs=0.01)
        assert np.abs(counts - share).max() <= 1


def test_fifteen_trillion_tokens_need_no_more_than_a_small_run() -> None:
    made = manifest(
        num_windows=[1_500_000_000, 90_000_000, 7],
        phases=[
            phase(9 * 10**9, 10**9, 1, name="first", steps=1_800_000, batch=1220, length=4096),
            phase(
                3 * 10**9,
                7 * 10**9,
                1,
                name="second",
                steps=1_200_000,
                batch=1220,
                length=4096,
                transition=compile_transition("sigmoid", 10**9),
            ),
        ],
    )
    assert made.total_tokens == 14_991_360_000_000
    order = Order(made)
    boundary = made.phases[1].first_sample
    for middle in (50, boundary // 2, boundary - 5 * 10**8, boundary, order.num_samples - 50):
        samples = np.arange(middle - 50, middle + 50)
        places = order.windows(samples)
        for row, sample in enumerate(samples.tolist()):
            assert order.samples(int(places.source[row]), places.epoch[row], places.start[row] + 4095) == sample


@pytest.mark.parametrize("samples", [[19, 20], [-1, 3]])
def test_a_sample_outside_of_the_run_is_refused(samples: list[int]) -> None:
    order = Order(manifest(num_windows=[5], phases=[phase(1, name="only", steps=10, batch=2)]))
    with pytest.raises(IndexError, match=rf"samples {samples[0]} to {samples[1]} are not all in \[0, 20\)"):
        order.windows(samples)
    with pytest.raises(IndexError, match=r"samples 21 to 21 are not all in \[0, 20\]"):
        order.counts(21)
