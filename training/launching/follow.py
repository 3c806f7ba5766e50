"""Follow training processes: read what they say, and end them with the caller."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import PhaselineError
from training.launching.processes import num_cores
from training.runs.events import parse_event
from training.runs.metrics import Progress, StepMetrics
from training.runs.run import Run

# Tells glibc to keep the pages of freed tensors: faulting them in again at each step costs a quarter of a CPU's time.
KEEP_FREED_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}

REPOSITORY = Path(__file__).resolve().parents[2]


class Follower:
    """Reads a training process's log line by line: passes on what it reports and remembers how it failed."""

    def __init__(
        self,
        run: Run,
        until_step: int,
        report: Callable[[str], None],
        on_metrics: Callable[[StepMetrics], None] | None,
    ) -> None:
        self.run = run
        self.report = report
        self.on_metrics = on_metrics
        self.progress = Progress(run.manifest, until_step, report)
        self.first_failure: PhaselineError | None = None

    def line(self, line: str) -> None:
        """Take note of a line of the log."""
        match parse_event(line):
            case "metrics", metrics:
                self.progress.step(metrics)
                if self.on_metrics:
                    self.on_metrics(metrics)
            case "note", sentence:
                self.report(sentence)
            case "failure", [what, remedy]:
                self.first_failure = self.first_failure or PhaselineError(f"{what} (log: {self.run.log})", remedy)

    def failure(self, exit_status: int) -> PhaselineError:
        """Why training ended, as far as it said so."""
        return self.first_failure or PhaselineError(
            f"training {self.run.name} ended with status {exit_status} and no message (log: {self.run.log})",
            "run the same command again, it continues from the newest checkpoint; if it was killed for memory, "
            "choose a smaller model or batch",
        )


def follow(command: list[str], num_processes: int, follower: Follower) -> int:
    """Run a command to its end, its output in the run's log and before the follower; returns its exit status.

    Standard input stays open as long as this process lives: when it closes, the training processes end themselves,
    also those that torchrun started in sessions of their own.
    """
    environment = os.environ | KEEP_FREED_PAGES | {"OMP_NUM_THREADS": str(max(1, num_cores() // num_processes))}
    with (
        follower.run.log.open("a") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            cwd=REPOSITORY,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.write(line)
                log.flush()
                follower.line(line)
        except BaseException:
            process.kill()
            process.stdin.close()
            process.stdout.read()  # until the last process is gone
            raise
        return process.wait()
