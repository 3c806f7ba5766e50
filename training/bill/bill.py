"""The bill of data: exactly what a model was trained on, by source, bucket, licence and phase."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipelines.record import Entry
from pipelines.store import Store
from training.bill.amounts import Amount, amount
from training.bill.lines import Line, StretchOfSteps, lines_of
from training.manifest import BaseModelReference


class StretchBill(Entry):
    """What the steps [first_step, end_step) of one manifest took.

    ``manifest`` is recipe@version; ``unknown`` names the foreign model that it begins with, if it does.
    """

    manifest: str
    manifest_digest: str
    first_step: int
    end_step: int
    tokens: int
    lines: tuple[Line, ...]
    unknown: str | None = None


class Bill(Entry):
    """What was taken by all the steps behind a model, in total and by stretch; what nothing was taken of is left out.

    Args:
        steps, tokens, lr_weighted_tokens: of all stretches.
        names: by name in blends.
        sources: by declared source of the documents.
        buckets: by domain and bucket, as ``web/high``, or ``code/none`` where the domain has no buckets.
        phases: by the name of the phase whose steps took them.
        unknown: the foreign models that training began with, of which nobody here knows what they were trained on.
    """

    steps: int
    tokens: int
    lr_weighted_tokens: float
    names: dict[str, Amount]
    sources: dict[str, Amount]
    buckets: dict[str, Amount]
    licences: dict[str, Amount]
    phases: dict[str, Amount]
    unknown: tuple[str, ...]
    stretches: tuple[StretchBill, ...]


def bill_of_chain(store: Store, stretches: Sequence[StretchOfSteps]) -> Bill:
    """The bill of several stretches of steps, each of which counts as often as it is given.

    Raises:
        IndexError: a stretch goes beyond its manifest's steps.
        PhaselineError: shards are missing, or were made anew.
    """
    return total_bill(stretch_bills(store, stretches))


def stretch_bills(store: Store, stretches: Sequence[StretchOfSteps]) -> list[StretchBill]:
    """The bill of each stretch by itself; raises as ``bill_of_chain``."""
    return [
        StretchBill(
            manifest=stretch.name,
            manifest_digest=stretch.manifest.digest,
            first_step=stretch.first_step,
            end_step=stretch.end_step,
            tokens=sum(line.tokens for line in lines),
            lines=tuple(lines),
            unknown=foreign_start(stretch),
        )
        for stretch, lines in zip(stretches, lines_of(store, stretches), strict=True)
    ]


def foreign_start(stretch: StretchOfSteps) -> str | None:
    """The foreign model that a stretch begins with, as ``asset@version``."""
    start = stretch.manifest.start
    if isinstance(start, BaseModelReference) and stretch.first_step == 0:
        return f"{start.asset}@{start.version}"
    return None


def total_bill(stretches: Iterable[StretchBill]) -> Bill:
    """The bill of several stretches together."""
    stretches = tuple(stretches)
    lines = [line for stretch in stretches for line in stretch.lines]
    tokens, weighted = totals_of(lines)
    return Bill(
        steps=sum(stretch.end_step - stretch.first_step for stretch in stretches),
        tokens=tokens,
        lr_weighted_tokens=weighted,
        names=amounts_by(lines, lambda line: line.name),
        sources=amounts_by(lines, lambda line: line.source),
        buckets=amounts_by(lines, lambda line: f"{line.domain}/{line.bucket or 'none'}"),
        licences=amounts_by(lines, lambda line: line.licence),
        phases=amounts_of_phases(lines),
        unknown=tuple(dict.fromkeys(stretch.unknown for stretch in stretches if stretch.unknown)),
        stretches=stretches,
    )


def amounts_by(lines: Sequence[Line], key: Callable[[Line], str]) -> dict[str, Amount]:
    """The amount of each key of which anything was taken, in the order of the lines, with its epochs."""
    by_key: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_key[key(line)].append(line)
    totals = {name: totals_of(members) for name, members in by_key.items()}
    passes = {
        name: sum({(line.stream, line.source, line.licence): line.tokens_per_pass for line in members}.values())
        for name, members in by_key.items()
    }
    return amounts(totals, passes)


def amounts_of_phases(lines: Iterable[Line]) -> dict[str, Amount]:
    """The amount of each phase, in the order of the lines."""
    totals: dict[str, tuple[int, float]] = {}
    for line in lines:
        for phase, taken in line.phases.items():
            tokens, weighted = totals.get(phase, (0, 0.0))
            totals[phase] = (tokens + taken.tokens, weighted + taken.lr_weighted_tokens)
    return amounts(totals, {})


def totals_of(lines: Sequence[Line]) -> tuple[int, float]:
    """Tokens, plain and weighted."""
    return sum(line.tokens for line in lines), sum(line.lr_weighted_tokens for line in lines)


def amounts(totals: Mapping[str, tuple[int, float]], passes: Mapping[str, int]) -> dict[str, Amount]:
    """Amounts from tokens, plain and weighted, and from the tokens of a pass where that means something."""
    everything = (sum(tokens for tokens, _ in totals.values()), sum(weighted for _, weighted in totals.values()))
    return {
        name: amount(tokens, weighted, of=everything, tokens_per_pass=passes.get(name))
        for name, (tokens, weighted) in totals.items()
        if tokens
    }
