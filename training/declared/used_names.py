"""Which sources and groups a recipe's phases can read, by name alone."""

from collections.abc import Iterator, Mapping

from training.declared.blend import Blend, Derived, Natural, Temperature, Uniform, UniMax, names_in
from training.declared.recipe import Recipe


def used_names(recipe: Recipe) -> set[str]:
    """The names of all sources and groups that the blends of the recipe's phases come down to."""
    return set().union(*(reached(recipe, phase.blend) for phase in recipe.phases))


def selects_quadrants(recipe: Recipe) -> bool:
    """Whether a group that the recipe uses chooses documents by quadrant."""
    return any(name in recipe.groups and recipe.groups[name].quadrant for name in used_names(recipe))


def reached(recipe: Recipe, blend: str | Blend) -> Iterator[str]:
    """The names that a blend reaches, through those it is derived from; an unknown blend reaches none."""
    waiting: list[str | Blend] = [blend]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            if current not in seen and current in recipe.blends:
                waiting.append(recipe.blends[current])
            seen.add(current)
            continue
        yield from names_in(current)
        if isinstance(current, Derived):
            waiting.append(current.base)
        elif takes_all(current):
            waiting.extend(recipe.blends)


def takes_all(blend: Blend) -> bool:
    """Whether a blend is over every source that the recipe's blends name."""
    match blend:
        case Natural(natural=names) | Uniform(uniform=names) | Temperature(over=names) | UniMax(over=names):
            return names == "all"
        case Mapping() | _:
            return False
