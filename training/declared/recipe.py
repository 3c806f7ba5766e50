"""Recipes: what a person declares about a run's data, schedule and model, as YAML. Lengths are in tokens."""

import itertools
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from pipelines.declared import Declared
from pipelines.evidence import Evidence
from pipelines.parts import Part
from training.declared.blend import Blend, BlendOrName
from training.declared.schedule import ScheduleDeclaration

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]


class OptimizerDeclaration(Declared):
    """AdamW's constants."""

    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.95
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0


class Group(Declared):
    """A name for several sources: the shards and documents for which every given field holds, with any of its values.

    ``sources``, ``domain`` and ``bucket`` choose shards; ``quadrant``, ``language`` and ``licence`` documents in them.
    """

    sources: tuple[str, ...] = ()
    domain: tuple[str, ...] = ()
    bucket: tuple[str, ...] = ()
    quadrant: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    licence: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _single_values(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: [value] if isinstance(value, str) else value for name, value in fields.items()}

    @model_validator(mode="after")
    def _chooses(self) -> "Group":
        if not self.model_fields_set:
            raise ValueError(f"the group chooses by nothing; give one of: {', '.join(type(self).model_fields)}")
        return self


class End(Declared):
    """Where a phase ends, in one of several ways. Places are counted from the beginning of the run.

    ``exhausted`` ends it when every window of its sources was seen once; ``lr_below`` where the learning rate has
    fallen to this share of its highest value.
    """

    tokens: Count | None = None
    samples: Count | None = None
    fraction: Share | None = None
    fraction_before_end: Share | None = None
    tokens_before_end: Count | None = None
    lr_below: Share | None = None
    exhausted: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "End":
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(type(self).model_fields)}, not {len(given)}")
        return self


class Phase(Declared):
    """A stretch of training with one blend, and its own sequence length, batch and schedule where it gives them."""

    name: Name
    blend: BlendOrName
    until: End | None = None
    sequence_length: Annotated[int, Field(gt=1)] | None = None
    global_batch_size: Count | None = None
    schedule: ScheduleDeclaration | None = None


class TransitionDeclaration(Declared):
    """How phases fade into each other, over a share of the run's samples around each boundary."""

    shape: Literal["linear", "sigmoid"]
    fraction: Share


class StartFrom(Declared):
    """The run whose checkpoint a recipe starts from: after a phase of another recipe, its last one by default."""

    recipe: Name
    phase: Name | None = None
    optimizer: Literal["fresh", "loaded"] = "fresh"


class StartFromFolder(Declared):
    """The model in Hugging Face format that a recipe starts from, as somebody else has trained it.

    ``folder`` may name variables of the environment, ``$MODELS/qwen3``; a relative path starts at the recipes' folder.
    """

    folder: Annotated[str, Field(min_length=1)]
    optimizer: Literal["fresh"] = "fresh"


def kind_of_start(value: Any) -> str:
    fields = value if isinstance(value, dict) else vars(value)
    return "folder" if "folder" in fields else "recipe"


Start = Annotated[
    Annotated[StartFrom, Tag("recipe")] | Annotated[StartFromFolder, Tag("folder")], Discriminator(kind_of_start)
]


class Recipe(Declared):
    """A data schedule and the model it trains.

    ``keeps_epochs_of`` makes the run a proxy: every source is cut to a nested random subset, so that each is repeated
    as often as in a run of that many tokens; ``one_epoch`` cuts them so that all are read once. ``arrangement`` takes
    the samples of the phases in another order, or several phases' mixed as one: [[second], [first]], [[first, second]].
    ``arms`` are recipes of their own, named ``<recipe>_<arm>``, which change fields of this one by dotted path.
    """

    name: Name
    title: str
    paper: str | None = None
    seed: int
    tokens: Count
    keeps_epochs_of: Count | Literal["one_epoch"] | None = None
    part: Part = Part()
    sequence_length: Annotated[int, Field(gt=1)]
    global_batch_size: Count  # sequences in one step
    model: str
    optimizer: OptimizerDeclaration = OptimizerDeclaration()
    schedule: ScheduleDeclaration | None = None
    start_from: Start | None = None
    groups: dict[Name, Group] = Field(default_factory=dict)
    blends: dict[Name, Blend] = Field(default_factory=dict)
    max_epochs: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    licences: tuple[str, ...] | None = None
    transition: TransitionDeclaration | None = None
    phases: Annotated[list[Phase], Field(min_length=1)]
    arrangement: list[list[str]] | None = None
    arms: dict[Name, dict[str, Any] | Literal["every_order"]] = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> "Recipe":
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names):
            raise ValueError(f"phases share a name ({', '.join(names)}); give each its own")
        for phase in self.phases[:-1]:
            if phase.until is None:
                raise ValueError(f"phase {phase.name} has no end; say until when it lasts")
        last = self.phases[-1]
        if last.until is not None and last.until.exhausted is None:
            raise ValueError(f"phase {last.name} is the last and ends with the run; take its until away")
        own = [phase.name for phase in self.phases if phase.schedule is not None]
        if (self.schedule is None) != (len(own) == len(names)) or (self.schedule is not None and own):
            raise ValueError("give either one schedule for the recipe or one for every phase")
        if self.arrangement is not None and sorted(itertools.chain(*self.arrangement)) != sorted(names):
            raise ValueError(f"the arrangement has {self.arrangement}; name each of {', '.join(names)} once")
        return self

    @property
    def starts_from_run(self) -> StartFrom | None:
        """Where in another recipe's run it starts, if it does."""
        return self.start_from if isinstance(self.start_from, StartFrom) else None

    @property
    def starts_from_folder(self) -> StartFromFolder | None:
        """The foreign model that it starts from, if it does."""
        return self.start_from if isinstance(self.start_from, StartFromFolder) else None

    def sequence_length_of(self, phase: Phase) -> int:
        return phase.sequence_length or self.sequence_length

    def global_batch_size_of(self, phase: Phase) -> int:
        return phase.global_batch_size or self.global_batch_size
