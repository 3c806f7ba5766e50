"""Tokens a second on a CPU, of trainers that take turns of one step."""

import os
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import on_every_core
from benchmarks.tables import aligned
from benchmarks.training.commands import ours, stock, training_environment
from benchmarks.training.conductor import Trainer, Turn, trainers
from benchmarks.training.home import Trained, write_run
from benchmarks.training.limit import measure_limit

TRAINED = Trained("llama_5m", vocab_size=8192, sequence_length=256, global_batch_size=16)
STARTS = 4  # of each trainer: for as long as it lives, a process may be some percent slower than another like it
ROUNDS = 15  # after each start
WARM_UP_STEPS = 3
TARGET = 0.98  # of the speed of torchtitan's trainer
OURS, STOCK, STOCK_AGAIN, ALONE = "phaseline", "torchtitan", "torchtitan again", "the model alone"


@dataclass(frozen=True)
class Speed:
    """A trainer's steps. Seconds are medians; ``cpu`` and ``waited`` are those of one process.

    ``ratio`` is the median of its speed over torchtitan's in the same round by processor time, so that other work on
    the machine costs nobody; ``ratios_of_starts`` are the medians after each start; ``ratio_of_wall`` is by wall time.
    """

    tokens_per_second: float
    step_seconds: float
    cpu_seconds: float
    waited_seconds: float
    ratio: float
    ratios_of_starts: list[float]
    ratio_of_wall: float


@dataclass(frozen=True)
class Comparison:
    """All trainers with so many processes, one thread and one core for each, by processor time.

    ``outside_model`` is the share of a step of ours that the model alone does not take; ``share_of_matrix_product`` is
    what the model alone reaches of the fastest float32 matrix product.
    """

    model: str
    num_processes: int
    speeds: dict[str, Speed]
    outside_model: float
    share_of_matrix_product: float


def measure_speed(num_processes: int, report: Callable[[str], None]) -> Comparison:
    """All trainers in turns, started a few times; the first of a round is another one each time."""
    report(f"{TRAINED.model} on {num_processes} processes; load average {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory() as made, on_every_core() if num_processes > 1 else nullcontext():
        folder = Path(made)
        num_steps = 2 * (WARM_UP_STEPS + ROUNDS)
        store, run = write_run(folder / "home", TRAINED, num_steps)
        commands = {
            OURS: ours(store, run, num_steps, num_processes, every_steps=num_steps),
            STOCK: stock(store, run, num_steps, num_processes, "same"),
            STOCK_AGAIN: stock(store, run, num_steps, num_processes, "same"),
            ALONE: stock(store, run, num_steps, num_processes, "alone"),
        }
        turns: dict[str, list[Turn]] = {name: [] for name in commands}
        for number in range(STARTS):
            shutil.rmtree(run.checkpoints, ignore_errors=True)  # ours begins anew
            with trainers(commands, folder) as started:
                for name, several in take_turns(started).items():
                    turns[name] += several
            ratios = {name: speed(turns[name][-ROUNDS:], turns[STOCK][-ROUNDS:]).ratio for name in turns}
            shown = ", ".join(f"{name} {ratio:.3f}" for name, ratio in ratios.items())
            report(f"start {number + 1} of {STARTS}: {shown} of torchtitan's speed")
        limit = measure_limit(training_environment(folder))
    speeds = {name: speed(turns[name], turns[STOCK]) for name in turns}
    flops = TRAINED.tokens_per_step * TRAINED.flops_per_token / num_processes
    return Comparison(
        TRAINED.model,
        num_processes,
        speeds,
        outside_model=1 - 1 / speed(turns[ALONE], turns[OURS]).ratio,
        share_of_matrix_product=flops / speeds[ALONE].cpu_seconds / limit.matrix_product,
    )


def take_turns(trainers: Mapping[str, Trainer]) -> dict[str, list[Turn]]:
    """The turns of each trainer, one step each, after a few to warm up."""
    names = list(trainers)
    for name in names:
        trainers[name].turn(WARM_UP_STEPS)
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    for number in range(ROUNDS):
        for place in range(len(names)):
            name = names[(place + number) % len(names)]
            turns[name].append(trainers[name].turn(1))
    return turns


def speed(turns: Sequence[Turn], others: Sequence[Turn]) -> Speed:
    """The medians of a trainer's turns, and of their ratios to another's in the same rounds."""
    pairs = list(zip(turns, others, strict=True))
    ratios = [other.cpu / own.cpu for own, other in pairs]
    step_seconds = statistics.median(turn.wall for turn in turns)
    return Speed(
        tokens_per_second=TRAINED.tokens_per_step / step_seconds,
        step_seconds=step_seconds,
        cpu_seconds=statistics.median(turn.cpu for turn in turns),
        waited_seconds=statistics.median(turn.waited for turn in turns),
        ratio=statistics.median(ratios),
        ratios_of_starts=[statistics.median(ratios[first : first + ROUNDS]) for first in range(0, len(ratios), ROUNDS)],
        ratio_of_wall=statistics.median(other.wall / own.wall for own, other in pairs),
    )


def speed_table(comparison: Comparison) -> Iterator[str]:
    """A row for each trainer, and whether ours reached its target."""
    header = [
        "tokens/s",
        "s/step",
        "CPU s/step",
        "ms waiting",
        "of torchtitan's speed",
        "of each start",
        "by wall time",
    ]
    rows = [[f"{comparison.model}, processes: {comparison.num_processes}", *header]]
    for name, each in comparison.speeds.items():
        rows.append(
            [
                name,
                f"{each.tokens_per_second:,.0f}",
                f"{each.step_seconds:.4f}",
                f"{each.cpu_seconds:.4f}",
                f"{1000 * each.waited_seconds:.2f}",
                f"{each.ratio:.3f}",
                " ".join(f"{ratio:.3f}" for ratio in sorted(each.ratios_of_starts)),
                f"{each.ratio_of_wall:.3f}",
            ]
        )
    yield from aligned(rows)
    yield f"outside of the model: {comparison.outside_model:.2%} of a step"
    yield f"the model alone reaches {comparison.share_of_matrix_product:.1%} of the fastest float32 matrix product"
    verdict = "reached" if comparison.speeds[OURS].ratio >= TARGET else "missed"
    yield f"target {TARGET} of torchtitan's speed: {verdict}"
