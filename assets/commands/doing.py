"""Subcommands that make things, or show the whole."""

import argparse
import os
import sys

from assets.commands.opened import Commands, newest_run, open_project
from pipelines.errors import PhaselineError


def add(commands: Commands) -> None:
    """What makes things, or shows the whole."""
    train = commands.add_parser("train", help="make everything a recipe needs, train it, evaluate it")
    train.add_argument("selection", metavar="RECIPE[:PHASE,...]")
    train.add_argument("--from", dest="beginning", metavar="RUN@STEP", help="branch off another run's checkpoint")
    train.add_argument("--optimizer", choices=["loaded", "fresh"], help="with --from: its state is loaded, or not")
    train.add_argument("--dry-run", action="store_true", help="show what would be made, and run to train; do nothing")
    train.set_defaults(run=run_train)

    dev = commands.add_parser("dev", help="open the Dagster UI on this machine only")
    dev.add_argument("--port", type=int, default=3000)
    dev.set_defaults(run=run_dev)


def run_train(options: argparse.Namespace) -> None:
    from assets.branching import branch_off
    from assets.dry_run import show
    from assets.materialise import materialise
    from assets.summary import print_summary
    from training.declared.recipes import select
    from training.launching.helping import help_train, helping_launcher
    from training.runs.branch import Optimizer
    from training.runs.run import open_run

    project = open_project()
    recipe, phases = select(project.recipes, options.selection)
    if options.optimizer is not None and options.beginning is None:
        raise PhaselineError("--optimizer says what a branch begins with, and there is none", "add --from RUN@STEP")
    optimizer: Optimizer = options.optimizer or "loaded"
    if options.dry_run:
        print(*show(project, recipe, phases, options.beginning, optimizer), sep="\n")
        return
    helping = helping_launcher(project.trainer)
    if helping is not None:
        help_train(project.store, recipe.name, phases[-1], project.trainer, helping, print)
        return
    if options.beginning is not None:
        branch_off(project, recipe, options.beginning, optimizer)
    materialise(project, recipe, phases)
    print_summary(project, open_run(project.store, newest_run(project.store, recipe.name)))


def run_dev(options: argparse.Namespace) -> None:
    from assets.materialise import prepare_instance
    from assets.project import REPOSITORY, default_home

    prepare_instance(default_home())
    workspace = str(REPOSITORY / "workspace.yaml")
    os.chdir(REPOSITORY)
    command = ["dagster", "dev", "--workspace", workspace, "--host", "127.0.0.1", "--port", str(options.port)]
    os.execv(sys.executable, [sys.executable, "-m", *command])
