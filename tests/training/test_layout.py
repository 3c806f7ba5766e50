"""How processes may divide a run's work, and what is decided of what a trainer leaves open."""

from typing import Any

import pytest
from hand_made import HandMadePhase, hand_made, source

from pipelines.errors import PhaselineError
from training.declared.trainer import Compute, Parallel, TrainerDeclaration
from training.manifest import Manifest
from training.models.batches import local_batch_sizes
from training.models.compute import settled_compute
from training.models.layout import Layout, layout_of, parallel_layout

H200_BYTES = 139 << 30


def manifest(model: str, vocab_size: int = 8192, length: int = 1024, batch: int = 16) -> Manifest:
    phase = HandMadePhase("only", 10, {"web": 10 * batch}, length=length, batch=batch)
    made = hand_made([source("web", 200_000_001, length)], [phase], model=model)
    return made.model_copy(update={"tokenizer": made.tokenizer.model_copy(update={"vocab_size": vocab_size})})


def trainer(**parallel: int) -> TrainerDeclaration:
    return TrainerDeclaration(parallel=Parallel(**parallel))


def test_shards_take_what_the_others_leave() -> None:
    layout = layout_of(Parallel(replicate=2, tensor=2), 16)
    assert layout == Layout(replicate=2, shard=4, tensor=2, context=1)
    assert (layout.num_batch_parts, layout.num_weight_parts) == (8, 8)


@pytest.mark.parametrize(
    ("parallel", "num_processes", "remedy"),
    [
        ({"replicate": 3}, 8, "start a multiple of 3 processes"),
        ({"tensor": 4}, 2, "start a multiple of 4 processes"),
        ({"shard": 2, "tensor": 2}, 8, "start 4 processes"),
    ],
)
def test_processes_that_fill_no_grid_are_refused(parallel: dict[str, int], num_processes: int, remedy: str) -> None:
    with pytest.raises(PhaselineError, match=f"{num_processes} processes cannot be divided") as raised:
        layout_of(Parallel(**parallel), num_processes)
    assert remedy in raised.value.remedy


def test_only_copies_and_shards_divide_the_batch() -> None:
    run = manifest("llama_test")
    assert local_batch_sizes(run, 8, trainer()) == [2]
    assert local_batch_sizes(run, 8, trainer(tensor=2)) == [4]
    assert local_batch_sizes(run, 8, trainer(replicate=2, context=2)) == [4]
    assert local_batch_sizes(run, 1, TrainerDeclaration(compute=Compute(max_local_batch_size=3))) == [2]


def test_a_batch_that_does_not_divide_is_refused_with_the_numbers_of_processes_that_do() -> None:
    with pytest.raises(PhaselineError, match="divide among 8 processes, 2 to a sequence") as raised:
        local_batch_sizes(manifest("llama_test", batch=6), 8, trainer(tensor=2))
    assert "start 2, 4, 6 or 12 of them" in raised.value.remedy
    with pytest.raises(PhaselineError, match="1 sequences does not divide among 2 processes") as raised:
        local_batch_sizes(manifest("llama_test", batch=1), 2)
    assert "start 1 of them" in raised.value.remedy


def test_heads_and_tokens_that_do_not_divide_are_refused() -> None:
    with pytest.raises(PhaselineError, match=r"2 heads of keys .* tensor 4") as raised:
        parallel_layout(manifest("llama_test"), Parallel(tensor=4), 4, on_gpus=True)
    assert "a divisor of 2" in raised.value.remedy
    with pytest.raises(PhaselineError, match="sequences of 12 tokens"):
        parallel_layout(manifest("llama_8b", length=12), Parallel(tensor=8), 8, on_gpus=True)


def test_parts_of_sequences_need_gpus_and_whole_blocks() -> None:
    with pytest.raises(PhaselineError, match="context 2 needs FlexAttention") as raised:
        parallel_layout(manifest("llama_8b"), Parallel(context=2), 8, on_gpus=False)
    assert "context to 1" in raised.value.remedy
    with pytest.raises(PhaselineError, match="sequences of 1024 tokens do not divide into context 16") as raised:
        parallel_layout(manifest("llama_8b"), Parallel(context=16), 16, on_gpus=True)
    assert "multiples of 2048" in raised.value.remedy
    layout = parallel_layout(manifest("llama_8b"), Parallel(context=2, tensor=4), 8, on_gpus=True)
    assert (layout.num_batch_parts, layout.num_weight_parts) == (1, 8)


def settled(model: str, num_processes: int, gpu_bytes: int | None, **run: int) -> Compute:
    return settled_compute(manifest(model, **run), TrainerDeclaration(), num_processes, gpu_bytes)


def test_cpus_compute_plainly_in_float32() -> None:
    plain = {"dtype": "float32", "compile": False, "activation_checkpoint": "none", "loss_chunks": 1}
    assert settled("llama_8b", 1, None).model_dump(exclude={"max_local_batch_size"}) == plain


@pytest.mark.parametrize(
    ("model", "num_processes", "recomputed"),
    [
        ("llama_1b", 1, "none"),
        ("llama_8b", 1, "full"),
        ("llama_8b", 8, "none"),
        ("qwen_600m", 1, "none"),
        ("qwen_4b", 1, "selective"),
    ],
)
def test_gpus_compute_again_what_does_not_fit(model: str, num_processes: int, recomputed: str) -> None:
    compute = settled(model, num_processes, H200_BYTES, vocab_size=128_256, length=8192)
    expected = {"dtype": "bfloat16", "compile": True, "activation_checkpoint": recomputed, "loss_chunks": 8}
    assert compute.model_dump(exclude={"max_local_batch_size"}) == expected


def test_what_is_declared_is_kept() -> None:
    declared: dict[str, Any] = {
        "dtype": "float32",
        "compile": False,
        "activation_checkpoint": "selective",
        "loss_chunks": 2,
        "max_local_batch_size": 4,
    }
    compute = settled_compute(
        manifest("llama_8b", 128_256), TrainerDeclaration(compute=Compute(**declared)), 8, H200_BYTES
    )
    assert compute.model_dump() == declared


def test_chunks_that_sequences_do_not_divide_into_are_refused() -> None:
    declaration = TrainerDeclaration(compute=Compute(loss_chunks=3))
    with pytest.raises(PhaselineError, match="3 loss_chunks") as raised:
        settled_compute(manifest("llama_test"), declaration, 1, None)
    assert "a divisor of 1024" in raised.value.remedy
