"""The documents that thresholds are fitted to, and what their levels hold."""

from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from quality.bucketing.levels import POOLED, Levels, Thresholds, maximum
from quality.bucketing.scored import Amounts, Scored, by_level, size
from quality.rank_correlation import spearman


class Fitted:
    """The thresholds of scored documents, and the levels that these documents have by them.

    Args:
        scored: documents of the training split that break no rule.
        num_tokens: of each document, shape (n,).
    """

    def __init__(self, scored: Scored, num_tokens: Amounts) -> None:
        self.scored = scored
        self.num_tokens = num_tokens
        self.thresholds = Thresholds.fit(scored.scores, scored.strata, scored.ids, num_tokens)
        self.levels = scored.levels(self.thresholds)
        self.maximum = maximum(self.levels)

    @property
    def largest_stratum(self) -> str:
        """The stratum with thresholds that has the most tokens, the first by name among equals; POOLED if none has."""
        fitted = {stratum for _, stratum in self.thresholds.cuts if stratum != POOLED}
        sizes = {stratum: self.num_tokens[self.scored.strata == stratum].sum() for stratum in sorted(fitted)}
        return max(sizes, key=lambda stratum: sizes[stratum], default=POOLED)

    @cached_property
    def rank_correlations(self) -> list[dict[str, Any]]:
        """Of each two scorers, how much they agree on the order of documents; None where that has no value."""
        scores = self.scored.scores
        return [
            {"scorers": [first, second], "spearman": spearman(scores[first], scores[second])}
            for first, second in combinations(scores, 2)
        ]

    def facts(self) -> dict[str, Any]:
        return {
            **size(self.scored.is_scored, num_tokens=self.num_tokens, num_bytes=self.scored.num_bytes),
            "strata": {scorer: self._strata(scorer) for scorer in self.scored.scores},
            "levels": self._histogram(self.maximum),
            "levels_by_scorer": {scorer: self._histogram(levels) for scorer, levels in self.levels.items()},
            "rank_correlations": self.rank_correlations,
            "without_score": self.scored.without_score(),
        }

    def _strata(self, scorer: str) -> dict[str, Any]:
        """Documents and tokens of each stratum that a scorer scored, and whether it has thresholds of its own."""
        is_scored = ~np.isnan(self.scored.scores[scorer])
        return {
            stratum: {
                **size(is_scored & (self.scored.strata == stratum), num_tokens=self.num_tokens),
                "has_thresholds": (scorer, stratum) in self.thresholds.cuts,
            }
            for stratum in np.unique(self.scored.strata[is_scored]).tolist()
        }

    def _histogram(self, levels: Levels) -> dict[str, list[int]]:
        amounts = {
            "num_documents": np.ones_like(self.num_tokens),
            "num_tokens": self.num_tokens,
            "num_bytes": self.scored.num_bytes,
        }
        return {name: by_level(levels, of) for name, of in amounts.items()}

    def describe(self) -> str:
        strata = sorted({stratum for _, stratum in self.thresholds.cuts})
        correlations = "".join(
            f"; rank correlation of {' and '.join(pair['scorers'])} {pair['spearman']:.2f}"
            for pair in self.rank_correlations
            if pair["spearman"] is not None
        )
        return (
            f"thresholds of {', '.join(self.scored.scores)} for {', '.join(strata)} from "
            f"{int(self.scored.is_scored.sum()):,} documents{correlations}"
        )
