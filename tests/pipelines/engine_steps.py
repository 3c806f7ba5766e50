"""Small steps for the tests of engines; apart from the tests, for each task imports this module."""

import os
import signal
import time
from pathlib import Path

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.engines import task_progress
from pipelines.errors import PhaselineError


class ReadLines(PipelineStep):
    """Task 3 reads ``03.txt``, a document a line."""

    type = "READER"
    name = "lines"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        path = self.folder / f"{rank:02d}.txt"
        task_progress().file(path.name)
        for number, line in enumerate(path.read_text().splitlines(keepends=True)):
            task_progress().add(num_documents=1, num_bytes=len(line))
            self.stat_update("lines")
            yield Document(text=line, id=f"{rank}/{number}")


class WriteUpper(PipelineStep):
    """Writes a task's documents in capitals."""

    type = "WRITER"
    name = "upper"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        with (self.folder / f"upper-{rank:05d}.txt").open("w") as file:
            for document in data:
                file.write(document.text.upper())
                yield document


class Fault(PipelineStep):
    """Stops a task in the middle of its documents, as long as a file called ``fault`` has a letter left for it.

    Each attempt of each task is counted by a letter in its file.
    """

    type = "FILTER"
    name = "fault"

    def __init__(self, folder: Path, rank: int, how: str) -> None:
        super().__init__()
        self.folder = folder
        self.rank = rank
        self.how = how

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        with (self.folder / f"attempts-{rank}").open("a") as file:
            file.write("x")
        for number, document in enumerate(data):
            if number == 1 and rank == self.rank and self.is_due():
                self.stop()
            yield document

    def is_due(self) -> bool:
        faults = self.folder / "faults"
        left = faults.read_text()
        faults.write_text(left[1:])
        return bool(left)

    def stop(self) -> None:
        match self.how:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "raise":
                raise ValueError("a wrong value")
            case "ask":
                raise PhaselineError("the model is missing", "fetch it")


class Together(PipelineStep):
    """Lets a task end when all tasks have begun, which takes a process for each; notes its Ray node and process."""

    type = "FILTER"
    name = "together"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        beside = self.folder / f".{rank}"
        beside.write_text(f"{os.environ.get('RAY_RAYLET_PID')} {os.getpid()}")
        beside.rename(self.folder / f"begun-{rank}")
        while len(list(self.folder.glob("begun-*"))) < world_size:
            time.sleep(0.05)
        yield from data
