"""One training process: ``python -m training.titan two_phase@1 --home data --until-step 128``.

Alone, or several under torchrun. A run continues from its newest sound checkpoint.
"""

import argparse
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.runs.checkpoints import checkpoint_steps, refuse_changed, settle
from training.runs.events import emit
from training.runs.run import Run, open_run
from training.runs.start import start_checkpoint
from training.tokens.files import verify_token_files
from training.tokens.mirror import available_token_files
from training.tokens.windows import SourceFiles


def main() -> int:
    """Train, telling the launcher of every failure as an event."""
    arguments = parse_arguments()
    if arguments.end_with_stdin:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    for name, value in ALONE.items():
        os.environ.setdefault(name, value)
    try:
        train(arguments)
    except PhaselineError as error:
        emit("failure", [error.what, error.remedy])
        return 1
    except Exception as error:
        traceback.print_exc()
        emit("failure", [f"{type(error).__name__}: {error}", "read the traceback in the log"])
        return 1
    return 0


ALONE = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": "0"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.titan", description="Train a run up to a step.")
    parser.add_argument("run", help="the run's name: recipe@version")
    parser.add_argument("--home", type=Path, required=True, help="the root of all artifacts and runs")
    parser.add_argument("--until-step", type=int, required=True, help="steps done when this process stops")
    parser.add_argument("--trainer", default="{}", help="a TrainerDeclaration as JSON")
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def end_with_stdin() -> None:
    """End this process when its launcher is gone, however that ended: standard input closes with it."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def train(arguments: argparse.Namespace) -> None:
    """Prepare the run's folder from rank 0, which the other ranks wait for when they meet, then train."""
    store = Store(arguments.home)
    run = open_run(store, arguments.run)
    files = available_token_files(store, run.manifest, run.artifact.folder, os.environ)
    with contextlib.ExitStack() as stack:
        if os.environ["RANK"] == "0":
            stack.enter_context(run.written())
            settle(run, note)
            verify_token_files(store, run.manifest, files, note)
            verify_start(store, run)
        run_torchtitan(arguments, store, run, files)


def note(sentence: str) -> None:
    """Tell the launcher."""
    emit("note", sentence)


def verify_start(store: Store, run: Run) -> None:
    """Raise PhaselineError if the run has to load another's checkpoint whose files have changed."""
    start = start_checkpoint(store, run.manifest) if not checkpoint_steps(run) else None
    if start is not None:
        refuse_changed(start)


def run_torchtitan(arguments: argparse.Namespace, store: Store, run: Run, files: Mapping[str, SourceFiles]) -> None:
    import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

    # isort: split
    import logging

    import torch.distributed as dist
    from torchtitan.tools.logging import init_logger

    from training.titan.config import trainer_config

    init_logger()
    if os.environ["RANK"] != "0":
        logging.getLogger().setLevel(logging.WARNING)
    config = trainer_config(
        store,
        run,
        files,
        store.find(run.manifest.tokenizer.artifact).folder,
        until_step=arguments.until_step,
        num_processes=int(os.environ["WORLD_SIZE"]),
        trainer=TrainerDeclaration.model_validate_json(arguments.trainer),
    )
    trainer = config.build()
    try:
        trainer.train()
    finally:
        trainer.close()
    dist.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main())
