"""What a model loses on a batch of a manifest, computed apart from any trainer."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipelines.store import Artifact, Store
from training.manifest import read_manifest
from training.runs.checkpoints import checkpoint_folder
from training.runs.run import Run
from training.tokens.files import token_files
from training.tokens.windows import WindowReader

if TYPE_CHECKING:
    import torch


def loss_of_checkpoint(store: Store, run: Run, step: int, artifact: Artifact, at_step: int = 0) -> float:
    """The mean loss of a run's checkpoint, as torchtitan's model, over the samples of another manifest's step."""
    import torch

    from training.titan.attention import document_mask
    from training.titan.export import dense_config, load_model
    from training.titan.weights import weights_of

    manifest = read_manifest(artifact)
    model = load_model(dense_config(manifest), weights_of(checkpoint_folder(run, step)))
    tokens, labels, positions = batch_of(store, artifact, at_step)
    with torch.no_grad():
        logits = model(tokens, positions=positions, attention_masks=document_mask(positions))
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()))


def loss_of_transformers(store: Store, folder: Path, artifact: Artifact) -> float:
    """The mean loss of a model that transformers loads, over the samples of a manifest's first step."""
    import torch
    from transformers import AutoModelForCausalLM

    from training.titan.attention import document_mask

    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    tokens, labels, positions = batch_of(store, artifact, 0)
    with torch.no_grad():
        logits = model(tokens, position_ids=positions, attention_mask=document_mask(positions)).logits
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten()))


def batch_of(store: Store, artifact: Artifact, step: int) -> "Iterator[torch.Tensor]":
    """The inputs, labels and positions of a manifest's step, each of shape (batch, length), int64."""
    import torch

    manifest = read_manifest(artifact)
    reader = WindowReader(manifest, token_files(store, manifest, artifact.folder))
    samples = np.arange(manifest.samples_done(step), manifest.samples_done(step + 1))
    return map(torch.from_numpy, reader.batch(samples))
