"""Ours: the steps of the documents asset, with the papers' bounds, from files to documents and attributes on disk."""

import shutil
import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.pipeline.base import PipelineStep

from benchmarks.documents.archives import LANGUAGES, MIN_SCORE, archive_file, model_file
from pipelines.documents import DOCUMENTS
from pipelines.fetch.raw import ensure_raw
from pipelines.fetch.snapshot import open_raw
from pipelines.filters import Filters
from pipelines.places import Folder
from pipelines.process.jobs import WRITTEN, document_jobs
from pipelines.sources import Domain, Source
from pipelines.store import Draft, Store

SNAPSHOT = "1"


@dataclass(frozen=True)
class Prepared:
    """The steps of one task over a number of files, and where its documents go."""

    steps: list[PipelineStep]
    folder: Path


def prepare(path: Path, num_parts: int) -> Prepared:
    work = Path(tempfile.mkdtemp())
    names = tuple(archive_file(path, part).name for part in range(num_parts))
    filters = {"gopher_quality": {}, "gopher_repetition": {}, "c4": {}}
    source = Source.model_validate(
        {
            "name": "web_crawl",
            "licence": "LicenseRef-third-party-pages",
            "reader": {"format": "warc", "include": names},
            "snapshots": {SNAPSHOT: Folder(folder=path)},
        }
    )
    domain = Domain(
        domain="web",
        languages=LANGUAGES,
        min_language_score=MIN_SCORE,
        filters=Filters.model_validate(filters),
        sources=(source,),
    )
    store = Store(work / "home")

    def make(draft: Draft) -> None:
        shutil.copy(model_file(path), draft.folder)

    (identifier_file,) = store.ensure("model/lid", make, code_version="1", parameters={}).artifact.files("*")
    files = open_raw(store, ensure_raw(store, source, SNAPSHOT, lambda _: None).artifact, source)
    (work / WRITTEN).mkdir()
    (job,) = document_jobs(domain, source, SNAPSHOT, files, [list(names)], identifier_file, work)
    return Prepared(list(job.steps), work / WRITTEN)


def run(prepared: Prepared) -> None:
    documents = None
    for step in prepared.steps:
        documents = step(documents, 0, 1)
    deque(documents or (), maxlen=0)


def describe(prepared: Prepared) -> list[tuple[str, str]]:
    """The address and the text of each document."""
    tables = [pq.read_table(path, columns=["url", "text"]) for path in sorted(prepared.folder.glob(DOCUMENTS))]
    return [(row["url"], row["text"]) for table in tables for row in table.to_pylist()]
