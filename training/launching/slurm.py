"""A job of a Slurm cluster: submitted here, followed by its log on the shared disk, and stopped with this process."""

import math
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from typing_extensions import override

from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from training.declared.launch import SlurmLaunch
from training.launching.follow import KEEP_FREED_PAGES, REPOSITORY, Follower, exit_on_signals
from training.launching.launcher import Launcher, Stretch, torchrun
from training.manifest import Manifest
from training.runs.checkpoints import checkpoint_steps

SECONDS_BETWEEN_READS = 1.0
SECONDS_BETWEEN_QUESTIONS = 10.0
FIRST_PORT, NUM_PORTS = 20_000, 10_000  # of rendezvous: a node may have several jobs
UNKNOWN = sys.maxsize  # the memory of a GPU of another machine: enough, until a process finds that it is not
FORGOTTEN = "FORGOTTEN"  # Slurm keeps ended jobs for some minutes; the other words are its own
FAILED = ("BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT")
ENDED = frozenset((FORGOTTEN, "COMPLETED", *FAILED))
SCRIPT = """\
#!/bin/bash
{options}

{environment}
{variables}
first_node=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

srun {srun} \\
  {command} &
step=$!
stop='scancel --signal=TERM "$SLURM_JOB_ID"'  # a checkpoint is saved; srun itself would be killed by the signal
trap "$stop" TERM  # by whoever submitted the job
trap "at_limit=yes; $stop" USR1  # near its time limit
while [ -n "$(jobs -r)" ]; do wait $step; done  # a trap interrupts a wait
wait $step
status=$?
{at_limit}
exit $status
"""
REQUEUE = '[ -z "$at_limit" ] || scontrol requeue "$SLURM_JOB_ID"'


@dataclass(frozen=True)
class SlurmLauncher(Launcher):
    """One torchrun on each node of a job. A job that a killed command left behind is found and followed again."""

    declared: SlurmLaunch

    @override
    def num_processes(self, manifest: Manifest) -> list[int]:
        return [self.declared.nodes * self.declared.num_processes_per_node]

    @override
    def gpu_num_bytes(self) -> int | None:
        return UNKNOWN if self.declared.gpus_per_node else None

    @override
    def is_running(self, stretch: Stretch) -> bool:
        return shutil.which("squeue") is not None and find_job(job_name(stretch)) is not None

    @override
    def obstacles(self, stretch: Stretch) -> Iterator[PhaselineError]:
        if shutil.which("sbatch") is None:
            yield PhaselineError(
                "the trainer's launch is Slurm, and there is no sbatch here", "run this on a login node"
            )

    @override
    def describe(self, stretch: Stretch) -> str:
        """The job script, with all options of sbatch."""
        declared, grace_seconds = self.declared, stretch.trainer.checkpoints.grace_seconds
        variables = KEEP_FREED_PAGES | {
            "OMP_NUM_THREADS": str(declared.cpus_per_process),
            "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": str(grace_seconds),
        }
        return SCRIPT.format(
            options="\n".join(f"#SBATCH {option}" for option in self.options(stretch)),
            environment=declared.environment,
            variables="\n".join(f"export {name}={value}" for name, value in variables.items()),
            srun=f"--kill-on-bad-exit=0 --cpus-per-task={self.cpus_per_node}",
            command=" \\\n  ".join(self.command(stretch)),
            at_limit=REQUEUE if declared.requeue else "",
        )

    def options(self, stretch: Stretch) -> Iterator[str]:
        """The options of sbatch."""
        declared = self.declared
        options = {
            "job-name": job_name(stretch),
            "comment": str(stretch.run.folder),
            "partition": declared.partition,
            "nodes": str(declared.nodes),
            "ntasks-per-node": "1",
            "cpus-per-task": str(self.cpus_per_node),
            **({"gpus-per-node": str(declared.gpus_per_node)} if declared.gpus_per_node else {}),
            "time": declared.time,
            "signal": f"B:USR1@{stretch.trainer.checkpoints.grace_seconds}",
            "chdir": str(REPOSITORY),
            "output": str(stretch.run.log.resolve()),
            "open-mode": "append",
            **declared.sbatch,
        }
        yield "--requeue" if declared.requeue else "--no-requeue"
        yield from (f"--{name}={shlex.quote(value)}" for name, value in options.items())

    @property
    def cpus_per_node(self) -> int:
        return self.declared.cpus_per_process * self.declared.num_processes_per_node

    def command(self, stretch: Stretch) -> list[str]:
        """What each node runs, in the words of a shell."""
        port = f"$(({FIRST_PORT} + SLURM_JOB_ID % {NUM_PORTS}))"
        return [
            shlex.join(torchrun()),
            f"--nnodes={self.declared.nodes} --nproc-per-node={self.declared.num_processes_per_node}",
            f'--rdzv-backend=c10d --rdzv-endpoint="$first_node:{port}"',
            '--rdzv-id="$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}"',
            shlex.join(stretch.program[:2]),
            *map(shlex.quote, stretch.program[2:]),
        ]

    @override
    def launch(self, stretch: Stretch, follower: Follower) -> int:
        follower.keeps_log = False  # the job writes it
        with stretch.run.log.open("a+", errors="replace") as log, exit_on_signals():
            job = find_job(job_name(stretch))
            if job is None:
                job = submit(self.describe(stretch))
                follower.report(f"submitted Slurm job {job}")
            else:
                follower.report(f"following Slurm job {job}, which an earlier command submitted")
            try:
                state = follow_job(job, log, follower)
            except BaseException:
                stop(job, log, follower, stretch.trainer.checkpoints.grace_seconds)
                raise
        if state == "COMPLETED" or (state == FORGOTTEN and stretch.until_step in checkpoint_steps(stretch.run)):
            return 0
        if follower.stopped_at is not None or follower.first_failure is not None:
            return 1
        raise PhaselineError(
            f"Slurm job {job}, which trained {stretch.run.name}, ended as {state.lower()} (log: {stretch.run.log})",
            "run the same command again, it continues from the newest checkpoint",
        )


def job_name(stretch: Stretch) -> str:
    """The same whenever this is trained, and no other run's."""
    run = stretch.run
    return f"{run.name}-{stretch.until_step}-{value_digest(str(run.folder.resolve()))[:8]}"


def find_job(name: str) -> str | None:
    """The number of this user's job of a name that has not ended."""
    listed = re.search(r"^\d+$", ask("squeue", "--me", "--noheader", f"--name={name}", "--format=%A"), re.MULTILINE)
    return listed[0] if listed else None


def submit(script: str) -> str:
    """Submit a job; returns its number. Raises PhaselineError if Slurm refuses it."""
    done = subprocess.run(["sbatch", "--parsable"], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PhaselineError(f"Slurm refused the job: {done.stderr.strip()}", "mend that in the trainer's launch")
    return done.stdout.strip().partition(";")[0]


def follow_job(job: str, log: TextIO, follower: Follower, seconds: float = math.inf) -> str:
    """Give what a job adds to a log to the follower, until it ends or for so long; returns its state."""
    state, deadline = "", time.monotonic() + seconds
    while state not in ENDED and time.monotonic() < deadline:
        before, state = state, state_of(job)
        if state not in {before, *ENDED}:
            follower.report(f"Slurm job {job} is {state.lower()}")
            follower.stopped_at = None  # it was put back into the queue
        asked = time.monotonic()
        while state not in ENDED and time.monotonic() < min(deadline, asked + SECONDS_BETWEEN_QUESTIONS):
            time.sleep(SECONDS_BETWEEN_READS)
            pass_on(log, follower)
    pass_on(log, follower)
    return state


def pass_on(log: TextIO, follower: Follower) -> None:
    """Give the lines that a log has grown by to the follower; one that is still being written waits."""
    while True:
        start = log.tell()
        line = log.readline()
        if not line.endswith("\n"):
            log.seek(start)
            return
        follower.line(line)


def stop(job: str, log: TextIO, follower: Follower, grace_seconds: int) -> None:
    """Let a job save a checkpoint and end, and cancel it if it has not by then."""
    follower.report(f"stopping Slurm job {job}: it has {grace_seconds} s to finish its step and save")
    try:
        if state_of(job) == "RUNNING":
            ask("scancel", "--batch", "--signal=TERM", job)
            follow_job(job, log, follower, grace_seconds)
    finally:
        ask("scancel", job)


def state_of(job: str) -> str:
    """A job's state in Slurm's word; an empty one while the controller does not answer."""
    answer = ask("scontrol", "show", "job", "--oneliner", job)
    if "Invalid job id" in answer:
        return FORGOTTEN
    state = re.search(r"JobState=(\w+)", answer)
    return state[1] if state else ""


def ask(*command: str) -> str:
    """What a command of Slurm's answers, complaints included."""
    asked = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return asked.stdout
