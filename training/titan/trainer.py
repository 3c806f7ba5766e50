"""A run of a manifest as torchtitan's trainer."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import numpy as np
import torch
from torchtitan.distributed import utils as dist_utils
from torchtitan.trainer import Trainer

from training.manifest import CompiledPhase
from training.runs.metrics import Measured
from training.runs.run import Run
from training.titan.attention import DenseAttention, document_mask
from training.titan.exactness import ExactStep
from training.titan.loader import ManifestLoader, Microbatch
from training.titan.loss import LOSS_OF_SEQUENCES
from training.titan.metrics import RunMetrics
from training.titan.watch import refuse_not_finite


class ManifestTrainer(Trainer):
    """torchtitan's trainer, held to the manifest's batches and rates, and stopped by what is not finite.

    Its step is torchtitan's own, but for three things: the loss of each sequence is kept apart, all that ranks have to
    tell each other is one sum, and between clipping and the optimizer everything is checked once.
    """

    metrics_processor: RunMetrics

    @dataclass(kw_only=True, slots=True)
    class Config(Trainer.Config):
        run: Run
        local_batch_sizes: list[int]

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.store = config.checkpoint.store
        self.run = config.run
        self.manifest = config.run.manifest
        num_parts, part = self.part_of_batch()
        self.exact = ExactStep(self.manifest, config.dataloader.token_files, num_parts=num_parts, part=part)
        self.microbatches = {
            phase.name: phase.global_batch_size // (size * num_parts)
            for phase, size in zip(self.manifest.phases, config.local_batch_sizes, strict=True)
        }

    def part_of_batch(self) -> tuple[int, int]:
        """Into how many parts ranks divide each global batch, and which is this one's."""
        mesh = self.parallel_dims.get_optional_mesh("batch")
        return (mesh.size(), mesh.get_local_rank()) if mesh is not None else (1, 0)

    def should_continue_training(self) -> bool:
        """Until the last step, or the one at which the ranks hear that they are to stop."""
        return super().should_continue_training() and not self.checkpointer.stopping

    def batch_generator(self, data_iterable: ManifestLoader) -> Iterator[Microbatch]:
        """The loader's microbatches as they are; torchtitan asks for them once the checkpoint is loaded."""
        self.metrics_processor.begin(self.step)
        return iter(data_iterable)

    def post_dataloading_process(
        self, input_dict: dict[str, torch.Tensor], labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
        """Add the dense document mask where the model needs one; torchtitan adds FlexAttention's itself."""
        if isinstance(self.model_config.first_attention.inner_attention, DenseAttention.Config):
            input_dict = {**input_dict, "attention_masks": document_mask(input_dict["positions"])}
        return super().post_dataloading_process(input_dict, labels)

    def train_step(self, data_iterator: Iterator[Microbatch]) -> None:
        """One step of the manifest: its batch at its learning rate.

        Raises:
            PhaselineError: the batch or the rate is not the manifest's, or the loss or the gradient is not finite; the
                weights are those of the step before.
        """
        started = time.perf_counter()
        phase = self.manifest.phase_at(self.step - 1)
        microbatches = list(islice(data_iterator, self.microbatches[phase.name]))
        data_seconds = time.perf_counter() - started
        self.exact.refuse_other_batch(self.step, microbatches)

        self.optimizers.zero_grad(set_to_none=self.config.training.disable_cuda_graphs)
        losses = self.losses_of_batch(phase, microbatches)
        grad_norm = dist_utils.clip_grad_norm_(
            [parameter for part in self.model_parts for parameter in part.parameters()],
            self.config.training.max_norm,
            foreach=True,
        )
        *values, norm = torch.cat([losses, grad_norm.reshape(1)]).tolist()  # the one wait for the device
        measured = Measured(np.array(values), norm)

        refuse_not_finite(self.store, self.run, self.step, measured)
        self.exact.refuse_other_rate(self.step, self.optimizers)
        self.checkpointer.maybe_wait_for_staging()
        self.optimizers.step()
        self.lr_schedulers.step()
        self.metrics_processor.log_step(self.step, measured, time.perf_counter() - started, data_seconds)

    def losses_of_batch(self, phase: CompiledPhase, microbatches: Sequence[Microbatch]) -> torch.Tensor:
        """Forward and backward passes of a step, gradients added up.

        Returns:
            the loss of each sequence of the global batch, on every rank: summed over its tokens, in nats, float32 of
            shape (global_batch_size,).
        """
        losses = torch.zeros(phase.global_batch_size, device=self.device)
        num_tokens = torch.full((), phase.tokens_per_step, device=self.device)
        for microbatch in microbatches:
            first = int(microbatch.samples[0] - phase.first_sample) % phase.global_batch_size
            losses[first : first + len(microbatch.samples)] = self.forward_backward_step(
                input_dict={
                    "input": microbatch.inputs.to(self.device),
                    "positions": microbatch.positions.to(self.device),
                },
                labels=microbatch.labels.to(self.device),
                global_valid_tokens=num_tokens,
            )
        return dist_utils.dist_sum_tensor(losses, self.parallel_dims.get_optional_mesh("loss"))

    def _forward_backward_body(
        self,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        global_valid_tokens: torch.Tensor,
        extra_kwargs: dict[str, Any],
    ) -> torch.Tensor:
        """As torchtitan's, but returns the loss of each sequence of a microbatch, shape (batch,)."""
        with self.train_context():
            logits = self.model_parts[0](inputs, **extra_kwargs)
            loss, parts = self.loss_fn(logits, labels, global_valid_tokens)
            del logits
            loss.backward()
        return parts[LOSS_OF_SEQUENCES]
