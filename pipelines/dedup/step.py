"""The dedup step: all documents of all sources in, the survivors and every removal out, as the asset corpus/dedup."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pipelines.corpus import DEDUP, REMOVALS, SURVIVORS
from pipelines.dedup.corpus_files import NUMBERING, CorpusFiles, corpus_files
from pipelines.dedup.facts import Counts, largest_clusters, losses_within_rules, num_texts_read
from pipelines.dedup.gate import check_removed_share
from pipelines.dedup.measures import read_measures
from pipelines.dedup.numbering import Numbering, number_documents
from pipelines.dedup.outcome import Outcome, decide_all
from pipelines.dedup.parameters import DedupParameters, refuse_unknown_sources, refuse_wrong_priority
from pipelines.dedup.planning import make_plan
from pipelines.dedup.runner import Runner
from pipelines.dedup.tables import WriteTables, num_files
from pipelines.engines import Engine
from pipelines.held_out import HeldOut
from pipelines.store import Artifact, Draft, Store
from pipelines.store import Outcome as Made

CODE_VERSION = "3"
COMPARISONS = "comparisons.parquet"


def ensure_dedup(
    store: Store,
    documents: Sequence[Artifact],
    signatures: Sequence[Artifact],
    parameters: DedupParameters,
    priority: Sequence[str],
    domains: Mapping[str, str],
    held_out: HeldOut,
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> Made:
    """Deduplicate all sources and split the survivors: the tables survivors.parquet and removals.parquet.

    Survivors of both splits are compared with each other alike, so no training document is a near duplicate of a
    held-out one. The similarities that the last version has found are not computed again; that is all they change.

    Args:
        documents: every snapshot of every source.
        signatures: theirs, in the same order.
        priority: every source's name, most preferred first: it decides which of two duplicates survives, unless one
            alone breaks a rule.
        domains: the domain of each source.
        engine: where the steps run.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: a source has no place in ``priority``, or ``priority`` names one twice or one without a domain;
            a share is declared for another; or no document has the measure by which duplicates are to be preferred.
    """
    refuse_wrong_priority(priority, domains, "the priority of sources")
    refuse_unknown_sources(parameters, domains, "the parameters of dedup")
    pairs = sorted(zip(documents, signatures, strict=True), key=lambda pair: pair[0].asset)
    artifacts, signed = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    compared = comparisons_before(store.latest(DEDUP), parameters)

    def make(draft: Draft) -> None:
        runner = Runner(engine, draft.work, report)
        corpus = corpus_files(artifacts, signed, priority, domains, runner.folder("corpus"))
        numbering = number_documents(corpus.files, read_measures(corpus.files, parameters.prefer))
        report(f"{len(numbering.document):,} documents, {numbering.num_documents:,} of them different")
        numbering.save(corpus.folder / NUMBERING)
        outcome = decide_all(
            corpus, numbering, parameters, make_plan(corpus, numbering, parameters, compared, runner), runner
        )
        survivors, removals = write_tables(corpus, numbering, outcome, held_out, runner)
        for name, files in ((SURVIVORS, survivors), (REMOVALS, removals), (COMPARISONS, outcome.compared())):
            add_parts(draft.folder / name, files)
        counts = Counts(survivors, removals)
        losses = losses_within_rules(corpus, numbering, outcome.survivor)
        draft.flows = counts.flows()
        draft.facts = {
            "by_source": counts.by_source(),
            "losses_within_rules": losses,
            "largest_clusters": largest_clusters(corpus, numbering, outcome.survivor),
            "num_comparisons": outcome.num_comparisons,
            "num_bounded": outcome.num_bounded,
            "num_texts_read": num_texts_read(corpus, outcome.num_texts_read),
        }
        draft.checks.append(
            check_removed_share(
                losses,
                parameters,
                lambda source: largest_clusters(corpus, numbering, outcome.survivor, source),
            )
        )
        flow = draft.flows["documents"]
        report(f"{flow.num_kept:,} documents survive, {sum(flow.dropped.values()):,} are duplicates")

    return store.ensure(
        DEDUP,
        make,
        code_version=CODE_VERSION,
        parameters={
            **parameters.model_dump(mode="json"),
            "priority": list(priority),
            "domains": dict(domains),
            "held_out": held_out.model_dump(),
        },
        parents=[*artifacts, *signed],
    )


def comparisons_before(previous: Artifact | None, parameters: DedupParameters) -> list[Path]:
    """The files of similarities in the last version, where they mean the same."""
    if previous is None or previous.record.code_version != CODE_VERSION:
        return []
    if previous.record.parameters["shingle_words"] != parameters.shingle_words:
        return []
    return previous.files(f"{COMPARISONS}/*")


def write_tables(
    corpus: CorpusFiles, numbering: Numbering, outcome: Outcome, held_out: HeldOut, runner: Runner
) -> tuple[list[Path], list[Path]]:
    """Write the survivors and the removals; returns the files of both."""
    for name in ("survivor", "similarity", "step"):
        corpus.save(name, getattr(outcome, name))
    survivors, removals = runner.folder("survivors"), runner.folder("removals")
    num_tasks = num_files(numbering.num_documents)
    num_bytes = sum(file.records.stat().st_size for file in corpus.files)
    runner.run(WriteTables(corpus, held_out, survivors, removals), num_tasks, "write_tables", num_bytes)
    return sorted(survivors.glob("*.parquet")), sorted(removals.glob("*.parquet"))


def add_parts(folder: Path, files: Iterable[Path]) -> None:
    """Add files on the way to the artifact, as the parts of one table."""
    folder.mkdir()
    for number, file in enumerate(files):
        os.link(file, folder / f"part-{number:05}.parquet")
