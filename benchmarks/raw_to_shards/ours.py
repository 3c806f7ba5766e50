"""Ours: the assets from raw data to shards, one after the other, with their records and digests.

What it does and its peers do not: it keeps the values of all rules and the reason of every removal, compares every
pair of near duplicates exactly, and looks for repeated lines.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from benchmarks.documents.archives import LANGUAGES, MIN_SCORE, archive_file
from benchmarks.raw_to_shards.corpus import IDENTIFIER
from benchmarks.raw_to_shards.layout import crawl_folder
from benchmarks.shards.ours import ThisProcess
from pipelines.corpus import TRAIN, documents_of
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.signatures import ensure_signatures
from pipelines.dedup.step import ensure_dedup
from pipelines.fetch.raw import ensure_raw
from pipelines.filters import Filters
from pipelines.held_out import HeldOut
from pipelines.places import Folder
from pipelines.process.step import ensure_documents
from pipelines.shards import INDEX
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Store
from pipelines.tokenise import ensure_shards
from pipelines.tokenizer import TOKENIZER_ASSET

SNAPSHOT = "1"
SHARDS = "shards/web"


class Given(NamedTuple):
    """An empty store, the declarations, and what is not made from the crawl."""

    store: Store
    domain: Domain
    identifier: Artifact
    tokenizer: Artifact


def prepare(path: Path, num_parts: int) -> Given:
    names = tuple(archive_file(crawl_folder(path), part).name for part in range(num_parts))
    source = Source.model_validate(
        {
            "name": "web_crawl",
            "licence": "LicenseRef-third-party-pages",
            "reader": {"format": "warc", "include": names},
            "snapshots": {SNAPSHOT: Folder(folder=crawl_folder(path))},
        }
    )
    domain = Domain(
        domain="web",
        languages=LANGUAGES,
        min_language_score=MIN_SCORE,
        filters=Filters.model_validate({"gopher_quality": {}, "gopher_repetition": {}, "c4": {}}),
        sources=(source,),
    )
    models = Store(path)
    return Given(Store(Path(tempfile.mkdtemp())), domain, models.require(IDENTIFIER), models.require(TOKENIZER_ASSET))


def run(given: Given) -> None:
    store, domain, engine = given.store, given.domain, ThisProcess()
    (source,) = domain.sources
    parameters = DedupParameters()
    raw = ensure_raw(store, source, SNAPSHOT, ignore).artifact
    documents = ensure_documents(
        store, domain, source, SNAPSHOT, raw, given.identifier, engine=engine, report=ignore
    ).artifact
    signatures = ensure_signatures(store, documents, parameters, engine=engine, report=ignore).artifact
    dedup = ensure_dedup(
        store,
        [documents],
        [signatures],
        parameters,
        [source.name],
        {source.name: domain.domain},
        HeldOut(key="held-out", fraction=0),
        engine=engine,
        report=ignore,
    ).artifact
    ensure_shards(
        store,
        SHARDS,
        domain=domain.domain,
        split=TRAIN,
        buckets=None,
        bucket=None,
        corpus=dedup,
        documents=[documents],
        tokenizer=given.tokenizer,
        engine=engine,
        report=ignore,
    )


def ignore(_line: str) -> None:
    """Where progress goes."""


def describe(given: Given) -> list[tuple[str, int]]:
    """The address of each document in the shards and the number of its tokens, the end-of-text token included."""
    (source,) = given.domain.sources
    documents = [given.store.require(asset) for asset in source.documents]
    index = pq.read_table(given.store.require(SHARDS).folder / INDEX, columns=["id", "source", "length"])
    urls = documents_of(index, documents, ["url"])["url"]
    return list(zip(urls.to_pylist(), index["length"].to_pylist(), strict=True))
