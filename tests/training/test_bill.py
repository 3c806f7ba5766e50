"""The bill of data equals a count of every sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from manifests import manifest, manifests, phase

from training.bill.bill import MOST_STRETCHES, SourceBill, bill_of_data
from training.manifest import Manifest
from training.sampling.order import Order
from training.sampling.transitions import compile_transition
from training.schedule import Piece, Schedule


def check(made: Manifest, step: int) -> None:
    bill = bill_of_data(made, step)
    assert (bill.step, bill.samples, bill.tokens) == (step, made.samples_done(step), made.tokens_done(step))
    check_sources(made, bill.sources, 0, step)
    assert list(bill.phases) == [phase.name for phase in made.phases if phase.first_step < step]
    for name, of_phase in bill.phases.items():
        phase = made.phase(name)
        check_sources(made, of_phase.sources, phase.first_step, min(step, phase.end_step))
        assert of_phase.samples == sum(source.samples for source in of_phase.sources.values())
        assert of_phase.tokens == sum(source.tokens for source in of_phase.sources.values())
    assert bill.tokens == sum(of_phase.tokens for of_phase in bill.phases.values())


def check_sources(made: Manifest, bills: dict[str, SourceBill], first_step: int, end_step: int) -> None:
    """Compare the bills of the steps [first_step, end_step) with a count of their samples, one by one."""
    sources = Order(made).windows(np.arange(made.samples_done(first_step), made.samples_done(end_step))).source
    steps = range(first_step, end_step)
    batches = [made.phase_at(step).global_batch_size for step in steps]
    tokens = np.repeat(np.array([made.phase_at(step).sequence_length for step in steps], dtype=np.int64), batches)
    weighted = tokens * np.repeat([made.lr(step) for step in steps], batches)
    assert set(bills) == {made.sources[index].name for index in np.unique(sources).tolist()}
    for index, source in enumerate(made.sources):
        here = sources == index
        if here.any():
            bill = bills[source.name]
            assert (bill.samples, bill.tokens) == (np.count_nonzero(here), tokens[here].sum())
            passes = bill.tokens / (source.num_windows * made.window_length)
            assert bill.epochs == pytest.approx(passes, abs=1e-6)
            assert bill.lr_weighted_share == pytest.approx(weighted[here].sum() / weighted.sum(), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(manifests(), st.data())
def test_the_bill_equals_a_count_of_every_sample(made: Manifest, data: st.DataObject) -> None:
    check(made, data.draw(st.integers(0, made.total_steps)))


def test_rates_of_many_steps_are_weighted_to_a_millionth() -> None:
    """A warm-up of few steps, a decay that is steepest at its start, and a transition."""
    first, second = MOST_STRETCHES * 2 + 1, MOST_STRETCHES + 5000
    tokens = (first + second) * 64 * 8
    places = [0, 5 * 512 + 3, tokens // 3, tokens]
    rates = [0.0, 1e-3, 1e-3, 0.0]
    pieces = tuple(
        Piece(start_tokens=start, end_tokens=end, shape=shape, from_lr=from_lr, to_lr=to_lr)
        for start, end, shape, from_lr, to_lr in zip(
            places, places[1:], ["linear", "constant", "one_minus_sqrt"], rates, rates[1:], strict=False
        )
    )
    fade = compile_transition("sigmoid", 600_000)
    made = manifest(
        num_windows=[1000, 500, 20],
        schedule=Schedule(pieces=pieces),
        phases=[
            phase(70, 29, 1, name="first", steps=first, batch=64),
            phase(10, 50, 40, name="second", steps=second, batch=64, transition=fade),
        ],
    )
    check(made, made.total_steps)


def test_steps_at_a_rate_of_0_weigh_nothing() -> None:
    silent = Schedule(pieces=(Piece(start_tokens=0, end_tokens=80, shape="constant", from_lr=0, to_lr=0),))
    made = manifest(num_windows=[5], schedule=silent, phases=[phase(1, name="only", steps=5, batch=2)])
    assert bill_of_data(made, 5).sources["s0"].lr_weighted_share == 0


def test_a_step_outside_of_the_run_is_refused() -> None:
    made = manifest(num_windows=[5], phases=[phase(1, name="only", steps=10, batch=2)])
    with pytest.raises(IndexError, match=r"step 11 is outside of \[0, 10\]"):
        bill_of_data(made, 11)
