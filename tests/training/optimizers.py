"""The optimizer's state in checkpoints."""

from typing import Any

from training.runs.checkpoints import step_folder
from training.runs.run import Run


def optimizer_state(run: Run, step: int) -> dict[str, Any]:
    """The moments and step counts of the optimizer in a checkpoint."""
    import torch
    import torch.distributed.checkpoint as dcp

    import training.titan.compat  # noqa: F401

    metadata = dcp.FileSystemReader(str(step_folder(run, step))).read_metadata().state_dict_metadata
    state = {key: torch.empty(entry.size) for key, entry in metadata.items() if key.startswith("optimizer.state.")}
    dcp.load(state, checkpoint_id=str(step_folder(run, step)), no_dist=True)
    return {key: value.tolist() for key, value in state.items()}


def optimizer_steps(run: Run, step: int) -> set[float]:
    """How often the optimizer of a checkpoint has updated its moments."""
    return {value for key, value in optimizer_state(run, step).items() if key.endswith(".step")}
