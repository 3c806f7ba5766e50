"""What is watched while a run trains, and where its metrics are shown beside its own files."""

from typing import Annotated, Literal

from pydantic import Field

from pipelines.declared import Declared


class Watch(Declared):
    """When a step's loss is a spike: so many standard deviations above the mean of the steps before it.

    The defaults are those of OLMo-core's SkipStepOptimizer, as is that half a window is enough to judge by. That a step
    is compared with steps of its own phase alone is our choice: another blend has another loss.

    Args:
        window_steps: of the same phase, before the step.
        deviations: standard deviations of their losses.
    """

    window_steps: Annotated[int, Field(ge=4)] = 128
    deviations: Annotated[float, Field(gt=0)] = 6.0


class WeightsAndBiases(Declared):
    """Where runs are shown on Weights & Biases: each start of a run is a run there, in a group of the run's name.

    Args:
        mode: ``offline`` writes into the run's folder what ``wandb sync`` uploads.
    """

    project: str
    entity: str | None = None
    mode: Literal["online", "offline"] = "online"


class Metrics(Declared):
    """Where metrics are shown, beside the run's ``metrics.jsonl`` and plots."""

    tensorboard: bool = True
    wandb: WeightsAndBiases | None = None
