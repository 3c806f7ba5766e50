"""Ours: the whole asset, with its digests and its record."""

import itertools
import shutil
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from typing_extensions import override

from benchmarks.shards.corpus import DOMAIN
from benchmarks.shards.layout import document_digests
from pipelines.corpus import DEDUP, SURVIVORS, TRAIN
from pipelines.engines import Engine
from pipelines.engines.task import run_task
from pipelines.shards import INDEX, TOKENS, token_dtype
from pipelines.store import Artifact, Draft, Store
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TOKENIZER_ASSET


class ThisProcess(Engine):
    """One task after the other where the time is taken."""

    @override
    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Generator[None, None, None]:
        for rank in ranks:
            run_task(folder, rank)
            yield


class Input(NamedTuple):
    """The artifacts that shards are made from."""

    documents: list[Artifact]
    dedup: Artifact
    tokenizer: Artifact


def prepare(path: Path, num_parts: int) -> Input:
    store = Store(path)
    documents = [store.require(f"documents/part_{part:02d}") for part in range(num_parts)]
    return Input(documents, all_survive(documents), store.require(TOKENIZER_ASSET))


def all_survive(documents: Sequence[Artifact]) -> Artifact:
    """A dedup artifact that removes nothing."""

    def make(draft: Draft) -> None:
        columns = ["id", "source", "licence", "language", "num_bytes"]
        files = [artifact.folder / "documents-00000.parquet" for artifact in documents]
        table = pa.concat_tables([pq.read_table(file, columns=columns) for file in files]).sort_by("id")
        for name, value in (("domain", DOMAIN), ("split", TRAIN)):
            table = table.append_column(name, pa.array([value] * len(table)))
        pq.write_table(table, draft.folder / SURVIVORS)

    return Store(Path(tempfile.mkdtemp())).ensure(DEDUP, make, code_version="1", parameters={}).artifact


def run(given: Input) -> None:
    shutil.rmtree(shards(given).folder)


def shards(given: Input) -> Artifact:
    store = Store(Path(tempfile.mkdtemp()))
    return ensure_shards(
        store,
        "shards/all",
        domain=DOMAIN,
        split=TRAIN,
        buckets=None,
        bucket=None,
        corpus=given.dedup,
        documents=given.documents,
        tokenizer=given.tokenizer,
        engine=ThisProcess(),
        report=lambda _line: None,
    ).artifact


def describe(given: Input) -> list[list[str]]:
    """The digests of each part's documents, sorted."""
    made = shards(given)
    index = pq.read_table(made.folder / INDEX, columns=["source", "length"])
    ends = list(itertools.accumulate(index["length"].to_pylist()))
    token_bytes = token_dtype(made.record.facts["vocab_size"]).itemsize
    digests = document_digests((made.folder / TOKENS).read_bytes(), ends, token_bytes)
    of_source: dict[str, list[str]] = {}
    for source, digest in zip(index["source"].to_pylist(), digests, strict=True):
        of_source.setdefault(source, []).append(digest)
    return [sorted(of_source[source]) for source in sorted(of_source)]
