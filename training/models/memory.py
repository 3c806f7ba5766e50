"""The memory that a training process needs, estimated."""

from training.declared.trainer import Compute, Parallel
from training.models.layout import layout_of
from training.models.shape import ModelShape

FLOAT32 = 4
NUM_BYTES = {"float32": 4, "bfloat16": 2}


def memory_per_process(
    shape: ModelShape,
    vocab_size: int,
    sequence_length: int,
    local_batch_size: int,
    compute: Compute,
    parallel: Parallel,
    num_processes: int,
) -> dict[str, int]:
    """The bytes that a process holds at the peak of a step, by kind; what the program itself takes is not counted.

    Weights, their gradients and AdamW's two moments are float32 and divided among processes (ZeRO, arXiv:1910.02054,
    section 3). Gradients count as if a step had several microbatches. On CPUs the kernel counts 7 to 20 % more,
    measured on 30M to 450M parameters: pages that the allocator keeps.

    Args:
        compute: settled by ``training.models.compute``.

    Returns:
        bytes of ``weights``, ``gradients``, ``optimizer``, ``gathered`` weights and gradients of layers that are whole
        for a while, ``activations`` and ``logits``.

    Raises:
        PhaselineError: processes that the trainer's parallel does not fit.
    """
    layout = layout_of(parallel, num_processes)
    kept = FLOAT32 * shape.num_parameters(vocab_size) // layout.num_weight_parts
    num_tokens = local_batch_size * sequence_length // layout.context
    assert compute.loss_chunks is not None
    return {
        "weights": kept,
        "gradients": kept,
        "optimizer": 2 * kept,
        "gathered": gathered_bytes(shape, vocab_size, compute) // layout.tensor,
        "activations": num_tokens * activation_bytes(shape, sequence_length, compute) // layout.tensor,
        "logits": num_tokens * logit_bytes(vocab_size, compute) // layout.tensor // compute.loss_chunks,
    }


def gathered_bytes(shape: ModelShape, vocab_size: int, compute: Compute) -> int:
    """The output embedding or a layer, whichever is larger, and its gradient, also in float32; and the next layer."""
    each = NUM_BYTES[compute.dtype]
    layer = shape.num_layer_parameters
    return max(vocab_size * shape.dim * (2 * each + FLOAT32), layer * (3 * each + FLOAT32))


def activation_bytes(shape: ModelShape, sequence_length: int, compute: Compute) -> int:
    """What a token leaves for the backward pass in all layers, and while one of them is computed again."""
    whole, kept = layer_activation_bytes(shape, sequence_length, compute), kept_activation_bytes(shape, compute)
    if compute.activation_checkpoint == "none":
        return shape.num_layers * whole
    return shape.num_layers * kept + whole


def layer_activation_bytes(shape: ModelShape, sequence_length: int, compute: Compute) -> int:
    """What a token leaves for the backward pass in one layer: the inputs of products, norms and attention.

    A compiled layer repeats what is cheap. One that is not compiled also keeps the joint projection, both factors of
    the gate, and below float32 a float32 copy of rotated queries and keys. In float32, which is for CPUs, attention
    keeps a row of the dense document mask.
    """
    queries, keys = shape.num_heads * shape.head_dim, shape.num_kv_heads * shape.head_dim
    elements = 4 * shape.dim + queries + keys + 3 * shape.hidden_dim
    normed = shape.family == "qwen3"
    in_float32 = sequence_length if compute.dtype == "float32" else 0
    if compute.compile:
        elements += (queries + keys) * (2 if normed else 1)
    else:
        rotated = (queries + keys) * (3 if normed else 1)
        elements += queries + keys + rotated + shape.hidden_dim
        in_float32 += 0 if compute.dtype == "float32" else rotated
    return NUM_BYTES[compute.dtype] * elements + FLOAT32 * in_float32


def kept_activation_bytes(shape: ModelShape, compute: Compute) -> int:
    """What a token leaves of a layer that is computed again: its input.

    Selectively also every second product, and attention with what it was computed from.
    """
    elements = shape.dim
    if compute.activation_checkpoint == "selective":
        projected = (shape.num_heads + 2 * shape.num_kv_heads) * shape.head_dim
        elements += projected + shape.num_heads * shape.head_dim + shape.hidden_dim + shape.dim
    return NUM_BYTES[compute.dtype] * elements


def logit_bytes(vocab_size: int, compute: Compute) -> int:
    """What the loss of a token takes: logits, log-probabilities and the gradients of both.

    Below float32 logits and their gradient are held twice.
    """
    copies = 0 if compute.dtype == "float32" else 2 * NUM_BYTES[compute.dtype]
    return vocab_size * (4 * FLOAT32 + copies)
