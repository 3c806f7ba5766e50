"""Tasks that die are run again, what is done stays done, and every engine writes the same bytes."""

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from datatrove.pipeline.base import PipelineStep
from engine_steps import Fault, ReadLines, Together, WriteUpper

import pipelines
from pipelines.engines import Engine, LocalEngine, monitor, read_engine, task_progress
from pipelines.engines.job import Job
from pipelines.engines.local import IMPORTED_ONCE
from pipelines.engines.monitor import Monitor
from pipelines.engines.progress import progress_into
from pipelines.engines.ray import RayEngine
from pipelines.engines.slurm import SlurmEngine
from pipelines.errors import PhaselineError

NUM_TASKS = 5


class Bench:
    """Five input files, and a folder for each run over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs = folder / "inputs"
        self.output = folder / "output"
        self.reports: list[str] = []
        self.inputs.mkdir()
        self.output.mkdir()
        for rank in range(NUM_TASKS):
            lines = [f"line {number} of file {rank}\n" for number in range(3)]
            (self.inputs / f"{rank:02d}.txt").write_text("".join(lines))

    def run(self, engine: Engine, *middle: PipelineStep) -> int:
        """The number of lines that the tasks have counted."""
        steps = [ReadLines(self.inputs), *middle, WriteUpper(self.output)]
        stats = engine.run(steps, NUM_TASKS, self.folder / "job", num_bytes=300, report=self.reports.append)
        return stats.stats[0].stats["lines"].total

    def waiting_job(self) -> tuple[Job, Path]:
        """A job whose tasks wait for 98 others, and the folder where they say that they have begun."""
        job, places = Job(self.folder / "job"), self.folder / "places"
        places.mkdir()
        job.prepare([ReadLines(self.inputs), Together(places)], 99)
        return job, places

    def fault(self, rank: int, how: str, times: int) -> Fault:
        (self.folder / "faults").write_text("x" * times)
        return Fault(self.folder, rank, how)

    def attempts(self) -> list[int]:
        """How often each task was begun."""
        return [(self.folder / f"attempts-{rank}").stat().st_size for rank in range(NUM_TASKS)]

    def digest(self) -> str:
        assert len(list(self.output.iterdir())) == NUM_TASKS
        content = b"".join(path.read_bytes() for path in sorted(self.output.iterdir()))
        return hashlib.sha256(content).hexdigest()


DIGEST = hashlib.sha256(
    "".join(f"LINE {number} OF FILE {rank}\n" for rank in range(NUM_TASKS) for number in range(3)).encode()
).hexdigest()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
def test_local_processes(bench: Bench, workers: int) -> None:
    assert bench.run(LocalEngine(workers=workers)) == 3 * NUM_TASKS
    assert bench.digest() == DIGEST


def test_a_task_that_fails_once_is_run_again(bench: Bench, engine: Engine) -> None:
    assert bench.run(engine, bench.fault(3, "kill", times=1)) == 3 * NUM_TASKS
    assert bench.digest() == DIGEST
    assert bench.attempts() == [1, 1, 1, 2, 1]
    reason = "it was killed: by hand, for its memory, or for its time"
    assert f"trying again: task 3, reading 03.txt: {reason}" in bench.reports


def test_a_task_that_fails_three_times_stops_with_its_file_named_and_the_rest_is_kept(
    bench: Bench, engine: Engine
) -> None:
    fault = bench.fault(3, "kill", times=3)
    with pytest.raises(PhaselineError, match=r"1 of 5 tasks failed 3 times:\n  task 3, reading 03.txt: it was killed"):
        bench.run(engine, fault)
    assert bench.attempts() == [1, 1, 1, 3, 1]
    assert bench.run(engine, fault) == 3 * NUM_TASKS
    assert "going on: 4 of 5 tasks were completed before" in bench.reports
    assert bench.attempts() == [1, 1, 1, 4, 1]
    assert bench.digest() == DIGEST
    assert bench.run(engine, fault) == 3 * NUM_TASKS
    assert bench.attempts() == [1, 1, 1, 4, 1]


def test_what_a_user_can_mend_keeps_its_remedy(bench: Bench) -> None:
    with pytest.raises(PhaselineError, match=r"task 0, reading 00\.txt: the model is missing") as stop:
        bench.run(LocalEngine(workers=2), bench.fault(0, "ask", times=3))
    assert stop.value.remedy.startswith("fetch it.")


def test_the_traceback_of_an_exception_is_in_the_log_that_is_named(bench: Bench) -> None:
    with pytest.raises(PhaselineError, match=r"task 1, reading 01\.txt: ValueError: a wrong value") as stop:
        bench.run(LocalEngine(workers=2), bench.fault(1, "raise", times=3))
    logs = Path(re.search(r"(/\S+/logs) says more", stop.value.remedy)[1])
    assert 'raise ValueError("a wrong value")' in (logs / "00001.txt").read_text()


@pytest.mark.ray
def test_ray_spreads_tasks_over_its_nodes(bench: Bench, ray_engine: RayEngine) -> None:
    places = bench.folder / "places"
    places.mkdir()
    steps = [ReadLines(bench.inputs), Together(places)]
    ray_engine.run(steps, 2, bench.folder / "job", num_bytes=100, report=print)
    raylets = {path.read_text().split()[0] for path in places.iterdir()}
    assert len(raylets) == 2
    assert all(raylet.isdigit() for raylet in raylets)


@pytest.mark.slurm
def test_what_slurm_refuses_is_said(bench: Bench, slurm_engine: SlurmEngine) -> None:
    with pytest.raises(PhaselineError, match=r"Slurm refused the tasks: .*invalid partition specified: gpu"):
        bench.run(slurm_engine.model_copy(update={"partition": "gpu"}))


@pytest.mark.slurm
def test_slurm_takes_more_tasks_than_an_array_holds(bench: Bench, slurm_engine: SlurmEngine) -> None:
    ranks = [3, 999, 1000, 1002]
    for rank in ranks:
        (bench.inputs / f"{rank:02d}.txt").write_text("a line")
    job = Job(bench.folder / "job")
    job.prepare([ReadLines(bench.inputs), WriteUpper(bench.output)], 1003)
    for _ in slurm_engine.run_tasks(job.folder, ranks):
        assert job.completed() <= set(ranks)
    assert job.completed() == set(ranks)
    assert all(job.log_file(rank).is_file() for rank in ranks)


@pytest.mark.slurm
def test_what_a_killed_run_left_in_slurm_is_cancelled_by_the_next(bench: Bench, slurm_engine: SlurmEngine) -> None:
    job, places = bench.waiting_job()
    killed = slurm_engine.run_tasks(job.folder, [0])
    wait_for(killed, places / "begun-0")
    before = process_of(places / "begun-0")
    (places / "begun-0").unlink()
    with closing(slurm_engine.run_tasks(job.folder, [0])) as beats:
        wait_for(beats, places / "begun-0")
        assert not is_running(before)


def test_an_interrupted_run_ends_its_tasks(bench: Bench, engine: Engine) -> None:
    job, places = bench.waiting_job()
    with closing(engine.run_tasks(job.folder, [0, 1])) as beats:
        wait_for(beats, places / "begun-0", places / "begun-1")
    while is_running(process_of(places / "begun-0")) or is_running(process_of(places / "begun-1")):
        time.sleep(0.05)
    assert job.completed() == set()


def wait_for(beats: Generator[None, None, None], *paths: Path) -> None:
    """Let an engine run until paths exist."""
    while not all(path.exists() for path in paths):
        next(beats)


def process_of(begun: Path) -> int:
    return int(begun.read_text().split()[1])


def is_running(process: int) -> bool:
    """Whether a process lives; one that has ended may stay listed until its parent looks."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_task_killed_from_outside_ends_alone(bench: Bench) -> None:
    job, places = Job(bench.folder / "job"), bench.folder / "places"
    places.mkdir()
    job.prepare([ReadLines(bench.inputs), Together(places)], 2)
    with closing(LocalEngine(workers=1).run_tasks(job.folder, [0, 1])) as beats:
        for _ in beats:
            if (places / "begun-0").exists() and not (places / "begun-1").exists():
                with suppress(ProcessLookupError):
                    os.kill(process_of(places / "begun-0"), signal.SIGKILL)
    assert job.completed() == {1}
    assert job.pending(2) == [0]


RUN = """
import signal
import sys
from pathlib import Path
from engine_steps import ReadLines, Together
from pipelines.engines import LocalEngine

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which tests in the background do not hand on
    folder = Path(sys.argv[1])
    steps = [ReadLines(folder / "inputs"), Together(folder / "places")]
    LocalEngine(workers=2).run(steps, 5, folder / "job", num_bytes=1, report=print)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_task_outlives_the_engine(bench: Bench, how: signal.Signals) -> None:
    places = bench.folder / "places"
    places.mkdir()
    script = bench.folder / "run.py"
    script.write_text(RUN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen([sys.executable, script, bench.folder], env=environment, stderr=subprocess.DEVNULL)
    while len(list(places.glob("begun-*"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    tasks = [process_of(path) for path in places.glob("begun-*")]
    process.send_signal(how)
    process.wait()
    while any(is_running(task) for task in tasks):
        time.sleep(0.05)
    assert Job(bench.folder / "job").completed() == set()


def test_progress_is_summed_over_completed_and_running_tasks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "FIRST_REPORT", 0)
    monkeypatch.setattr(monitor, "MIN_SECONDS", 0)
    monkeypatch.setattr(monitor, "MAX_SECONDS", 0)
    bench.run(LocalEngine(workers=2))
    (bench.folder / "job/completed/00000.pickle").unlink()
    reports: list[str] = []
    watched = Monitor(Job(bench.folder / "job"), NUM_TASKS, 4_000_000, reports.append)
    watched.look()
    assert reports == ["4 of 5 tasks, 15 documents, 0.0 of 4.0 MB"]
    with progress_into(bench.folder / "job/progress/00000.json"):
        task_progress().add(num_documents=1000, num_bytes=2_000_000)
        watched.look()
    assert re.fullmatch(r"4 of 5 tasks, 1,012 documents, 2.0 of 4.0 MB, \S+ MB/s, \d+ min \d\d s left", reports[1])
    with progress_into(bench.folder / "job/progress/00000.json"):
        task_progress().add(num_bytes=3_000_000, num_tokens=10**9)
        watched.look()
    assert re.search(r"3.0 of 4.0 MB, [\d,]{7,} tokens/s, \S+ MB/s, ", reports[2])
    task_progress().file("outside of a task nobody listens")


def test_a_running_step_reports_its_progress(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "FIRST_REPORT", 0)
    monkeypatch.setattr(monitor, "MIN_SECONDS", 0)
    bench.run(LocalEngine(workers=1))
    counts = [int(re.match(r"(\d) of 5 tasks, \d+ documents, 0.0 of 0.0 MB", line)[1]) for line in bench.reports]
    assert counts == sorted(counts)
    assert counts[-1] == NUM_TASKS


def test_the_modules_of_all_steps_are_imported_once() -> None:
    folder = Path(pipelines.__file__).parent
    modules = [path for path in folder.rglob("*.py") if "(PipelineStep)" in path.read_text()]
    assert sorted({*IMPORTED_ONCE} - {"pipelines.dedup.preload"}) == sorted(
        f"pipelines.{path.relative_to(folder).with_suffix('').as_posix().replace('/', '.')}" for path in modules
    )


def test_left_time_is_told_in_hours_minutes_and_seconds() -> None:
    assert [monitor.duration(seconds) for seconds in (4.4, 80, 7384)] == ["0 min 04 s", "1 min 20 s", "2 h 03 min"]


@pytest.mark.parametrize(
    ("declared", "engine"),
    [
        ("engine: {kind: local, workers: 3}", LocalEngine(workers=3)),
        ("engine: {kind: local}", LocalEngine(workers=os.cpu_count())),
        ("engine: {kind: ray, address: 'head:6379'}", RayEngine(kind="ray", address="head:6379")),
        ("engine: {kind: slurm, partition: cpu}", SlurmEngine(kind="slurm", partition="cpu")),
    ],
)
def test_engines_are_declared(tmp_path: Path, declared: str, engine: Engine) -> None:
    (tmp_path / "engine.yaml").write_text(declared)
    assert read_engine(tmp_path / "engine.yaml") == engine


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ("engine: {kind: spark}", "engine.yaml:1: engine: Input tag 'spark'"),
        ("engine:\n  kind: slurm", "engine.yaml:1: engine.slurm.partition: Field required"),
        ("engine:\n  kind: local\n  workers: 0", "engine.yaml:3: engine.local.workers: Input should be greater than 0"),
    ],
)
def test_a_wrong_engine_is_refused_with_its_field(tmp_path: Path, declared: str, fault: str) -> None:
    (tmp_path / "engine.yaml").write_text(declared)
    with pytest.raises(PhaselineError, match=re.escape(fault)):
        read_engine(tmp_path / "engine.yaml")


def test_a_missing_slurm_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bench.folder))
    with pytest.raises(PhaselineError, match="there is no sbatch here"):
        bench.run(SlurmEngine(kind="slurm", partition="cpu"))
