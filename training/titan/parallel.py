"""Sharding as torchtitan does it, and weights drawn alike however they are sharded."""

from collections.abc import Callable
from functools import partial
from typing import Any

from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

# isort: split
import torch
from torch import nn
from torch.distributed.fsdp import FSDPModule
from torch.distributed.tensor import DTensor, Replicate
from torchtitan.config.configs import ParallelismConfig
from torchtitan.models.common.decoder import Decoder
from torchtitan.protocols.module import Module

from training.models.layout import Layout

Initialise = Callable[[torch.Tensor], Any]


def parallelism(layout: Layout) -> ParallelismConfig:
    """torchtitan's configuration of a layout."""
    return ParallelismConfig(
        data_parallel_replicate_degree=layout.replicate,
        data_parallel_shard_degree=layout.shard,
        tensor_parallel_degree=layout.tensor,
        context_parallel_degree=layout.context,
        context_parallel_load_balancer="ptrr",  # the one for FlexAttention
        spmd_backend="partial_dtensor",  # the one that torch 2.13's FSDP knows
    )


def parallelise(as_torchtitan: Callable[..., nn.Module], model: nn.Module, **settings: Any) -> nn.Module:
    """Shard a model as torchtitan does; gloo sums gradients plainly, since it lacks the scaled sum of nccl."""
    model = as_torchtitan(model, **settings)
    if ON_CPU:
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.set_force_sum_reduction_for_comms(True)
    return model


def draw_whole(config: Decoder.Config) -> None:
    """Let every weight be drawn as one process would draw it, whatever part of it a process keeps.

    Sharded weights draw numbers that depend on the sharding on GPUs, and on CPUs the same ones for every shard. Every
    process draws every weight instead, one after the other, so that the memory of the largest one suffices.
    """
    for _, module, _, _ in config.traverse(Module.Config, recurse=True):
        if module.param_init is not None:
            module.param_init = {
                name: partial(draw_and_shard, initialise) for name, initialise in module.param_init.items()
            }


@torch.no_grad()
def draw_and_shard(initialise: Initialise, parameter: torch.Tensor) -> None:
    """Initialise a parameter, of which this process keeps a shard."""
    if not isinstance(parameter, DTensor):
        initialise(parameter)
        return
    whole = torch.empty(parameter.shape, dtype=parameter.dtype, device=parameter.device)
    initialise(whole)
    mesh = parameter.device_mesh
    parameter.copy_(DTensor.from_local(whole, mesh, [Replicate()] * mesh.ndim, run_check=False))
