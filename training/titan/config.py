"""torchtitan's configuration of a run."""

from collections.abc import Mapping
from pathlib import Path

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
from torchtitan.components.loss import CrossEntropyLoss
from torchtitan.components.optimizer import OptimizersContainer, ParamGroupConfig
from torchtitan.config.configs import CommConfig, CompileConfig, DebugConfig, ParallelismConfig, TrainingConfig

from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.models.batches import local_batch_sizes
from training.models.presets import model_preset
from training.runs.run import Run
from training.titan.checkpoint import RecordedCheckpoints
from training.titan.loader import ManifestLoader
from training.titan.metrics import RunMetrics
from training.titan.model import model_spec
from training.titan.schedule import ManifestSchedule
from training.titan.trainer import ManifestTrainer
from training.tokens.windows import SourceFiles

ADAMW_EPSILON = 1e-8
COMMUNICATION_TIMEOUT_SECONDS = 1800  # the other ranks wait while rank 0 records a checkpoint


def trainer_config(
    store: Store,
    run: Run,
    token_files: Mapping[str, SourceFiles],
    tokenizer_folder: Path,
    *,
    until_step: int,
    num_processes: int,
    trainer: TrainerDeclaration,
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
            interval=trainer.checkpoints.every_steps,
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
