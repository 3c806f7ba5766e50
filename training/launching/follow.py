"""Follow training processes: read what they say, and stop them with the caller."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pipelines.errors import PhaselineError
from training.launching.processes import num_cores
from training.runs.events import parse_event
from training.runs.full_disk import says_full
from training.runs.metrics import StepMetrics
from training.runs.progress import Progress
from training.runs.run import Run

# Tells glibc to keep the pages of freed tensors: faulting them in again at each step costs a quarter of a CPU's time.
KEEP_FREED_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}

REPOSITORY = Path(__file__).resolve().parents[2]


class Follower:
    """Reads training processes line by line: keeps the log, passes on what they report, remembers how they ended."""

    def __init__(
        self,
        run: Run,
        until_step: int,
        report: Callable[[str], None],
        on_metrics: Callable[[StepMetrics], None] | None,
    ) -> None:
        self.run = run
        self.log = run.log
        self.report = report
        self.on_metrics = on_metrics
        self.progress = Progress(run.manifest, until_step, report)
        self.first_failure: PhaselineError | None = None
        self.stopped_at: int | None = None
        self.keeps_log = True

    def line(self, line: str) -> None:
        """Take note of what a process printed."""
        if self.keeps_log:
            self._keep(line)
        match parse_event(line):
            case "metrics", metrics:
                self.progress.step(metrics)
                if self.on_metrics:
                    self.on_metrics(metrics)
            case "note", sentence:
                self.report(sentence)
            case "stopped", step:
                self.stopped_at = step
                self.report(f"stopped at step {step} on request; its checkpoint is saved, the same command continues")
            case "failure", [what, remedy]:
                self.first_failure = self.first_failure or PhaselineError(f"{what} (log: {self.log})", remedy)

    def _keep(self, line: str) -> None:
        """Add a line to the run's log; a full disk ends the log and not the training, which says so by itself."""
        try:
            with self.log.open("a") as log:
                log.write(line)
        except OSError as error:
            if not says_full(error):
                raise
            self.keeps_log = False
            self.report(f"the disk of {self.log} is full; what follows is missing there")

    def finish(self, exit_status: int) -> None:
        """Raise PhaselineError unless training reached the step it was to reach: it failed, or was told to stop."""
        if self.stopped_at is not None:
            raise PhaselineError(
                f"{self.run.name} was told to stop, and stopped at step {self.stopped_at} with a checkpoint",
                "run the same command again, it continues there",
            )
        if exit_status:
            raise self.first_failure or PhaselineError(
                f"training {self.run.name} ended with status {exit_status} and no message (log: {self.log})",
                "run the same command again, it continues from the newest checkpoint; if it was killed for memory, "
                "choose a smaller model or batch",
            )


def follow(command: list[str], num_processes: int, follower: Follower, grace_seconds: int) -> int:
    """Run a command to its end, its output before the follower; returns its exit status.

    Where this process is interrupted, by Ctrl-C, SIGTERM, SIGHUP or an exception of whoever is told, training is told
    to stop: it may finish its step and save a checkpoint. A second interruption kills it. Standard input stays open as
    long as this process lives: when it closes, the training processes end themselves, without a checkpoint since nobody
    is left to wait for it, also those that torchrun started in sessions of their own.

    Args:
        grace_seconds: what training has to stop before it is killed.
    """
    environment = os.environ | KEEP_FREED_PAGES
    environment["OMP_NUM_THREADS"] = str(max(1, num_cores() // num_processes))
    environment["TORCH_ELASTIC_SHUTDOWN_TIMEOUT"] = str(grace_seconds)  # of torchrun, which kills its workers after it
    with (
        exit_on_signals(),
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            cwd=REPOSITORY,
            process_group=0,  # so that a terminal's Ctrl-C reaches this process alone, which passes it on
        ) as process,
    ):
        try:
            pass_on(process, follower)
        except BaseException:
            follower.report(
                f"stopping: training has {grace_seconds} s to finish its step and save; interrupt again to kill it"
            )
            process.terminate()
            with killed_after(process, grace_seconds):
                pass_on(process, follower)
            raise
    return process.returncode


def pass_on(process: subprocess.Popen[str], follower: Follower) -> None:
    """Give a process's output to the follower, to its end."""
    assert process.stdout is not None
    for line in process.stdout:
        follower.line(line)


@contextmanager
def killed_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """Kill a process and all that it started when the block is left, or so many seconds later if it is not."""
    assert process.stdout is not None
    timer = threading.Timer(seconds, kill, [process])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        kill(process)
        process.stdout.read()  # until the last process is gone


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process; what it started ends when standard input closes."""
    assert process.stdin is not None
    process.kill()
    process.stdin.close()


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit, where they would end this process at once."""
    if threading.current_thread() is not threading.main_thread():  # the only one that may set handlers
        yield
        return
    numbers = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, exit_by_signal)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def exit_by_signal(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # as shells report it
