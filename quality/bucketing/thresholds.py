"""The thresholds of a domain's levels: fitted once to its training documents, then kept until they are fitted again."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import HELD_OUT, TRAIN, survivors
from pipelines.engines import Engine
from pipelines.errors import PhaselineError
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Outcome, Store
from pipelines.token_counts import count_tokens
from quality.bucketing.assign import UNSCORED
from quality.bucketing.comparable import scorer_parameters
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.fitted import Fitted
from quality.bucketing.levels import Thresholds
from quality.bucketing.plots import plot_levels, plot_scores
from quality.bucketing.scored import Scored

CODE_VERSION = "2"
THRESHOLDS = "thresholds.parquet"
SCORES_PLOT = "scores.png"
LEVELS_PLOT = "levels.png"


def ensure_thresholds(
    store: Store,
    declaration: BucketsDeclaration,
    scores: Mapping[str, Sequence[Artifact]],
    corpus: Artifact,
    documents: Sequence[Artifact],
    tokenizer: Artifact,
    *,
    engine: Engine,
    report: Callable[[str], None],
) -> Outcome:
    """Fit the thresholds of a domain's levels as ``thresholds/<domain>``, or keep those that were fitted.

    ``thresholds.parquet`` has the columns scorer, stratum, level, score and id: the first document of each level from 1
    to 19 in the order of score, then id, so that each level holds a twentieth of the tokens. Tokens are those of the
    training split's documents that break no rule. The stratum ``all`` is of all documents together, for strata that
    have no thresholds of their own. Facts hold what is in each stratum and level, and how the scorers' ranks correlate.

    Args:
        scores: by scorer, those of every snapshot of the domain.
        documents: every snapshot of the domain, whose tokens are counted.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: a scorer scores no training document of the domain, or not all of them in one way.
    """
    scorers = scorer_parameters(declaration, scores)
    parents = [*(artifact for scorer in declaration.scorers for artifact in scores[scorer]), corpus, *documents]

    def make(draft: Draft) -> None:
        rows = survivors(corpus, domain=declaration.domain)
        training = rows.filter(pc.equal(rows["split"], TRAIN))
        within_rules = training.filter(pc.is_null(training["broken_rule"]))
        scored = Scored(declaration, within_rules, scores)
        refuse_scorers_without_scores(declaration, scored)
        report(f"{declaration.domain}: counting the tokens of {len(within_rules):,} documents")
        work = draft.work / "token_counts"
        num_tokens = count_tokens(within_rules, documents, tokenizer, work, engine=engine, report=report)
        fitted = Fitted(scored, num_tokens)
        pq.write_table(fitted.thresholds.table(), draft.folder / THRESHOLDS, compression="zstd")
        num_fitted = int(scored.is_scored.sum())
        draft.flows["documents"] = Flow(
            num_in=len(rows),
            num_kept=num_fitted,
            dropped={
                HELD_OUT: len(rows) - len(training),
                "broken_rule": len(training) - len(within_rules),
                UNSCORED: len(within_rules) - num_fitted,
            },
        )
        draft.facts |= {"domain": declaration.domain, "scorers": list(declaration.scorers), **fitted.facts()}
        plot_scores(draft.folder / SCORES_PLOT, fitted)
        plot_levels(draft.folder / LEVELS_PLOT, fitted)
        report(f"{declaration.domain}: {fitted.describe()}")

    return store.ensure(
        f"thresholds/{declaration.domain}",
        make,
        code_version=CODE_VERSION,
        parameters={**declaration.model_dump(mode="json", exclude={"buckets"}), "scorers": scorers},
        parents=[*parents, tokenizer],
        keep=True,
    )


def refuse_scorers_without_scores(declaration: BucketsDeclaration, scored: Scored) -> None:
    """Raise PhaselineError if a scorer scores none of the documents that thresholds are fitted to."""
    for scorer, values in scored.scores.items():
        if np.isnan(values).all():
            raise PhaselineError(
                f"{scorer} scores no training document of {declaration.domain}, so it has no thresholds",
                f"add a source to {declaration.domain}, or remove {scorer} from its buckets' scorers",
            )


def read_thresholds(artifact: Artifact) -> Thresholds:
    """The thresholds of an artifact."""
    return Thresholds.from_table(pq.read_table(artifact.folder / THRESHOLDS))
