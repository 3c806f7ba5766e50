"""What is done to the files of a snapshot, as jobs for an engine: one, or three where lines of sites are removed."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.engines import Engine
from pipelines.fetch.snapshot import RawSnapshot
from pipelines.process.account import totals
from pipelines.readers.formats import Pages, WetReader
from pipelines.site_lines.declared import NUM_BYTES, NUM_LINES
from pipelines.sources import Domain, Source

if TYPE_CHECKING:  # datatrove takes a second to import, and a look at what is current needs none of it
    from datatrove.pipeline.base import PipelineStep

WRITTEN = "files"  # of a work folder: where the documents are written
PAGES = "pages"  # and where pages wait until the lines of their sites are known


@dataclass(frozen=True)
class Job:
    """Steps that an engine runs for a number of tasks; the number may depend on what earlier jobs wrote."""

    name: str
    steps: "Sequence[PipelineStep]"
    num_tasks: Callable[[], int]


def document_jobs(
    domain: Domain,
    source: Source,
    snapshot: str,
    files: RawSnapshot,
    groups: Sequence[Sequence[str]],
    identifier: Path,
    deferred: Collection[str],
    work: Path,
) -> Iterable[Job]:
    """From files to documents; each task takes its group of files.

    Args:
        identifier: the file of the model that identifies languages.
        deferred: the reasons of the rules that are deferred.
        work: where the jobs put what they write.
    """
    from pipelines.process.identify import IdentifyLanguage
    from pipelines.process.judge import JudgeDocuments
    from pipelines.process.read import ReadRecords
    from pipelines.process.refuse import RefuseUrls
    from pipelines.process.seal import SealText
    from pipelines.process.write import WriteDocuments

    has_sites = domain.site_lines is not None and isinstance(source.reader, Pages | WetReader)
    measures = [*source.reader.measures, *([NUM_LINES, NUM_BYTES] if has_sites else [])]
    written = work / WRITTEN
    read = [
        ReadRecords(files, source.reader, groups, source.licence),
        *([RefuseUrls(domain.urls)] if domain.urls else []),
    ]
    finish = [
        SealText(domain.mask.kinds),
        IdentifyLanguage(identifier, domain.languages, domain.min_language_score),
        JudgeDocuments(domain.filters, deferred, measures, written),
        WriteDocuments(written, source.name, snapshot),
    ]
    if not has_sites or domain.site_lines is None:
        return [Job("documents", [*read, *finish], lambda: len(groups))]
    from pipelines.site_lines.count import count_parts
    from pipelines.site_lines.steps import CountLines, RemoveSiteLines, SpoolPages

    pages = work / PAGES
    return [
        Job("pages", [*read, SpoolPages(pages)], lambda: len(groups)),
        Job("site_lines", [CountLines(domain.site_lines, pages)], lambda: count_parts(pages)),
        Job("documents", [RemoveSiteLines(pages), *finish], lambda: len(groups)),
    ]


def run_jobs(
    jobs: Iterable[Job], work: Path, num_bytes: int, engine: Engine, report: Callable[[str], None]
) -> Counter[str]:
    """Run jobs one after the other; what their steps counted, by name."""
    for name in (WRITTEN, PAGES):
        (work / name).mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    for job in jobs:
        folder = work / "tasks" / job.name
        counts += totals(engine.run(job.steps, job.num_tasks(), folder, num_bytes=num_bytes, report=report))
    return counts
