"""What the files of a corpus hold at each of its steps, added up a batch of rows at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contamination.step import reasons_of
from pipelines.corpus import BUCKETS, CONTAMINATION, REMOVALS, SURVIVORS
from pipelines.dedup.ids import ABSENT, find_ids, parse_ids
from pipelines.dedup.tables import reasons
from pipelines.documents import DOCUMENTS, REJECTED
from pipelines.funnel.amount import Amount
from pipelines.funnel.corpus import Corpus
from pipelines.shards import INDEX
from pipelines.store import Artifact

PLACE = ("source", "snapshot", "num_bytes")
UNITS = ("num_bytes", "num_tokens")

Tally = Mapping[str, Mapping[str, Amount]]  # by part of the corpus, then by name
Named = tuple[pa.Table, pa.Array | pa.ChunkedArray | str]  # rows, and the name of each or of all


@dataclass(frozen=True)
class Scope:
    """What is counted: some sources, each as one part; or a single source, each snapshot as one part."""

    sources: Sequence[str]
    by: Literal["source", "snapshot"]


@dataclass(frozen=True)
class Counts:
    """What each step kept, by the place it went to, and what it dropped, by reason."""

    read: Tally  # the records, as the readers counted them
    documents: Tally
    rejected: Tally
    survivors: Tally
    duplicates: Tally
    clean: Tally  # the survivors without the contaminated, by split
    contaminated: Tally
    in_buckets: Tally  # by split
    not_in_buckets: Tally
    tokenised: Tally  # by asset


def count(corpus: Corpus, scope: Scope) -> Counts:
    """Count what the files of a corpus hold.

    One batch of rows is in memory at a time and, where there are buckets or snapshots are counted, the survivors of a
    domain with 40 bytes each.

    Raises:
        ValueError: a document in buckets or shards is no survivor.
    """
    documents = [artifact for artifact in corpus.documents if artifact.record.parameters["source"] in scope.sources]
    return Counts(
        read=read_counts(documents, scope),
        documents=tally(scope, ((rows, "documents") for rows in batches(documents, DOCUMENTS, PLACE))),
        rejected=tally(scope, by_column(batches(documents, REJECTED, [*PLACE, "reason"]), "reason")),
        survivors=tally(scope, ((rows, "survivors") for rows in batches([corpus.dedup], f"{SURVIVORS}/*", PLACE))),
        duplicates=tally(scope, duplicates(corpus.dedup)),
        clean=tally(scope, by_column(batches([corpus.clean], SURVIVORS, [*PLACE, "split"]), "split")),
        contaminated=tally(scope, contaminated(corpus)),
        in_buckets=tally(scope, by_column(bucketed(corpus, scope, "bucket"), "split")),
        not_in_buckets=tally(scope, by_column(bucketed(corpus, scope, "reason"), "reason")),
        tokenised=tally(scope, tokenised(corpus, scope)),
    )


def read_counts(documents: Sequence[Artifact], scope: Scope) -> Tally:
    """The records of artifacts of documents."""
    amounts: defaultdict[str, Amount] = defaultdict(Amount)
    for artifact in documents:
        flows, part = artifact.record.flows, artifact.record.parameters[scope.by]
        amounts[part] += Amount(flows["documents"].num_in, flows["bytes"].num_in)
    return {part: {"records": amount} for part, amount in amounts.items()}


def tally(scope: Scope, named: Iterable[Named]) -> Tally:
    """Add up rows with the columns source, num_bytes, that of the part, and num_tokens where they are known."""
    amounts: defaultdict[str, defaultdict[str, Amount]] = defaultdict(lambda: defaultdict(Amount))
    sources = pa.array(scope.sources, pa.string())
    for rows, names in named:
        column = pa.repeat(names, len(rows)) if isinstance(names, str) else names
        wanted = rows.append_column("name", column).filter(pc.is_in(rows["source"], sources))
        units = [unit for unit in UNITS if unit in rows.column_names]
        sums = wanted.group_by([scope.by, "name"]).aggregate([([], "count_all"), *((unit, "sum") for unit in units)])
        for row in sums.to_pylist():
            found = Amount(row["count_all"], row["num_bytes_sum"], row.get("num_tokens_sum", 0))
            amounts[row[scope.by]][row["name"]] += found
    return amounts


def batches(artifacts: Iterable[Artifact], pattern: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Some columns of the Parquet files that match a pattern, a batch of rows at a time."""
    for artifact in artifacts:
        for path in artifact.files(pattern):
            for batch in pq.ParquetFile(path).iter_batches(columns=list(columns)):
                yield pa.Table.from_batches([batch])


def by_column(tables: Iterable[pa.Table], name: str) -> Iterator[Named]:
    """Rows under the names that a column of theirs has."""
    return ((rows, rows[name]) for rows in tables)


def duplicates(dedup: Artifact) -> Iterator[Named]:
    """What dedup removed, and why."""
    for rows in batches([dedup], f"{REMOVALS}/*", [*PLACE, "step", "survivor_split"]):
        yield rows, reasons(rows)


def contaminated(corpus: Corpus) -> Iterator[Named]:
    """The survivors of dedup that hits name, and why each was dropped."""
    hits = pq.read_table(corpus.clean.folder / CONTAMINATION, columns=["id", "benchmark"])
    names = corpus.clean.record.parameters["benchmarks"]
    for rows in batches([corpus.dedup], f"{SURVIVORS}/*", [*PLACE, "id"]):
        why = reasons_of(rows, hits, names)
        yield rows.filter(pc.is_valid(why)), why.drop_null()


def bucketed(corpus: Corpus, scope: Scope, column: Literal["bucket", "reason"]) -> Iterator[pa.Table]:
    """The documents of buckets that have a bucket, or a reason why they have none."""
    for domain in domains_of(corpus, scope) & corpus.buckets.keys():
        places = SurvivorPlaces(corpus, domain)
        for rows in batches([corpus.buckets[domain]], BUCKETS, ["id", "split", "num_bytes", column]):
            yield places.added_to(rows.filter(pc.is_valid(rows[column])))


def tokenised(corpus: Corpus, scope: Scope) -> Iterator[Named]:
    """The documents of shards under their asset."""
    domains = domains_of(corpus, scope)
    places = SurvivorPlaces(corpus, *domains) if scope.by == "snapshot" else None
    for artifact, of in corpus.shards:
        if of.domain in domains:
            for batch in batches([artifact], INDEX, ["source", "num_bytes", "id", "length"]):
                rows = batch.rename_columns(["source", "num_bytes", "id", "num_tokens"])
                yield places.added_to(rows.drop_columns("source")) if places else rows, artifact.asset


def domains_of(corpus: Corpus, scope: Scope) -> set[str]:
    """The domains of the sources that are counted."""
    return {corpus.domain_of[source] for source in scope.sources}


class SurvivorPlaces:
    """The source and snapshot of each surviving document of a domain, for rows that have its id alone."""

    def __init__(self, corpus: Corpus, domain: str) -> None:
        ids, places = [], []
        for rows in batches([corpus.clean], SURVIVORS, ["id", "domain", "source", "snapshot"]):
            of_domain = rows.filter(pc.equal(rows["domain"], domain))
            ids.append(parse_ids(of_domain["id"].combine_chunks()))
            places.append([of_domain[name].combine_chunks().dictionary_encode() for name in ("source", "snapshot")])
        self._domain = domain
        self._ids = np.concatenate(ids)  # ascending, as the survivors are
        self._places = [pa.chunked_array(of).unify_dictionaries().combine_chunks() for of in zip(*places, strict=True)]

    def added_to(self, rows: pa.Table) -> pa.Table:
        """Rows with the columns source and snapshot; raises ValueError where one is no survivor of the domain."""
        found = find_ids(self._ids, parse_ids(rows["id"].combine_chunks()))
        if (found == ABSENT).any():
            raise ValueError(f"a document of {self._domain} is in buckets or shards and does not survive")
        for name, column in zip(("source", "snapshot"), self._places, strict=True):
            rows = rows.append_column(name, column.take(pa.array(found)).cast(pa.string()))
        return rows
