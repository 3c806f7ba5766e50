"""The documents of a source's snapshot as an artifact."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from pipelines.engines import Engine
from pipelines.fetch.snapshot import open_raw
from pipelines.filters import reasons_matching
from pipelines.process.account import account, describe, documents_by
from pipelines.process.jobs import WRITTEN, document_jobs, run_jobs
from pipelines.site_lines.declared import NUM_LINES
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Draft, Outcome, Store

CODE_VERSION = "3"
GROUP_BYTES = 32 << 20  # of files for each task: a matter of the data, so that results do not depend on workers


def ensure_documents(
    store: Store,
    domain: Domain,
    source: Source,
    snapshot: str,
    raw: Artifact,
    identifier: Artifact,
    *,
    deferred_rules: Sequence[str] = (),
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """The documents of a snapshot as ``documents/<source>/<snapshot>``: what was kept and, beside it, what was not.

    Args:
        domain: gives the languages, the masks and the filters.
        source: one of the domain's sources.
        snapshot: one of the source's snapshots.
        raw: its raw data.
        identifier: the model that identifies languages.
        deferred_rules: patterns of the reasons of rules that some bucket excuses documents from. A document that breaks
            no other rule is kept, with the first of these that it breaks as its ``broken_rule``.
        engine: where the steps run.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: none of the declared files is there, or a task failed for good.
        ValueError: a pattern matches no rule's reason.
    """
    deferred = reasons_matching(deferred_rules)

    def make(draft: Draft) -> None:
        files = open_raw(store, raw, source)
        sizes = files.files(source.reader)
        groups = group_files(sizes, files.unit, GROUP_BYTES)
        num_bytes = sum(sizes.values())
        report(f"reading {len(sizes):,} files, {num_bytes / 1e6:,.1f} MB")
        jobs = document_jobs(domain, source, snapshot, files, groups, model_file(identifier), deferred, draft.work)
        counts = run_jobs(jobs, draft.work, num_bytes, engine, report)
        draft.add(sorted((draft.work / WRITTEN).glob("*.parquet")))
        draft.flows = account(draft.folder, counts)
        draft.facts = {
            "domain": domain.domain,
            "licence": source.licence,
            "num_files": len(sizes),
            "num_raw_bytes": num_bytes,
            "num_masked": masked(counts),
            "num_site_lines_removed": counts[NUM_LINES],
            "documents_by_language": documents_by("language", draft.folder),
            "documents_by_broken_rule": documents_by("broken_rule", draft.folder),
        }
        report(describe(draft.flows))

    return store.ensure(
        f"documents/{source.name}/{snapshot}",
        make,
        code_version=CODE_VERSION,
        parameters={
            "source": source.name,
            "snapshot": snapshot,
            "licence": source.licence,
            "reader": source.reader.model_dump(mode="json"),
            "domain": {
                **domain.model_dump(mode="json", exclude={"sources", "urls"}),
                "urls": domain.urls.parameters() if domain.urls else None,
            },
            **({"deferred_rules": sorted(set(deferred_rules))} if deferred_rules else {}),
        },
        parents=[raw, identifier],
    )


def model_file(identifier: Artifact) -> Path:
    """The one file of a model artifact."""
    (path,) = identifier.files("*")
    return path


def group_files(sizes: Mapping[str, int], unit: Callable[[str], str], group_bytes: int) -> list[list[str]]:
    """Neighbouring files in groups of at least ``group_bytes`` each, but for the last; one task reads one group.

    Args:
        sizes: of the files, in order.
        unit: what has to be read in one go to read a file; files of one unit stay together.
    """
    groups: list[list[str]] = [[]]
    num_bytes = 0
    for _, in_one_go in groupby(sizes, unit):
        if num_bytes >= group_bytes:
            groups.append([])
            num_bytes = 0
        for path in in_one_go:
            groups[-1].append(path)
            num_bytes += sizes[path]
    return groups


def masked(counts: Counter[str]) -> dict[str, int]:
    """How many values of each kind were masked."""
    prefix = "masked_"
    return {name.removeprefix(prefix): count for name, count in sorted(counts.items()) if name.startswith(prefix)}
