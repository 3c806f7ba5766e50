"""What is done to runs, to see that the same command continues them: kills at exact moments, signals, damaged files."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trained_run import NUM_STEPS
from trainers import on

from pipelines.errors import PhaselineError
from pipelines.locks import locked
from pipelines.record import Record
from pipelines.store import Store
from training.launching.follow import REPOSITORY
from training.launching.launch import RunState, train
from training.runs.checkpoints import get_checkpoint
from training.runs.metrics import StepMetrics, read_metrics

STRUCK = Path(__file__).parent / "struck"

TRAIN = """
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)  # also where this runs in the background
import sys; from pathlib import Path; from pipelines.store import Store; from training.launching.launch import train
from training.declared.trainer import TrainerDeclaration; from pipelines.errors import PhaselineError
store = Store(Path(sys.argv[1]))
try:
    train(
        store,
        store.require("manifests/small"),
        until_step=int(sys.argv[2]),
        trainer=TrainerDeclaration.model_validate_json(sys.argv[3]),
        report=lambda sentence: print(sentence, flush=True),
        on_metrics=lambda metrics: print("done:", metrics["step"], flush=True),
    )
except PhaselineError as error:
    print(error.what)
"""

Act = Callable[[Path, int], None]  # on the run's folder, and the id of the process that started training
Damage = Callable[[Path], None]  # to the run's folder


@dataclass(frozen=True)
class Fault:
    """Something that happens to a run that two processes train.

    Args:
        what: is done.
        when: for people.
        call: at which a training process is killed, as PHASELINE_STRIKE names it.
        after_step: when ``act`` is called on the run while it is trained.
        damage: what is done to its folder while nobody trains it.
        mend: what a user does before the run is continued.
    """

    what: str
    when: str
    call: str | None = None
    after_step: int | None = None
    act: Act | None = None
    damage: Damage | None = None
    mend: Damage | None = None


def kill_rank(rank: int) -> Act:
    return lambda folder, _launcher: os.kill(ranks(folder)[rank], signal.SIGKILL)


def kill_all(folder: Path, launcher: int) -> None:
    for process in [launcher, *ranks(folder).values()]:
        os.kill(process, signal.SIGKILL)


def kill_launcher(_folder: Path, launcher: int) -> None:
    os.kill(launcher, signal.SIGKILL)


def tell_launcher(number: signal.Signals) -> Act:
    return lambda _folder, launcher: os.kill(launcher, number)


def tell_rank(rank: int) -> Act:
    return lambda folder, _launcher: os.kill(ranks(folder)[rank], signal.SIGTERM)


def fill_disk(folder: Path, _launcher: int) -> None:
    """Take all space that is left on the disk of a run, but for a part of a checkpoint's file."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(bytes(1 << 12))
        filler.truncate(max(0, filler.tell() - (1 << 19)))


def make_space(folder: Path) -> None:
    """Give back what ``fill_disk`` took."""
    (folder / "filler").unlink()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 8 MB in the place of a folder, which it keeps what was in; only root may mount one."""
    beside = folder.rename(folder.parents[1] / "beside")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
    shutil.copytree(beside, folder, dirs_exist_ok=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def ranks(folder: Path) -> dict[int, int]:
    """The process of each rank that trains the run in a folder."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            if f"--home={folder.parents[1]}".encode() in (process / "cmdline").read_bytes():
                rank = re.search(rb"(?:^|\0)RANK=(\d+)\0", (process / "environ").read_bytes())
                if rank:
                    found[int(rank[1])] = int(process.name)
    return found


def flip(name: str) -> Damage:
    """Change a bit in the middle of a file of the newest checkpoint."""

    def damage(folder: Path) -> None:
        content = bytearray((newest(folder) / name).read_bytes())
        content[len(content) // 2] ^= 1
        (newest(folder) / name).write_bytes(content)

    return damage


def cut(name: str) -> Damage:
    """Cut off the second half of a file of the newest checkpoint."""
    return lambda folder: os.truncate(newest(folder) / name, (newest(folder) / name).stat().st_size // 2)


def delete(name: str) -> Damage:
    return lambda folder: (newest(folder) / name).unlink()


def edit_record(folder: Path) -> None:
    """Change a digest in the newest checkpoint's record."""
    path = newest(folder) / "record.json"
    record = json.loads(path.read_bytes())
    record["files"][-1]["sha256"] = "0" * 64
    path.write_text(json.dumps(record))


def half_write(folder: Path) -> None:
    """Leave a later checkpoint without its record."""
    later = newest(folder).with_name("step-99")
    shutil.copytree(newest(folder), later)
    (later / "record.json").unlink()


def newest(folder: Path) -> Path:
    """The newest checkpoint of the run in a folder."""
    return max((folder / "checkpoints").iterdir(), key=lambda step: int(step.name.removeprefix("step-")))


KILLS = [
    Fault("kill -9 of rank 1", "during step 13", after_step=12, act=kill_rank(1)),
    Fault("kill -9 of rank 0", "during step 13", after_step=12, act=kill_rank(0)),
    Fault("kill -9 of every process", "during step 13", after_step=12, act=kill_all),
    Fault("kill -9 of the command", "during step 13", after_step=12, act=kill_launcher),
    Fault("kill -9 of rank 1", "its file of step 15 half written", call="fsync step-15/__1_0.distcp"),
    Fault("kill -9 of rank 0", "between its file and the metadata of step 15", call="fsync step-15/.metadata.tmp"),
    Fault("kill -9 of rank 0", "the record of step 15 half written", call="fsync step-15/record.json.part"),
    Fault("kill -9 of rank 0", "removing step 5, which step 15 replaces", call="rmtree step-5"),
]
STOPS = [
    Fault("SIGTERM to the command", "during step 13", after_step=12, act=tell_launcher(signal.SIGTERM)),
    Fault("Ctrl-C", "during step 13", after_step=12, act=tell_launcher(signal.SIGINT)),
    Fault("SIGTERM to rank 1", "during step 13", after_step=12, act=tell_rank(1)),
]
DAMAGES = [
    Fault("a bit of a rank's file flipped", "newest checkpoint", damage=flip("__1_0.distcp")),
    Fault("a bit of the metadata flipped", "newest checkpoint", damage=flip(".metadata")),
    Fault("a rank's file cut short", "newest checkpoint", damage=cut("__0_0.distcp")),
    Fault("a rank's file deleted", "newest checkpoint", damage=delete("__0_0.distcp")),
    Fault("a digest in the record edited", "newest checkpoint", damage=edit_record),
    Fault("the record cut short", "newest checkpoint", damage=cut("record.json")),
    Fault("a checkpoint left without a record", "after the newest one", damage=half_write),
]

FULL_DISK = Fault("the disk filled up", "during step 23", after_step=22, act=fill_disk, mend=make_space)


def suffer(fault: Fault, home: Path, num_processes: int) -> list[str]:
    """Train the small run by a command of its own, until a fault has ended that and all that it started.

    Returns:
        what the command said.
    """
    folder = home / "runs" / "small@1"
    strike = {"PYTHONPATH": str(STRUCK), "PHASELINE_STRIKE": fault.call} if fault.call else {}
    command = [sys.executable, "-c", TRAIN, str(home), str(NUM_STEPS), on(num_processes).model_dump_json()]
    said = []
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=os.environ | strike, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as launcher:
        assert launcher.stdout is not None
        for line in launcher.stdout:
            if fault.act is not None and line == f"done: {fault.after_step}\n":
                fault.act(folder, launcher.pid)
            if not line.startswith("done: "):
                said.append(line.strip())
    while is_trained(folder):
        time.sleep(0.05)
    return said


def is_trained(folder: Path) -> bool:
    """Whether a process holds the run in a folder."""
    try:
        with locked(folder / ".lock", "the run"):
            return False
    except PhaselineError:
        return True


def retrain(store: Store, num_processes: int, until_step: int = NUM_STEPS) -> tuple[RunState, list[str]]:
    """Train the small run from wherever it stands; returns what was said, too."""
    said: list[str] = []
    manifest = store.require("manifests/small")
    state = train(store, manifest, until_step=until_step, trainer=on(num_processes), report=said.append)
    return state, said


def measured(rows: list[StepMetrics]) -> list[Any]:
    """All of the metrics that are not times."""
    return [(row["step"], row["loss"], row["grad_norm"], row["lr"], row["loss_by_source"]) for row in rows]


def differences(state: RunState, unbroken: RunState) -> list[str]:
    """In what a run differs from one that nothing happened to."""
    own, other = (measured(read_metrics(each.run.metrics)) for each in (state, unbroken))
    found = [] if own == other else ["losses"]
    if state.checkpoints != unbroken.checkpoints:
        return [*found, f"checkpoints: {state.checkpoints} instead of {unbroken.checkpoints}"]
    for step in state.checkpoints:
        records = [get_checkpoint(each.run, step).record for each in (state, unbroken)]
        found += [] if equal(weights(record) for record in records) else [f"digests at step {step}"]
        found += [] if equal(record.facts["bill"] for record in records) else [f"bill at step {step}"]
    return found


def equal(values: Iterable[Any]) -> bool:
    first, second = values
    return bool(first == second)


def weights(record: Record) -> dict[str, str]:
    """SHA-256 of each rank's file: weights, optimizer state, and where training stands."""
    return {file.path: file.sha256 for file in record.files if file.path.endswith(".distcp")}
