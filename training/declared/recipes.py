"""A folder of recipes: reading it, expanding each recipe's arms, and choosing recipes and phases by name."""

import copy
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipelines.declared import read_declaration
from pipelines.errors import PhaselineError
from training.declared.recipe import Recipe

OF_ARMS_ALONE = ("arms", "title")


def read_recipes(folder: Path) -> dict[str, Recipe]:
    """Every recipe of a folder by name, each before its arms.

    Raises:
        PhaselineError: a recipe or an arm is invalid, not named as its file, or starts from one that does not exist.
    """
    recipes: dict[str, Recipe] = {}
    for path in sorted(folder.glob("*.yaml")):
        recipe = read_declaration(path, Recipe)
        if recipe.name != path.stem:
            raise PhaselineError(f"{path}: name: {recipe.name}", f"name the recipe {path.stem}, as its file")
        for made in (recipe, *arms(recipe, str(path))):
            if made.name in recipes:
                raise PhaselineError(f"{path}: two recipes are called {made.name}", "rename one of them, or the arm")
            recipes[made.name] = made
    refuse_unknown_starts(recipes, folder)
    return recipes


def arms(recipe: Recipe, where: str) -> Iterator[Recipe]:
    """The recipes that a recipe's arms stand for; raises PhaselineError for one that does not fit."""
    for name, changes in recipe.arms.items():
        if changes == "every_order":
            phases = [phase.name for phase in recipe.phases]
            for order in itertools.permutations(range(len(phases))):
                digits = "".join(str(number + 1) for number in order)
                arrangement = [[phases[number]] for number in order]
                yield arm(recipe, f"{name}_{digits}", {"arrangement": arrangement}, f"{where}: arms.{name}")
        else:
            assert isinstance(changes, dict)
            yield arm(recipe, name, changes, f"{where}: arms.{name}")


def arm(recipe: Recipe, name: str, changes: Mapping[str, Any], where: str) -> Recipe:
    """A recipe with some fields changed, each named by its dotted path; items of a list by their name.

    Raises:
        PhaselineError: a path leads nowhere, or the changed recipe is invalid.
    """
    fields = recipe.model_dump(mode="json", by_alias=True, exclude_unset=True)
    fields = {field: value for field, value in fields.items() if field not in OF_ARMS_ALONE}
    fields |= {"name": f"{recipe.name}_{name}", "title": f"{recipe.title}: {name}"}
    for path, value in changes.items():
        change(fields, path, copy.deepcopy(value), where)
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the recipe'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise PhaselineError(f"{where}: {faults}", "mend the fields that the arm changes") from error


def change(fields: dict[str, Any], path: str, value: Any, where: str) -> None:
    """Set a field by dotted path; None takes it away."""
    *parents, last = path.split(".")
    place: Any = fields
    for part in parents:
        named = {item["name"]: item for item in place if "name" in item} if isinstance(place, list) else place
        if not isinstance(named, dict) or part not in named:
            known = ", ".join(named) if isinstance(named, dict) else "nothing"
            raise PhaselineError(f"{where}: {path}: there is no {part}", f"name one of: {known}")
        place = named[part]
    if not isinstance(place, dict):
        raise PhaselineError(f"{where}: {path}: {last} is no field of it", "name a field")
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value


def refuse_unknown_starts(recipes: Mapping[str, Recipe], folder: Path) -> None:
    """Raise PhaselineError where a recipe starts from an unknown recipe or phase, or in the end from itself."""
    for recipe in recipes.values():
        chain = [recipe.name]
        current = recipe
        while (wanted := current.starts_from_run) is not None:
            where = f"{folder}: {current.name}: start_from"
            if wanted.recipe not in recipes:
                raise PhaselineError(
                    f"{where}.recipe: there is no recipe {wanted.recipe!r}", f"name one of: {', '.join(recipes)}"
                )
            if wanted.recipe in chain:
                raise PhaselineError(
                    f"{where}: recipes start from each other: {' → '.join([*chain, wanted.recipe])}",
                    "let one of them start from nothing",
                )
            current = recipes[wanted.recipe]
            known = [phase.name for phase in current.phases]
            if wanted.phase is not None and wanted.phase not in known:
                raise PhaselineError(
                    f"{where}.phase: {current.name} has no phase {wanted.phase!r}", f"name one of: {', '.join(known)}"
                )
            chain.append(current.name)


def select(recipes: Mapping[str, Recipe], selection: str) -> tuple[Recipe, list[str]]:
    """Resolve ``recipe`` or ``recipe:phase[,phase]`` to a recipe and the names of its phases that are wanted.

    Raises:
        PhaselineError: an unknown recipe or phase, naming the known ones.
    """
    name, _, wanted = selection.partition(":")
    if name not in recipes:
        raise PhaselineError(f"there is no recipe {name!r}", f"name one of: {', '.join(sorted(recipes))}")
    recipe = recipes[name]
    known = run_phases(recipe)
    phases = wanted.split(",") if wanted else known
    for phase in phases:
        if phase not in known:
            raise PhaselineError(f"recipe {name} has no phase {phase!r}", f"name one of: {', '.join(known)}")
    return recipe, [phase for phase in known if phase in phases]


def run_phases(recipe: Recipe) -> list[str]:
    """The names of the phases that a run of the recipe has, in order: those of its arrangement, if it has one."""
    if recipe.arrangement is None:
        return [phase.name for phase in recipe.phases]
    return ["_and_".join(names) for names in recipe.arrangement]
