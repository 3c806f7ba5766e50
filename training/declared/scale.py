"""Scales: the size of a run and of a corpus that need not exist, to plan a recipe for them."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipelines.declared import Declared, read_declaration
from pipelines.errors import PhaselineError
from training.declared.recipe import Recipe
from training.declared.recipes import arm

SCALES = Path(__file__).parent.parent / "scales"


class SizesEntry(Declared):
    """A set of shards that is known by its size. ``quadrants`` are shares of its tokens."""

    tokens: Annotated[int, Field(gt=0)]
    domain: str
    bucket: str | None = None
    quadrants: dict[str, float] = Field(default_factory=dict)


class Sizes(Declared):
    """The sets of shards of a corpus that need not exist, for plans at its scale."""

    vocab_size: Annotated[int, Field(gt=0)]
    shards: dict[str, SizesEntry]


class Scale(Declared):
    """Fields that recipes change, by dotted path: all of them, or one and its arms; and the sizes of the shards."""

    title: str
    changes: dict[str, Any]
    changes_of_recipes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    corpus: Sizes


def read_scale(name: str) -> Scale:
    """The scale of a name; raises PhaselineError for an unknown or invalid one."""
    path = SCALES / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in SCALES.glob("*.yaml")))
        raise PhaselineError(f"there is no scale {name!r}", f"name one of: {known}")
    return read_declaration(path, Scale)


def scaled(recipe: Recipe, scale: Scale) -> Recipe:
    """The recipe at a scale, under its own name."""
    changes = dict(scale.changes)
    for name, own in scale.changes_of_recipes.items():
        if recipe.name == name or recipe.name.startswith(f"{name}_"):
            changes |= own
    for_recipe = arm(recipe, "scaled", changes, f"recipe {recipe.name} at scale")
    return for_recipe.model_copy(update={"name": recipe.name, "title": recipe.title})
