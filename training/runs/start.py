"""What a run without a checkpoint of its own begins with: another run's checkpoint, a foreign model, or nothing."""

from dataclasses import dataclass

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.manifest import BASE_MODELS, BaseModelReference, Manifest
from training.models.presets import model_preset
from training.runs.checkpoints import read_checkpoint
from training.runs.run import Run, find_base


@dataclass(frozen=True)
class Start:
    """What is loaded before the first step.

    Args:
        artifact: a checkpoint, or a foreign model.
        loads_optimizer: the optimizer's state with the weights.
        counts_on: steps, batches and learning rates go on after those of the checkpoint; else they begin at 0.
    """

    artifact: Artifact
    loads_optimizer: bool
    counts_on: bool

    @property
    def is_foreign(self) -> bool:
        """Whether it is in Hugging Face format."""
        return self.artifact.asset.startswith(BASE_MODELS)


def find_start(store: Store, run: Run) -> Start | None:
    """What a run begins with, its files unread; None where it begins with new weights.

    Raises:
        PhaselineError: the tokenizer or the model's shape is another, or it is missing.
    """
    beginning, start = run.declaration.beginning, run.manifest.start
    if beginning is not None:
        return Start(read_checkpoint(run, beginning.step), beginning.optimizer == "loaded", counts_on=True)
    if start is None:
        return None
    if isinstance(start, BaseModelReference):
        return Start(store.find(start.artifact), loads_optimizer=False, counts_on=False)
    base = find_base(store, start)
    refuse_other_model(run.manifest, base, f"{run.manifest.recipe} starts from step {start.step} of {base.name}")
    return Start(read_checkpoint(base, start.step), start.optimizer == "loaded", counts_on=False)


def refuse_other_model(manifest: Manifest, base: Run, where: str) -> None:
    """Raise PhaselineError if a run's tokenizer, or its model's shape, is not that of a manifest."""
    if base.manifest.tokenizer.digest != manifest.tokenizer.digest:
        raise PhaselineError(
            f"{where}, which has another tokenizer ({base.manifest.tokenizer.asset}@{base.manifest.tokenizer.version})",
            "train the base recipe again with the present tokenizer, or start from another checkpoint",
        )
    if model_preset(base.manifest.model).shape != model_preset(manifest.model).shape:
        raise PhaselineError(
            f"{where}, which is a {base.manifest.model}, and trains a {manifest.model}",
            "name the base recipe's model, or start from another checkpoint",
        )
