"""The summary of a run: what went in and out of each step, what each phase ate, what was learned, what to do next."""

from collections import Counter
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assets.project import Project
from assets.tables import console, new_table
from pipelines.corpus import CONTAMINATION_ASSET, DEDUP, survivors
from pipelines.record import Flow
from pipelines.store import Artifact, Store
from training.bill.bill import StretchBill
from training.runs.checkpoint_facts import read_bill
from training.runs.checkpoints import START, boundaries, checkpoint_steps
from training.runs.run import Run

MOST_REASONS = 3


def print_summary(project: Project, run: Run) -> None:
    """Print everything a person wants to know of a run after it."""
    about_corpus = (sources_table(project), steps_table(project))
    for table in (*about_corpus, phases_table(project.store, run), held_out_table(project, run)):
        if table is not None:
            console.print()
            console.print(table)
    print_next(project, run, console)


def sources_table(project: Project) -> Table:
    """Each source from its records to its surviving documents."""
    columns = ("source", "domain", "records", "documents", "MB", "survive", "MB", "dropped for")
    table = new_table("Sources", *columns)
    kept = survivors(project.store.require(CONTAMINATION_ASSET)).group_by("source").aggregate(
        [([], "count_all"), ("num_bytes", "sum")]
    )  # fmt: skip
    after = {row["source"]: row for row in kept.to_pylist()}
    for source in project.sources:
        flows = total_flows(project.store.require(asset) for asset in source.documents)
        left = after.get(source.name, {"count_all": 0, "num_bytes_sum": 0})
        table.add_row(
            source.name,
            project.domain_of[source.name],
            f"{flows['documents'].num_in:,}",
            f"{flows['documents'].num_kept:,}",
            megabytes(flows["bytes"].num_kept),
            f"{left['count_all']:,}",
            megabytes(left["num_bytes_sum"]),
            reasons(flows["documents"].dropped),
        )
    return table


def steps_table(project: Project) -> Table:
    """Each step over the whole corpus; what is neither kept nor dropped would show here as lost."""
    table = new_table("Steps", "step", "documents in", "kept", "lost", "MB in", "MB kept", "dropped for")
    store = project.store
    made = [store.require(asset) for source in project.sources for asset in source.documents]
    add_step(table, "extract, identify, filter", total_flows(made))
    add_step(table, "dedup", store.require(DEDUP).record.flows)
    add_step(table, "decontamination", store.require(CONTAMINATION_ASSET).record.flows)
    if project.buckets:
        buckets = [store.require(f"buckets/{domain}") for domain in project.buckets]
        add_step(table, f"buckets of {', '.join(project.buckets)}", total_flows(buckets))
    shards = [store.require(f"shards/{name}") for name in project.shards]
    held_out = [store.require(f"held_out/{domain.domain}") for domain in project.domains]
    for name, artifacts in (("shards, training", shards), ("shards, held out", held_out)):
        add_step(table, name, total_flows(artifacts))
        tokens = sum(artifact.record.facts["num_tokens"] for artifact in artifacts)
        table.add_row(f"  {tokens:,} tokens", style="dim")
    return table


def add_step(table: Table, name: str, flows: Mapping[str, Flow]) -> None:
    documents, num_bytes = flows["documents"], flows["bytes"]
    table.add_row(
        name,
        f"{documents.num_in:,}",
        f"{documents.num_kept:,}",
        f"{documents.num_lost:,}",
        megabytes(num_bytes.num_in),
        megabytes(num_bytes.num_kept),
        reasons(documents.dropped),
    )


def total_flows(artifacts: Iterable[Artifact]) -> dict[str, Flow]:
    """The flows of several artifacts, summed."""
    totals = {}
    flows = [artifact.record.flows for artifact in artifacts]
    for unit in ("documents", "bytes"):
        dropped: Counter[str] = Counter()
        for flow in flows:
            dropped.update(flow[unit].dropped)
        totals[unit] = Flow(
            num_in=sum(flow[unit].num_in for flow in flows),
            num_kept=sum(flow[unit].num_kept for flow in flows),
            dropped=dict(dropped),
        )
    return totals


def phases_table(store: Store, run: Run) -> Table | None:
    """What each phase behind the newest checkpoint took of each name in blends; None before there is one."""
    done = max(checkpoint_steps(run), default=None)
    if done is None:
        return None
    table = new_table(
        f"Phases of {run.name}, {done:,} of {run.manifest.total_steps:,} steps done",
        *("phase", "name in blends", "a pass", "share", "tokens", "epochs", "epochs so far"),
    )
    so_far: Counter[str] = Counter()
    stretches = read_bill(store, run, done).stretches
    for stretch in stretches:
        title = f"{stretch.manifest} " if len(stretches) > 1 else ""
        for phase in dict.fromkeys(phase for line in stretch.lines for phase in line.phases):
            add_phase(table, f"{title}{phase}", phase, stretch, so_far)
    return table


def add_phase(table: Table, title: str, phase: str, stretch: StretchBill, so_far: Counter[str]) -> None:
    """The rows of a phase; what it took of each stream of tokens is added to ``so_far``."""
    taken: Counter[str] = Counter()
    passes: Counter[str] = Counter()
    names = {}
    for line in stretch.lines:
        taken[line.stream] += line.phases[phase].tokens if phase in line.phases else 0
        passes[line.stream] += line.tokens_per_pass
        names[line.stream] = line.name
    so_far.update(taken)
    rows = [stream for stream, tokens in taken.items() if tokens]
    for number, stream in enumerate(rows):
        table.add_row(
            "" if number else title,
            escape(names[stream]),
            f"{passes[stream]:,}",
            f"{taken[stream] / taken.total():.1%}",
            f"{taken[stream]:,}",
            f"{taken[stream] / passes[stream]:.3f}",
            f"{so_far[stream] / passes[stream]:.3f}",
        )
    table.add_row("", "all", "", "", f"{taken.total():,}", style="bold")


def held_out_table(project: Project, run: Run) -> Table | None:
    """Bits per byte of each domain at each boundary; None before the run's evaluation."""
    evaluation = evaluation_of(project.store, run.name)
    if evaluation is None:
        return None
    losses = evaluation.record.facts["losses"]
    names = {boundary: "before training" if boundary == START else f"after {boundary}" for boundary in losses}
    table = new_table("Held-out loss, bits per byte", "domain", "documents", "tokens", *names.values())
    for domain, first in losses[START].items():
        figures = [f"{losses[boundary][domain]['bits_per_byte']:.3f}" for boundary in names]
        table.add_row(domain, f"{first['num_documents']:,}", f"{first['num_tokens']:,}", *figures)
    return table


def evaluation_of(store: Store, run: str) -> Artifact | None:
    """The newest evaluation of a run's own models: a recipe's newest may be of another run."""
    evaluations = f"evaluations/{run.partition('@')[0]}"
    for version in reversed(store.versions(evaluations)):
        evaluation = store.get(evaluations, version)
        models = [parent for parent in evaluation.record.parents if parent.asset.startswith("models/")]
        if all(store.find(model).record.facts["run"] == run for model in models):
            return evaluation
    return None


def model_of(store: Store, run: str, boundary: str) -> Artifact | None:
    """The newest export of a run's checkpoint at a boundary."""
    asset = f"models/{run.partition('@')[0]}/{boundary}"
    models = (store.get(asset, version) for version in reversed(store.versions(asset)))
    return next((model for model in models if model.record.facts["run"] == run), None)


def print_next(project: Project, run: Run, out: Console) -> None:
    """Say where the run's latest model lies and what to run next."""
    models = [model_of(project.store, run.name, boundary) for boundary in boundaries(run.manifest).values()]
    made = [model for model in models if model is not None]
    out.print()
    if made:
        out.print(f"model (Hugging Face format): [bold]{made[-1].folder}[/]")
    out.print(f"run: {run.folder}  (loss.png, metrics.jsonl, train.log, checkpoints)")
    out.print(f"next: [bold].venv/bin/phaseline audit {run.name}[/]   the tree from its checkpoint to each source")
    out.print(f"      [bold].venv/bin/phaseline bill {run.name}[/]   what it was trained on, and by whom")
    out.print(f"      [bold].venv/bin/phaseline trace {run.name} --step 1[/]   the documents of a step")
    out.print("      [bold]make dev[/]   the same graph in the Dagster UI")


def reasons(dropped: Mapping[str, int]) -> str:
    """The most frequent reasons with their counts, and how many more there are."""
    ordered = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{reason} {count:,}" for reason, count in ordered[:MOST_REASONS]]
    rest = sum(count for _, count in ordered[MOST_REASONS:])
    return ", ".join([*named, f"others {rest:,}"] if rest else named)


def megabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e6:,.1f}"
