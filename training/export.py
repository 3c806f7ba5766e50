"""A checkpoint at a phase boundary as a Hugging Face model."""

from collections.abc import Callable

from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Artifact, Draft, Outcome, Store
from training.runs.checkpoints import boundaries, get_checkpoint
from training.runs.run import Run

CODE_VERSION = "1"
TOKENIZER = "tokenizer.json"
LARGEST_LOGIT_DIFFERENCE = 1e-4


def export_asset(run: Run, step: int) -> str:
    """The asset's name: ``models/<recipe>/<phase>``, or ``models/<recipe>/start`` for step 0.

    Raises:
        PhaselineError: the step is no phase boundary.
    """
    names = boundaries(run.manifest)
    if step not in names:
        known = ", ".join(f"{boundary} ({name})" for boundary, name in names.items())
        raise PhaselineError(f"step {step} of run {run.name} is no phase boundary", f"name one of: {known}")
    return f"models/{run.manifest.recipe}/{names[step]}"


def ensure_export(store: Store, run: Run, step: int, report: Callable[[str], None]) -> Outcome:
    """Publish the checkpoint after ``step`` steps as a folder that transformers loads offline.

    The check ``logits_equal`` compares torchtitan's logits with those of what transformers loads, in float32.

    Raises:
        PhaselineError: the step is no phase boundary, or its checkpoint is missing or altered.
    """
    asset = export_asset(run, step)
    checkpoint = get_checkpoint(run, step)
    tokenizer = find_tokenizer(store, run)

    def make(draft: Draft) -> None:
        from training.titan.export import write_model

        report(f"exporting step {step} of {run.name} as {asset}")
        difference = write_model(run.manifest, checkpoint.folder, tokenizer.folder / TOKENIZER, draft.folder)
        draft.checks.append(
            Check(
                name="logits_equal",
                passed=difference < LARGEST_LOGIT_DIFFERENCE,
                detail=f"largest difference {difference:.2e}, allowed {LARGEST_LOGIT_DIFFERENCE:.0e}",
            )
        )
        draft.facts |= {"run": run.name, "step": step, "phase": checkpoint.record.facts["phase"]}

    return store.ensure(asset, make, code_version=CODE_VERSION, parameters={}, parents=[checkpoint, tokenizer])


def find_tokenizer(store: Store, run: Run) -> Artifact:
    """The tokenizer that the run's shards were made with."""
    return store.find(run.manifest.tokenizer.artifact)
