"""A run of a manifest as torchtitan's trainer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed as dist
from torchtitan.components.loss import CrossEntropyLoss
from torchtitan.components.optimizer import OptimizersContainer, ParamGroupConfig
from torchtitan.config.configs import CommConfig, CompileConfig, DebugConfig, ParallelismConfig, TrainingConfig
from torchtitan.trainer import Trainer

from pipelines.store import Store
from training.models import local_batch_sizes, model_preset
from training.runs.run import Run
from training.titan.checkpoint import RecordedCheckpoints
from training.titan.loader import Batch, ManifestLoader
from training.titan.metrics import RunMetrics, refuse_not_finite
from training.titan.model import DenseAttention, document_mask, initialise_as_one_process, model_spec
from training.titan.schedule import ManifestSchedule
from training.tokens.windows import SourceFiles

ADAMW_EPSILON = 1e-8
COMMUNICATION_TIMEOUT_SECONDS = 1800  # the other ranks wait while rank 0 records a checkpoint


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


def trainer_config(
    store: Store,
    run: Run,
    token_files: Mapping[str, SourceFiles],
    tokenizer_folder: Path,
    *,
    until_step: int,
    num_processes: int,
    checkpoint_every_steps: int,
) -> ManifestTrainer.Config:
    """torchtitan's configuration of a run, for a process that stops at ``until_step``.

    Raises:
        PhaselineError: an unknown model, or a global batch that does not divide among the processes.
    """
    manifest = run.manifest
    batch_sizes = local_batch_sizes(manifest, num_processes)
    return ManifestTrainer.Config(
        run=run,
        local_batch_sizes=batch_sizes,
        model_spec=model_spec(manifest),
        dump_folder=str(run.folder),
        hf_assets_path=str(tokenizer_folder),
        dataloader=ManifestLoader.Config(manifest=manifest, token_files=token_files, local_batch_sizes=batch_sizes),
        optimizer=adamw(run),
        lr_scheduler=ManifestSchedule.Config(manifest=manifest, warmup_steps=0),
        training=TrainingConfig(
            local_batch_size=batch_sizes[0],
            global_batch_size=manifest.phases[0].global_batch_size,
            seq_len=manifest.window_length,
            max_norm=manifest.optimizer.max_gradient_norm,
            steps=until_step,
            mixed_precision_param="float32" if ON_CPU else "bfloat16",
            disable_cuda_graphs=True,
        ),
        loss=CrossEntropyLoss.Config(),
        parallelism=ParallelismConfig(spmd_backend="partial_dtensor"),  # the one that torch 2.13's FSDP knows
        checkpoint=RecordedCheckpoints.Config(
            store=store,
            run=run,
            enable=True,
            folder=run.checkpoints.name,
            interval=checkpoint_every_steps,
            last_save_model_only=False,
            keep_latest_k=0,
        ),
        metrics=RunMetrics.Config(run=run, log_freq=1, disable_color_printing=True),
        activation_checkpoint=None,
        compile=CompileConfig(enable=model_preset(manifest.model).compute.compile),
        comm=CommConfig(train_timeout_seconds=COMMUNICATION_TIMEOUT_SECONDS, trace_buf_size=0),
        debug=DebugConfig(seed=manifest.seed, deterministic=ON_CPU),
    )


def adamw(run: Run) -> OptimizersContainer.Config:
    """AdamW with the manifest's constants and a base rate of 1, which the schedule multiplies."""
    declared = run.manifest.optimizer
    return OptimizersContainer.Config(
        implementation="fused",
        param_groups=[
            ParamGroupConfig(
                pattern=".*",
                optimizer_name="AdamW",
                optimizer_kwargs={
                    "lr": 1.0,
                    "betas": (declared.beta1, declared.beta2),
                    "eps": ADAMW_EPSILON,
                    "weight_decay": declared.weight_decay,
                },
            )
        ],
    )
