"""Subcommands about the quality of documents: what a person looks at, and what one takes all the same."""

import argparse
from pathlib import Path

from assets.commands.opened import Commands, open_project
from pipelines.errors import PhaselineError


def add(commands: Commands) -> None:
    """What is about the quality of documents, and about what was made of them."""
    add_inspect(commands)

    report = commands.add_parser("report", help="write one page, to be looked at in a browser, on the corpus")
    report.add_argument("--corpus", type=int, metavar="VERSION", help="of corpus/contamination (default: the newest)")
    report.add_argument("--output", type=Path, metavar="FILE", help="(default: in reports in the home)")
    report.set_defaults(run=run_report)

    promote = commands.add_parser("promote", help="take an artifact although it changed past a declared bound")
    promote.add_argument("name", metavar="ASSET[@VERSION]")
    promote.add_argument("--why", metavar="REASON", help="without one, show what would be taken")
    promote.add_argument("--who", metavar="NAME", help="who takes it (default: who is logged in)")
    promote.set_defaults(run=run_promote)


def add_inspect(commands: Commands) -> None:
    inspect = commands.add_parser("inspect", help="read documents drawn by bucket, score, reason ..., or all about one")
    inspect.add_argument("domain", metavar="DOMAIN", nargs="?", help="alone: what of it can be read")
    what = inspect.add_mutually_exclusive_group()
    what.add_argument("--bucket", metavar="NAME")
    what.add_argument("--score", metavar=("SCORER", "LOW", "HIGH"), nargs=3)
    what.add_argument("--quadrant", metavar="NAME")
    what.add_argument("--rejected", metavar="REASON")
    what.add_argument("--duplicates", metavar="ID", nargs="?", const="largest", help="of a document, or the largest")
    what.add_argument("--document", metavar="ID", help="where it comes from, what became of it, and why")
    inspect.add_argument("--source", metavar="NAME")
    inspect.add_argument("--language", metavar="CODE")
    inspect.add_argument("-n", type=positive, default=5, help="how many documents or clusters (default: 5)")
    inspect.add_argument("--seed", type=int, default=0, help="another one draws others")
    inspect.add_argument("--characters", type=positive, default=600, help="of each text (default: 600)")
    inspect.add_argument("--json", action="store_true")
    inspect.set_defaults(run=run_inspect)


def positive(text: str) -> int:
    """A whole number above zero; raises ArgumentTypeError for another."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no whole number above zero")
    return int(text)


def run_inspect(options: argparse.Namespace) -> None:
    from assets.corpus_version import corpus_version
    from assets.explain import explain_document
    from assets.inspect import inspect
    from quality.samples.inspected import inspected
    from quality.samples.sample import Draw

    project = open_project()
    found = inspected(project.store, corpus_version(project))
    if options.document is not None:
        explain_document(found, options.document, max_characters=options.characters, as_json=options.json)
        return
    if options.domain is None:
        raise PhaselineError(
            "there is nothing to inspect", f"name a domain ({', '.join(found.domains)}) or --document ID"
        )
    inspect(
        found,
        options.domain,
        Draw(options.n, options.seed, options.characters, options.source, options.language),
        bucket=options.bucket,
        score=options.score,
        quadrant=options.quadrant,
        rejected=options.rejected,
        duplicates=options.duplicates,
        as_json=options.json,
    )


def run_report(options: argparse.Namespace) -> None:
    from assets.report import report

    report(open_project(), options.corpus, options.output)


def run_promote(options: argparse.Namespace) -> None:
    from assets.definitions import project_steps
    from assets.promote import promote

    project = open_project()
    promote(project.store, project_steps(project), options.name, who=options.who, why=options.why)
