"""The declared engine: one file, no part of any artifact's identity."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipelines.declared import Declared, read_declaration
from pipelines.engines.engine import Engine
from pipelines.engines.local import LocalEngine
from pipelines.engines.ray import RayEngine
from pipelines.engines.slurm import SlurmEngine


class EngineFile(Declared):
    engine: Annotated[LocalEngine | RayEngine | SlurmEngine, Field(discriminator="kind")]


def read_engine(path: Path) -> Engine:
    """The engine that a YAML file declares; raises PhaselineError where it does not fit."""
    return read_declaration(path, EngineFile).engine
