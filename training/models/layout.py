"""How the processes of a run divide its work among themselves."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.errors import PhaselineError
from training.declared.trainer import Parallel
from training.manifest import Manifest
from training.models.presets import model_preset

ATTENTION_BLOCK = 128  # tokens: the granularity of FlexAttention's masks


@dataclass(frozen=True)
class Layout:
    """Processes in a grid of four dimensions; ``training.declared.trainer.Parallel`` says what each divides."""

    replicate: int
    shard: int
    tensor: int
    context: int

    @property
    def num_processes(self) -> int:
        return self.replicate * self.shard * self.tensor * self.context

    @property
    def num_batch_parts(self) -> int:
        """The parts that a global batch is divided into. Processes that share a part compute it together."""
        return self.replicate * self.shard

    @property
    def num_weight_parts(self) -> int:
        """The parts that weights are divided into: FSDP spans the processes that share sequences, too."""
        return self.shard * self.context * self.tensor


def parallel_layout(manifest: Manifest, parallel: Parallel, num_processes: int, *, on_gpus: bool) -> Layout:
    """The grid of a run's processes.

    Raises:
        PhaselineError: the declared parts do not multiply to the number of processes, or the run cannot be divided so.
    """
    layout = layout_of(parallel, num_processes)
    refuse_tensor_parallel(manifest, layout)
    refuse_context_parallel(manifest, layout, on_gpus=on_gpus)
    return layout


def layout_of(parallel: Parallel, num_processes: int) -> Layout:
    """The grid that a number of processes fill; raises PhaselineError where they do not."""
    given = parallel.replicate * parallel.tensor * parallel.context
    shard = num_processes // given if parallel.shard == -1 else parallel.shard
    layout = Layout(parallel.replicate, shard, parallel.tensor, parallel.context)
    if not shard or layout.num_processes != num_processes:
        parts = f"replicate {parallel.replicate}, shard {parallel.shard}, tensor {parallel.tensor}, "
        several = "a multiple of " if parallel.shard == -1 else ""
        raise PhaselineError(
            f"{num_processes} processes cannot be divided into {parts}context {parallel.context}",
            f"start {several}{given * max(1, parallel.shard)} processes, or change the trainer's parallel",
        )
    return layout


def refuse_tensor_parallel(manifest: Manifest, layout: Layout) -> None:
    """Raise PhaselineError where heads or sequences do not divide among the processes that share weight matrices.

    Between matrix products they divide the tokens of each sequence (Korthikanti et al., arXiv:2205.05198, section 4.2).
    """
    shape = model_preset(manifest.model).shape
    divided = [shape.num_kv_heads, *(phase.sequence_length for phase in manifest.phases)]
    most = math.gcd(*divided)
    if most % layout.tensor:
        raise PhaselineError(
            f"{shape.num_kv_heads} heads of keys and sequences of {listed(divided[1:])} tokens do not divide among "
            f"tensor {layout.tensor}",
            f"set the trainer's parallel.tensor to a divisor of {most}",
        )


def refuse_context_parallel(manifest: Manifest, layout: Layout, *, on_gpus: bool) -> None:
    """Raise PhaselineError where sequences cannot be divided: CPUs lack FlexAttention, whose blocks stay whole."""
    if layout.context == 1:
        return
    if not on_gpus:
        raise PhaselineError(
            f"context {layout.context} needs FlexAttention, whose backward pass runs on GPUs alone",
            "set the trainer's parallel.context to 1, or train on GPUs",
        )
    lengths = {phase.sequence_length for phase in manifest.phases}
    multiple = layout.context * ATTENTION_BLOCK * layout.tensor
    if any(length % multiple for length in lengths):
        raise PhaselineError(
            f"sequences of {listed(lengths)} tokens do not divide into context {layout.context} of whole blocks of "
            f"{ATTENTION_BLOCK} tokens",
            f"set the trainer's parallel.context to 1, or the recipe's sequence_length to multiples of {multiple}",
        )


def listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(set(numbers))))
