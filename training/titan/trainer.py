"""A run of a manifest as torchtitan's trainer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed as dist
from torchtitan.trainer import Trainer

from training.runs.run import Run
from training.titan.loader import Batch
from training.titan.metrics import refuse_not_finite
from training.titan.model import DenseAttention, document_mask, initialise_as_one_process


class ManifestTrainer(Trainer):
    """torchtitan's trainer, held to the manifest's batches and rates, and stopped by a loss that is not finite."""

    @dataclass(kw_only=True, slots=True)
    class Config(Trainer.Config):
        run: Run
        local_batch_sizes: list[int]

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.manifest = config.run.manifest
        self.microbatches = {
            phase.name: phase.global_batch_size // (size * dist.get_world_size())
            for phase, size in zip(self.manifest.phases, config.local_batch_sizes, strict=True)
        }
        if ON_CPU:
            initialise_as_one_process(self.model_parts[0], self.model_config, self.manifest.seed)

    def post_dataloading_process(
        self, input_dict: dict[str, torch.Tensor], labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
        """Add the dense document mask where the model needs one; torchtitan adds FlexAttention's itself."""
        if isinstance(self.model_config.first_attention.inner_attention, DenseAttention.Config):
            input_dict = {**input_dict, "attention_masks": document_mask(input_dict["positions"])}
        return super().post_dataloading_process(input_dict, labels)

    def forward_backward_step(self, **batch: Any) -> torch.Tensor:
        """One microbatch; raises PhaselineError for a loss that is not finite, before any weight is changed by it."""
        loss = super().forward_backward_step(**batch)
        refuse_not_finite("loss", loss.item(), self.step)
        return loss

    def train_step(self, data_iterator: Iterator[Batch]) -> None:
        """One step of the manifest's batch at its learning rate."""
        self.metrics_processor.start_step()
        self.gradient_accumulation_steps = self.microbatches[self.manifest.phase_at(self.step - 1).name]
        declared = self.manifest.lr(self.step - 1)
        used = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        if any(lr != declared for lr in used):
            raise RuntimeError(f"step {self.step} would use the learning rates {used} instead of {declared}")
        super().train_step(data_iterator)
