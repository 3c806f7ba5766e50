"""torchtitan's trainer as it comes, and the model alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed as dist
from torchtitan.distributed import utils as dist_utils
from torchtitan.trainer import Trainer

from training.titan.attention import document_mask

Batches = Iterator[tuple[dict[str, torch.Tensor], torch.Tensor]]


class StockTrainer(Trainer):
    """torchtitan's trainer; on a CPU with the dense mask that attention needs there."""

    @dataclass(kw_only=True, slots=True)
    class Config(Trainer.Config):
        pass

    def post_dataloading_process(
        self, input_dict: dict[str, torch.Tensor], labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
        if ON_CPU:
            input_dict = {**input_dict, "attention_masks": document_mask(input_dict["positions"])}
        return super().post_dataloading_process(input_dict, labels)


class ModelAlone(StockTrainer):
    """The model and its optimizer on one batch, which stays on the device; nothing is logged or asked for."""

    @dataclass(kw_only=True, slots=True)
    class Config(StockTrainer.Config):
        pass

    batch: dict[str, Any] | None = None

    def train_step(self, data_iterator: Batches) -> None:
        if self.batch is None:
            inputs, labels = next(data_iterator)
            self.batch = {
                "input_dict": {name: tensor.to(self.device) for name, tensor in inputs.items()},
                "labels": labels.to(self.device),
                "global_valid_tokens": torch.tensor(
                    labels.numel() * self.gradient_accumulation_steps * dist.get_world_size(), device=self.device
                ),
            }
        self.optimizers.zero_grad(set_to_none=self.config.training.disable_cuda_graphs)
        for _ in range(self.gradient_accumulation_steps):
            self.forward_backward_step(**self.batch)
        parameters = [parameter for part in self.model_parts for parameter in part.parameters()]
        dist_utils.clip_grad_norm_(parameters, self.config.training.max_norm, foreach=True)
        self.optimizers.step()
