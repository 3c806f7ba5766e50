"""The ``phaseline`` command."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import PhaselineError

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


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="phaseline", description="From raw corpora to a trained model, with lineage.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="make everything a recipe needs, train it, evaluate it")
    train.add_argument("selection", metavar="RECIPE[:PHASE,...]")
    train.set_defaults(run=run_train)

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

    dev = commands.add_parser("dev", help="open the Dagster UI on this machine only")
    dev.add_argument("--port", type=int, default=3000)
    dev.set_defaults(run=run_dev)
    return top


def run_train(options: argparse.Namespace) -> None:
    from assets.materialise import materialise
    from assets.project import Project, default_home
    from assets.summary import print_summary
    from training.recipe import select
    from training.run import open_run

    project = Project(default_home())
    recipe, phases = select(project.recipes, options.selection)
    materialise(project, recipe, phases)
    print_summary(project, open_run(project.store, newest_run(project.store.root, recipe.name)))


def run_summary(options: argparse.Namespace) -> None:
    from assets.project import Project, default_home
    from assets.summary import print_summary
    from training.run import open_run

    project = Project(default_home())
    print_summary(project, open_run(project.store, newest_run(project.home, options.name)))


def run_audit(options: argparse.Namespace) -> None:
    from assets.lineage import audit_json, print_audit
    from assets.project import default_home
    from pipelines.store import Store
    from training.run import open_run

    store = Store(default_home())
    run = open_run(store, newest_run(store.root, options.name))
    if options.json:
        print(json.dumps(audit_json(store, run, options.step), indent=1))
    else:
        print_audit(store, run, options.step)


def run_trace(options: argparse.Namespace) -> None:
    from assets.lineage import document_json, print_document, print_step, step_json
    from assets.project import default_home
    from pipelines.store import Store
    from training.run import open_run

    store = Store(default_home())
    run = open_run(store, newest_run(store.root, options.name))
    if options.document:
        show_document = document_json if options.json else print_document
        shown = show_document(store, run, options.document)
    else:
        show_step = step_json if options.json else print_step
        shown = show_step(store, run, options.step)
    if options.json:
        print(json.dumps(shown, indent=1))


def run_dev(options: argparse.Namespace) -> None:
    from assets.materialise import prepare_instance
    from assets.project import default_home

    prepare_instance(default_home())
    workspace = str(REPOSITORY / "workspace.yaml")
    os.chdir(REPOSITORY)
    command = ["dagster", "dev", "--workspace", workspace, "--host", "127.0.0.1", "--port", str(options.port)]
    os.execv(sys.executable, [sys.executable, "-m", *command])


def newest_run(home: Path, name: str) -> str:
    """``recipe@version`` as it is; a recipe's name as its newest run.

    Raises:
        PhaselineError: the recipe has no run.
    """
    if "@" in name:
        return name
    versions = [int(path.parent.name.partition("@")[2]) for path in (home / "runs").glob(f"{name}@*/run.json")]
    if not versions:
        known = sorted(path.parent.name for path in (home / "runs").glob("*/run.json"))
        raise PhaselineError(f"{name} has no run in {home}", f"train it, or name one of: {', '.join(known) or 'none'}")
    return f"{name}@{max(versions)}"


if __name__ == "__main__":
    sys.exit(main())
