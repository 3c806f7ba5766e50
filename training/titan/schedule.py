"""The manifest's learning rate as torchtitan's scheduler."""

from dataclasses import dataclass

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
from torchtitan.components.optimizer import LRSchedulersContainer, OptimizersContainer

from training.manifest import Manifest


class ManifestSchedule(LRSchedulersContainer):
    """Multiplies a base rate of 1 by the manifest's rate, so that the product is exact."""

    @dataclass(kw_only=True, slots=True)
    class Config(LRSchedulersContainer.Config):
        manifest: Manifest

        def build(self, *, optimizers: OptimizersContainer, training_steps: int) -> "ManifestSchedule":  # noqa: ARG002
            """The schedule's horizon is the manifest's, wherever this process stops."""
            last_step = self.manifest.total_steps - 1
            return ManifestSchedule(optimizers, lambda step: self.manifest.lr(min(step, last_step)))
