"""The checkpoint of another run that a run starts from."""

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.manifest import Manifest, StartReference
from training.models.presets import model_preset
from training.runs.checkpoints import read_checkpoint
from training.runs.run import Run, run_of


def start_checkpoint(store: Store, manifest: Manifest) -> Artifact | None:
    """The checkpoint that a run of a manifest starts from, its files unread; None where it starts from nothing.

    Raises:
        PhaselineError: the tokenizer or the model's shape is another, or the checkpoint is missing.
    """
    if manifest.start is None:
        return None
    base = find_base(store, manifest.start)
    where = f"{manifest.recipe} starts from step {manifest.start.step} of {base.name}"
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
    return read_checkpoint(base, manifest.start.step)


def find_base(store: Store, start: StartReference) -> Run:
    """The run that a manifest starts from; raises PhaselineError where there is none."""
    base = run_of(store, start.manifest_digest, start.step)
    if base is None:
        raise PhaselineError(
            f"there is no run of {start.manifest} (manifest {start.manifest_digest[:12]})",
            f"train {start.manifest} up to step {start.step} first",
        )
    return base
