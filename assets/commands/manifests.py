"""Subcommands about recipes and their manifests."""

import argparse
from pathlib import Path

from assets.commands.opened import Commands, newest_run, open_project


def add(commands: Commands) -> None:
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
