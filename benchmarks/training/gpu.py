"""Tokens a second and MFU on one GPU, at three sizes: each trainer in a process of its own, by turns."""

import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import on_every_core
from benchmarks.tables import aligned
from benchmarks.training.commands import TrainerEndedError, ours, stock, training_environment
from benchmarks.training.conductor import Turn, trainer
from benchmarks.training.home import Trained, write_run
from benchmarks.training.limit import Limit, measure_limit

SIZES = (
    Trained("llama_150m", vocab_size=32_768, sequence_length=8192, global_batch_size=16),
    Trained("llama_1b", vocab_size=128_256, sequence_length=8192, global_batch_size=4),
    Trained("llama_8b", vocab_size=128_256, sequence_length=8192, global_batch_size=1),
)
ROUNDS = 2  # starts of each trainer; all but the first find compiled what they need
WARM_UP_STEPS = 6  # the first ones compile, and capture CUDA graphs where there are any
TURNS, STEPS_PER_TURN = 3, 10
TARGETS = {"llama_1b": 0.5, "llama_8b": 0.5}  # MFU
OURS, SAME, OWN = "phaseline", "torchtitan, same settings", "torchtitan, its own settings"
ALONE = "the model alone"


@dataclass(frozen=True)
class GpuSpeed:
    """A trainer's steps, medians of turns. ``mfu`` counts attention in full, over what the GPU's maker declares.

    ``slowest`` and ``fastest`` are the tokens a second of single turns.
    """

    tokens_per_second: float
    slowest: float
    fastest: float
    step_seconds: float
    waited_seconds: float  # for the loader, in a step
    mfu: float
    share_of_matrix_product: float


@dataclass(frozen=True)
class GpuComparison:
    """All trainers of a model on one GPU; ``failures`` are the last lines of the logs of those that could not train."""

    model: str
    device: str
    speeds: dict[str, GpuSpeed]
    failures: dict[str, str]
    outside_model: float | None  # the share of a step of ours that the model alone does not take
    ratio: float | None  # of our speed to torchtitan's with the same settings


def measure_gpu(trained: Trained, report: Callable[[str], None]) -> GpuComparison:
    """Each trainer in turn, started a few times."""
    with tempfile.TemporaryDirectory() as made, on_every_core():
        folder = Path(made)
        limit = measure_limit(training_environment(folder))
        report(f"{trained.model} on {limit.device}")
        turns, failures = turns_of_all(trained, folder, report)
    speeds = {name: gpu_speed(trained, several, limit) for name, several in turns.items()}
    return GpuComparison(
        trained.model,
        limit.device,
        speeds,
        failures,
        outside_model=1 - ratio_of(turns, ALONE, OURS) if {ALONE, OURS} <= turns.keys() else None,
        ratio=ratio_of(turns, SAME, OURS) if {SAME, OURS} <= turns.keys() else None,
    )


def turns_of_all(
    trained: Trained, folder: Path, report: Callable[[str], None]
) -> tuple[dict[str, list[Turn]], dict[str, str]]:
    """The turns of each trainer, and why those ended that could not train."""
    num_steps = 2 * (WARM_UP_STEPS + TURNS * STEPS_PER_TURN)  # all that are measured lie within the first phase
    store, run = write_run(folder / "home", trained, num_steps)
    commands = {
        OURS: ours(store, run, num_steps, 1, every_steps=num_steps),
        SAME: stock(store, run, num_steps, 1, "same"),
        OWN: stock(store, run, num_steps, 1, "own"),
        ALONE: stock(store, run, num_steps, 1, "alone"),
    }
    turns: dict[str, list[Turn]] = {}
    failures: dict[str, str] = {}
    for number in range(ROUNDS):
        for name, command in commands.items():
            shutil.rmtree(run.checkpoints, ignore_errors=True)  # ours begins anew
            if name in failures:
                continue
            try:
                with trainer(name, command, folder) as started:
                    started.turn(WARM_UP_STEPS)
                    several = [started.turn(STEPS_PER_TURN) for _ in range(TURNS)]
            except TrainerEndedError as error:
                failures[name] = str(error)
                report(f"round {number + 1} of {ROUNDS}: {name} failed: {error}")
                continue
            turns.setdefault(name, []).extend(several)
            speeds = ", ".join(f"{tokens_per_second(trained, turn):,.0f}" for turn in several)
            report(f"round {number + 1} of {ROUNDS}: {name} {speeds} tokens/s")
    return {name: turns[name] for name in turns if name not in failures}, failures


def tokens_per_second(trained: Trained, turn: Turn) -> float:
    return STEPS_PER_TURN * trained.tokens_per_step / turn.wall


def ratio_of(turns: Mapping[str, Sequence[Turn]], name: str, to: str) -> float:
    """What the turns of one trainer take over what those of another take in the same place."""
    return statistics.median(one.wall / other.wall for one, other in zip(turns[name], turns[to], strict=True))


def gpu_speed(trained: Trained, turns: Sequence[Turn], limit: Limit) -> GpuSpeed:
    """The medians of a trainer's turns."""
    speeds = [tokens_per_second(trained, turn) for turn in turns]
    median = statistics.median(speeds)
    assert limit.declared is not None
    return GpuSpeed(
        tokens_per_second=median,
        slowest=min(speeds),
        fastest=max(speeds),
        step_seconds=trained.tokens_per_step / median,
        waited_seconds=statistics.median(turn.waited for turn in turns) / STEPS_PER_TURN,
        mfu=median * trained.flops_per_token / limit.declared,
        share_of_matrix_product=median * trained.flops_per_token / limit.matrix_product,
    )


def gpu_table(comparison: GpuComparison) -> Iterator[str]:
    """A row for each trainer, and whether ours reached its target."""
    header = ["tokens/s", "slowest to fastest", "s/step", "MFU", "of a matrix product", "ms waiting"]
    rows = [[f"{comparison.model} on one {comparison.device}", *header]]
    for name, speed in comparison.speeds.items():
        rows.append(
            [
                name,
                f"{speed.tokens_per_second:,.0f}",
                f"{speed.slowest:,.0f} to {speed.fastest:,.0f}",
                f"{speed.step_seconds:.3f}",
                f"{speed.mfu:.1%}",
                f"{speed.share_of_matrix_product:.1%}",
                f"{1000 * speed.waited_seconds:.2f}",
            ]
        )
    yield from aligned(rows)
    for name, failure in comparison.failures.items():
        yield f"{name} could not train it: {failure.splitlines()[-1] if failure else 'it said nothing'}"
    if comparison.ratio is not None:
        yield f"{comparison.ratio:.3f} of torchtitan's speed with the same settings"
    if comparison.outside_model is not None:
        yield f"outside of the model: {comparison.outside_model:.2%} of a step"
    target = TARGETS.get(comparison.model)
    if target is not None:
        reached = OURS in comparison.speeds and comparison.speeds[OURS].mfu >= target
        yield f"target {target:.0%} MFU: {'reached' if reached else 'missed'}"
