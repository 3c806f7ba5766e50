"""The audit and the trace of a run, as trees and tables for people and as JSON."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from assets.bill import stretches_table
from assets.tables import console, new_table
from pipelines.store import Artifact, Store
from training.bill.bill import Bill
from training.lineage.audit import Node, as_json, lineage
from training.lineage.trace import stretch_of, trace_document, trace_step
from training.runs.chain import chain
from training.runs.checkpoint_facts import bill_in
from training.runs.checkpoints import checkpoint_steps, get_checkpoint
from training.runs.run import Run

MOST_NAMED = 4


def print_audit(store: Store, run: Run, step: int | None) -> None:
    """Print the tree from a checkpoint to each source, the chain of its steps, and what they saw of each source."""
    checkpoint = chosen_checkpoint(run, step)
    root = lineage(store, checkpoint)
    shown: set[str] = set()
    console.print(branch(Tree(label(root), guide_style="dim"), root, shown))
    console.print()
    bill = bill_in(store, checkpoint)
    console.print(stretches_table(bill))
    console.print()
    console.print(source_table(checkpoint, bill))


def audit_json(store: Store, run: Run, step: int | None) -> dict[str, Any]:
    """The same as JSON: every artifact once, and the bill of the checkpoint."""
    checkpoint = chosen_checkpoint(run, step)
    return {
        "run": run.name,
        "step": checkpoint.record.version,
        "bill": bill_in(store, checkpoint).model_dump(mode="json"),
        **as_json(lineage(store, checkpoint)),
    }


def print_document(store: Store, run: Run, document: str) -> None:
    """Print in which phases, at which steps and how often a document was seen."""
    trace = trace_document(store, run, document, steps_done(run))
    console.print(
        f"[bold]{trace.document}[/] of {trace.source} ({trace.licence}): {trace.num_tokens:,} tokens at "
        f"{trace.offset:,} of {trace.shards}"
    )
    columns = ("manifest", "phase", "step", "blend", "sample", "epoch", "window", "tokens")
    table = Table(*columns, box=None, header_style="dim")
    for seen in trace.sightings:
        row = (seen.sample, seen.epoch, seen.window, seen.num_tokens)
        table.add_row(seen.manifest, seen.phase, f"{seen.step:,}", escape(seen.name), *(f"{value:,}" for value in row))
    console.print(table)
    stretches = chain(store, run, steps_done(run))
    phases = dict.fromkeys(phase.name for stretch in stretches for phase in stretch.manifest.phases)
    times = Counter(seen.phase for seen in trace.sightings)
    tokens = sum(seen.num_tokens for seen in trace.sightings)
    by_phase = ", ".join(f"{times[phase]} in {phase}" for phase in phases)
    num_steps = sum(stretch.end_step - stretch.first_step for stretch in stretches)
    console.print(
        f"seen in {len(trace.sightings)} samples of {num_steps:,} steps ({by_phase}): {tokens:,} tokens, "
        f"{tokens / trace.num_tokens:.2f} passes"
    )


def document_json(store: Store, run: Run, document: str) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "run": run.name,
        "steps_done": steps_done(run),
        **asdict(trace_document(store, run, document, steps_done(run))),
    }


def print_step(store: Store, run: Run, step: int) -> None:
    """Print the documents of one step."""
    rows = trace_step(store, run, step)
    phase = phase_of(store, run, step)
    console.print(f"[bold]step {step}[/] of {run.name}, phase {phase}: {len(rows)} pieces of documents")
    table = Table(
        "sample", "blend", "epoch", "window", "start", "tokens", "document", "source", box=None, header_style="dim"
    )
    for row in rows:
        numbers = (row.epoch, row.window, row.start, row.num_tokens)
        table.add_row(
            f"{row.sample:,}",
            escape(row.window_source),
            *(f"{value:,}" for value in numbers),
            row.document,
            row.source,
        )
    console.print(table)


def step_json(store: Store, run: Run, step: int) -> dict[str, Any]:
    """The same as JSON."""
    documents = [asdict(row) for row in trace_step(store, run, step)]
    return {"run": run.name, "step": step, "phase": phase_of(store, run, step), "documents": documents}


def phase_of(store: Store, run: Run, step: int) -> str:
    """The phase that a step, counted from 1, was trained in."""
    return stretch_of(store, run, step).manifest.phase_at(step - 1).name


def chosen_checkpoint(run: Run, step: int | None) -> Artifact:
    """The checkpoint of a step, or the newest."""
    return get_checkpoint(run, step if step is not None else max(checkpoint_steps(run), default=0))


def steps_done(run: Run) -> int:
    """The step of the newest checkpoint: what lies after it has left no trace in a model."""
    return max(checkpoint_steps(run), default=0)


def branch(tree: Tree, node: Node, shown: set[str]) -> Tree:
    """Hang a node's parents below it; those shown before are only counted, and named where they are few."""
    above = [parent.artifact.name for parent in node.parents if parent.artifact.name in shown]
    for parent in node.parents:
        if parent.artifact.name not in shown:
            shown.add(parent.artifact.name)
            branch(tree.add(label(parent)), parent, shown)
    if above:
        named = ", ".join(above[:MOST_NAMED]) + (f" and {len(above) - MOST_NAMED} more" * (len(above) > MOST_NAMED))
        tree.add(f"[dim]and, shown above: {named}[/]")
    return tree


def label(node: Node) -> str:
    """One line for an artifact: name, digest, what it holds, checks."""
    record = node.record
    facts, parameters = record.facts, record.parameters
    parts = [f"[bold]{node.artifact.name}[/] [dim]{record.digest[:12]}[/]"]
    if "bill" in facts:
        parts.append(f"{facts['bill']['tokens']:,} tokens, phase {facts['phase']}")
    elif "total_tokens" in facts:
        parts.append(f"{facts['total_tokens']:,} tokens in {facts['total_steps']:,} steps")
    elif "num_tokens" in facts:
        parts.append(f"{facts['num_tokens']:,} tokens")
    if flow := record.flows.get("documents"):
        parts.append(f"{flow.num_kept:,} of {flow.num_in:,} documents")
    if "snapshot" in parameters:
        parts.append(f"snapshot {parameters['snapshot']}")
    if "licence" in parameters:
        parts.append(parameters["licence"])
    if record.checks:
        passed = sum(check.passed for check in record.checks)
        colour = "green" if passed == len(record.checks) else "red"
        parts.append(f"[{colour}]{passed}/{len(record.checks)} checks[/]")
    return "  ".join(parts)


def source_table(checkpoint: Artifact, bill: Bill) -> Table:
    """What a checkpoint saw of each source, exactly."""
    columns = ("source", "licence", "name in blends", "tokens seen")
    table = new_table(f"What {checkpoint.name} saw, repeats counted", *columns)
    seen: Counter[tuple[str, str, str]] = Counter()
    for stretch in bill.stretches:
        for line in stretch.lines:
            seen[line.source, line.licence, line.name] += line.tokens
    for (source, licence, name), tokens in sorted(seen.items()):
        if tokens:
            table.add_row(source, licence, escape(name), f"{tokens:,}")
    table.add_row("all", "", "", f"{bill.tokens:,}", style="bold")
    return table
