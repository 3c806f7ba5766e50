"""One training process: ``python -m training.titan two_phase@1 --home data --until-step 128``.

Alone, or several under torchrun. A run continues from its newest sound checkpoint.
"""

import argparse
import contextlib
import gc
import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.runs.checkpoints import own_steps
from training.runs.events import emit
from training.runs.full_disk import full_disk, says_full
from training.runs.run import Run, open_run
from training.runs.settling import settle
from training.runs.soundness import refuse_changed
from training.runs.start import find_start
from training.titan.agent import end_with_torchrun, is_below_torchrun, refuse_restart, restart_is_left
from training.tokens.files import verify_token_files
from training.tokens.mirror import available_token_files
from training.tokens.windows import SourceFiles


def main() -> int:
    """Train, telling the launcher of every failure as an event."""
    arguments = parse_arguments()
    if arguments.end_with_stdin:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    if is_below_torchrun():
        threading.Thread(target=end_with_torchrun, daemon=True).start()
    for name, value in ALONE.items():
        os.environ.setdefault(name, value)
    try:
        train(arguments)
    except PhaselineError as error:
        emit("failure", [error.what, error.remedy])
        refuse_restart()
        return 1
    except Exception as error:
        traceback.print_exc()
        what, remedy = failure(arguments, error)
        if restart_is_left():
            emit("note", f"{what}; torchrun starts this process again")
        else:
            emit("failure", [what, remedy])
        return 1
    return 0


def failure(arguments: argparse.Namespace, error: Exception) -> list[str]:
    """What is wrong and what to do about it, where no part of the program expected it."""
    if says_full(error):
        full = full_disk(arguments.home, error.filename or "a file of the run")
        return [full.what, full.remedy]
    if PEER_GONE in str(error):
        return [
            "another training process ended without a word, as one does that is killed",
            "run the same command again, it continues from the newest checkpoint; if that process was killed for "
            "memory, choose a smaller model or batch",
        ]
    return [f"{type(error).__name__}: {error}", "read the traceback in the log"]


PEER_GONE = "by peer"  # gloo and nccl say that a connection was closed, or reset, by peer

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
    """Prepare the run's folder from rank 0, then train."""
    from training.titan.hosts import watched_hosts
    from training.titan.preparation import all_wait_for_all, meet, said_by_rank_zero

    store = Store(arguments.home)
    run = open_run(store, arguments.run)
    files = available_token_files(store, run.manifest, run.artifact.folder, os.environ)
    meeting = meet()
    until_step, declared = json.loads(said_by_rank_zero(meeting, json.dumps([arguments.until_step, arguments.trainer])))
    trainer = TrainerDeclaration.model_validate_json(declared)
    with contextlib.ExitStack() as held:
        held.enter_context(watched_hosts(meeting, trainer.launch))
        with all_wait_for_all(meeting, int(os.environ["WORLD_SIZE"])):
            if os.environ["RANK"] == "0":
                held.enter_context(run.written())
                settle(run, note)
                verify_token_files(store, run.manifest, files, note)
                verify_start(store, run)
        run_torchtitan(until_step, trainer, store, run, files)


def note(sentence: str) -> None:
    """Tell the launcher."""
    emit("note", sentence)


def verify_start(store: Store, run: Run) -> None:
    """Raise PhaselineError if what the run begins with has changed."""
    start = find_start(store, run) if not own_steps(run) else None
    if start is not None:
        refuse_changed(start.artifact, note)


def run_torchtitan(
    until_step: int, declared: TrainerDeclaration, store: Store, run: Run, files: Mapping[str, SourceFiles]
) -> None:
    import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

    # isort: split
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
        until_step=until_step,
        num_processes=int(os.environ["WORLD_SIZE"]),
        trainer=declared,
    )
    trainer = config.build()
    try:
        trainer.train()
    finally:
        trainer.close()
    dist.destroy_process_group()


def end(status: int) -> NoReturn:
    """End this process at once: to take torch apart, object by object, takes seconds and serves nobody."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    gc.disable()  # torchtitan collects garbage between steps; in what is imported before there is none
    end(main())
