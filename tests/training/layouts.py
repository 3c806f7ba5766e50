"""One training process that trains small runs under several trainers, one after the other, so that it starts but once.

``python layouts.py FOLDER RANK WORLD_SIZE`` reads ``cases.json`` in the folder. Each case has a home of its own.
"""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.runs.run import Run, open_run

RUN = "small@1"
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Case:
    """A run in ``home`` that is trained for ``num_steps`` steps; its processes meet at ``port``."""

    home: str
    trainer: dict[str, Any]
    num_steps: int
    port: int


def train_cases(folder: Path, cases: list[Case], num_processes: int) -> None:
    """Train every case in the same processes."""
    (folder / "cases.json").write_text(json.dumps([asdict(case) for case in cases]))
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    with ExitStack() as stack:
        processes = []
        for rank in range(num_processes):
            log = stack.enter_context((folder / f"{rank}.log").open("w"))
            command = [sys.executable, __file__, str(folder), str(rank), str(num_processes)]
            process = stack.enter_context(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            stack.callback(process.kill)
            processes.append(process)
        statuses = [process.wait() for process in processes]
    assert statuses == [0] * num_processes, (folder / "0.log").read_text()[-3000:]


def main(folder: Path, rank: str, world_size: str) -> None:
    import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

    # isort: split
    import torch.distributed as dist
    import torchtitan.trainer

    torchtitan.trainer.time.sleep = lambda _: None  # two seconds after every run
    os.environ |= {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world_size, "MASTER_ADDR": "localhost"}
    for case in (Case(**case) for case in json.loads((folder / "cases.json").read_text())):
        os.environ["MASTER_PORT"] = str(case.port)
        train_case(case, Store(Path(case.home)), open_run(Store(Path(case.home)), RUN))
        dist.destroy_process_group()


def train_case(case: Case, store: Store, run: Run) -> None:
    from training.titan.config import trainer_config
    from training.tokens.mirror import available_token_files

    trainer = trainer_config(
        store,
        run,
        available_token_files(store, run.manifest, run.artifact.folder, os.environ),
        store.find(run.manifest.tokenizer.artifact).folder,
        until_step=case.num_steps,
        num_processes=int(os.environ["WORLD_SIZE"]),
        trainer=TrainerDeclaration.model_validate(case.trainer),
    ).build()
    trainer.train()
    trainer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
