"""The section on where everything went: by domain and by source, and the reasons."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pipelines.filters import RULES
from pipelines.funnel.amount import Amount
from pipelines.funnel.funnel import WAITING, Funnel, combined, largest_first
from pipelines.funnel.plot import KINDS, by_kind
from quality.report.figures import Bars, Figure, StackedBars, Table, bars_of, stacked_bars
from quality.report.page import Section
from quality.report.units import bytesize, count, listed, percent, spelt

STEPS = {  # the steps that drop, as the page calls them
    "documents": "reading and filters",
    "dedup": "dedup",
    "decontamination": "decontamination",
    "buckets": "buckets",
}
STEP_COLOURS = {
    STEPS["documents"]: KINDS["filters"],
    STEPS["dedup"]: KINDS["near duplicates"],
    STEPS["decontamination"]: KINDS["contaminated"],
    STEPS["buckets"]: KINDS["not scored"],
}
LEFT = {"documents": "documents", "dedup": "after dedup", "decontamination": "after decontamination"}
MOST_REASONS = 12
REASONS_IN_WORDS = 3


def funnel_section(by_domain: Sequence[Funnel], by_source: Sequence[Funnel], missing: Sequence[str]) -> Section:
    """What became of everything that was read.

    Args:
        by_domain: the funnel of each domain.
        by_source: the funnel of each source.
        missing: what is not tokenised yet, a sentence each.
    """
    everything = combined("all", by_domain)
    figures: list[Figure] = [
        documents_bars("Records, by domain", [*by_domain, everything]),
        bytes_bars("Bytes, by domain", [*by_domain, everything]),
        reasons_bars(everything),
        documents_bars("Records, by source", by_source),
        reasons_table(everything),
        funnel_table("The funnel in numbers, by domain", "domain", [*by_domain, everything]),
        funnel_table("The funnel in numbers, by source", "source", by_source),
    ]
    return Section("funnel", "From source to shard", in_words(everything), figures, missing=missing)


def of_domains(by_source: Sequence[Funnel], domain_of: Mapping[str, str]) -> list[Funnel]:
    """The funnel of each domain, in order of name."""
    domains = sorted({domain_of[funnel.name] for funnel in by_source})
    return [combined(domain, [each for each in by_source if domain_of[each.name] == domain]) for domain in domains]


def in_words(everything: Funnel) -> str:
    read = everything.read.num_documents
    dropped = reasons_of(everything)
    kept = everything.all_kept.num_documents
    most = [f"{spelt(reason)} ({percent(number, read)})" for reason, number in list(dropped.items())[:REASONS_IN_WORDS]]
    says = f"Of {count(read)} records read, {count(kept)} ({percent(kept, read)}) were kept"
    says += f"; the others were dropped, most often as {listed(most)}." if most else "."
    return says if everything.closes else f"{says} Some are unaccounted for: the funnel does not close."


def reasons_of(funnel: Funnel) -> dict[str, int]:
    """The documents dropped for each reason, the most frequent first."""
    dropped: Counter[str] = Counter()
    for step in funnel.steps:
        dropped.update({reason: amount.num_documents for reason, amount in step.dropped.items()})
    return dict(sorted(dropped.items(), key=lambda item: (-item[1], item[0])))


def documents_bars(title: str, funnels: Sequence[Funnel]) -> StackedBars:
    amounts = {each.name: {kind: amount.num_documents for kind, amount in by_kind(each).items()} for each in funnels}
    return stacked_bars(title, amounts, KINDS, count)


def bytes_bars(title: str, funnels: Sequence[Funnel]) -> StackedBars:
    amounts = {each.name: {kind: amount.num_bytes for kind, amount in by_kind(each).items()} for each in funnels}
    return stacked_bars(title, amounts, KINDS, bytesize)


def reasons_bars(everything: Funnel) -> Bars:
    """The most frequent reasons, in the colour of the step that dropped the most documents for each."""
    most = dict(list(reasons_of(everything).items())[:MOST_REASONS])
    step_of = {reason: main_step(everything, reason) for reason in most}
    series = {step: colour for step, colour in STEP_COLOURS.items() if step in step_of.values()}
    return Bars("The most frequent reasons", bars_of(most, count, lambda reason: series[step_of[reason]]), series)


def main_step(funnel: Funnel, reason: str) -> str:
    """The step that dropped the most documents for a reason: a rule may be held against some at reading already."""
    return STEPS[max(funnel.steps, key=lambda step: step.dropped.get(reason, Amount()).num_documents).name]


def reasons_table(everything: Funnel) -> Table:
    """Every reason, with the step that drops for it and the declared bound behind it."""
    declared = {rule.reason: rule.path for rule in RULES}
    rows = [
        [reason, STEPS[step.name], declared.get(reason, ""), *cells(amount, everything.read)[:-1]]
        for step in everything.steps
        for reason, amount in largest_first(step.dropped).items()
    ]
    numbers = ("documents", "share", "text", "share")
    return Table("Every reason, and the bound that is declared for it", ("reason", "step", "bound"), numbers, rows)


def funnel_table(title: str, of: str, funnels: Sequence[Funnel]) -> Table:
    """What is left of each part after each step, below what the step dropped.

    Args:
        of: what a part is.
    """
    rows: list[list[str]] = []
    emphasised = set()
    for each in funnels:
        for label, reason, amount in lines(each):
            if not reason:
                emphasised.add(len(rows))
            rows.append([each.name, label, reason, *cells(amount, each.read)])
    numbers = ("documents", "share", "text", "share", "tokens, about")
    return Table(title, (of, "step", "dropped for"), numbers, rows, frozenset(emphasised))


def lines(funnel: Funnel) -> Iterator[tuple[str, str, Amount]]:
    """The step, the reason if something was dropped for it, and how much: dropped, or left after the step."""
    yield "read", "", funnel.read
    for step in funnel.steps:
        for reason, amount in largest_first(step.dropped).items():
            yield step.name, reason, amount
        if step.name in LEFT:
            yield LEFT[step.name], "", step.all_kept
        elif step in (funnel.training, funnel.held_out):
            for place, amount in step.kept.items():
                yield f"{step.name}, {place}" if place == WAITING else place, "", amount
        if not step.closes:
            yield f"lost at {step.name}", "", step.lost


def cells(amount: Amount, read: Amount) -> list[str]:
    return [
        count(amount.num_documents),
        percent(amount.num_documents, read.num_documents),
        bytesize(amount.num_bytes),
        percent(amount.num_bytes, read.num_bytes),
        count(amount.num_tokens),
    ]
