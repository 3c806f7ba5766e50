"""The quadrant of each scored document: high or low perplexity, high or low perplexity difference."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import QUADRANTS, QUADRANTS_ASSET
from pipelines.errors import PhaselineError
from pipelines.shards import INDEX
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.perplexity.assigned import Assigned
from quality.perplexity.attributes import PERPLEXITY
from quality.perplexity.declaration import QuadrantsDeclaration
from quality.perplexity.examples import EXAMPLES, examples
from quality.perplexity.plots import plot_quadrant_shares, plot_quadrants
from quality.perplexity.reference import tokenizer_file

CODE_VERSION = "2"
PLOT = "quadrants.png"
SHARES_PLOT = "shares.png"


def ensure_quadrants(
    store: Store,
    declaration: QuadrantsDeclaration,
    perplexities: Mapping[str, Artifact],
    shards: Mapping[str, Artifact],
    report: Callable[[str], None],
) -> Outcome:
    """Cut scored documents into quadrants as ``quality/quadrants``.

    ``quadrants.parquet`` has the columns id, shards (their name here), quadrant and reason: a row for each document of
    the shards, by their names in order and then as in their index. A document without a score has no quadrant but its
    reason. ``examples.parquet`` holds some documents of each quadrant; facts hold sizes and thresholds.

    Args:
        perplexities: of each of the shards, by the same names.

    Raises:
        PhaselineError: scores are not of these shards, or not all by the same models and of the same length.
    """
    names = sorted(shards)
    for name in names:
        refuse_others_scores(perplexities[name], shards[name])
    refuse_incomparable([perplexities[name] for name in names])

    def make(draft: Draft) -> None:
        rows = rows_of_shards({name: (perplexities[name], shards[name]) for name in names}, declaration.perplexity_of)
        assigned = Assigned(declaration, rows)
        pq.write_table(assigned.table(), draft.folder / QUADRANTS, compression="zstd")
        draft.flows["documents"] = assigned.flow(np.ones_like(assigned.num_tokens))
        draft.flows["tokens"] = assigned.flow(assigned.num_tokens)
        draft.facts |= assigned.facts()
        plot_quadrants(draft.folder / PLOT, assigned)
        plot_quadrant_shares(draft.folder / SHARES_PLOT, assigned)
        chosen = examples(assigned, shards, tokenizer_file(store, shards[names[0]]))
        pq.write_table(chosen, draft.folder / EXAMPLES, compression="zstd")
        report(assigned.describe())

    return store.ensure(
        QUADRANTS_ASSET,
        make,
        code_version=CODE_VERSION,
        parameters=declaration.model_dump(mode="json"),
        parents=[*(perplexities[name] for name in names), *(shards[name] for name in names)],
    )


def refuse_others_scores(perplexity: Artifact, shards: Artifact) -> None:
    """Raise PhaselineError if scores were not made from these very shards."""
    if shards.digest not in {parent.digest for parent in perplexity.record.parents}:
        raise PhaselineError(f"{perplexity.name} does not score {shards.name}", f"materialise {perplexity.asset} again")


def refuse_incomparable(perplexities: list[Artifact]) -> None:
    """Raise PhaselineError unless all scores are by the same models and in the same way."""
    first, *others = perplexities
    for other in others:
        for parameter in ("weak", "strong", "scoring"):
            if other.record.parameters[parameter] != first.record.parameters[parameter]:
                raise PhaselineError(
                    f"{first.name} and {other.name} differ in {parameter}, so their scores have no common quantile",
                    "score all shards in the same way",
                )


def rows_of_shards(pairs: Mapping[str, tuple[Artifact, Artifact]], perplexity_of: str) -> pa.Table:
    """All documents with their scores: id, shards, domain, language, source, num_tokens, nll, pd, reason.

    Args:
        pairs: by name, the scores of shards and the shards.
    """
    parts = []
    for name, (perplexity, shards) in pairs.items():
        index = pq.read_table(shards.folder / INDEX, columns=["id", "language", "source", "length"])
        scores = pq.read_table(perplexity.folder / PERPLEXITY)
        columns = {
            "id": index["id"],
            "shards": [name] * len(index),
            "domain": [shards.record.facts["domain"]] * len(index),
            "language": index["language"],
            "source": index["source"],
            "num_tokens": index["length"],
            "nll": scores[f"nll_{perplexity_of}"],
            "pd": scores["pd"],
            "reason": scores["reason"],
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)
