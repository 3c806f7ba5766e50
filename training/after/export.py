"""A checkpoint as a Hugging Face model."""

from collections.abc import Callable

from pipelines.record import Check
from pipelines.store import Artifact, Draft, Outcome, Store
from pipelines.tokenizer import TOKENIZER
from training.after.card import Origin, write_card
from training.runs.checkpoint_facts import bill_in
from training.runs.checkpoints import boundaries, get_checkpoint, read_checkpoint
from training.runs.retention import pin
from training.runs.run import Run

CODE_VERSION = "2"
LARGEST_LOGIT_DIFFERENCE = 1e-4


def export_asset(store: Store, run: Run, step: int) -> str:
    """The asset of a checkpoint's model.

    It is the graph's, ``models/<recipe>/<phase>`` or ``models/<recipe>/start``, for the boundaries of the run of the
    recipe's newest manifest, and ``models/<run>/step_<step>`` for all others.
    """
    newest = store.require(run.artifact.asset)
    phases = boundaries(run.manifest)
    if step in phases and newest.record.facts["manifest_digest"] == run.manifest.digest:
        return f"models/{run.manifest.recipe}/{phases[step]}"
    return f"models/{run.name}/step_{step}"


def ensure_export(store: Store, run: Run, step: int, report: Callable[[str], None]) -> Outcome:
    """Publish the checkpoint after ``step`` steps as a folder that transformers loads offline, with a model card.

    The check ``logits_equal`` compares torchtitan's logits with those of what transformers loads, in float32.

    Raises:
        PhaselineError: there is no checkpoint after ``step`` steps, or it was altered.
    """
    asset = export_asset(store, run, step)
    checkpoint = read_checkpoint(run, step)
    tokenizer = find_tokenizer(store, run)

    def make(draft: Draft) -> None:
        from training.titan.export import write_model
        from training.titan.weights import weights_of

        pin(run, step)
        report(f"exporting step {step} of {run.name} as {asset}")
        difference = write_model(
            run.manifest, weights_of(get_checkpoint(run, step).folder), tokenizer.folder / TOKENIZER, draft.folder
        )
        draft.checks.append(logits_equal(difference))
        facts = checkpoint.record.facts
        draft.facts |= {
            "run": run.name,
            "step": step,
            "phase": facts["phase"],
            "context": run.manifest.window_length,
        }
        how = f"The weights after {step:,} of {run.manifest.total_steps:,} steps of run {run.name}"
        write_card(draft.folder, Origin(asset, how, run, [checkpoint], bill_in(store, checkpoint)))

    return store.ensure(asset, make, code_version=CODE_VERSION, parameters={}, parents=[checkpoint, tokenizer])


def logits_equal(difference: float) -> Check:
    """The check of an exported model by its largest difference of logits."""
    return Check(
        name="logits_equal",
        passed=difference < LARGEST_LOGIT_DIFFERENCE,
        detail=f"largest difference {difference:.2e}, allowed {LARGEST_LOGIT_DIFFERENCE:.0e}",
    )


def find_tokenizer(store: Store, run: Run) -> Artifact:
    """The tokenizer that the run's shards were made with."""
    return store.find(run.manifest.tokenizer.artifact)
