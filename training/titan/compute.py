"""How a step is computed, as torchtitan's configuration."""

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
from torchtitan.components.loss import BaseLoss, ChunkedLossWrapper
from torchtitan.distributed.activation_checkpoint import ActivationCheckpointing, FullAC, SelectiveAC

from training.declared.trainer import Compute
from training.titan.loss import SequenceLoss

ACTIVATION_CHECKPOINTS: dict[str, type[ActivationCheckpointing.Config] | None] = {
    "none": None,
    "selective": SelectiveAC.Config,
    "full": FullAC.Config,
}


def gpu_bytes() -> int | None:
    """The memory of this process's GPU; None on CPUs."""
    return None if ON_CPU else torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory


def activation_checkpoint(compute: Compute) -> ActivationCheckpointing.Config | None:
    """torchtitan's policy of what is computed again."""
    assert compute.activation_checkpoint is not None
    policy = ACTIVATION_CHECKPOINTS[compute.activation_checkpoint]
    return policy() if policy else None


def loss(compute: Compute, vocab_size: int) -> BaseLoss.Config:
    """Cross entropy summed over tokens, over parts of the sequence where the logits of a whole one are large."""
    cross_entropy = SequenceLoss.Config(global_vocab_size=vocab_size)
    if compute.loss_chunks == 1:
        return cross_entropy
    assert compute.loss_chunks is not None
    return ChunkedLossWrapper.Config(num_chunks=compute.loss_chunks, loss_fn=cross_entropy)
