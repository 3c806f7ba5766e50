"""The dedup step: all documents of all sources in, the survivors and every removal out, as the asset corpus/dedup."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.corpus import DEDUP, HELD_OUT, REMOVALS, SURVIVORS, TRAIN
from pipelines.dedup.candidates import shared_buckets
from pipelines.dedup.facts import flows, largest_clusters, num_by_source
from pipelines.dedup.minhash import band_keys
from pipelines.dedup.parameters import DedupParameters, refuse_wrong_priority
from pipelines.dedup.records import Records, read_records
from pipelines.dedup.survivors import Survivors, choose_survivors
from pipelines.dedup.tables import removals_table, survivors_table
from pipelines.dedup.verify import ShingleSets, join_sets, shingle_sets
from pipelines.documents import read_documents
from pipelines.held_out import HeldOut
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "1"


def ensure_dedup(
    store: Store,
    documents: Sequence[Artifact],
    parameters: DedupParameters,
    priority: Sequence[str],
    domains: Mapping[str, str],
    held_out: HeldOut,
    report: Callable[[str], None],
) -> Outcome:
    """Deduplicate all sources and split the survivors: survivors.parquet and removals.parquet.

    Survivors of both splits are compared with each other alike, so no training document is a near duplicate of a
    held-out one.

    Args:
        documents: the documents of every source, in any order.
        priority: every source's name, most preferred first: it decides which of two near duplicates survives.
        domains: the domain of each source.

    Raises:
        PhaselineError: a source has no place in ``priority``, or ``priority`` names one twice or one without a domain.
    """
    refuse_wrong_priority(priority, domains, "the priority of sources")
    artifacts = sorted(documents, key=lambda artifact: artifact.asset)

    def make(draft: Draft) -> None:
        records = read_records(artifacts, priority)
        report(f"{len(records.table):,} documents, {records.num_documents:,} of them different")
        outcome = find_near_duplicates(artifacts, records, parameters, report)
        kept = np.flatnonzero(outcome.survivor == np.arange(records.num_documents))
        sources = records.table["source"].take(records.first[kept])
        domain = pa.array([domains[source] for source in sources.to_pylist()], pa.string())
        split = splits(records.table["id"].take(records.first[kept]), domain, held_out)
        split_of_document = np.full(records.num_documents, None, object)
        split_of_document[kept] = split
        survivors = survivors_table(records, kept, domain, split)
        removals = removals_table(records, outcome, pa.array(split_of_document, pa.string()))
        pq.write_table(survivors, draft.folder / SURVIVORS, compression="zstd")
        pq.write_table(removals, draft.folder / REMOVALS, compression="zstd")
        draft.flows |= flows(records.table, survivors, removals)
        draft.facts |= {
            "by_source": num_by_source(survivors, removals),
            "largest_clusters": largest_clusters(artifacts, removals),
            "num_comparisons": outcome.num_comparisons,
            "num_bounded": outcome.num_bounded,
        }
        report(f"{survivors.num_rows:,} documents survive, {removals.num_rows:,} are duplicates")

    return store.ensure(
        DEDUP,
        make,
        code_version=CODE_VERSION,
        parameters={
            **parameters.model_dump(),
            "priority": list(priority),
            "domains": dict(domains),
            "held_out": held_out.model_dump(),
        },
        parents=artifacts,
    )


def find_near_duplicates(
    documents: Sequence[Artifact], records: Records, parameters: DedupParameters, report: Callable[[str], None]
) -> Survivors:
    """Read the texts twice, a batch at a time: for all band keys, then for the shingles of those that share one."""
    document_at = records.document_at()
    keys = np.empty((records.num_documents, parameters.bands), np.uint64)
    for numbers, texts in read_texts(documents, document_at, report, "hashed"):
        keys[numbers] = band_keys(texts, parameters)
    buckets = shared_buckets(keys)
    document_at[records.position[records.first[~buckets.shared]]] = -1
    set_of_document = np.full(records.num_documents, -1, np.int64)
    sets: list[ShingleSets] = []
    num_sets = 0
    for numbers, texts in read_texts(documents, document_at, report, "compared"):
        set_of_document[numbers] = num_sets + np.arange(len(numbers))
        sets.append(shingle_sets(texts, parameters.shingle_words))
        num_sets += len(numbers)
    return choose_survivors(buckets, join_sets(sets), set_of_document, parameters.threshold)


def read_texts(
    documents: Sequence[Artifact], document_at: NDArray[np.int64], report: Callable[[str], None], verb: str
) -> Iterator[tuple[NDArray[np.int64], pa.LargeStringArray]]:
    """The wanted texts with the numbers of their documents, a batch at a time in file order.

    Args:
        document_at: int64 [num_records], in file order: the document to read there, or -1.
    """
    position = 0
    for artifact in documents:
        for batch in read_documents(artifact, ["text"]):
            numbers = document_at[position : position + len(batch)]
            position += len(batch)
            wanted = numbers >= 0
            if wanted.any():
                yield numbers[wanted], batch["text"].filter(pa.array(wanted))
        report(f"{verb} the texts of {artifact.name}")


def splits(ids: pa.ChunkedArray, domain: pa.Array, held_out: HeldOut) -> NDArray[np.object_]:
    """The split of each survivor, decided by its id and domain alone."""
    names, domain_of = np.array(ids.to_pylist(), object), np.array(domain.to_pylist(), object)
    split = np.empty(len(names), object)
    for value in sorted(set(domain_of)):
        rows = domain_of == value
        split[rows] = np.where(held_out.split(names[rows].tolist(), value), HELD_OUT, TRAIN)
    return split
