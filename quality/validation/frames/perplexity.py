"""The frames of perplexities and of the quadrants that they give."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import QUADRANTS
from pipelines.store import Draft
from quality.perplexity.attributes import PERPLEXITY
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.validation.frames.counts import flow_counts, found, num_duplicates, num_true, one_row


def perplexity_statistics(draft: Draft) -> pa.Table:
    """One row on the perplexities of the documents of shards."""
    scores = pq.read_table(draft.folder / PERPLEXITY)
    ids = scores["id"]
    scored = scores.filter(pc.is_null(scores["reason"]))
    weak, strong = (scored[f"nll_{model}"].to_numpy().astype(np.float64) for model in ("weak", "strong"))
    is_possible = np.isfinite(weak) & (weak >= 0) & np.isfinite(strong) & (strong >= 0)
    is_difference = np.isclose(scored["pd"].to_numpy(), -np.expm1(strong - weak), rtol=1e-5)
    columns = [scores[name].is_null() for name in ("nll_weak", "nll_strong", "pd")]
    num_missing = np.sum([column.to_numpy() for column in columns], axis=0)
    has_reason = scores["reason"].is_valid().to_numpy()
    return one_row(
        {
            "num_documents": len(scores),
            "num_scored": len(scored),
            "num_duplicate_ids": num_duplicates(ids),
            **found("without_score_or_reason", ids, pa.array(num_missing != np.where(has_reason, len(columns), 0))),
            **found("impossible_losses", scored["id"], pa.array(~is_possible)),
            **found("wrong_differences", scored["id"], pa.array(~is_difference)),
            "mean_nll_weak": float(weak.mean()),
            "mean_nll_strong": float(strong.mean()),
            **flow_counts(draft),
        }
    )


def quadrant_statistics(draft: Draft) -> pa.Table:
    """One row on the quadrants of documents."""
    table = pq.read_table(draft.folder / QUADRANTS)
    ids = table["id"]
    has_quadrant, has_reason = table["quadrant"].is_valid(), table["reason"].is_valid()
    is_unknown = pc.invert(pc.is_in(table["quadrant"], pa.array([*QUADRANT_NAMES, None])))
    return one_row(
        {
            "num_documents": len(table),
            "num_in_quadrants": num_true(has_quadrant),
            "num_duplicate_ids": num_duplicates(ids),
            **found("unknown_quadrants", ids, is_unknown),
            **found("without_quadrant_or_reason", ids, pc.equal(has_quadrant, has_reason)),
            **flow_counts(draft),
        }
    )
