"""What the ``funnel`` command shows: where everything that was read went, in documents, bytes and tokens."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from assets.corpus_version import corpus_version
from assets.project import Project
from assets.summary import megabytes
from assets.tables import console, new_table
from pipelines.funnel.amount import Amount
from pipelines.funnel.build import funnels
from pipelines.funnel.funnel import WAITING, Funnel, combined
from pipelines.funnel.plot import plot_funnels

AFTER = {
    "documents": "documents",
    "dedup": "after dedup",
    "decontamination": "after decontamination",
    "buckets": "after buckets",
}


def funnel(project: Project, name: str | None, *, plot: Path | None, as_json: bool) -> None:
    """Show the funnel of each domain; of each source of the domain ``name``, or of each snapshot of the source.

    Args:
        plot: where to draw them, a bar each.

    Raises:
        PhaselineError: there is no domain or source of that name, or the corpus is not made.
    """
    found = funnels(corpus_version(project), name)
    if plot is not None:
        plot_funnels(plot, found)
    if as_json:
        print(json.dumps({each.name: as_dict(each) for each in found}, indent=1))
    else:
        show(found)


def as_dict(each: Funnel) -> dict[str, Any]:
    """A funnel as JSON has it; the tokens of what is in no shards are estimates."""
    steps = [asdict(step) | {"lost": asdict(step.lost)} for step in each.steps]
    return {"closes": each.closes, "steps": steps}


def show(found: Sequence[Funnel]) -> None:
    """Print each funnel, and what all of them come to."""
    if len(found) > 1:
        found = [*found, combined("all", found)]
    for each in found:
        console.print(funnel_table(each))
        console.print(closing(each), style="" if each.closes else "bold red")
        console.print()
    console.print(
        "Shares are of what was read. A record that gave no text counts with the bytes read of it, and has no tokens.\n"
        "Tokens are exact in shards; elsewhere they are about what the same source's text makes.",
        style="dim",
    )


def funnel_table(each: Funnel) -> Table:
    """A funnel with what is left after each step, below the reasons for which the step dropped the rest."""
    table = new_table(each.name, "", "documents", "share", "MB", "share", "tokens, about")

    def add(label: str, amount: Amount, style: str) -> None:
        table.add_row(label, *cells(amount, each.read), style=style)

    add("read", each.read, "bold")
    for step in each.steps:
        for reason, amount in step.dropped.items():
            add(f"  {reason}", amount, "dim")
        if step.name in AFTER:
            add(AFTER[step.name], step.all_kept, "bold")
        else:
            for place, amount in step.kept.items():
                add(f"  {step.name}, {place}" if place == WAITING else f"  {place}", amount, "")
        if not step.closes:
            add(f"lost at {step.name}", step.lost, "bold red")
    return table


def cells(amount: Amount, read: Amount) -> list[str]:
    return [
        f"{amount.num_documents:,}",
        share(amount.num_documents, read.num_documents),
        megabytes(amount.num_bytes),
        share(amount.num_bytes, read.num_bytes),
        "–" if amount.num_tokens is None else f"{amount.num_tokens:,}",
    ]


def share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def closing(each: Funnel) -> str:
    """Whether everything that was read is accounted for."""
    read, kept, dropped = each.read, each.all_kept, each.all_dropped
    lost = read - kept - dropped
    return (
        f"{'closes' if each.closes else 'does not close'}: {read.num_documents:,} records = "
        f"{kept.num_documents:,} kept + {dropped.num_documents:,} dropped + {lost.num_documents:,} lost; "
        f"{read.num_bytes:,} bytes = "
        f"{kept.num_bytes:,} kept + {dropped.num_bytes:,} dropped + {lost.num_bytes:,} lost"
    )
