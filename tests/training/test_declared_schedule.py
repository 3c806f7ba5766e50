"""Declared schedules: every kind by its formula, placed in tokens, and what is refused."""

import math
from itertools import pairwise
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipelines.errors import PhaselineError
from training.declared.schedule import ScheduleDeclaration, compile_schedule
from training.schedule import Piece, Schedule

PEAK = 3e-3
TOTAL = 1_000_000
PHASES = {"diverse": 0, "quality": 600_000}
DECLARATION: TypeAdapter[ScheduleDeclaration] = TypeAdapter(ScheduleDeclaration)


def compiled(text: str, total_tokens: int = TOTAL, start_tokens: int = 0) -> list[Piece]:
    return compile_schedule(
        DECLARATION.validate_python(yaml.safe_load(text)),
        total_tokens,
        start_tokens=start_tokens,
        peak_lr=PEAK,
        phase_starts=PHASES,
        where="recipe r: schedule",
    )


def schedule(text: str, total_tokens: int = TOTAL) -> Schedule:
    return Schedule(pieces=tuple(compiled(text, total_tokens)))


def test_a_decay_begins_with_a_phase() -> None:
    made = schedule(
        "{kind: wsd, peak_lr: 3.0e-3, final_lr_ratio: 0.05, warmup: {fraction: 0.05},"
        " decay: {from_phase: quality, shape: one_minus_sqrt}}"
    )
    assert [(piece.start_tokens, piece.end_tokens, piece.shape) for piece in made.pieces] == [
        (0, 50_000, "linear"),
        (50_000, 600_000, "constant"),
        (600_000, 1_000_000, "one_minus_sqrt"),
    ]
    assert made.lr(1000) == pytest.approx(PEAK * 1000 / 50_000)
    assert made.lr(50_000) == made.lr(600_000) == PEAK
    assert made.lr(700_000) == pytest.approx(0.05 * PEAK + 0.95 * PEAK * (1 - math.sqrt(0.25)))
    assert made.final_lr == PEAK * 0.05


def test_lengths_are_tokens_or_fractions() -> None:
    tokens = (
        "{kind: wsd, peak_lr: 1, final_lr_ratio: 0, warmup: {tokens: 290_000}, decay: {tokens: 710_000, shape: linear}}"
    )
    fractions = (
        "{kind: wsd, peak_lr: 1, final_lr_ratio: 0, warmup: {fraction: 0.29}, decay: {fraction: 0.71, shape: linear}}"
    )
    assert compiled(tokens) == compiled(fractions)
    assert [piece.end_tokens for piece in compiled(fractions)] == [290_000, 1_000_000]


def test_a_cosine_without_warm_up_starts_at_its_peak() -> None:
    (piece,) = compiled("{kind: cosine, peak_lr: from_checkpoint, final_lr_ratio: 0.01}")
    assert piece == Piece(start_tokens=0, end_tokens=TOTAL, shape="cosine", from_lr=PEAK, to_lr=PEAK * 0.01)


def test_a_linear_and_a_constant_schedule_after_their_warm_up() -> None:
    linear = schedule("{kind: linear, peak_lr: 3.0e-3, final_lr_ratio: 0, warmup: {tokens: 200_000}}")
    assert linear.lr(100_000) == pytest.approx(PEAK / 2)
    assert linear.lr(600_000) == pytest.approx(PEAK / 2)
    assert linear.lr(TOTAL) == 0
    constant = schedule("{kind: constant, peak_lr: 3.0e-3, warmup: {tokens: 200_000}}")
    assert constant.lr(200_000) == constant.lr(TOTAL) == PEAK


@given(st.integers(10_001, TOTAL))
def test_an_inverse_square_root_takes_its_timescale_from_the_warm_up(done: int) -> None:
    """Then it is peak x sqrt(warm-up / tokens), as in Vaswani et al."""
    made = schedule("{kind: inverse_sqrt, peak_lr: 3.0e-3, warmup: {tokens: 10_000}}")
    assert made.lr(done) == pytest.approx(PEAK * math.sqrt(10_000 / done), rel=1e-12)


def test_an_inverse_square_root_with_a_timescale_of_its_own_cools_down() -> None:
    made = schedule(
        "{kind: inverse_sqrt, peak_lr: 3.0e-3, timescale: {fraction: 0.1},"
        " cooldown: {fraction: 0.2, shape: linear}, final_lr_ratio: 0}"
    )
    assert made.lr(300_000) == pytest.approx(PEAK / 2)
    assert made.lr(800_000) == pytest.approx(PEAK / 3)
    assert made.lr(900_000) == pytest.approx(PEAK / 6)
    assert made.lr(TOTAL) == 0
    assert made.tokens_at(PEAK / 2) == pytest.approx(300_000, abs=1)


def test_a_phase_has_a_schedule_of_its_own() -> None:
    own = compiled(
        "{kind: wsd, peak_lr: 1, final_lr_ratio: 0, warmup: {fraction: 0.25}, decay: {fraction: 0.5, shape: cosine}}",
        total_tokens=400_000,
        start_tokens=600_000,
    )
    assert [piece.end_tokens for piece in own] == [700_000, 800_000, 1_000_000]
    joined = Schedule(pieces=(*compiled("{kind: constant, peak_lr: 1}", 600_000), *own))
    assert joined.lr(600_000) == PEAK
    assert joined.lr(600_001) == pytest.approx(PEAK / 100_000)
    assert joined.tokens_at(PEAK / 2) == 900_000


def length(max_fraction: float) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({"fraction": st.floats(1e-6, max_fraction)}) | st.fixed_dictionaries(
        {"tokens": st.integers(1, int(max_fraction * 1000))}
    )


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["constant", "cosine", "linear", "inverse_sqrt", "wsd"]))
    declared: dict[str, Any] = {"kind": kind, "peak_lr": PEAK}
    decay = {**draw(length(0.5)), "shape": draw(st.sampled_from(["linear", "cosine", "one_minus_sqrt"]))}
    if draw(st.booleans()):
        declared["warmup"] = draw(length(0.49))
    if kind in ("cosine", "linear", "wsd"):
        declared["final_lr_ratio"] = draw(st.floats(0, 1))
    if kind == "wsd":
        declared["decay"] = decay
    if kind == "inverse_sqrt":
        declared |= {"timescale": draw(length(1.0)), "cooldown": decay, "final_lr_ratio": 0}
    return declared


@given(declarations(), st.integers(1000, 15 * 10**12))
def test_any_schedule_fills_the_run_without_a_jump(declared: dict[str, Any], total_tokens: int) -> None:
    made = schedule(yaml.safe_dump(declared), total_tokens)
    assert made.total_tokens == total_tokens
    assert made.peak_lr == PEAK
    for before, after in pairwise(made.pieces):
        assert before.lr(before.end_tokens) == after.from_lr
    assert made.pieces[0].from_lr == (0 if "warmup" in declared else PEAK)


@given(st.integers(1, 99), st.integers(100, 15 * 10**12))
def test_fractions_that_sum_to_one_fill_any_run(percent: int, total_tokens: int) -> None:
    made = schedule(
        f"{{kind: wsd, peak_lr: 1, final_lr_ratio: 0, warmup: {{fraction: {percent / 100}}},"
        f" decay: {{fraction: {(100 - percent) / 100}, shape: linear}}}}",
        total_tokens,
    )
    assert made.pieces[0].end_tokens == percent * total_tokens // 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{kind: wsd, peak_lr: 1, final_lr_ratio: 0, warmup: {tokens: 400_001},"
            " decay: {fraction: 0.6, shape: linear}}",
            r"schedule\.decay: it would begin at 400,000 tokens, but must between the warm-up's end at 400,001",
        ),
        (
            "{kind: wsd, peak_lr: 1, final_lr_ratio: 0, decay: {from_phase: qality, shape: linear}}",
            r"schedule\.decay\.from_phase: there is no phase 'qality'\n  remedy: name one of: diverse, quality",
        ),
        (
            "{kind: cosine, peak_lr: 1, final_lr_ratio: 0, warmup: {tokens: 1_000_000}}",
            r"schedule\.warmup: its 1,000,000 tokens leave nothing of the schedule's 1,000,000",
        ),
        (
            "{kind: inverse_sqrt, peak_lr: 1, timescale: {fraction: 0.01},"
            " cooldown: {fraction: 0.01, shape: linear}, final_lr_ratio: 0.5}",
            r"schedule\.final_lr_ratio: the cooldown would rise from 0\.0003 to 0\.0015\n.* at most 0\.1,",
        ),
    ],
)
def test_what_does_not_fit_the_run_is_refused(text: str, message: str) -> None:
    with pytest.raises(PhaselineError, match=message):
        compiled(text)


def test_a_decay_and_a_phase_that_wait_for_each_other_are_refused() -> None:
    declared = DECLARATION.validate_python(
        {"kind": "wsd", "peak_lr": 1, "final_lr_ratio": 0, "decay": {"from_phase": "quality", "shape": "linear"}}
    )
    with pytest.raises(PhaselineError, match=r"from_phase: phases end at a learning rate, and so wait"):
        compile_schedule(declared, TOTAL, peak_lr=PEAK, phase_starts={}, where="recipe r: schedule")


def test_a_decay_of_a_phase_before_its_own_schedule_is_refused() -> None:
    text = "{kind: wsd, peak_lr: 1, final_lr_ratio: 0, decay: {from_phase: diverse, shape: linear}}"
    with pytest.raises(PhaselineError, match="it would begin at 0 tokens"):
        compiled(text, total_tokens=400_000, start_tokens=600_000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{kind: cosine, peak_lr: -1, final_lr_ratio: 0}", "greater than 0"),
        ("{kind: cosine, peak_lr: from_checkpiont, final_lr_ratio: 0}", "from_checkpoint"),
        ("{kind: cosine, peak_lr: 1, final_lr_ratio: 1.5}", "less than or equal to 1"),
        ("{kind: cosine, peak_lr: 1}", "Field required"),
        ("{kind: constant, peak_lr: 1, warmup: {tokens: -4}}", "greater than 0"),
        (
            "{kind: constant, peak_lr: 1, warmup: {tokens: 4, fraction: 0.1}}",
            "gives tokens and fraction; give exactly one",
        ),
        ("{kind: constant, peak_lr: 1, warmup: {}}", "gives no length; give exactly one of tokens, fraction"),
        ("{kind: wsd, peak_lr: 1, final_lr_ratio: 0, decay: {shape: linear}}", "one of tokens, fraction, from_phase"),
        ("{kind: constant, peak_lr: 1, final_lr_ratio: 0}", "Extra inputs"),
        ("{kind: inverse_sqrt, peak_lr: 1}", "give a timescale"),
        ("{kind: inverse_sqrt, peak_lr: 1, timescale: {tokens: 9}, final_lr_ratio: 0}", "give both or neither"),
        ("{kind: step, peak_lr: 1}", "'constant', 'cosine', 'linear', 'inverse_sqrt', 'wsd'"),
    ],
)
def test_a_faulty_declaration_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DECLARATION.validate_python(yaml.safe_load(text))
