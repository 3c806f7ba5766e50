"""Mixtures: what a blend comes to over single sources, as exact shares of tokens that sum to 1."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import TypeAlias

from pipelines.errors import PhaselineError
from training.declared.blend import (
    Blend,
    Derived,
    Natural,
    Operator,
    Temperature,
    To,
    Uniform,
    UniMax,
    Within,
    given_names,
)

Mixture: TypeAlias = dict[str, Fraction]

DECIMAL = Context(prec=28)  # roots are the same on every machine, unlike those of floats


def resolve(
    blend: str | Blend,
    blends: Mapping[str, Blend],
    groups: Mapping[str, Sequence[str]],
    sizes: Mapping[str, int],
    budget_tokens: int,
    where: str,
) -> Mixture:
    """A blend over single sources.

    A group counts as one source, whose share is spread over the sources in it in proportion to their tokens.

    Args:
        blend: the blend, or the name of one of ``blends``.
        blends: the recipe's blends; ``all`` is every source that they and ``blend`` name.
        groups: the sources in each group.
        sizes: the tokens of each source.
        budget_tokens: the tokens that the mixture shall fill, within which UniMax counts epochs.
        where: what the blend is for; messages begin with it.

    Returns:
        The shares by source, all of them above 0. They sum to exactly 1.

    Raises:
        PhaselineError: an unknown name, a cycle, a source reached twice, a name without tokens or without a share to
            change, nothing left after dropping, or too little data for UniMax.
    """
    return Resolver(blends, Sources(groups, sizes), budget_tokens, where).resolve(blend)


def integer_weights(weights: Mixture, sources: Sequence[str], where: str, total: int = 10**9) -> list[int]:
    """A mixture as integers that sum to ``total``, in the order of ``sources``, by largest remainder.

    Raises:
        PhaselineError: a share so small that its integer would be 0.
    """
    quotas = [weights.get(source, Fraction(0)) * total for source in sources]
    integers = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(sources)), key=lambda number: integers[number] - quotas[number])
    for number in by_remainder[: total - sum(integers)]:
        integers[number] += 1
    for source, integer in zip(sources, integers, strict=True):
        if source in weights and not integer:
            raise PhaselineError(
                f"{where}: {source}: its share is {float(weights[source]):.3g}, less than 1 in {total:,}",
                "raise it, or take the source out",
            )
    return integers


@dataclass(frozen=True)
class Sources:
    """Sources with their tokens, and the groups of them."""

    groups: Mapping[str, Sequence[str]]
    sizes: Mapping[str, int]

    def of(self, name: str, field: str) -> Sequence[str]:
        """The sources that a name stands for; raises PhaselineError where there are none."""
        if name in self.groups:
            if not self.groups[name]:
                raise PhaselineError(f"{field}: there is no source in group {name}", f"widen groups.{name}")
            return self.groups[name]
        if name not in self.sizes:
            raise PhaselineError(
                f"{field}: there is no source or group {name!r}",
                f"name one of: {', '.join(sorted({*self.sizes, *self.groups}))}",
            )
        return [name]

    def num_tokens(self, sources: Collection[str]) -> int:
        """The tokens of sources together."""
        return sum(self.sizes[source] for source in sources)

    def natural(self, name: str, field: str, without: Collection[str] = ()) -> Mixture:
        """The sources of a name in proportion to their tokens; raises PhaselineError where they hold none."""
        sources = [source for source in self.of(name, field) if source not in without]
        num_tokens = self.num_tokens(sources)
        if not num_tokens:
            raise PhaselineError(f"{field}: there are no tokens to take in {name}", "take it out, or name another")
        return {source: Fraction(self.sizes[source], num_tokens) for source in sources if self.sizes[source]}


@dataclass(frozen=True)
class Resolver:
    """Resolves the blends of one recipe; see ``resolve``."""

    blends: Mapping[str, Blend]
    sources: Sources
    budget_tokens: int
    where: str

    def resolve(self, blend: str | Blend) -> Mixture:
        """The mixture of a blend, or of the blend of a name."""
        if isinstance(blend, str):
            return self._named(blend, f"{self.where}: blend", ())
        return self._mixture(blend, f"{self.where}: blend", ())

    def _named(self, name: str, field: str, path: tuple[str, ...]) -> Mixture:
        """``path`` holds the names of the blends that are derived, each from the next, and last from this one."""
        if name in path:
            cycle = " -> ".join([*path[path.index(name) :], name])
            raise PhaselineError(f"{field}: blends are derived in a circle: {cycle}", "give one of them weights")
        if name not in self.blends:
            known = ", ".join(sorted(self.blends)) or "none is declared"
            raise PhaselineError(f"{field}: there is no blend {name!r}", f"name one of: {known}")
        return self._mixture(self.blends[name], f"{self.where}: blends.{name}", (*path, name))

    def _mixture(self, blend: Blend, field: str, path: tuple[str, ...]) -> Mixture:
        match blend:
            case Derived():
                return derive(self._named(blend.base, f"{field}.from", path), blend, self.sources, field)
            case dict():
                return self._spread({name: exact(weight) for name, weight in blend.items()}, field)
            case _:
                return self._spread(self._operated(blend, field), field)

    def _operated(self, operator: Operator, field: str) -> Mapping[str, Fraction]:
        """The proportions in which an operator takes sources and groups; a group counts as one source."""
        match operator:
            case Natural():
                sizes = self._sizes(operator.natural, operator, f"{field}.natural")
                return {name: Fraction(size) for name, size in sizes.items()}
            case Uniform():
                return dict.fromkeys(self._sizes(operator.uniform, operator, f"{field}.uniform"), Fraction(1))
            case Temperature():
                sizes = self._sizes(operator.over, operator, f"{field}.over")
                return {name: root(size, operator.temperature) for name, size in sizes.items()}
            case UniMax():
                sizes = self._sizes(operator.over, operator, f"{field}.over")
                return unimax(sizes, exact(operator.unimax), self.budget_tokens, f"{field}.unimax")

    def _sizes(self, names: str | Sequence[str], operator: Operator, field: str) -> dict[str, int]:
        """The tokens of each name, where ``all`` is every single source that the blends name."""
        if names == "all":
            named = sorted(set().union(*(given_names(other) for other in [*self.blends.values(), operator])))
            names = sorted({source for name in named for source in self.sources.of(name, field)})
            if not names:
                raise PhaselineError(f"{field}: no blend names a source, so all is nothing", "list the names instead")
        sizes = {name: self.sources.num_tokens(self.sources.of(name, field)) for name in names}
        for name, size in sizes.items():
            if not size:
                raise PhaselineError(f"{field}: there are no tokens in {name}", "take it out, or name another")
        return sizes

    def _spread(self, shares: Mapping[str, Fraction], field: str) -> Mixture:
        """Shares of sources and groups, brought to sum 1, over single sources."""
        mixture: Mixture = {}
        reached_by: dict[str, str] = {}
        for name, share in shares.items():
            for source, part in self.sources.natural(name, f"{field}.{name}").items():
                if source in reached_by:
                    raise PhaselineError(
                        f"{field}: {source} is reached twice, by {reached_by[source]} and by {name}",
                        "name sources that are in no other group of the blend",
                    )
                reached_by[source] = name
                mixture[source] = share * part
        return normalised(mixture)


def exact(value: float) -> Fraction:
    """The decimal that a declared number is written as, rather than its binary neighbour."""
    return Fraction(str(value))


def normalised(mixture: Mixture) -> Mixture:
    """Shares in the same proportions that sum to 1."""
    total = sum(mixture.values())
    return {source: share / total for source, share in mixture.items()}


def root(size: int, temperature: float) -> Fraction:
    """size ** (1 / temperature), to 28 digits."""
    return Fraction(DECIMAL.power(Decimal(size), DECIMAL.divide(Decimal(1), Decimal(str(temperature)))))


def unimax(sizes: Mapping[str, int], epochs: Fraction, budget_tokens: int, field: str) -> dict[str, Fraction]:
    """The tokens of each source by UniMax (Chung et al., arXiv:2304.09151, algorithm 1).

    From the smallest source to the largest, each takes an equal part of what is left of the budget, but at most
    ``epochs`` times its size.

    Raises:
        PhaselineError: all of them together are less than the budget.
    """
    capacity = epochs * sum(sizes.values())
    if capacity < budget_tokens:
        raise PhaselineError(
            f"{field}: {float(epochs):g} epochs hold {int(capacity):,} tokens of the {budget_tokens:,} needed: "
            f"{budget_tokens - int(capacity):,} are short",
            "raise unimax, name more sources, or take fewer tokens",
        )
    left = Fraction(budget_tokens)
    tokens = {}
    for number, name in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        tokens[name] = min(left / (len(sizes) - number), epochs * sizes[name])
        left -= tokens[name]
    return tokens


def derive(base: Mixture, declared: Derived, sources: Sources, field: str) -> Mixture:
    """The mixture that results where ``base`` is scaled, replaced and dropped as declared, in this order."""
    mixture = dict(base)
    for name, factor in declared.scale.items():
        for source in present(mixture, name, sources, declared, f"{field}.scale"):
            mixture[source] *= exact(factor)
    mixture = replaced(mixture, declared, sources, f"{field}.replace")
    if declared.drop:
        mixture = dropped(mixture, declared, sources, field)
    return normalised(mixture)


def replaced(mixture: Mixture, declared: Derived, sources: Sources, field: str) -> Mixture:
    """The mixture in which one name's share stands on another; all shares are taken away before any is given."""
    left = dict(mixture)
    taken: dict[str, Fraction] = {}
    for name, other in declared.replace.items():
        for source in present(mixture, name, sources, declared, field):
            if source not in left:
                raise PhaselineError(f"{field}: {source} is replaced twice", "name sources that are in no other group")
            taken[other] = taken.get(other, Fraction(0)) + left.pop(source)
    for other, share in taken.items():
        add(left, share, sources.natural(other, field))
    return left


def dropped(mixture: Mixture, declared: Derived, sources: Sources, field: str) -> Mixture:
    """The mixture without what is dropped, whose share goes where ``redistribute`` says."""
    gone = {name for drop in declared.drop for name in present(mixture, drop, sources, declared, f"{field}.drop")}
    left = {source: share for source, share in mixture.items() if source not in gone}
    freed = sum((mixture[source] for source in gone), Fraction(0))
    match declared.redistribute:
        case Within(within=group):
            inside = {source: left[source] for source in sources.of(group, f"{field}.redistribute") if source in left}
            if not inside:
                raise PhaselineError(
                    f"{field}.redistribute: nothing is left of {group}", "drop less of it, or redistribute elsewhere"
                )
            add(left, freed, normalised(inside))
        case To(to=name):
            add(left, freed, sources.natural(name, f"{field}.redistribute", without=gone))
        case _ if not left:
            raise PhaselineError(f"{field}.drop: nothing is left of blend {declared.base}", "drop less")
    return left


def present(mixture: Mixture, name: str, sources: Sources, declared: Derived, field: str) -> list[str]:
    """The sources of a name that have a share; raises PhaselineError where none has."""
    found = [source for source in sources.of(name, f"{field}.{name}") if source in mixture]
    if not found:
        raise PhaselineError(
            f"{field}: blend {declared.base} has no {name} left to change",
            f"name what it has: {', '.join(sorted(mixture))}",
        )
    return found


def add(mixture: Mixture, share: Fraction, over: Mixture) -> None:
    """Add a share to a mixture's sources, in the proportions of ``over``."""
    for source, part in over.items():
        mixture[source] = mixture.get(source, Fraction(0)) + share * part
