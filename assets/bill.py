"""The bill of data of a checkpoint, as tables for people, as JSON, and beside another's."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from assets.tables import console, new_table
from pipelines.store import Artifact, Store
from training.bill.amounts import Amount
from training.bill.bill import Bill
from training.bill.upstream import Ancestor
from training.runs.checkpoint_facts import bill_in, read_history, read_upstream
from training.runs.history import Stint

KINDS = {
    "phase": "phases",
    "name in blends": "names",
    "source": "sources",
    "bucket": "buckets",
    "licence": "licences",
}
AMOUNT = ("tokens", "share", "epochs", "tokens x rate", "share")


def print_bill(store: Store, checkpoint: Artifact) -> None:
    """Print what a checkpoint was trained on, what that was made from, and who trained it."""
    bill = bill_in(store, checkpoint)
    console.print(f"[bold]{checkpoint.name}[/] [dim]{checkpoint.digest[:12]}[/]  {sentence(bill)}")
    for model in bill.unknown:
        console.print(f"[yellow]it began with {model}; what that was trained on is not known[/]")
    for kind, field in KINDS.items():
        console.print()
        console.print(amounts_table(kind, getattr(bill, field)))
    made_by = (upstream_table(read_upstream(checkpoint)), history_table(read_history(checkpoint)))
    for table in (stretches_table(bill), *made_by):
        console.print()
        console.print(table)


def print_bills(store: Store, one: Artifact, other: Artifact) -> None:
    """Print the bills of two checkpoints side by side."""
    bills = [bill_in(store, checkpoint) for checkpoint in (one, other)]
    for checkpoint, bill in zip((one, other), bills, strict=True):
        console.print(f"[bold]{checkpoint.name}[/] [dim]{checkpoint.digest[:12]}[/]  {sentence(bill)}")
    for kind, field in KINDS.items():
        console.print()
        console.print(difference_table(kind, one.name, other.name, *(getattr(bill, field) for bill in bills)))


def bill_json(store: Store, checkpoint: Artifact) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "checkpoint": checkpoint.name,
        "digest": checkpoint.digest,
        "code": checkpoint.record.provenance.code,
        "created_at": checkpoint.record.provenance.created_at,
        "bill": bill_in(store, checkpoint).model_dump(mode="json"),
        "upstream": [ancestor.model_dump(mode="json") for ancestor in read_upstream(checkpoint)],
        "history": [stint.model_dump(mode="json") for stint in read_history(checkpoint)],
    }


def sentence(bill: Bill) -> str:
    """How much it is in all."""
    weighted = f"{bill.lr_weighted_tokens:,.6g}"
    return f"{bill.tokens:,} tokens in {bill.steps:,} steps, {weighted} weighted by the learning rate"


def amounts_table(kind: str, amounts: Mapping[str, Amount]) -> Table:
    """Amounts by name; their tokens add up to all of them."""
    table = new_table(f"By {kind}", kind, *AMOUNT)
    for name, amount in amounts.items():
        table.add_row(escape(name), *cells(amount))
    tokens = sum(amount.tokens for amount in amounts.values())
    weighted = sum(amount.lr_weighted_tokens for amount in amounts.values())
    table.add_row("all", f"{tokens:,}", "", "", f"{weighted:,.6g}", "", style="bold")
    return table


def cells(amount: Amount) -> Iterator[str]:
    yield f"{amount.tokens:,}"
    yield f"{amount.share:.2%}"
    yield "" if amount.epochs is None else f"{amount.epochs:.3f}"
    yield f"{amount.lr_weighted_tokens:,.6g}"
    yield f"{amount.lr_weighted_share:.2%}"


def difference_table(
    kind: str, one: str, other: str, amounts: Mapping[str, Amount], other_amounts: Mapping[str, Amount]
) -> Table:
    """Tokens and shares of two bills by name, and how many tokens more the second has."""
    table = new_table(f"By {kind}", kind, one, "share", other, "share", "more")
    for name in dict.fromkeys([*amounts, *other_amounts]):
        pair = [known.get(name) for known in (amounts, other_amounts)]
        tokens = [amount.tokens if amount else 0 for amount in pair]
        shares = [f"{amount.share:.2%}" if amount else "" for amount in pair]
        table.add_row(
            escape(name), f"{tokens[0]:,}", shares[0], f"{tokens[1]:,}", shares[1], f"{tokens[1] - tokens[0]:+,}"
        )
    return table


def stretches_table(bill: Bill) -> Table:
    """The manifests whose steps lie behind a model, oldest first."""
    table = new_table("Manifests", "manifest", "digest", "steps", "tokens")
    for stretch in bill.stretches:
        steps = steps_in_words(stretch.first_step, stretch.end_step)
        table.add_row(stretch.manifest, stretch.manifest_digest[:12], steps, f"{stretch.tokens:,}")
    return table


def steps_in_words(first_step: int, end_step: int) -> str:
    """The steps [first_step, end_step), counted from 1."""
    return f"{first_step + 1:,} to {end_step:,}" if end_step > first_step else "none"


def upstream_table(ancestors: Iterable[Ancestor]) -> Table:
    """The versions that a model was made from, and the checks of theirs that failed."""
    table = new_table("Upstream", "artifact", "digest", "checks passed", "says")
    for ancestor in ancestors:
        checks = ancestor.num_checks
        passed = "not on this machine" if checks is None else f"{checks - len(ancestor.failed)} of {checks}"
        table.add_row(ancestor.name, ancestor.digest[:12], passed, escape("; ".join(remarks(ancestor))))
    return table


def remarks(ancestor: Ancestor) -> Iterator[str]:
    """What a person should know of an artifact upstream."""
    for check in ancestor.failed:
        yield f"{'warning' if check.severity == 'warn' else 'failed'}: {check.name}: {check.detail}"
    if ancestor.accepted:
        yield f"{ancestor.accepted.who} took it: {ancestor.accepted.why}"


def history_table(history: Iterable[Stint]) -> Table:
    """Who trained which steps."""
    table = new_table("Trained by", "run", "manifest", "steps", "hosts", "torch", "code", "from", "to")
    for stint in history:
        table.add_row(*stint_cells(stint))
    return table


def stint_cells(stint: Stint) -> Iterator[str]:
    hardware = stint.by.hardware
    hosts = (f"{host.name} ({host.num_processes} x {host.device})" for host in hardware.hosts)
    yield from (stint.run, stint.manifest, steps_in_words(stint.first_step, stint.end_step))
    yield from (", ".join(hosts), hardware.torch, shown_code(stint.by.code), stint.by.started_at, stint.ended_at)


def shown_code(code: str) -> str:
    """A commit, shortened, and whether files had been changed since."""
    commit, plus, changes = code.partition("+")
    return f"{commit[:12]}{plus}{changes}"
