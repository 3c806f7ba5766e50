"""The perplexity of each document of some shards under a weak and a strong model, and the difference between them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from pipelines.parts import Part
from pipelines.record import Flow
from pipelines.shards import Shards, open_shards
from pipelines.store import Artifact, Draft, Outcome, Store
from quality.perplexity.declaration import ScoringDeclaration
from quality.perplexity.reference import (
    ReferenceModel,
    has_tokenizer_of,
    refuse_two_tokenizers,
    refuse_unfit,
    tokenizer_file,
)
from quality.perplexity.score import Documents, document_losses

CODE_VERSION = "1"
PERPLEXITY = "perplexity.parquet"
PARTS = ".parts"  # beside the versions of an asset, while one is made

OUTSIDE_PART = "outside_part"  # reasons of documents without a score
TOO_SHORT = "too_short"

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("num_tokens_scored", pa.int64(), nullable=False),  # the first of the document; 0 without a score
        pa.field("nll_weak", pa.float32()),  # mean negative log-likelihood in nats; its exponential is the perplexity
        pa.field("nll_strong", pa.float32()),
        pa.field("pd", pa.float32()),  # 1 - perplexity of the strong model / perplexity of the weak one
        pa.field("reason", pa.string()),  # why there is no score; null where there is one
    ]
)


def ensure_perplexity(
    store: Store,
    asset: str,
    shards: Artifact,
    weak: ReferenceModel,
    strong: ReferenceModel,
    *,
    part: Part,
    scoring: ScoringDeclaration,
    report: Callable[[str], None],
) -> Outcome:
    """Score the documents of shards as ``perplexity.parquet``, whose rows are those of the shards' index.

    Perplexity difference is (PPL_weak - PPL_strong) / PPL_weak (arXiv:2501.13126), here 1 - exp(L_strong - L_weak) of
    the mean losses L. It lies below 1, and below 0 where the weak model is the better one.

    Models of another tokenizer than the shards' score the documents' texts in tokens of their own, which lengths then
    are in. What a killed run has scored is kept, and used when the same work goes on.

    Args:
        part: of the shards, whose documents are scored; no document of it may have trained the models.
        report: is told how far the work is, a sentence at a time.

    Raises:
        PhaselineError: a model is unfit for these shards (``refuse_unfit``), both models are one or have different
            tokenizers, or no document is left to score.
    """
    parameters = {
        "part": part.model_dump(),
        "scoring": scoring.model_dump(),
        "weak": weak.digest,
        "strong": strong.digest,
    }
    parts = store.folder(asset) / PARTS / value_digest([CODE_VERSION, shards.digest, parameters])

    def make(draft: Draft) -> None:
        from quality.perplexity.reencode import reencoded

        refuse_one_model(weak, strong)
        refuse_two_tokenizers(weak, strong)
        opened = open_shards(shards)
        tokens_to_score = part.tokens(opened.index["offset"].to_numpy(), opened.num_tokens)
        for reference in (weak, strong):
            refuse_unfit(store, reference, shards, tokens_to_score, scoring.max_tokens)
        remove_others(parts)
        reasons = reasons_without_score(opened, tokens_to_score, scoring.min_tokens)
        scored = np.flatnonzero(reasons == "")
        if not len(scored):
            raise PhaselineError(
                f"{shards.name} has no document of {scoring.min_tokens} tokens or more from {part.start} to {part.end}",
                "score a larger part of the shards, or lower scoring.min_tokens",
            )
        documents = documents_to_score(opened, scored, shards.record.facts["end_of_text"])
        if not has_tokenizer_of(store, weak, shards):
            documents = reencoded(documents, tokenizer_file(store, shards), weak, scoring.max_tokens, parts)
        num_truncated = int((documents.num_scored > scoring.max_tokens).sum())
        documents = documents.first(scoring.max_tokens)
        report(f"{shards.name}: {len(documents):,} documents, {int(documents.num_scored.sum()):,} tokens to score")
        table = perplexity_table(
            opened.index["id"],
            reasons,
            documents,
            document_losses(weak, documents, parts / "weak", report),
            document_losses(strong, documents, parts / "strong", report),
        )
        pq.write_table(table, draft.folder / PERPLEXITY, compression="zstd")
        draft.flows["documents"] = Flow(
            num_in=len(table), num_kept=len(scored), dropped=counts_by_reason(table["reason"])
        )
        draft.facts |= measures(table) | {
            "weak": weak.name,
            "strong": strong.name,
            "num_truncated_documents": num_truncated,
        }

    models = [reference.artifact for reference in (weak, strong) if reference.artifact is not None]
    outcome = store.ensure(asset, make, code_version=CODE_VERSION, parameters=parameters, parents=[shards, *models])
    shutil.rmtree(parts, ignore_errors=True)
    return outcome


def refuse_one_model(weak: ReferenceModel, strong: ReferenceModel) -> None:
    """Raise PhaselineError if the weak model is the strong one, so that no document differs from any other."""
    if weak.digest == strong.digest:
        raise PhaselineError(f"{weak.name} is both the weak and the strong model", "name two models of different size")


def remove_others(parts: Path) -> None:
    """Remove the parts of other inputs, which nothing will ask for; the store's lock is held."""
    if parts.parent.is_dir():
        for folder in sorted(parts.parent.iterdir()):
            if folder != parts:
                shutil.rmtree(folder)


def reasons_without_score(shards: Shards, tokens_to_score: range, min_tokens: int) -> npt.NDArray[np.str_]:
    """Why each document of the index has no score, empty where it has one, shape (documents,)."""
    offsets, lengths = shards.index["offset"].to_numpy(), shards.index["length"].to_numpy()
    outside = (offsets < tokens_to_score.start) | (offsets >= tokens_to_score.stop)
    return np.select([outside, lengths < min_tokens], [OUTSIDE_PART, TOO_SHORT], "")


def documents_to_score(shards: Shards, rows: npt.NDArray[np.intp], end_of_text: int) -> Documents:
    offsets, lengths = shards.index["offset"].to_numpy()[rows], shards.index["length"].to_numpy()[rows]
    return Documents(shards.tokens, offsets, lengths, end_of_text)


def perplexity_table(
    ids: pa.ChunkedArray,
    reasons: npt.NDArray[np.str_],
    documents: Documents,
    nll_weak: npt.NDArray[np.float32],
    nll_strong: npt.NDArray[np.float32],
) -> pa.Table:
    """The rows of the index with the scores of those that have one."""
    unscored = reasons != ""
    pd = -np.expm1(nll_strong.astype(np.float64) - nll_weak)
    num_tokens_scored = np.zeros(len(ids), np.int64)
    num_tokens_scored[~unscored] = documents.num_scored

    def spread(values: npt.NDArray[np.floating]) -> pa.Array:
        column = np.zeros(len(ids), np.float32)
        column[~unscored] = values
        return pa.array(column, mask=unscored)

    columns = [
        ids,
        num_tokens_scored,
        spread(nll_weak),
        spread(nll_strong),
        spread(pd),
        pa.array(reasons, pa.string(), mask=~unscored),
    ]
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA)


def counts_by_reason(reasons: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(reasons.drop_null()).to_pylist()
    return dict(sorted((count["values"], count["counts"]) for count in counts))


def measures(table: pa.Table) -> dict[str, Any]:
    """Facts of scores: tokens, the mean losses over them, and how many documents the weak model knows better."""
    num_tokens = table["num_tokens_scored"].to_numpy()
    scored = num_tokens > 0

    def mean(column: str) -> float:
        return float(np.average(table[column].to_numpy()[scored], weights=num_tokens[scored]))

    return {
        "num_tokens_scored": int(num_tokens.sum()),
        "nll_weak": mean("nll_weak"),
        "nll_strong": mean("nll_strong"),
        "share_of_negative_pd": float((table["pd"].to_numpy()[scored] < 0).mean()),
    }
