"""How tests train."""

from training.declared.trainer import TrainerDeclaration


def on(num_processes: int) -> TrainerDeclaration:
    """So many processes on this machine, with a checkpoint every five steps."""
    return TrainerDeclaration.model_validate(
        {"launch": {"kind": "local", "num_processes": num_processes}, "checkpoints": {"every_steps": 5}}
    )
