"""Subcommands about models: exported, averaged, evaluated, and what they write."""

import argparse
from pathlib import Path

from assets.commands.opened import Commands, open_project, run_and_step
from assets.commands.quality import positive
from pipelines.errors import PhaselineError

MODEL = "a run's checkpoint (RECIPE, RECIPE@VERSION or RECIPE@VERSION@STEP; by default the newest) or models/..."


def add(commands: Commands) -> None:
    """What is about models."""
    export = commands.add_parser("export", help="a checkpoint in Hugging Face format, with a model card")
    export.add_argument("name", metavar="MODEL", help=MODEL)
    export.add_argument("--to", type=Path, metavar="FOLDER", help="copy it into a new folder, to be published")
    export.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of the copy's weights")
    export.set_defaults(run=run_export)

    average = commands.add_parser("average", help="the mean of several checkpoints' weights")
    average.add_argument("names", metavar="RUN[@STEP]", nargs="+", help="one run, or several checkpoints")
    which = average.add_mutually_exclusive_group()
    which.add_argument("--steps", type=steps, metavar="N,N,...", help="of the one run that is named")
    which.add_argument("--last", type=positive, metavar="K", help="the newest checkpoints of the one run that is named")
    average.add_argument(
        "--ema", type=share, metavar="DECAY", help="exponential moving average (default: uniform mean)"
    )
    average.set_defaults(run=run_average)

    evaluate = commands.add_parser("evaluate", help="bits per byte of held-out documents by domain")
    evaluate.add_argument("names", metavar="MODEL", nargs="+", help=MODEL)
    evaluate.set_defaults(run=run_evaluate)

    generate = commands.add_parser("generate", help="what a model writes after prompts or held-out beginnings")
    generate.add_argument("name", metavar="MODEL", help=MODEL)
    generate.add_argument("--prompt", nargs="+", metavar="TEXT", help="(default: beginnings of held-out documents)")
    generate.add_argument(
        "-n", type=positive, default=3, help="texts for each prompt, or documents of each domain (default: 3)"
    )
    generate.add_argument("--max-tokens", type=positive, default=100, metavar="N", help="of each text (default: 100)")
    generate.add_argument("--temperature", type=temperature, default=0.8, help="0 takes the likeliest (default: 0.8)")
    generate.add_argument("--seed", type=int, default=0, help="another one draws others")
    generate.set_defaults(run=run_generate)


def steps(text: str) -> list[int]:
    """Whole numbers, separated by commas; raises ArgumentTypeError for others."""
    return [positive(number) for number in text.split(",")]


def share(text: str) -> float:
    """A number between 0 and 1; raises ArgumentTypeError for another."""
    return number_in(text, 0, 1, "between 0 and 1")


def temperature(text: str) -> float:
    """A number from 0 on; raises ArgumentTypeError for another."""
    return 0.0 if text == "0" else number_in(text, 0, float("inf"), "from 0 on")


def number_in(text: str, low: float, high: float, words: str) -> float:
    """A number strictly between two others; raises ArgumentTypeError for another."""
    try:
        number = float(text)
    except ValueError:
        number = low
    if not low < number < high:
        raise argparse.ArgumentTypeError(f"{text} is no number {words}")
    return number


def run_export(options: argparse.Namespace) -> None:
    from assets.models import find_model, print_model
    from training.after.publication import copy_model

    if options.to is None and options.dtype != "float32":
        raise PhaselineError(
            "weights are exported in float32", "name a folder with --to; its copy may be of another dtype"
        )
    model = find_model(open_project().store, options.name)
    print_model(model)
    if options.to is not None:
        copy_model(model, options.to, options.dtype)
        print(f"copied to {options.to.resolve()} in {options.dtype}")


def run_average(options: argparse.Namespace) -> None:
    from assets.models import print_model, progress
    from training.after.average import Member, ensure_average, last_members

    store = open_project().store
    if options.last is None and options.steps is None:
        members = [Member(*run_and_step(store, name)) for name in options.names]
    elif len(options.names) > 1:
        raise PhaselineError("--steps and --last are of one run", "name one run, or every checkpoint as RUN@STEP")
    else:
        run, _ = run_and_step(store, options.names[0])
        members = (
            last_members(run, options.last)
            if options.steps is None
            else [Member(run, step) for step in sorted(options.steps)]
        )
    print_model(ensure_average(store, members, options.ema, progress).artifact)


def run_evaluate(options: argparse.Namespace) -> None:
    from assets.models import evaluate, find_model

    project = open_project()
    evaluate(project, [find_model(project.store, name) for name in options.names])


def run_generate(options: argparse.Namespace) -> None:
    from assets.models import find_model
    from assets.samples import print_samples
    from training.after.generate import Sampling

    project = open_project()
    model = find_model(project.store, options.name)
    sampling = Sampling(options.max_tokens, options.temperature, options.seed)
    print_samples(project, model, options.prompt, sampling, options.n)
