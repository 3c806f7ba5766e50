"""The documents of a source: read, extracted, identified, filtered, and every record accounted for."""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.utils.stats import PipelineStats

from pipelines.digests import value_digest
from pipelines.document_steps import FilterDocuments, IdentifyLanguage, ReadRecords, WriteDocuments
from pipelines.documents import DOCUMENTS, REJECTED
from pipelines.engine import Engine
from pipelines.fetch import raw_archive
from pipelines.readers.archive import Archive
from pipelines.record import Flow
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "1"
GROUP_BYTES = 32 << 20  # of files for each task: a matter of the data, so that results do not depend on workers


def ensure_documents(
    store: Store,
    domain: Domain,
    source: Source,
    raw: Artifact,
    identifier: Artifact,
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """The documents of a source as the artifact ``documents/<name>``: what was kept and, beside it, what was not.

    Args:
        domain: gives the languages and the filters.
        source: one of the domain's sources.
        raw: its archive.
        identifier: the model that identifies languages.
        engine: where the steps run.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: the archive cannot be read, or holds none of the declared files.
    """

    def make(draft: Draft) -> None:
        archive = raw_archive(raw)
        sizes = Archive(archive).sizes(source.reader)
        groups = group_files(sizes, GROUP_BYTES)
        report(f"reading {len(sizes):,} files, {sum(sizes.values()) / 1e6:,.1f} MB")
        steps = [
            ReadRecords(archive, source.reader, groups),
            IdentifyLanguage(model_file(identifier), domain.languages, domain.min_language_score),
            FilterDocuments(domain.filters),
            WriteDocuments(draft.folder, source.name, source.licence),
        ]
        with tempfile.TemporaryDirectory(prefix=f"phaseline-{value_digest(parameters)[:16]}-") as logs:
            stats = engine.run(steps, len(groups), Path(logs))
        draft.flows = account(draft.folder, stats)
        draft.facts = {
            "domain": domain.domain,
            "licence": source.licence,
            "num_files": len(sizes),
            "num_raw_bytes": sum(sizes.values()),
            "documents_by_language": documents_by_language(draft.folder),
        }
        report(describe(draft.flows))

    parameters = {
        "source": source.name,
        "licence": source.licence,
        "reader": source.reader.model_dump(mode="json"),
        "languages": list(domain.languages),
        "min_language_score": domain.min_language_score,
        "filters": domain.filters.model_dump(mode="json"),
    }
    return store.ensure(
        f"documents/{source.name}",
        make,
        code_version=CODE_VERSION,
        parameters=parameters,
        parents=[raw, identifier],
    )


def model_file(identifier: Artifact) -> Path:
    """The one file of a model artifact."""
    (path,) = identifier.files("*")
    return path


def group_files(sizes: Mapping[str, int], group_bytes: int) -> list[list[str]]:
    """Neighbouring files in groups of at least ``group_bytes`` each, but for the last; one task reads one group."""
    groups: list[list[str]] = [[]]
    num_bytes = 0
    for path, size in sizes.items():
        if num_bytes >= group_bytes:
            groups.append([])
            num_bytes = 0
        groups[-1].append(path)
        num_bytes += size
    return groups


def account(folder: Path, stats: PipelineStats) -> dict[str, Flow]:
    """Where the records and their bytes went: what the reader counted, against what the files hold."""
    read = stats.stats[0].stats
    num_documents: Counter[str] = Counter()
    num_bytes: Counter[str] = Counter()
    num_kept = num_kept_bytes = 0
    for path in sorted(folder.glob(DOCUMENTS)):
        sizes = pq.read_table(path, columns=["num_bytes"])["num_bytes"].to_pylist()
        num_kept += len(sizes)
        num_kept_bytes += sum(sizes)
    for path in sorted(folder.glob(REJECTED)):
        for row in pq.read_table(path, columns=["reason", "num_bytes"]).to_pylist():
            num_documents[row["reason"]] += 1
            num_bytes[row["reason"]] += row["num_bytes"]
    return {
        "documents": Flow(
            num_in=int(read["records"].total), num_kept=num_kept, dropped=dict(sorted(num_documents.items()))
        ),
        "bytes": Flow(
            num_in=int(read["bytes"].total), num_kept=num_kept_bytes, dropped=dict(sorted(num_bytes.items()))
        ),
    }


def documents_by_language(folder: Path) -> dict[str, int]:
    """How many documents of each language were kept, the most frequent first."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob(DOCUMENTS)):
        counts.update(pq.read_table(path, columns=["language"])["language"].to_pylist())
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def describe(flows: Mapping[str, Flow]) -> str:
    documents, num_bytes = flows["documents"], flows["bytes"]
    reasons = sorted(documents.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in reasons[:3])
    kept = f"kept {documents.num_kept:,} of {documents.num_in:,} records, {num_bytes.num_kept / 1e6:,.1f} MB"
    return f"{kept}; dropped most for {dropped}" if dropped else kept
