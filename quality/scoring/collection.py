"""All scores that one scorer gave: each snapshot's documents are scored once, and this says which those are."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.engines import Engine
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.scoring.declaration import Scorer
from quality.scoring.plots import plot_scores_by_source
from quality.scoring.step import ensure_scores
from quality.scoring.table import SCORE_FILES

CODE_VERSION = "2"
SNAPSHOTS = "snapshots.parquet"
PLOT = "scores.png"


def ensure_all_scores(
    store: Store,
    scorer: Scorer,
    fitted: Artifact | None,
    documents: Sequence[Artifact],
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """Score each snapshot's documents as ``scores/<scorer>/<source>/<snapshot>``, and list them in ``scores/<scorer>``.

    ``scores.png`` shows the distribution of the scores in each source.

    Args:
        fitted: the artifact behind the scorer, None where there is none.
        documents: every snapshot of the scorer's domain.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: whatever scoring a snapshot raises; what was scored before is kept.
    """
    scored = []
    for artifact in documents:
        scored.append(ensure_scores(store, scorer, fitted, artifact, engine=engine, report=report).artifact)

    def make(draft: Draft) -> None:
        rows = [
            {
                "asset": artifact.asset,
                "version": artifact.record.version,
                "digest": artifact.digest,
                "num_documents": artifact.record.flows["documents"].num_in,
            }
            for artifact in scored
        ]
        pq.write_table(pa.Table.from_pylist(rows), draft.folder / SNAPSHOTS)
        draft.facts["num_documents"] = sum(row["num_documents"] for row in rows)
        draft.facts["num_snapshots"] = len(rows)
        plot_scores_by_source(draft.folder / PLOT, files_by_source(scored))

    return store.ensure(f"scores/{scorer.name}", make, code_version=CODE_VERSION, parameters={}, parents=scored)


def files_by_source(scored: Sequence[Artifact]) -> dict[str, list[Path]]:
    """The files of scores of all snapshots of each source, sources in order of name."""
    files: defaultdict[str, list[Path]] = defaultdict(list)
    for artifact in scored:
        files[artifact.record.parameters["source"]] += artifact.files(SCORE_FILES)
    return dict(sorted(files.items()))
