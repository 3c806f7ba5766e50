"""The level and bucket of every survivor of a domain, by thresholds that stay as they were fitted."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow.parquet as pq

from pipelines.corpus import BUCKETS, survivors
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.bucketing.assign import Assigned
from quality.bucketing.comparable import refuse_other_scores, scorer_parameters
from quality.bucketing.declaration import BucketsDeclaration
from quality.bucketing.holdings import holdings, stability
from quality.bucketing.plots import plot_bucket_shares, plot_buckets
from quality.bucketing.scored import Scored
from quality.bucketing.thresholds import read_thresholds

CODE_VERSION = "2"
PLOT = "buckets.png"
SHARES_PLOT = "shares.png"


def ensure_buckets(
    store: Store,
    declaration: BucketsDeclaration,
    thresholds: Artifact,
    scores: Mapping[str, Sequence[Artifact]],
    corpus: Artifact,
    report: Callable[[str], None],
) -> Outcome:
    """Put the survivors of a domain into buckets as ``buckets/<domain>``: ``buckets.parquet``, sorted by id.

    Its columns are id, split, language, num_bytes, level, bucket, reason, and of each scorer ``score_<scorer>`` and
    ``level_<scorer>``; exactly one of bucket and reason is null. Documents of the held-out split are placed alike.
    Facts hold what is in the buckets and the population stability index of the levels against the fit.

    Args:
        thresholds: of the same declaration.
        scores: by scorer, those of every snapshot of the domain.
        corpus: the survivors; ``broken_rule`` says which rule a document broke that was deferred.
        report: is told what is done, a sentence at a time.

    Raises:
        PhaselineError: the thresholds were fitted to other scores, or no training document is left to be compared.
    """
    refuse_other_scores(thresholds, scorer_parameters(declaration, scores))

    def make(draft: Draft) -> None:
        scored = Scored(declaration, survivors(corpus, domain=declaration.domain), scores)
        assigned = Assigned(declaration, read_thresholds(thresholds), scored)
        pq.write_table(assigned.table(), draft.folder / BUCKETS, compression="zstd")
        draft.flows["documents"] = assigned.flow(np.ones_like(scored.num_bytes))
        draft.flows["bytes"] = assigned.flow(scored.num_bytes)
        draft.facts |= {
            "domain": declaration.domain,
            "scorers": list(declaration.scorers),
            **holdings(assigned),
            **stability(assigned, thresholds.record.facts),
        }
        plot_buckets(draft.folder / PLOT, assigned, thresholds.record.facts["levels"]["num_bytes"])
        plot_bucket_shares(draft.folder / SHARES_PLOT, assigned)
        report(f"{declaration.domain}: {describe(draft)}")

    return store.ensure(
        f"buckets/{declaration.domain}",
        make,
        code_version=CODE_VERSION,
        parameters=declaration.model_dump(mode="json", exclude={"fit"}),
        parents=[thresholds, *(artifact for scorer in declaration.scorers for artifact in scores[scorer]), corpus],
    )


def describe(draft: Draft) -> str:
    sizes = draft.facts["buckets"]
    held = ", ".join(
        f"{bucket} {size['num_documents']:,} documents, {size['num_bytes'] / 1e6:.2f} MB"
        for bucket, size in sizes.items()
    )
    dropped = sum(draft.flows["documents"].dropped.values())
    return f"{held}; {dropped:,} in none; population stability index {draft.facts['population_stability_index']:.3f}"
