"""Amounts of tokens: what was trained on of something, and how much that is."""

import numpy as np

from pipelines.record import Entry
from training.bill.taken import taken_in
from training.manifest import Manifest

DECIMALS = 6  # of shares and epochs


class Amount(Entry):
    """Tokens that were trained on, repeats counted, and their share of all.

    ``lr_weighted_tokens`` counts each token times the learning rate of its step. ``epochs`` are passes over what the
    names in blends that were read hold of it, fractions included; None where that means nothing.
    """

    tokens: int
    share: float
    lr_weighted_tokens: float
    lr_weighted_share: float
    epochs: float | None = None


def amount(
    tokens: int, lr_weighted_tokens: float, *, of: tuple[int, float], tokens_per_pass: int | None = None
) -> Amount:
    """An amount of so many tokens, plain and weighted, out of all of them."""
    all_tokens, all_weighted = of
    return Amount(
        tokens=tokens,
        share=round(tokens / all_tokens, DECIMALS),
        lr_weighted_tokens=lr_weighted_tokens,
        lr_weighted_share=round(lr_weighted_tokens / all_weighted, DECIMALS) if all_weighted else 0.0,
        epochs=round(tokens / tokens_per_pass, DECIMALS) if tokens_per_pass else None,
    )


def amounts_by_name(manifest: Manifest, end_step: int) -> dict[str, Amount]:
    """What the first ``end_step`` steps of a manifest take by name in blends, for which no shards are needed.

    Raises:
        IndexError: a step outside of [0, total_steps].
    """
    taken = list(taken_in(manifest, 0, end_step))
    if not taken:
        return {}
    tokens = np.sum([each.tokens for each in taken], axis=0)
    weighted = np.sum([each.lr_weighted_tokens for each in taken], axis=0)
    return {
        source.name: amount(
            int(tokens[number]),
            float(weighted[number]),
            of=(int(tokens.sum()), float(weighted.sum())),
            tokens_per_pass=manifest.tokens_per_pass(source),
        )
        for number, source in enumerate(manifest.sources)
        if tokens[number]
    }
