"""Where steps run: this machine, a Ray or a Slurm cluster, by configuration. The bytes they write are the same."""

from pipelines.engines.declaration import read_engine
from pipelines.engines.engine import Engine
from pipelines.engines.local import LocalEngine
from pipelines.engines.progress import task_progress

__all__ = ["Engine", "LocalEngine", "read_engine", "task_progress"]
