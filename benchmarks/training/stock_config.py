"""torchtitan's configuration for the model and batch of a run."""

import os
from pathlib import Path

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
from torchtitan.components.checkpoint import CheckpointManager
from torchtitan.components.loss import BaseLoss, ChunkedLossWrapper, CrossEntropyLoss
from torchtitan.components.optimizer import OptimizersContainer
from torchtitan.config.configs import CompileConfig, ParallelismConfig, TrainingConfig
from torchtitan.models.llama3.config_registry import llama3_8b

from benchmarks.training.memory import MemoryLoader
from benchmarks.training.stock_trainer import ModelAlone, StockTrainer
from pipelines.store import Store
from training.declared.trainer import TrainerDeclaration
from training.models.batches import local_batch_sizes
from training.models.compute import settled_compute
from training.runs.run import open_run
from training.titan.compute import activation_checkpoint, gpu_bytes
from training.titan.config import adamw
from training.titan.model import model_spec


def stock_config(home: Path, name: str, steps: int, folder: str, settings: str) -> StockTrainer.Config:
    """torchtitan's configuration for the model and batch of a run."""
    trainer = ModelAlone if settings == "alone" else StockTrainer
    config = with_settings_of_run(trainer, Store(home), name, steps, folder)
    return with_own_settings(config) if settings == "own" else config


def with_settings_of_run(
    trainer: type[StockTrainer], store: Store, name: str, steps: int, folder: str
) -> StockTrainer.Config:
    """The model and batch of a run, computed as the run's trainer would."""
    run = open_run(store, name)
    manifest = run.manifest
    num_processes = int(os.environ["WORLD_SIZE"])
    compute = settled_compute(manifest, TrainerDeclaration(), num_processes, gpu_bytes())
    assert compute.loss_chunks is not None
    return trainer.Config(
        model_spec=model_spec(manifest),
        dump_folder=folder,
        hf_assets_path=str(store.find(manifest.tokenizer.artifact).folder),
        dataloader=MemoryLoader.Config(vocab_size=manifest.tokenizer.vocab_size),
        optimizer=optimizer(adamw(run), manifest.lr(0)),
        training=TrainingConfig(
            local_batch_size=local_batch_sizes(manifest, num_processes)[0],
            global_batch_size=manifest.phases[0].global_batch_size,
            seq_len=manifest.window_length,
            steps=steps,
            mixed_precision_param=compute.dtype,
            disable_cuda_graphs=not ON_CPU,  # on CPUs there are none, whatever this says
        ),
        loss=cross_entropy(manifest.tokenizer.vocab_size, compute.loss_chunks),
        parallelism=ParallelismConfig(spmd_backend="partial_dtensor"),  # the one that torch 2.13's FSDP knows
        checkpoint=CheckpointManager.Config(enable=True, interval=steps + 1),  # nothing is saved before the last step
        activation_checkpoint=activation_checkpoint(compute),
        compile=CompileConfig(enable=compute.compile),
    )


def with_own_settings(config: StockTrainer.Config) -> StockTrainer.Config:
    """As torchtitan computes 8B, compiled: its published figures are with and without."""
    own = llama3_8b()
    assert config.model_spec is not None
    config.loss = cross_entropy(config.model_spec.model.vocab_size, own.loss.num_chunks)
    config.activation_checkpoint = own.activation_checkpoint
    config.training.disable_cuda_graphs = own.training.disable_cuda_graphs
    config.compile = CompileConfig(enable=True)
    return config


def optimizer(adamw: OptimizersContainer.Config, lr: float) -> OptimizersContainer.Config:
    """The run's AdamW at a constant rate."""
    for group in adamw.param_groups:
        group.optimizer_kwargs["lr"] = lr
    return adamw


def cross_entropy(vocab_size: int, num_chunks: int) -> BaseLoss.Config:
    """torchtitan's loss, over as many parts of a sequence as the run's trainer takes."""
    whole = CrossEntropyLoss.Config(global_vocab_size=vocab_size)
    return whole if num_chunks == 1 else ChunkedLossWrapper.Config(num_chunks=num_chunks, loss_fn=whole)
