"""The memory of a training process: of what it consists, and that it is what a model leaves for its backward pass."""

import pytest

from training.declared.trainer import Compute, Parallel
from training.models.memory import activation_bytes, memory_per_process
from training.models.presets import PRESETS

FLOAT32 = Compute(dtype="float32", compile=False, activation_checkpoint="none", loss_chunks=1)
BFLOAT16 = FLOAT32.model_copy(update={"dtype": "bfloat16"})
COMPILED = BFLOAT16.model_copy(update={"compile": True})
LENGTH, VOCABULARY = 128, 256


@pytest.mark.parametrize("name", ["llama_3m", "llama_10m", "qwen_5m", "qwen_30m"])
@pytest.mark.parametrize("compute", [FLOAT32, BFLOAT16, COMPILED])
def test_activations_are_what_autograd_keeps(name: str, compute: Compute) -> None:
    """Within 10 %, by the tensors that are saved on the way forward."""
    assert activation_bytes(PRESETS[name].shape, LENGTH, compute) == pytest.approx(saved_bytes(name, compute), rel=0.1)


def saved_bytes(name: str, compute: Compute) -> float:
    """What a token leaves for the backward pass in all layers."""
    from training.titan.families import model_config  # isort: skip
    import torch

    from training.titan.attention import document_mask

    model = model_config(PRESETS[name].shape, VOCABULARY, LENGTH, dense=True).build()
    for parameter in model.parameters():
        parameter.data = parameter.to(getattr(torch, compute.dtype))
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    saved: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage
        return tensor

    positions = torch.arange(LENGTH).expand(2, LENGTH)
    states = torch.randn(2, LENGTH, PRESETS[name].shape.dim, dtype=getattr(torch, compute.dtype), requires_grad=True)
    mask = document_mask(positions)
    for layer in model.layers.values() if compute.compile else ():
        layer.compile(
            backend="aot_eager_decomp_partition", fullgraph=True
        )  # what is kept is decided before code is made
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        for layer in model.layers.values():
            states = layer(states, mask, positions)
    return sum(storage.nbytes() for storage in saved.values()) / positions.numel()


def memory(compute: Compute, parallel: Parallel, num_processes: int) -> dict[str, int]:
    return memory_per_process(PRESETS["llama_8b"].shape, 128_256, 8192, 1, compute, parallel, num_processes)


def test_what_is_kept_is_divided_among_the_processes_that_share_weights() -> None:
    alone = memory(BFLOAT16, Parallel(), 1)
    assert alone["weights"] == alone["gradients"] == alone["optimizer"] / 2 == 4 * 8_030_261_248
    for parallel in (Parallel(), Parallel(replicate=2, shard=4), Parallel(tensor=4, shard=1, replicate=2)):
        divided = memory(BFLOAT16, parallel, 8)
        assert divided["weights"] == alone["weights"] // (8 // parallel.replicate)


def test_what_is_computed_is_divided_among_the_processes_that_share_sequences() -> None:
    alone = memory(BFLOAT16, Parallel(), 1)
    for parallel, parts in ((Parallel(), 1), (Parallel(tensor=2), 2), (Parallel(tensor=2, context=4), 8)):
        divided = memory(BFLOAT16, parallel, 8)
        assert divided["activations"] == pytest.approx(alone["activations"] / parts)
        assert divided["logits"] == pytest.approx(alone["logits"] / parts)


def test_recomputation_and_chunks_take_less() -> None:
    none, selective, full = (
        memory(BFLOAT16.model_copy(update={"activation_checkpoint": kind}), Parallel(), 1)["activations"]
        for kind in ("none", "selective", "full")
    )
    assert none > 2 * selective > 4 * full
    chunked = memory(BFLOAT16.model_copy(update={"loss_chunks": 8}), Parallel(), 1)
    assert chunked["logits"] == memory(BFLOAT16, Parallel(), 1)["logits"] / 8
