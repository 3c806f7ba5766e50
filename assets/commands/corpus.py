"""Subcommands about the corpus: what came of it."""

import argparse
from pathlib import Path

from assets.commands.opened import Commands, open_project


def add(commands: Commands) -> None:
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


def run_whatif(options: argparse.Namespace) -> None:
    from assets.whatif import whatif

    whatif(open_project(), options.name, options.rules, plot=options.plot)


def run_funnel(options: argparse.Namespace) -> None:
    from assets.funnel import funnel

    funnel(open_project(), options.name, plot=options.plot, as_json=options.json)
