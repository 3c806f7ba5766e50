"""Blends as they are declared: shares of tokens over sources and groups, given as weights or by an operator.

base:    {web: 0.7, code: 0.2, wiki: 0.1}
natural: {natural: all}
flatter: {temperature: 3.0, over: [web, code, wiki]}
spread:  {unimax: 4, over: [web, code, wiki]}
late:    {from: base, scale: {code: 2.0}, replace: {web: web_high}, drop: [wiki], redistribute: {to: code}}
"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from pipelines.declared import Declared

Weight = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def sums_to_one(weights: dict[str, float]) -> dict[str, float]:
    """The weights; raises ValueError where they do not sum to 1 within 1e-6."""
    total = math.fsum(weights.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"the weights sum to {total:.7g}; change them so that they sum to 1")
    return weights


def list_of_names(value: Any) -> Any:
    """The value; raises ValueError where it is neither ``all`` nor a list of different names."""
    is_list = isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)
    if value != "all" and not (is_list and value):
        raise ValueError("give a list of names, or all")
    if is_list and len(set(value)) < len(value):
        raise ValueError(f"a name stands twice in {', '.join(value)}; name each once")
    return value


Weights: TypeAlias = Annotated[dict[str, Weight], AfterValidator(sums_to_one)]
Names: TypeAlias = Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(list_of_names)]


class Natural(Declared):
    """In proportion to the tokens of each. ``all`` is every source that the recipe's blends name."""

    natural: Names


class Uniform(Declared):
    """The same share for each."""

    uniform: Names


class Temperature(Declared):
    """In proportion to tokens ** (1 / temperature): 1 is natural, and the higher the nearer to uniform."""

    temperature: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    over: Names


class UniMax(Declared):
    """The same share for each, but none passed over more than ``unimax`` times (Chung et al., arXiv:2304.09151)."""

    unimax: Factor
    over: Names


class Within(Declared):
    """What was dropped goes to what is left of a group, in proportion to the shares there."""

    within: str


class To(Declared):
    """What was dropped goes to one source or group, in proportion to the tokens of the sources in it."""

    to: str


def redistribution(value: Any) -> Any:
    """The declaration that a value stands for; raises ValueError where it is none."""
    if value == "everywhere" or isinstance(value, Within | To):
        return value
    if isinstance(value, Mapping) and len(value) == 1:
        if "within" in value:
            return Within.model_validate(value)
        if "to" in value:
            return To.model_validate(value)
    raise ValueError("give everywhere, {within: GROUP} or {to: NAME}")


Redistribution: TypeAlias = Annotated[Literal["everywhere"] | Within | To, BeforeValidator(redistribution)]


class Derived(Declared):
    """Another blend with some shares scaled, then some replaced, then some dropped; what results is brought to sum 1.

    ``scale`` multiplies the shares of a source or of all sources of a group. ``replace`` moves the share of one name to
    another. ``redistribute`` says where the share of what is dropped goes: in proportion over everything that is left,
    or to one place.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    base: str = Field(alias="from")
    scale: dict[str, Factor] = Field(default_factory=dict)
    replace: dict[str, str] = Field(default_factory=dict)
    drop: tuple[str, ...] = ()
    redistribute: Redistribution = "everywhere"

    @model_validator(mode="after")
    def _changes_something(self) -> "Derived":
        if not (self.scale or self.replace or self.drop):
            raise ValueError("nothing is changed; give scale, replace or drop, or use the other blend by its name")
        if self.redistribute != "everywhere" and not self.drop:
            raise ValueError("redistribute places what is dropped; give drop, or take it out")
        return self


FORMS: dict[str, type[Declared]] = {
    "natural": Natural,
    "uniform": Uniform,
    "temperature": Temperature,
    "unimax": UniMax,
    "from": Derived,
}
WEIGHTS = TypeAdapter[dict[str, float]](Weights)


def blend(value: Any) -> Any:
    """The blend that a value declares, so that faults are those of the one form that was meant.

    Raises:
        ValueError: it has neither weights nor exactly one operator.
    """
    if isinstance(value, tuple(FORMS.values())):
        return value
    forms = f"give weights that sum to 1, or one of the operators {', '.join(FORMS)}"
    if not isinstance(value, Mapping):
        raise ValueError(f"this is no blend; {forms}")
    operators = [name for name in FORMS if name in value]
    if len(operators) > 1:
        raise ValueError(f"{' and '.join(operators)} are several operators; give one")
    if operators:
        return FORMS[operators[0]].model_validate(value)
    if any(isinstance(weight, list | tuple | Mapping) for weight in value.values()):
        raise ValueError(f"there is no operator in {', '.join(map(str, value))}; {forms}")
    return WEIGHTS.validate_python(value)


def blend_or_name(value: Any) -> Any:
    """The blend that a value declares, or the name of one."""
    return value if isinstance(value, str) else blend(value)


Operator: TypeAlias = Natural | Uniform | Temperature | UniMax
Blend: TypeAlias = Annotated[Weights | Operator | Derived, BeforeValidator(blend)]
BlendOrName: TypeAlias = Annotated[str | Weights | Operator | Derived, BeforeValidator(blend_or_name)]


def given_names(declared: Blend) -> set[str]:
    """The sources and groups that a blend itself gives a share to, apart from those of the blend it is derived from."""
    match declared:
        case Natural(natural=names) | Uniform(uniform=names) | Temperature(over=names) | UniMax(over=names):
            return set() if names == "all" else set(names)
        case Derived(replace=replace, redistribute=redistribute):
            return {*replace.values(), *([redistribute.to] if isinstance(redistribute, To) else [])}
        case _:
            return set(declared)


def names_in(declared: Blend) -> set[str]:
    """All sources and groups that a blend names, those that it takes a share from too."""
    if not isinstance(declared, Derived):
        return given_names(declared)
    within = {declared.redistribute.within} if isinstance(declared.redistribute, Within) else set()
    return given_names(declared) | {*declared.scale, *declared.replace, *declared.drop} | within
