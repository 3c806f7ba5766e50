"""Subcommands about runs."""

import argparse
import json

from assets.commands.opened import Commands, newest_run, open_project, run_and_step


def add(commands: Commands) -> None:
    """What is about runs."""
    summary = commands.add_parser("summary", help="show what a run ate and what it learned")
    summary.add_argument("name", metavar="RUN", help="a recipe, or recipe@version")
    summary.set_defaults(run=run_summary)

    bill = commands.add_parser("bill", help="what a checkpoint was trained on, what that was made from, and by whom")
    bill.add_argument("name", metavar="RUN[@STEP]", help="recipe, recipe@version or recipe@version@step")
    bill.add_argument("other", metavar="OTHER[@STEP]", nargs="?", help="another checkpoint, to see side by side")
    bill.add_argument("--json", action="store_true")
    bill.set_defaults(run=run_bill)

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


def run_summary(options: argparse.Namespace) -> None:
    from assets.summary import print_summary
    from training.runs.run import open_run

    project = open_project()
    print_summary(project, open_run(project.store, newest_run(project.store, options.name)))


def run_bill(options: argparse.Namespace) -> None:
    from assets.bill import bill_json, print_bill, print_bills
    from assets.project import default_home
    from pipelines.store import Store
    from training.runs.checkpoints import read_checkpoint

    store = Store(default_home())
    names = [options.name] if options.other is None else [options.name, options.other]
    checkpoints = [read_checkpoint(*run_and_step(store, name)) for name in names]
    if options.json:
        bills = [bill_json(store, checkpoint) for checkpoint in checkpoints]
        print(json.dumps(bills if options.other else bills[0], indent=1))
    elif options.other:
        print_bills(store, *checkpoints)
    else:
        print_bill(store, *checkpoints)


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
