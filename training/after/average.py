"""The mean of several checkpoints' weights as a Hugging Face model.

Averages of checkpoints along a run with a constant learning rate come near to what a decay would give, and those of
several decays from one checkpoint are better than each (Izmailov et al., arXiv:1803.05407; Sanyal et al.,
arXiv:2306.03241; Li et al., arXiv:2505.12082; OLMo 2, arXiv:2501.00656).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipelines.errors import PhaselineError
from pipelines.store import Draft, Outcome, Store
from pipelines.tokenizer import TOKENIZER
from training.after.card import Origin, write_card
from training.after.export import CODE_VERSION, find_tokenizer, logits_equal
from training.after.past import bill_of_all
from training.models.presets import model_preset
from training.runs.checkpoints import checkpoint_steps, get_checkpoint, read_checkpoint
from training.runs.retention import pin
from training.runs.run import Run

MOST_NAMED_STEPS = 4


@dataclass(frozen=True)
class Member:
    """A checkpoint of an average."""

    run: Run
    step: int

    @property
    def name(self) -> str:
        """How people name it: ``recipe@version@step``."""
        return f"{self.run.name}@{self.step}"


def last_members(run: Run, num_checkpoints: int) -> list[Member]:
    """The newest checkpoints of a run, oldest first; raises PhaselineError where it has fewer that are trained."""
    trained = [step for step in checkpoint_steps(run) if step]
    if len(trained) < num_checkpoints:
        raise PhaselineError(
            f"run {run.name} has {len(trained)} checkpoints after training began, not {num_checkpoints}",
            f"name fewer of: {', '.join(map(str, trained)) or 'none'}; checkpoints.keep_newest keeps more from then on",
        )
    return [Member(run, step) for step in trained[-num_checkpoints:]]


def ensure_average(
    store: Store, members: Sequence[Member], decay: float | None, report: Callable[[str], None]
) -> Outcome:
    """Publish the mean of some checkpoints' weights, which is taken tensor by tensor and summed in float64.

    Its record names all of them as parents, and bills what any of them was trained on, common steps once.

    Args:
        members: at least two, of models of one shape with one tokenizer; of one run in the order of their steps.
        decay: None for the uniform mean; else the exponential moving average over the checkpoints of one run, in which
            each older one has ``decay`` times the weight of the next, and the oldest has what is left to 1.

    Raises:
        PhaselineError: checkpoints that cannot be averaged, are missing, or were altered.
    """
    refuse_unlike(members, decay)
    run = members[-1].run
    checkpoints = [read_checkpoint(member.run, member.step) for member in members]
    tokenizer = find_tokenizer(store, run)
    asset = f"models/{'mean' if decay is None else f'ema_{decay:g}'}/{label(members)}"

    def make(draft: Draft) -> None:
        from training.titan.export import write_model
        from training.titan.weights import mean_of

        for member in members:
            pin(member.run, member.step)
        report(f"averaging {', '.join(member.name for member in members)} as {asset}")
        folders = [get_checkpoint(member.run, member.step).folder for member in members]
        weights = mean_of(dict(zip(folders, shares(len(members), decay), strict=True)))
        difference = write_model(run.manifest, weights, tokenizer.folder / TOKENIZER, draft.folder)
        draft.checks.append(logits_equal(difference))
        bill = bill_of_all(store, [(member.run, member.step) for member in members])
        draft.facts |= {
            "averaged": [member.name for member in members],
            "bill": bill.model_dump(mode="json"),
            "context": run.manifest.window_length,
        }
        mean = "The uniform mean" if decay is None else f"The exponential moving average with decay {decay:g}"
        how = f"{mean} of the weights of {len(members)} checkpoints: {', '.join(member.name for member in members)}"
        write_card(draft.folder, Origin(asset, how, run, checkpoints, bill))

    return store.ensure(
        asset, make, code_version=CODE_VERSION, parameters={"decay": decay}, parents=[*checkpoints, tokenizer]
    )


def refuse_unlike(members: Sequence[Member], decay: float | None) -> None:
    """Raise PhaselineError for checkpoints of which there is no mean."""
    if len({member.name for member in members}) < max(2, len(members)):
        raise PhaselineError(
            f"there is no mean of {', '.join(member.name for member in members)}",
            "name two different checkpoints or more, or --steps or --last of one run",
        )
    first = members[0].run.manifest
    for member in members:
        manifest = member.run.manifest
        if model_preset(manifest.model).shape != model_preset(first.model).shape:
            raise PhaselineError(
                f"{member.name} is a {manifest.model}, and {members[0].name} a {first.model}",
                "average models of one shape",
            )
        if manifest.tokenizer.digest != first.tokenizer.digest:
            raise PhaselineError(
                f"{member.name} and {members[0].name} have different tokenizers", "average models with one tokenizer"
            )
    if decay is not None and len({member.run.name for member in members}) > 1:
        raise PhaselineError("checkpoints of several runs have no order for a moving average", "leave --ema out")


def shares(num_checkpoints: int, decay: float | None) -> list[float]:
    """The share of each checkpoint in an average, oldest first; they sum to 1."""
    if decay is None:
        return [1 / num_checkpoints] * num_checkpoints
    ages = range(num_checkpoints - 1, -1, -1)
    return [decay**age * (1.0 if age == num_checkpoints - 1 else 1 - decay) for age in ages]


def label(members: Sequence[Member]) -> str:
    """The runs and steps of an average, as the last part of its asset's name."""
    return "+".join(
        f"{run}_{steps_label([member.step for member in of_run])}"
        for run, of_run in groupby(members, lambda member: member.run.name)
    )


def steps_label(steps: Sequence[int]) -> str:
    """Some steps in a short name."""
    if len(steps) <= MOST_NAMED_STEPS:
        return "_".join(map(str, steps))
    return f"{steps[0]}_to_{steps[-1]}_in_{len(steps)}"
