"""The ``phaseline`` command."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pipelines.errors import PhaselineError

if TYPE_CHECKING:
    from assets.project import Project
    from pipelines.store import Store

REPOSITORY = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status. A failure that a user can mend is one message, without a traceback."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except PhaselineError as error:
        print(f"\nphaseline: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads the output, head for one, has seen enough; there must be no second complaint
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="phaseline", description="From raw corpora to a trained model, with lineage.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    add_doing(commands)
    add_manifests(commands)
    add_lineage(commands)
    add_corpus(commands)
    return top


def add_doing(commands: Commands) -> None:
    """What makes things, or shows the whole."""
    train = commands.add_parser("train", help="make everything a recipe needs, train it, evaluate it")
    train.add_argument("selection", metavar="RECIPE[:PHASE,...]")
    train.set_defaults(run=run_train)

    dev = commands.add_parser("dev", help="open the Dagster UI on this machine only")
    dev.add_argument("--port", type=int, default=3000)
    dev.set_defaults(run=run_dev)


def add_manifests(commands: Commands) -> None:
    """What is about recipes and their manifests."""
    plan = commands.add_parser("plan", help="what a recipe would do, in numbers, before anything is spent")
    plan.add_argument("name", metavar="RECIPE")
    plan.add_argument("--scale", metavar="NAME", help="at another size, such as 1t or 15t: training/scales/*.yaml")
    plan.add_argument("--plot", type=Path, metavar="FILE", help="write blend and learning rate as a PNG")
    plan.add_argument("--json", action="store_true")
    plan.set_defaults(run=run_plan)

    arms = commands.add_parser("arms", help="a recipe beside its controls and variants")
    arms.add_argument("name", metavar="RECIPE")
    arms.add_argument("--scale", metavar="NAME")
    arms.set_defaults(run=run_arms)

    manifest = commands.add_parser("manifest", help="compile a recipe and publish its manifest")
    manifest.add_argument("name", metavar="RECIPE")
    manifest.set_defaults(run=run_manifest)

    diff = commands.add_parser("diff", help="how two manifests differ, in words and in tokens")
    diff.add_argument("before", metavar="A", help="recipe@version, or a recipe as it would compile now")
    diff.add_argument("after", metavar="B")
    diff.set_defaults(run=run_diff)

    verify = commands.add_parser("verify", help="compute every digest behind a manifest and its run again")
    verify.add_argument("name", metavar="MANIFEST", help="recipe@version, or a recipe's newest")
    verify.set_defaults(run=run_verify)

    amend = commands.add_parser("amend", help="let a run in flight follow its recipe's newest manifest")
    amend.add_argument("name", metavar="RUN")
    amend.set_defaults(run=run_amend)


def add_lineage(commands: Commands) -> None:
    """What is about runs."""
    summary = commands.add_parser("summary", help="show what a run ate and what it learned")
    summary.add_argument("name", metavar="RUN", help="a recipe, or recipe@version")
    summary.set_defaults(run=run_summary)

    audit = commands.add_parser("audit", help="the tree from a checkpoint to each source")
    audit.add_argument("name", metavar="RUN")
    audit.add_argument("--step", type=int, help="a checkpoint's step (default: the newest)")
    audit.add_argument("--json", action="store_true")
    audit.set_defaults(run=run_audit)

    trace = commands.add_parser("trace", help="from a document to its steps, or from a step to its documents")
    trace.add_argument("name", metavar="RUN")
    what = trace.add_mutually_exclusive_group(required=True)
    what.add_argument("--document", metavar="ID")
    what.add_argument("--step", type=int, metavar="N", help="counted from 1, as in the log")
    trace.add_argument("--json", action="store_true")
    trace.set_defaults(run=run_trace)


def add_corpus(commands: Commands) -> None:
    """What is about the corpus."""
    whatif = commands.add_parser("whatif", help="what would be kept at other thresholds, from attributes alone")
    whatif.add_argument("name", metavar="SOURCE_OR_DOMAIN")
    whatif.add_argument("rules", metavar="RULE[=VALUE]", nargs="*", help="a rule without a value shows its curve")
    whatif.add_argument("--plot", type=Path, metavar="FILE", help="draw the curve as a PNG")
    whatif.set_defaults(run=run_whatif)

    funnel = commands.add_parser("funnel", help="where everything that was read went, step by step and by reason")
    funnel.add_argument(
        "name", metavar="DOMAIN_OR_SOURCE", nargs="?", help="by its sources or snapshots (default: by domain)"
    )
    funnel.add_argument("--plot", type=Path, metavar="FILE", help="draw a bar for each as a PNG")
    funnel.add_argument("--json", action="store_true")
    funnel.set_defaults(run=run_funnel)


def open_project() -> "Project":
    """The project of this repository, with its home where the environment says."""
    from assets.project import Project, default_home

    return Project(default_home())


def run_train(options: argparse.Namespace) -> None:
    from assets.materialise import materialise
    from assets.summary import print_summary
    from training.declared.recipes import select
    from training.runs.run import open_run

    project = open_project()
    recipe, phases = select(project.recipes, options.selection)
    materialise(project, recipe, phases)
    print_summary(project, open_run(project.store, newest_run(project.store, recipe.name)))


def run_plan(options: argparse.Namespace) -> None:
    from assets.planning import plan

    plan(open_project(), options.name, scale=options.scale, plot=options.plot, as_json=options.json)


def run_arms(options: argparse.Namespace) -> None:
    from assets.planning import arms

    arms(open_project(), options.name, scale=options.scale)


def run_manifest(options: argparse.Namespace) -> None:
    from assets.planning import publish

    publish(open_project(), options.name)


def run_diff(options: argparse.Namespace) -> None:
    from assets.planning import difference

    difference(open_project(), options.before, options.after)


def run_verify(options: argparse.Namespace) -> None:
    from assets.planning import verify

    verify(open_project(), options.name)


def run_amend(options: argparse.Namespace) -> None:
    from assets.planning import amend_run

    project = open_project()
    amend_run(project, newest_run(project.store, options.name))


def run_summary(options: argparse.Namespace) -> None:
    from assets.summary import print_summary
    from training.runs.run import open_run

    project = open_project()
    print_summary(project, open_run(project.store, newest_run(project.store, options.name)))


def run_audit(options: argparse.Namespace) -> None:
    from assets.lineage import audit_json, print_audit
    from assets.project import default_home
    from pipelines.store import Store
    from training.runs.run import open_run

    store = Store(default_home())
    run = open_run(store, newest_run(store, options.name))
    if options.json:
        print(json.dumps(audit_json(store, run, options.step), indent=1))
    else:
        print_audit(store, run, options.step)


def run_trace(options: argparse.Namespace) -> None:
    from assets.lineage import document_json, print_document, print_step, step_json
    from assets.project import default_home
    from pipelines.store import Store
    from training.runs.run import open_run

    store = Store(default_home())
    run = open_run(store, newest_run(store, options.name))
    if options.document:
        show_document = document_json if options.json else print_document
        shown = show_document(store, run, options.document)
    else:
        show_step = step_json if options.json else print_step
        shown = show_step(store, run, options.step)
    if options.json:
        print(json.dumps(shown, indent=1))


def run_whatif(options: argparse.Namespace) -> None:
    from assets.whatif import whatif

    whatif(open_project(), options.name, options.rules, plot=options.plot)


def run_funnel(options: argparse.Namespace) -> None:
    from assets.funnel import funnel

    funnel(open_project(), options.name, plot=options.plot, as_json=options.json)


def run_dev(options: argparse.Namespace) -> None:
    from assets.materialise import prepare_instance
    from assets.project import default_home

    prepare_instance(default_home())
    workspace = str(REPOSITORY / "workspace.yaml")
    os.chdir(REPOSITORY)
    command = ["dagster", "dev", "--workspace", workspace, "--host", "127.0.0.1", "--port", str(options.port)]
    os.execv(sys.executable, [sys.executable, "-m", *command])


def newest_run(store: "Store", name: str) -> str:
    """``recipe@version`` as it is; a recipe's name as the run of its newest manifest, or else its newest run.

    Raises:
        PhaselineError: the recipe has no run.
    """
    from training.runs.run import known_runs, run_of

    if "@" in name:
        return name
    manifest = store.latest(f"manifests/{name}")
    run = run_of(store, manifest.record.facts["manifest_digest"]) if manifest else None
    if run is not None:
        return run.name
    known = list(known_runs(store))
    versions = [int(run.partition("@")[2]) for run in known if run.partition("@")[0] == name]
    if not versions:
        raise PhaselineError(
            f"{name} has no run in {store.root}", f"train it, or name one of: {', '.join(known) or 'none'}"
        )
    return f"{name}@{max(versions)}"


if __name__ == "__main__":
    sys.exit(main())
