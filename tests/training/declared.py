"""Recipes and catalogues of shards that exist by their sizes alone, for tests of what is declared and compiled."""

from typing import Any

from training.compiler.catalogue import Catalogue, catalogue_of_sizes
from training.declared.recipe import Recipe
from training.declared.scale import Sizes

QUADRANTS = {"high_ppl_low_pd": 0.3, "high_ppl_high_pd": 0.2, "low_ppl_low_pd": 0.2, "low_ppl_high_pd": 0.3}


def recipe(**changes: Any) -> Recipe:
    """A recipe of one phase over s0 and s1, 1,000 steps of 16 sequences of 8; ``changes`` replace fields."""
    return Recipe.model_validate(fields(**changes))


def fields(**changes: Any) -> dict[str, Any]:
    return {
        "name": "tried",
        "title": "Tried",
        "seed": 1,
        "tokens": 1000 * 16 * 8,
        "sequence_length": 8,
        "global_batch_size": 16,
        "model": "llama_test",
        "schedule": {"kind": "constant", "peak_lr": 1e-3},
        "phases": [{"name": "only", "blend": {"s0": 0.75, "s1": 0.25}}],
    } | changes


def catalogue(**tokens: int) -> Catalogue:
    """Sets of shards of the given sizes; the domain of each is its name up to ``_``, its bucket the rest."""
    sizes = {
        name: {
            "tokens": count,
            "domain": name.partition("_")[0],
            "bucket": name.partition("_")[2] or None,
            "quadrants": QUADRANTS,
        }
        for name, count in tokens.items()
    }
    return catalogue_of_sizes(Sizes.model_validate({"vocab_size": 512, "shards": sizes}))
