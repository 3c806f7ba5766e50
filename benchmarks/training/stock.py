"""torchtitan's own trainer: ``python -m benchmarks.training.stock HOME RUN STEPS FOLDER SETTINGS``.

Model, batch and optimizer are those of the run; tokens come from memory. SETTINGS is

- ``same``: precision, compilation, recomputation and CUDA graphs as the run's trainer has them,
- ``own``: loss, recomputation and CUDA graphs as in torchtitan's configuration of Llama 3 8B, compiled,
- ``alone``: as ``same``, and nothing but the model and its optimizer on one batch, over and over.

On a CPU it gets what it cannot do without there: the shim, and attention under a dense mask.
"""

import os
import sys
from pathlib import Path

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch.distributed as dist
import torchtitan.models.llama3.config_registry  # noqa: F401, all of torchtitan that is needed
from torchtitan.tools.logging import init_logger

from benchmarks.training.spans import mark


def main() -> None:
    home, name, steps, folder, settings = sys.argv[1:]
    mark("imported")
    from benchmarks.training.memory import MemoryLoader
    from benchmarks.training.observed import observe
    from benchmarks.training.stock_config import stock_config
    from training.titan.__main__ import ALONE

    for variable, value in ALONE.items():
        os.environ.setdefault(variable, value)
    config = stock_config(Path(home), name, int(steps), folder, settings)
    observe(config._owner, MemoryLoader)
    init_logger()
    mark("configured")
    trainer = config.build()
    try:
        trainer.train()
    finally:
        trainer.close()
    dist.destroy_process_group()


main()
