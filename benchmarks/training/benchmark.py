"""The benchmark `training`: its speed on a GPU where there is one, and on the CPU; its start, and its checkpoints.

Side by side with torchtitan's own trainer, for the same model, batch, optimizer and precision. That one takes random
tokens from memory; ours reads what its manifest says from shards, checks each batch against it, and writes metrics.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from benchmarks.training.gpu import SIZES, gpu_table, measure_gpu
from benchmarks.training.saving import SMALL_BATCHES, measure_saving, saving_table
from benchmarks.training.speed import measure_speed, speed_table
from benchmarks.training.start import measure_start, start_table
from training.launching.processes import count_gpus

SKIPPED = "there is no GPU here: tokens/s and MFU at 150M, 1B and 8B are not measured"

Report = Callable[[str], None]


def measure_training(report: Report) -> dict[str, Any]:
    """Everything that can be measured here; its entry in the results."""
    gpu = on_gpu(report)
    with without_gpus():
        return {
            "name": "training",
            "gpu": gpu,
            "cpu": speeds(report),
            "start": start(report),
            "checkpoints": saving(report),
        }


def on_gpu(report: Report) -> Any:
    """Tokens a second and MFU at each size, or why they are not measured."""
    if not count_gpus():
        report(SKIPPED)
        return {"skipped": SKIPPED}
    comparisons = []
    for trained in SIZES:
        comparison = measure_gpu(trained, report)
        report_all(gpu_table(comparison), report)
        comparisons.append(asdict(comparison))
    return comparisons


@contextmanager
def without_gpus() -> Iterator[None]:
    """Let no process see a GPU."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        yield
    finally:
        del os.environ["CUDA_VISIBLE_DEVICES"]
        if visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible


def speeds(report: Report) -> list[dict[str, Any]]:
    """Tokens a second with one process, and with one for each of two cores."""
    comparisons = []
    for num_processes in range(1, min(2, os.cpu_count() or 1) + 1):
        comparison = measure_speed(num_processes, report)
        report_all(speed_table(comparison), report)
        comparisons.append(asdict(comparison))
    return comparisons


def start(report: Report) -> dict[str, Any]:
    """Seconds to the first step, by trainer."""
    starts = measure_start(report)
    report_all(start_table(starts), report)
    return {name: asdict(measured) for name, measured in starts.items()}


def saving(report: Report) -> list[dict[str, Any]]:
    """What lineage adds to checkpoints of two sizes."""
    savings = [measure_saving(trained, report) for trained in SMALL_BATCHES]
    report_all(saving_table(savings), report)
    return [asdict(measured) for measured in savings]


def report_all(lines: Iterable[str], report: Report) -> None:
    for line in lines:
        report(line)
