"""Scoring: every document of a snapshot by one scorer, in files beside those of the documents."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.documents import DOCUMENTS
from pipelines.engines import Engine
from pipelines.pieces import pieces_of, pieces_of_file
from pipelines.process.account import totals
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.scoring.declaration import Scorer
from quality.scoring.facts import score_facts
from quality.scoring.kinds import parameters_of, piece_bytes_of, prepared
from quality.scoring.table import SCORES_SCHEMA, scores_name

CODE_VERSION = "2"


def ensure_scores(
    store: Store,
    scorer: Scorer,
    fitted: Artifact | None,
    documents: Artifact,
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """Score a snapshot's documents as ``scores/<scorer>/<source>/<snapshot>``.

    For each ``documents-00000.parquet`` there is a ``scores-00000.parquet`` with the same rows in the same order,
    SCORES_SCHEMA. All documents are scored, also those that a bucket has yet to excuse from a filter.

    Args:
        fitted: the artifact behind the scorer: its classifier, or the raw score files; None for other kinds.
        documents: those of one snapshot of a source.
        engine: where the steps run.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: the scorer is unfit, a score file is not what is declared, or a task failed for good.
    """
    source, snapshot = (documents.record.parameters[name] for name in ("source", "snapshot"))

    def make(draft: Draft) -> None:
        from quality.scoring.score_documents import ScoreDocuments, piece_file

        written = draft.work / "files"
        written.mkdir(parents=True, exist_ok=True)
        opener = prepared(store, scorer, fitted, draft.work, engine, report)
        piece_bytes = piece_bytes_of(scorer)
        pieces = pieces_of(documents, piece_bytes)
        num_bytes = sum(piece.num_bytes for piece in pieces)
        steps = [ScoreDocuments(opener, pieces, written)]
        stats = engine.run(steps, len(pieces), draft.work / "tasks", num_bytes=num_bytes, report=report)
        files = documents.files(DOCUMENTS)
        for path in files:
            parts = [piece_file(written, piece) for piece in pieces_of_file(path, piece_bytes)]
            join_files(parts, draft.folder / scores_name(path))
        scored = [draft.folder / scores_name(path) for path in files]
        draft.flows["documents"] = Flow(num_in=num_rows(files), num_kept=num_rows(scored))
        draft.facts = {"scorer": scorer.name, "domain": scorer.domain, **score_facts(scored)}
        report(f"{source}@{snapshot}: {describe(draft, totals(stats))}")

    return store.ensure(
        f"scores/{scorer.name}/{source}/{snapshot}",
        make,
        code_version=CODE_VERSION,
        parameters={"source": source, "snapshot": snapshot, "scorer": parameters_of(scorer)},
        parents=[documents, *([fitted] if fitted else [])],
    )


def join_files(parts: Sequence[Path], path: Path) -> None:
    """The rows of several files of scores as one file, a row group at a time."""
    with pq.ParquetWriter(path, SCORES_SCHEMA, compression="zstd") as writer:
        for part in parts:
            opened = pq.ParquetFile(part)
            for group in range(opened.num_row_groups):
                writer.write_table(opened.read_row_group(group))


def num_rows(files: Sequence[Path]) -> int:
    return sum(pq.read_metadata(path).num_rows for path in files)


def describe(draft: Draft, counts: Counter[str]) -> str:
    """What was scored, and how fast each task was."""
    facts = draft.facts
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in facts["num_without_score"].items())
    seconds = max(counts["milliseconds"], 1) / 1000
    tokens = f", {counts['tokens'] / seconds:,.0f} tokens/s" if counts["tokens"] else ""
    return (
        f"{facts['num_scored']:,} of {facts['num_documents']:,} documents have a score"
        f"{f' ({reasons})' if reasons else ''}; {counts['documents'] / seconds:,.0f} documents/s{tokens} in each task"
    )
