"""Leaves: the disjoint sources that a recipe's blends come down to, cut from the shards by what its groups ask for.

Where no group asks for an attribute of documents, a leaf is a whole set of shards. Where one does, the shards are cut
by the values asked for and one leaf takes the rest, so that every document lies in exactly one leaf and a source's
cursor carries from phase to phase whatever group it is read through. Tokens are never copied: a leaf is a stretch of
the token file, or a list of stretches.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pipelines.errors import PhaselineError
from pipelines.parts import Part, document_boundary
from training.compiler.catalogue import Catalogue, ShardsEntry
from training.declared.recipe import Group

Int64s = npt.NDArray[np.int64]

ATTRIBUTES = ("language", "licence", "quadrant")
OTHER = "other"


@dataclass(frozen=True)
class Leaf:
    """A source: the stream of ``num_tokens`` tokens that starts at ``first_token`` of the shards, or of ``extents``.

    ``extents`` is int64 of shape (n, 2): where each stretch starts in the token file and in the stream.
    """

    name: str
    shards: ShardsEntry
    values: Mapping[str, str]
    first_token: int
    num_tokens: int
    extents: Int64s | None = None


@dataclass(frozen=True)
class Leaves:
    """Every leaf by name, and the leaves of each name that a blend may use: groups and sets of shards."""

    leaves: Mapping[str, Leaf]
    groups: Mapping[str, Sequence[str]]


def cut(
    groups: Mapping[str, Group],
    used: Collection[str],
    catalogue: Catalogue,
    part: Part,
    where: str,
    limited: Collection[str] = (),
) -> Leaves:
    """Cut the shards that the used names reach.

    Args:
        limited: more names, of which nothing is read that the used names do not reach.

    Raises:
        PhaselineError: a name is neither a group nor a set of shards, a group chooses no shards, or a value that no
            document has.
    """
    cuts: dict[str, dict[str, set[str]]] = {}
    for name in sorted(used):
        for shards in shards_of(name, groups, catalogue.shards, where):
            cuts.setdefault(shards, {})
    for name in sorted({*used, *limited} & groups.keys()):
        for shards in shards_of(name, groups, catalogue.shards, where):
            for attribute in ATTRIBUTES:
                if shards in cuts and (wanted := getattr(groups[name], attribute)):
                    cuts[shards].setdefault(attribute, set()).update(wanted)
    by_shards = {
        name: list(leaves_of(catalogue, catalogue.shards[name], asked, part, where))
        for name, asked in sorted(cuts.items())
    }
    leaves = {leaf.name: leaf for cut_shards in by_shards.values() for leaf in cut_shards}
    names: dict[str, list[str]] = {}
    for name in sorted({*used, *limited}):
        members = shards_of(name, groups, catalogue.shards, where)
        reached = [leaf for shards in members for leaf in by_shards.get(shards, [])]
        names[name] = [leaf.name for leaf in reached if name not in groups or belongs(leaf, groups[name])]
        if not names[name] and name in used:
            raise PhaselineError(
                f"{where}: groups.{name} selects no document", "widen it, or take it out of the blends"
            )
    return Leaves(leaves, names)


class Named(Protocol):
    """What is known of a set of shards before it is made."""

    @property
    def domain(self) -> str: ...

    @property
    def bucket(self) -> str | None: ...


def shards_of(name: str, groups: Mapping[str, Group], shards: Mapping[str, Named], where: str) -> list[str]:
    """The sets of shards that a name of a blend reaches, sorted.

    Raises:
        PhaselineError: the name is neither a group nor a set of shards, or the group chooses none.
    """
    if name not in groups:
        if name not in shards:
            known = ", ".join([*sorted(shards), *sorted(groups)])
            raise PhaselineError(f"{where}: there is no source {name!r}", f"name one of: {known}")
        return [name]
    group = groups[name]
    for source in group.sources:
        if source not in shards:
            known = ", ".join(sorted(shards))
            raise PhaselineError(f"{where}: groups.{name}.sources: there is no {source!r}", f"name some of: {known}")
    chosen = [
        known
        for known, entry in shards.items()
        if (not group.sources or known in group.sources)
        and (not group.domain or entry.domain in group.domain)
        and (not group.bucket or entry.bucket in group.bucket)
    ]
    if not chosen:
        raise PhaselineError(f"{where}: groups.{name} chooses no shards", "name a domain, bucket or source that exists")
    return sorted(chosen)


def belongs(leaf: Leaf, group: Group) -> bool:
    """Whether a leaf of the group's shards has the values that the group asks for."""
    return all(
        not (wanted := getattr(group, attribute)) or leaf.values.get(attribute) in wanted for attribute in ATTRIBUTES
    )


def leaves_of(
    catalogue: Catalogue, shards: ShardsEntry, asked: Mapping[str, Collection[str]], part: Part, where: str
) -> Iterator[Leaf]:
    """The leaves of one set of shards within a part of it, those of the attributes that are asked for."""
    tokens = tokens_of(part, shards)
    if not asked:
        yield Leaf(shards.name, shards, {}, tokens.start, len(tokens))
    elif shards.folder is None:
        yield from leaves_by_size(shards, asked, len(tokens), where)
    else:
        yield from leaves_by_document(catalogue, shards, asked, tokens)


def tokens_of(part: Part, shards: ShardsEntry) -> range:
    """The tokens of a part of shards: whole documents, where these are known."""
    if shards.folder is None:
        return range(int(part.start * shards.num_tokens), int(part.end * shards.num_tokens))
    return part.tokens(shards.documents["offset"].to_numpy(), shards.num_tokens)


def leaves_by_document(
    catalogue: Catalogue, shards: ShardsEntry, asked: Mapping[str, Collection[str]], tokens: range
) -> Iterator[Leaf]:
    """The leaves of documents by their own values."""
    offsets = shards.documents["offset"].to_numpy()
    lengths = shards.documents["length"].to_numpy()
    rows = np.flatnonzero((offsets >= tokens.start) & (offsets < tokens.stop))
    labels = np.array([""] * len(rows), dtype=object)
    for attribute in sorted(asked):
        values = catalogue.values(shards, attribute)[rows]
        known = np.isin(values.astype(str), sorted(asked[attribute]))
        labels = labels + f"{attribute}=" + np.where(known, values, OTHER) + ","
    for label in sorted(set(labels.tolist())):
        chosen = rows[labels == label]
        values_of_leaf = dict(pair.split("=", 1) for pair in label[:-1].split(","))
        yield Leaf(
            name=f"{shards.name}[{label[:-1]}]",
            shards=shards,
            values=values_of_leaf,
            first_token=0,
            num_tokens=int(lengths[chosen].sum()),
            extents=extents(offsets[chosen], lengths[chosen]),
        )


def extents(offsets: Int64s, lengths: Int64s) -> Int64s:
    """The stretches of neighbouring documents, as (offset in the token file, offset in the stream)."""
    ends = offsets + lengths
    starts_anew = np.append(True, offsets[1:] != ends[:-1])
    stream = np.cumsum(lengths) - lengths
    return np.stack([offsets[starts_anew], stream[starts_anew]], axis=1).astype(np.int64)


def leaves_by_size(
    shards: ShardsEntry, asked: Mapping[str, Collection[str]], num_tokens: int, where: str
) -> Iterator[Leaf]:
    """The leaves of shards that are known by size alone, which know the shares of quadrants."""
    if unknown := sorted(asked.keys() - {"quadrant"}):
        raise PhaselineError(
            f"{where}: the sizes of {shards.name} say nothing of {' and '.join(unknown)}",
            "plan against shards that exist",
        )
    for quadrant in sorted(asked["quadrant"]):
        if tokens := int(num_tokens * shards.quadrants.get(quadrant, 0)):
            yield Leaf(f"{shards.name}[quadrant={quadrant}]", shards, {"quadrant": quadrant}, 0, tokens)


def shortened(leaf: Leaf, ratio: float) -> Leaf:
    """A random subset of a leaf with this share of its tokens: its beginning, since the order is hashed."""
    wanted = int(ratio * leaf.num_tokens)
    if leaf.shards.folder is None:
        return replace(leaf, num_tokens=wanted)
    if leaf.extents is None:
        until = leaf.first_token + wanted
        end = document_boundary(until, leaf.shards.documents["offset"].to_numpy(), leaf.shards.num_tokens)
        return replace(leaf, num_tokens=min(end - leaf.first_token, leaf.num_tokens))
    return replace(leaf, num_tokens=wanted, extents=leaf.extents[leaf.extents[:, 1] < wanted])


def licences(leaf: Leaf, where: str) -> set[str]:
    """The licences of a leaf's documents; raises PhaselineError where only its size is known."""
    if leaf.shards.folder is None:
        raise PhaselineError(
            f"{where}: the sizes of {leaf.shards.name} say nothing of licence", "plan against shards that exist"
        )
    offsets = leaf.shards.documents["offset"].to_numpy()
    if leaf.extents is None:
        rows = (offsets >= leaf.first_token) & (offsets < leaf.first_token + leaf.num_tokens)
    else:
        ends = leaf.extents[:, 0] + np.diff(leaf.extents[:, 1], append=leaf.num_tokens)
        number = np.searchsorted(leaf.extents[:, 0], offsets, side="right") - 1
        rows = (number >= 0) & (offsets < ends[np.maximum(number, 0)])
    return set(leaf.shards.documents["licence"].filter(rows).to_pylist())
