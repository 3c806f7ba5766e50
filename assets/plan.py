"""The plan and the difference of manifests, printed for a person."""

from collections.abc import Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assets.tables import console, new_table
from pipelines.evidence import EvidenceLabel
from training.planning.cost import Cost
from training.planning.plan import PhasePlan, Plan

WIDEST = 1000
STYLES: dict[EvidenceLabel, str] = {
    "primary": "green",
    "derived": "cyan",
    "secondary": "yellow",
    "own": "blue",
    "unverified": "bold red",
}
MINUTES_PER_HOUR = 60
LONG_HOURS = 72


def print_plan(plan: Plan) -> None:
    """Print everything that a plan says."""
    print_header(plan)
    for table in (phases_table(plan), blend_table(plan), sources_table(plan), rate_table(plan)):
        print_whole(table)
    console.print()
    console.print(cost_table(plan.cost))
    print_list("Compiled so", plan.notes)
    print_list("Warnings", plan.warnings, "bold yellow")
    if plan.evidence:
        console.print()
        console.print(evidence_table(plan))


def print_whole(table: Table) -> None:
    """Print a table of numbers, none of them cut: wider than the terminal where it must be."""
    width = console.width
    console.width = max(width, console.measure(table, options=console.options.update(max_width=WIDEST)).maximum)
    console.print()
    console.print(table)
    console.width = width


def print_differences(sentences: Sequence[str]) -> None:
    """Print the difference between two manifests, a line for each sentence."""
    for sentence in sentences or ["they are equal"]:
        console.print(sentence, soft_wrap=True, markup=False)


def print_header(plan: Plan) -> None:
    console.print(Text.assemble((plan.recipe, "bold"), f"  {plan.title}", f"  ({plan.paper})" if plan.paper else ""))
    console.print(
        f"{plan.model}, {plan.cost.num_parameters:,} parameters · {plan.total_steps:,} steps · "
        f"{plan.total_tokens:,} tokens · {plan.total_samples:,} samples"
    )
    console.print(
        f"seed {plan.seed} · windows of {plan.window_length:,} tokens · tokenizer "
        f"{plan.tokenizer.asset}@{plan.tokenizer.version} · manifest {plan.manifest_digest[:12]}",
        style="dim",
    )
    if plan.start:
        console.print(f"starts from {plan.start}")


def phases_table(plan: Plan) -> Table:
    """Where each phase lies, and the learning rate at its ends."""
    columns = ("phase", "steps", "after tokens", "tokens", "batch", "fade, samples", "rate from", "to")
    table = new_table("Phases", *columns)
    for phase in plan.phases:
        table.add_row(
            phase.name,
            f"{phase.first_step:,}–{phase.last_step:,}",
            f"{phase.tokens_before:,}",
            f"{phase.tokens:,}",
            f"{phase.global_batch_size:,} × {phase.sequence_length:,}",
            f"{phase.transition_samples:,}" if phase.transition_samples else "–",
            f"{phase.first_lr:.3g}",
            f"{phase.last_lr:.3g}",
        )
    return table


def blend_table(plan: Plan) -> Table:
    """What each phase takes of each source."""
    table = new_table(
        "Blend", "phase", "source", "share", "samples", "tokens", "epochs", "epochs so far", "read so far"
    )
    for phase in plan.phases:
        for number, entry in enumerate(phase.sources):
            table.add_row(
                Text(phase.name if number == 0 else ""),
                Text(entry.source),
                f"{entry.share:.1%}",
                f"{entry.samples:,}",
                f"{entry.tokens:,}",
                f"{entry.epochs:.3f}",
                f"{entry.epochs_so_far:.3f}",
                f"{entry.seen_so_far:.1%}",
            )
        add_total(table, phase)
    return table


def add_total(table: Table, phase: PhasePlan) -> None:
    table.add_row("", "all", "100.0%", f"{phase.samples:,}", f"{phase.tokens:,}", style="bold")


def sources_table(plan: Plan) -> Table:
    """What the run takes of each source, and how much of it that leaves unread."""
    table = new_table(
        "Sources over the run",
        "source",
        "in shards",
        "taken",
        "share",
        "LR-weighted",
        "epochs",
        "of it read",
        "of shards",
        "worth",
    )
    for source in plan.sources:
        table.add_row(
            Text(source.name),
            f"{source.shards_tokens:,}",
            f"{source.tokens:,}",
            f"{source.share:.1%}",
            f"{source.lr_weighted_share:.1%}",
            f"{source.epochs:.3f}",
            f"{source.seen_of_stream:.1%}",
            f"{source.seen_of_shards:.1%}",
            f"{source.worth:.0%}",
        )
    table.add_row("all", "", f"{plan.total_tokens:,}", "100.0%", "100.0%", style="bold")
    return table


def rate_table(plan: Plan) -> Table:
    """The pieces of the learning rate's schedule."""
    table = new_table("Learning rate", "shape", "after tokens", "until", "from", "to")
    for piece in plan.schedule:
        tokens = (f"{piece.start_tokens:,}", f"{piece.end_tokens:,}")
        table.add_row(piece.shape, *tokens, f"{piece.from_lr:.3g}", f"{piece.to_lr:.3g}")
    return table


def cost_table(cost: Cost) -> Table:
    """Time on each hardware, with the evidence for its rate."""
    table = new_table(f"Cost: {cost.flops:.3g} FLOPs", "hardware", "time", "device-hours", "evidence", "says")
    for entry in cost.hours:
        device_hours = [hours * entry.num_devices for hours in (entry.least, entry.most)] if entry.num_devices else []
        table.add_row(
            entry.hardware,
            in_range([duration(entry.least), duration(entry.most)]),
            in_range([f"{hours:,.0f}" if hours >= 100 else f"{hours:,.2f}" for hours in device_hours]),
            labelled(entry.label),
            Text(entry.says),
        )
    return table


def evidence_table(plan: Plan) -> Table:
    """Where each number of the recipe comes from."""
    table = new_table("Evidence", "evidence", "field", "says")
    for entry in plan.evidence:
        table.add_row(labelled(entry.label), Text(entry.field), Text(entry.says))
    return table


def print_list(title: str, sentences: Sequence[str], style: str = "bold") -> None:
    """Print sentences under a title; nothing where there are none."""
    if sentences:
        console.print()
        console.print(title, style=style)
        for sentence in sentences:
            console.print(Padding(Text(sentence), (0, 0, 0, 2)))


def labelled(label: EvidenceLabel) -> Text:
    return Text(label, style=STYLES[label])


def in_range(values: Sequence[str]) -> str:
    """One value, or the first and the last where they differ."""
    return " to ".join(dict.fromkeys(values)) or "–"


def duration(hours: float) -> str:
    """Hours in the unit that a person would use."""
    if hours < 2 / MINUTES_PER_HOUR:
        return f"{hours * MINUTES_PER_HOUR * 60:.0f} s"
    if hours < 2:
        return f"{hours * MINUTES_PER_HOUR:.0f} min"
    return f"{hours:.1f} h" if hours < LONG_HOURS else f"{hours / 24:,.0f} days"
