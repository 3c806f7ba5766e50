"""Recipes: what a person declares about a run's data, schedule and model, as YAML."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipelines.declared import Declared, read_declaration
from pipelines.errors import PhaselineError
from training.schedule import DecayShape

Share = Annotated[float, Field(gt=0, le=1)]
Weight = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]

EvidenceLabel = Literal["primary", "secondary", "derived", "unverified", "own"]


class Evidence(Declared):
    """Where a number of the recipe comes from.

    primary: read in the paper or its repository; secondary: in notes on it; derived: by arithmetic from those;
    unverified: remembered; own: chosen here.
    """

    field: str
    label: EvidenceLabel
    says: str


class ScheduleDeclaration(Declared):
    """Warm-up, stable, decay, placed as fractions of the run's tokens."""

    kind: Literal["wsd"]
    peak_lr: Annotated[float, Field(gt=0)]
    final_lr_ratio: Annotated[float, Field(ge=0, le=1)]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    decay_fraction: Annotated[float, Field(ge=0, le=1)]
    decay_shape: DecayShape

    @model_validator(mode="after")
    def _fits(self) -> "ScheduleDeclaration":
        if self.warmup_fraction + self.decay_fraction > 1:
            raise ValueError("warmup_fraction and decay_fraction together exceed the run; shorten one of them")
        return self


class OptimizerDeclaration(Declared):
    """AdamW's constants."""

    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.95
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0


class Phase(Declared):
    """A stretch of training with one blend: weights over shards, in tokens, that sum to 1."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    fraction: Share
    blend: dict[str, Weight]

    @field_validator("blend")
    @classmethod
    def _sums_to_one(cls, blend: dict[str, float]) -> dict[str, float]:
        total = math.fsum(blend.values())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the weights sum to {total:.6g}; change them so that they sum to 1")
        return blend


class Recipe(Declared):
    """A data schedule and the model it trains. Lengths are in tokens."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    paper: str | None = None
    seed: int
    tokens: Annotated[int, Field(gt=0)]
    sequence_length: Annotated[int, Field(gt=1)]
    global_batch_size: Annotated[int, Field(gt=0)]  # sequences in one step
    model: str
    optimizer: OptimizerDeclaration = OptimizerDeclaration()
    schedule: ScheduleDeclaration
    phases: Annotated[list[Phase], Field(min_length=1)]
    evidence: tuple[Evidence, ...] = ()

    @model_validator(mode="after")
    def _phases_fill_the_run(self) -> "Recipe":
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError(f"phases share a name ({', '.join(names)}); give each its own")
        total = math.fsum(phase.fraction for phase in self.phases)
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the phases' fractions sum to {total:.6g}; change them so that they sum to 1")
        return self


def refuse_unknown_sources(recipe: Recipe, known: Collection[str], where: str) -> None:
    """Raise PhaselineError for a source of a blend that is not known; ``where`` names the recipe in the message."""
    for phase in recipe.phases:
        for name in phase.blend:
            if name not in known:
                raise PhaselineError(
                    f"{where}: phases.{phase.name}.blend.{name}: there is no such source",
                    f"name one of: {', '.join(sorted(known))}",
                )


def read_recipes(folder: Path) -> dict[str, Recipe]:
    """Every recipe of a folder by name; raises PhaselineError for one that is invalid or not named as its file."""
    recipes = {}
    for path in sorted(folder.glob("*.yaml")):
        recipe = read_declaration(path, Recipe)
        if recipe.name != path.stem:
            raise PhaselineError(f"{path}: name: {recipe.name}", f"name the recipe {path.stem}, as its file")
        recipes[recipe.name] = recipe
    return recipes


def select(recipes: Mapping[str, Recipe], selection: str) -> tuple[Recipe, list[str]]:
    """Resolve ``recipe`` or ``recipe:phase[,phase]`` to a recipe and the names of its phases that are wanted.

    Raises:
        PhaselineError: an unknown recipe or phase, naming the known ones.
    """
    name, _, wanted = selection.partition(":")
    if name not in recipes:
        raise PhaselineError(f"there is no recipe {name!r}", f"name one of: {', '.join(sorted(recipes))}")
    recipe = recipes[name]
    known = [phase.name for phase in recipe.phases]
    phases = wanted.split(",") if wanted else known
    for phase in phases:
        if phase not in known:
            raise PhaselineError(f"recipe {name} has no phase {phase!r}", f"name one of: {', '.join(known)}")
    return recipe, [phase for phase in known if phase in phases]
