"""The plan of dedup: which documents may be duplicates, in tasks that do not depend on each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datatrove.pipeline.base import PipelineStep
from numpy.typing import NDArray

from pipelines.dedup.arrow_files import mapped_batch
from pipelines.dedup.components import Tasks, join_groups, tasks_of_components
from pipelines.dedup.corpus_files import CorpusFiles
from pipelines.dedup.joins import JoinBands, groups_file, num_ranges, read_groups, shares_of_bands
from pipelines.dedup.line_joins import JoinLines, ScatterLines, add_covered, join_lines, lines_file, read_lines
from pipelines.dedup.numbering import Numbering
from pipelines.dedup.parameters import DedupParameters, RepeatedLines
from pipelines.dedup.runner import Runner
from pipelines.dedup.scatter import ScatterComparisons, ScatterGroups, comparisons_file

KEY_BYTES = 8


@dataclass(frozen=True)
class Plan:
    """What was brought together for each task, in files sorted by task."""

    num_tasks: int
    is_shared: NDArray[np.bool_]  # [num_documents]: whether a document shares a band key, so may have a near duplicate
    groups: Sequence[Path]
    lines: Sequence[Path]
    comparisons: Sequence[Path]


def make_plan(
    corpus: CorpusFiles, numbering: Numbering, parameters: DedupParameters, compared: Sequence[Path], runner: Runner
) -> Plan:
    """Join all documents by their band keys and lines, and bring together what each task needs but the texts.

    Args:
        compared: files of comparisons made before.
    """
    groups = find_groups(corpus, len(numbering.document), parameters.bands, runner)
    parents = np.arange(numbering.num_documents, dtype=np.int32)
    is_shared = np.zeros(numbering.num_documents, np.bool_)
    for path in groups:
        join_groups(parents, is_shared, *read_groups(mapped_batch(path)["documents"]))
    is_at_risk = np.zeros(numbering.num_documents, np.bool_)
    lines: list[Path] = []
    if parameters.repeated_lines:
        lines = find_lines(corpus, runner)
        is_at_risk = documents_at_risk(numbering, lines, parameters.repeated_lines)
    is_uncertain = is_shared | is_at_risk
    for path in lines:
        join_lines(read_lines(path), is_uncertain, is_at_risk, parents)
    tasks = tasks_of_components(parents, is_uncertain, numbering.num_bytes)
    save_tasks(corpus, tasks, is_at_risk)
    return scatter(corpus, tasks, is_shared, groups, lines, compared, runner)


def find_groups(corpus: CorpusFiles, num_records: int, bands: int, runner: Runner) -> list[Path]:
    """Files of the groups of documents that share a band key."""
    shares = shares_of_bands(num_records, bands)
    folder = runner.folder("groups")
    runner.run(JoinBands(corpus, shares, folder), len(shares), "join_bands", KEY_BYTES * bands * num_records)
    return [groups_file(folder, rank) for rank in range(len(shares))]


def find_lines(corpus: CorpusFiles, runner: Runner) -> list[Path]:
    """Files of the lines that documents share."""
    num_lines = sum(len(mapped_batch(file.lines)) for file in corpus.files)
    folder = runner.folder("lines")
    paths = [lines_file(folder, rank) for rank in range(num_ranges(num_lines))]
    runner.run(JoinLines(corpus, folder), len(paths), "join_lines", KEY_BYTES * num_lines)
    return paths


def documents_at_risk(numbering: Numbering, lines: Sequence[Path], declared: RepeatedLines) -> NDArray[np.bool_]:
    """The documents of which preferred ones, survivors or not, hold as much as is declared."""
    covered = np.zeros(numbering.num_documents, np.int64)
    for path in lines:
        add_covered(read_lines(path), covered)
    return (covered > 0) & (covered >= declared.max_share * numbering.num_characters)


def save_tasks(corpus: CorpusFiles, tasks: Tasks, is_at_risk: NDArray[np.bool_]) -> None:
    corpus.save("task", tasks.of_document)
    corpus.save("members", tasks.members)
    corpus.save("task_starts", tasks.starts)
    corpus.save("is_at_risk", is_at_risk)


def scatter(
    corpus: CorpusFiles,
    tasks: Tasks,
    is_shared: NDArray[np.bool_],
    groups: Sequence[Path],
    lines: Sequence[Path],
    compared: Sequence[Path],
    runner: Runner,
) -> Plan:
    """Sort everything found so far by task."""
    folder = runner.folder("by_task")
    plan = Plan(
        tasks.num_tasks,
        is_shared,
        [folder / path.name for path in groups],
        [folder / path.name for path in lines],
        [comparisons_file(folder, rank) for rank in range(len(compared))],
    )
    steps: list[tuple[PipelineStep, Sequence[Path]]] = [
        (ScatterGroups(corpus, groups, folder), groups),
        (ScatterLines(corpus, lines, folder), lines),
        (ScatterComparisons(corpus, compared, folder), compared),
    ]
    for step, paths in steps:
        if paths and tasks.num_tasks:
            runner.run(step, len(paths), step.name.replace(" ", "_"), sum(path.stat().st_size for path in paths))
    return plan
