"""torchtitan's configuration of a run."""

from collections.abc import Mapping
from pathlib import Path

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
from torchtitan.components.optimizer import OptimizersContainer, ParamGroupConfig
from torchtitan.config.configs import CommConfig, CompileConfig, DebugConfig, TrainingConfig

from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.models.batches import local_batch_sizes
from training.models.compute import settled_compute
from training.models.layout import parallel_layout
from training.runs.run import Run
from training.titan.checkpoint import RecordedCheckpoints
from training.titan.compute import activation_checkpoint, gpu_bytes, loss
from training.titan.loader import ManifestLoader
from training.titan.metrics import RunMetrics
from training.titan.model import model_spec
from training.titan.parallel import parallelism
from training.titan.schedule import ManifestSchedule
from training.titan.trainer import ManifestTrainer
from training.tokens.windows import SourceFiles

ADAMW_EPSILON = 1e-8
COMMUNICATION_TIMEOUT_SECONDS = 1800  # ranks wait for one that compiles, and while rank 0 records a checkpoint


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
        PhaselineError: an unknown model, or one that cannot be trained so on so many processes.
    """
    manifest = run.manifest
    layout = parallel_layout(manifest, trainer.parallel, num_processes, on_gpus=not ON_CPU)
    compute = settled_compute(manifest, trainer, num_processes, gpu_bytes())
    batch_sizes = local_batch_sizes(manifest, num_processes, trainer)
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
            mixed_precision_param=compute.dtype,
            disable_cuda_graphs=True,  # they keep one shape of batch; phases have their own
        ),
        loss=loss(compute, manifest.tokenizer.vocab_size),
        parallelism=parallelism(layout),
        checkpoint=RecordedCheckpoints.Config(
            store=store,
            run=run,
            enable=True,
            folder=run.checkpoints.name,
            interval=trainer.checkpoints.every_steps,
            trainer=trainer,
            last_save_model_only=False,
            keep_latest_k=0,
        ),
        metrics=RunMetrics.Config(
            store=store, run=run, watch=trainer.watch, sinks=trainer.metrics, disable_color_printing=True
        ),
        activation_checkpoint=activation_checkpoint(compute),
        compile=CompileConfig(enable=compute.compile),
        comm=CommConfig(
            init_timeout_seconds=COMMUNICATION_TIMEOUT_SECONDS,
            train_timeout_seconds=COMMUNICATION_TIMEOUT_SECONDS,
            trace_buf_size=0,
        ),
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
