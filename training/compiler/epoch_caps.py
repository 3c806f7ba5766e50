"""Caps on how often sources are passed over in a run, met by water-filling over its phases."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from pipelines.errors import PhaselineError
from training.compiler.mixture import Mixture, Sources, exact
from training.compiler.placement import Placed

# Capped shares are rounded down to multiples of 1 / RESOLUTION, or their fractions would grow with each round.
RESOLUTION = 10**18


def cap_epochs(
    phases: Sequence[Placed],
    mixtures: Sequence[Mixture],
    sizes: Mapping[str, int],
    max_epochs: Mapping[str, float],
    groups: Mapping[str, Sequence[str]],
    taken: Mapping[str, int],
    where: str,
) -> tuple[list[Mixture], list[str]]:
    """Lower the shares of sources that the run would pass over too often, until none is over its cap.

    A source over its cap by a token or more has its share in every phase lowered by the same factor. What this frees in
    a phase goes to the phase's other sources that are not capped yet, in proportion to their shares. That may bring
    others over their caps, so it is repeated; it ends since a source once capped stays so.

    Args:
        mixtures: of each phase.
        sizes: tokens in an epoch of each source of the mixtures.
        max_epochs: epochs over the whole run, by source or group. A group's cap holds for each source in it, and of
            several caps on a source the lowest.
        taken: tokens of each source that the run this one starts from has read; they count.

    Returns:
        The mixtures with every cap met, and what was changed for it, in sentences.

    Raises:
        PhaselineError: a cap on an unknown name, or one that was reached before the run, or every source of a phase is
            capped and together they do not fill it.
    """
    caps = source_caps(max_epochs, Sources(groups, sizes), where)
    limits = {source: epochs * sizes[source] - taken[source] for source, epochs in caps.items() if source in sizes}
    for source, limit in limits.items():
        if taken[source] and limit < 1:
            raise PhaselineError(
                f"{where}: max_epochs: {source} may be read {float(caps[source]):g} times, and the run that this one "
                f"starts from has read {taken[source] / sizes[source]:.2f} epochs of it",
                f"raise max_epochs of {source}, or take it out of the blends",
            )
    result = list(mixtures)
    capped: set[str] = set()
    while factors := lowering_factors(phases, result, limits):
        capped |= factors.keys()
        result = [lowered(*pair, factors, capped, where) for pair in zip(phases, result, strict=True)]
    return result, [sentence(source, caps[source], phases, mixtures, result) for source in sorted(capped)]


def source_caps(max_epochs: Mapping[str, float], sources: Sources, where: str) -> dict[str, Fraction]:
    """The epochs that each source may take in the run; raises PhaselineError for an unknown name."""
    caps: dict[str, Fraction] = {}
    for name, epochs in max_epochs.items():
        for source in sources.of(name, f"{where}: max_epochs.{name}"):
            caps[source] = min(exact(epochs), caps.get(source, exact(epochs)))
    return caps


def lowering_factors(
    phases: Sequence[Placed], mixtures: Sequence[Mixture], limits: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """By what each source must be multiplied that is over its limit in tokens."""
    factors = {}
    for source, limit in limits.items():
        shares = [mixture.get(source, Fraction(0)) for mixture in mixtures]
        demand = sum(phase.num_tokens * share for phase, share in zip(phases, shares, strict=True))
        if demand >= limit + 1:
            factors[source] = limit / demand
    return factors


def lowered(phase: Placed, mixture: Mixture, factors: Mapping[str, Fraction], capped: set[str], where: str) -> Mixture:
    """A phase's mixture with sources lowered, and what they leave given to those that are not capped."""
    lower = {
        source: Fraction(int(share * factors[source] * RESOLUTION), RESOLUTION) if source in factors else share
        for source, share in mixture.items()
    }
    freed = 1 - sum(lower.values())
    if not freed:
        return mixture
    others = sum(share for source, share in lower.items() if source not in capped)
    if not others:
        names = " and ".join(sorted(lower))
        raise PhaselineError(
            f"{where}: phases.{phase.name}: {names} reach max_epochs and leave {math.ceil(freed * phase.num_tokens):,} "
            f"of its {phase.num_tokens:,} tokens without a source",
            f"raise max_epochs of {names}, shorten the run, or add sources to the phase",
        )
    growth = 1 + freed / others
    return {source: share if source in capped else share * growth for source, share in lower.items()}


def sentence(
    source: str,
    epochs: Fraction,
    phases: Sequence[Placed],
    declared: Sequence[Mixture],
    capped: Sequence[Mixture],
) -> str:
    """What a capped source takes of each of its phases, and what was declared."""
    shares = [
        f"{percent(new[source])} instead of {percent(old[source])} of phase {phase.name}"
        for phase, old, new in zip(phases, declared, capped, strict=True)
        if source in old
    ]
    return f"{source} is capped at {float(epochs):g} epochs: {', '.join(shares)}"


def percent(share: Fraction) -> str:
    """A share as a percentage, to a tenth."""
    return f"{float(100 * share):.1f} %"
