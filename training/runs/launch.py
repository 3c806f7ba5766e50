"""Train a run in processes of its own: start them, follow them, and end them with the caller."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.manifest import Manifest
from training.models import local_batch_sizes, model_preset
from training.runs.checkpoints import checkpoint_steps, has_sound_checkpoint
from training.runs.events import parse_event
from training.runs.metrics import Progress, StepMetrics
from training.runs.run import Run, create_run
from training.runs.start import start_checkpoint

# Tells glibc to keep the pages of freed tensors: faulting them in again at each step costs a quarter of a CPU's time.
KEEP_FREED_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 33)}

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunState:
    """A run and the steps of its checkpoints, ascending."""

    run: Run
    checkpoints: list[int]


def train(
    store: Store,
    manifest_artifact: Artifact,
    *,
    until_step: int,
    report: Callable[[str], None],
    num_processes: int | None = None,
    checkpoint_every_steps: int = 50,
    on_metrics: Callable[[StepMetrics], None] | None = None,
) -> RunState:
    """Train a manifest until ``until_step`` steps are done, from wherever its run stands.

    Returns at once if the run has a sound checkpoint there. The processes end with the caller, however it ends.

    Args:
        until_step: in [0, total_steps]; the schedule's horizon stays the manifest's.
        report: is given a sentence every few seconds.
        num_processes: one for each GPU by default; without GPUs two, where there are cores for them.
        on_metrics: is given the metrics of each step.

    Raises:
        PhaselineError: another process trains the run, it is past ``until_step`` without a checkpoint there, the
            checkpoint that it starts from is missing or another model's, or training failed; with the first readable
            error and the log's path.
    """
    run = create_run(store, manifest_artifact)
    if not 0 <= until_step <= run.manifest.total_steps:
        raise PhaselineError(
            f"run {run.name} has {run.manifest.total_steps} steps, there is no step {until_step}", "name one of them"
        )
    if not has_sound_checkpoint(run, until_step):
        store.begin(f"checkpoints/{run.name}", [f"there is no checkpoint at step {until_step}"])
        refuse_to_go_back(run, until_step)
        num_processes = num_processes or default_num_processes(run.manifest)
        local_batch_sizes(run.manifest, num_processes)  # refuses batches that do not divide before anything starts
        if not checkpoint_steps(run):
            start_checkpoint(store, run.manifest)
        num_parameters = model_preset(run.manifest.model).shape.num_parameters(run.manifest.tokenizer.vocab_size)
        report(
            f"training {run.name} up to step {until_step}: {run.manifest.model} with {num_parameters:,} parameters, "
            f"processes: {num_processes}"
        )
        follower = Follower(run, until_step, report, on_metrics)
        line = command(store, run, until_step, num_processes, checkpoint_every_steps)
        exit_status = follow(line, num_processes, follower)
        if exit_status:
            raise follower.failure(exit_status)
    return RunState(run, checkpoint_steps(run))


def refuse_to_go_back(run: Run, until_step: int) -> None:
    """Raise PhaselineError if the run is past a step of which it has no sound checkpoint."""
    past = [step for step in checkpoint_steps(run) if step > until_step]
    if past:
        raise PhaselineError(
            f"run {run.name} stands at step {past[-1]} and has no sound checkpoint at step {until_step}",
            f"remove the later steps in {run.checkpoints} to train it again from before, or name another step",
        )


def default_num_processes(manifest: Manifest) -> int:
    """One process for each visible GPU; else two, if there are two cores and every batch divides; else one."""
    num_gpus = count_gpus()
    if num_gpus:
        return num_gpus
    divides = all(phase.global_batch_size % 2 == 0 for phase in manifest.phases)
    return 2 if num_cores() >= 2 and divides else 1


def count_gpus() -> int:
    """Visible NVIDIA GPUs, without importing torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device.strip() and device.strip() != "-1"])
    return len([path for path in Path("/dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)])


def num_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def command(store: Store, run: Run, until_step: int, num_processes: int, checkpoint_every_steps: int) -> list[str]:
    """The command line of the training processes; a single one needs no torchrun."""
    several = ["torch.distributed.run", "--standalone", f"--nproc-per-node={num_processes}", "-m"]
    return [
        sys.executable,
        "-m",
        *(several if num_processes > 1 else []),
        "training.titan",
        run.name,
        f"--home={store.root.resolve()}",
        f"--until-step={until_step}",
        f"--checkpoint-every-steps={checkpoint_every_steps}",
        "--end-with-stdin",
    ]


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
