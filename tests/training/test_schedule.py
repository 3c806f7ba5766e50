"""The learning rate: the closed formulas, the inverse exact to the token, and what is refused."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import PhaselineError
from training.schedule import Piece, Schedule, Shape

FALLS: tuple[Shape, ...] = ("linear", "cosine", "one_minus_sqrt", "inverse_sqrt")
FIFTEEN_TRILLION = 15 * 10**12
RATES = st.floats(1e-7, 1e-2)


def piece(start: int, end: int, shape: Shape, from_lr: float, to_lr: float) -> Piece:
    return Piece(start_tokens=start, end_tokens=end, shape=shape, from_lr=from_lr, to_lr=to_lr)


def one_piece(shape: Shape, from_lr: float, to_lr: float, total_tokens: int) -> Schedule:
    return Schedule(pieces=(piece(0, total_tokens, shape, from_lr, to_lr),))


@st.composite
def schedules(draw: st.DrawFn, most_tokens: int) -> Schedule:
    """Any pieces in any order, jumps included."""
    borders = sorted(draw(st.sets(st.integers(1, most_tokens), min_size=1, max_size=6)))
    pieces = []
    for start, end in pairwise([0, *borders]):
        low, high = sorted((draw(RATES), draw(RATES)))
        options: list[tuple[Shape, float, float]] = [("linear", low, high), ("constant", high, high)]
        options += [(shape, high, low) for shape in FALLS]
        shape, from_lr, to_lr = draw(st.sampled_from(options))
        pieces.append(piece(start, end, shape, from_lr, to_lr))
    return Schedule(pieces=tuple(pieces))


def peak_at(schedule: Schedule) -> int:
    """The last place at which a piece has the highest rate."""
    ends = [(part.start_tokens, part.from_lr) for part in schedule.pieces]
    ends += [(part.end_tokens, part.to_lr) for part in schedule.pieces]
    return max(place for place, lr in ends if lr == schedule.peak_lr)


@given(schedules(most_tokens=100), st.data())
def test_the_inverse_is_the_first_place_after_the_peak_that_is_low_enough(
    schedule: Schedule, data: st.DataObject
) -> None:
    rates = [schedule.lr(tokens) for tokens in range(1, schedule.total_tokens + 1)]
    lr = data.draw(st.sampled_from(rates) | RATES)
    low_enough = [tokens for tokens in range(peak_at(schedule) + 1, len(rates) + 1) if rates[tokens - 1] <= lr]
    if low_enough and lr < schedule.peak_lr:
        assert schedule.tokens_at(lr) == low_enough[0]
    else:
        with pytest.raises(PhaselineError, match="falls"):
            schedule.tokens_at(lr)


@given(shape=st.sampled_from(FALLS), from_lr=RATES, share=st.floats(0.01, 0.9), wanted=st.floats(0, 0.999))
def test_the_inverse_is_exact_to_the_token_of_fifteen_trillion(
    shape: Shape, from_lr: float, share: float, wanted: float
) -> None:
    schedule = one_piece(shape, from_lr, from_lr * share, FIFTEEN_TRILLION)
    lr = schedule.final_lr + wanted * (from_lr - schedule.final_lr)
    tokens = schedule.tokens_at(lr)
    assert schedule.lr(tokens) <= lr < schedule.lr(tokens - 1)


@given(shape=st.sampled_from(FALLS), from_lr=RATES, share=st.floats(0.01, 0.9), done=st.integers(1, 10**6))
def test_a_fall_never_rises_and_ends_at_its_final_rate(shape: Shape, from_lr: float, share: float, done: int) -> None:
    schedule = one_piece(shape, from_lr, from_lr * share, 10**6)
    assert from_lr >= schedule.lr(done) >= schedule.lr(min(done + 1, 10**6)) >= from_lr * share
    assert schedule.lr(10**6) == schedule.final_lr == from_lr * share
    assert schedule.tokens_at(schedule.lr(done)) <= done


@given(done=st.integers(1, 1000), shape=st.sampled_from(FALLS))
def test_the_shapes_are_the_published_formulas(done: int, shape: Shape) -> None:
    timescale = 250
    start, end = 3e-3, 3e-3 / math.sqrt(1 + 1000 / timescale)
    expected = {
        "linear": end + (start - end) * (1 - done / 1000),
        "cosine": end + 0.5 * (start - end) * (1 + math.cos(math.pi * done / 1000)),
        "one_minus_sqrt": end + (start - end) * (1 - math.sqrt(done / 1000)),
        "inverse_sqrt": start / math.sqrt(1 + done / timescale),
    }
    assert one_piece(shape, start, end, 1000).lr(done) == pytest.approx(expected[shape], rel=1e-12)


def test_warm_up_stable_decay_by_hand() -> None:
    """Steps of ten tokens: the rates of the second, fourth, fifth, sixth, ninth and last of ten."""
    schedule = Schedule(
        pieces=(
            piece(0, 40, "linear", 0.0, 1e-3),
            piece(40, 60, "constant", 1e-3, 1e-3),
            piece(60, 100, "one_minus_sqrt", 1e-3, 1e-4),
        )
    )
    rates = [schedule.lr(tokens) for tokens in (20, 40, 50, 60, 70, 100)]
    assert rates == pytest.approx([5e-4, 1e-3, 1e-3, 1e-3, 1e-4 + 9e-4 * 0.5, 1e-4], rel=1e-12)
    assert (schedule.peak_lr, schedule.final_lr, schedule.total_tokens) == (1e-3, 1e-4, 100)
    assert schedule.tokens_at(5.5e-4) == 70  # on the way up it stands at that rate after 22
    assert schedule.tokens_at(1e-4) == 100


COSINE_TO_A_HUNDREDTH = {2: 0.5032, 5: 0.7113, 10: 0.8050, 50: 0.9359}
COSINE_TO_A_TENTH = {2: 0.5354, 5: 0.7837}
COSINE_TO_NOTHING = {2: 0.5000, 5: 0.7048, 10: 0.7952, 50: 0.9097}


@pytest.mark.parametrize(
    ("final_ratio", "places"), [(0.01, COSINE_TO_A_HUNDREDTH), (0.1, COSINE_TO_A_TENTH), (0, COSINE_TO_NOTHING)]
)
def test_a_cosine_falls_to_a_part_of_its_rate_at_the_published_place(
    final_ratio: float, places: dict[int, float]
) -> None:
    schedule = one_piece("cosine", 4.5e-5, 4.5e-5 * final_ratio, 300 * 10**9)
    for part, fraction in places.items():
        assert schedule.tokens_at(4.5e-5 / part) / schedule.total_tokens == pytest.approx(fraction, abs=5e-5)


def test_the_published_switch_lies_at_213_billion_tokens() -> None:
    schedule = one_piece("cosine", 4.5e-5, 4.5e-7, 300 * 10**9)
    tokens = schedule.tokens_at(4.5e-5 / 5)
    assert round(tokens / 1e9, 1) == 213.4
    assert tokens == math.ceil(300e9 * math.acos(2 * (9e-6 - 4.5e-7) / (4.5e-5 - 4.5e-7) - 1) / math.pi)


@pytest.mark.parametrize("numerator", [1, FIFTEEN_TRILLION // 3, FIFTEEN_TRILLION // 2, FIFTEEN_TRILLION - 1])
def test_fifteen_trillion_tokens_are_told_apart_one_by_one(numerator: int) -> None:
    """A linear fall from 1 to 0: the rate 1 - k / n is reached after k tokens, not one earlier or later."""
    schedule = one_piece("linear", 1.0, 0.0, FIFTEEN_TRILLION)
    assert schedule.tokens_at(schedule.lr(numerator)) == numerator
    assert schedule.tokens_at(math.nextafter(schedule.lr(numerator), 0)) == numerator + 1


def test_a_rate_that_is_never_reached_is_refused_with_the_range() -> None:
    schedule = one_piece("cosine", 4.5e-5, 4.5e-6, 300 * 10**9)
    with pytest.raises(PhaselineError, match=r"falls from 4\.5e-05 to 4\.5e-06 only; it never falls to 1e-06"):
        schedule.tokens_at(1e-6)
    with pytest.raises(PhaselineError, match=r"falls from 4\.5e-05 to 4\.5e-06 only; it never falls to 4\.5e-05"):
        schedule.tokens_at(4.5e-5)


def test_a_schedule_that_never_falls_has_no_place_for_a_lower_rate() -> None:
    schedule = Schedule(pieces=(piece(0, 10, "linear", 0.0, 1e-3), piece(10, 100, "constant", 1e-3, 1e-3)))
    with pytest.raises(PhaselineError, match=r"never falls from 0\.001, so it is never at or below 0\.0005"):
        schedule.tokens_at(5e-4)


@pytest.mark.parametrize("tokens", [0, 101, -1])
def test_a_place_outside_of_the_run_is_refused(tokens: int) -> None:
    with pytest.raises(IndexError, match=r"outside of \[1, 100\]"):
        one_piece("linear", 1e-3, 0.0, 100).lr(tokens)


@pytest.mark.parametrize("borders", [[(0, 10), (11, 20)], [(0, 10), (9, 20)], [(1, 10)]])
def test_pieces_leave_no_gap_and_do_not_overlap(borders: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match=r"a piece starts at \d+ tokens, not at \d+"):
        Schedule(pieces=tuple(piece(start, end, "constant", 1e-3, 1e-3) for start, end in borders))


def test_a_schedule_is_the_same_after_it_was_written_and_read() -> None:
    schedule = one_piece("inverse_sqrt", 1e-3, 1e-4 / 3, FIFTEEN_TRILLION)
    assert Schedule.model_validate_json(schedule.model_dump_json()) == schedule
