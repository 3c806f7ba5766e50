"""The learning rate as a pure function of the step."""

import math
from typing import Literal

from pipelines.declared import Declared

DecayShape = Literal["linear", "cosine", "one_minus_sqrt"]


class Schedule(Declared):
    """Warm-up, stable, decay (WSD; Hu et al., MiniCPM, arXiv:2404.06395), with every place in steps.

    The rate rises linearly over ``warmup_steps``, stays at ``peak_lr``, then falls over the last ``decay_steps`` to
    ``final_lr`` in the declared shape (one minus square root: Hägele et al., arXiv:2405.18392). A cosine over the whole
    run is a decay that starts where the warm-up ends.
    """

    total_steps: int
    warmup_steps: int
    decay_steps: int
    decay_shape: DecayShape
    peak_lr: float
    final_lr: float

    def lr(self, step: int) -> float:
        """The rate that the optimizer uses at a step, counted from 0."""
        if step < self.warmup_steps:
            return self.peak_lr * (step + 1) / self.warmup_steps
        decay_start = self.total_steps - self.decay_steps
        if step < decay_start:
            return self.peak_lr
        progress = (step + 1 - decay_start) / self.decay_steps
        return self.final_lr + (self.peak_lr - self.final_lr) * _remaining(self.decay_shape, progress)


def _remaining(shape: DecayShape, progress: float) -> float:
    """The share of the fall that is still ahead, from 1 at progress 0 to 0 at progress 1."""
    match shape:
        case "linear":
            return 1 - progress
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * progress))
        case "one_minus_sqrt":
            return 1 - math.sqrt(progress)
