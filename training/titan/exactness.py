"""Whether each step is the manifest's: its samples, their tokens, and its learning rate."""

from collections.abc import Mapping, Sequence
from itertools import chain

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import numpy as np
from torchtitan.components.optimizer import OptimizersContainer

from pipelines.errors import PhaselineError
from training.manifest import Manifest
from training.sampling.order import Order
from training.titan.loader import Microbatch
from training.tokens.windows import Int64s, Sequences, SourceFiles


class ExactStep:
    """Compares what a rank is about to train on with the manifest, by a path of its own.

    At each step one of the rank's sequences, each time at another place, is read again from its source's tokens, which
    are opened once more: without the loader's prefetching, its caches or the compiled code that fills its batches.
    """

    def __init__(self, manifest: Manifest, files: Mapping[str, SourceFiles], *, num_parts: int, part: int) -> None:
        """``part`` of ``num_parts`` equal parts of each global batch is the rank's."""
        self.manifest = manifest
        self.order = Order(manifest)
        self.streams = [files[source.name].open(source, manifest.tokenizer.vocab_size) for source in manifest.sources]
        self.num_parts = num_parts
        self.part = part

    def refuse_other_batch(self, step: int, microbatches: Sequence[Microbatch]) -> None:
        """Raise PhaselineError if a rank's part of a step is not the manifest's.

        Args:
            step: counted from 1.
        """
        phase = self.manifest.phase_at(step - 1)
        size = phase.global_batch_size // self.num_parts
        first = phase.first_sample + (step - 1 - phase.first_step) * phase.global_batch_size + self.part * size
        samples = list(chain.from_iterable(microbatch.samples.tolist() for microbatch in microbatches))
        if samples != list(range(first, first + size)):
            raise differs(step, f"holds the samples {shortened(samples)} instead of {first} to {first + size - 1}")
        number = step % size
        self._refuse_other_tokens(step, phase.sequence_length, samples[number], sequence(microbatches, number))

    def refuse_other_rate(self, step: int, optimizers: OptimizersContainer) -> None:
        """Raise PhaselineError if a group of parameters is about to be changed at another rate than the manifest's."""
        declared = self.manifest.lr(step - 1)
        rates = {float(group["lr"]) for optimizer in optimizers for group in optimizer.param_groups}
        if rates != {declared}:
            raise differs(step, f"would use the learning rates {sorted(rates)} instead of {declared}")

    def _refuse_other_tokens(self, step: int, length: int, sample: int, given: Sequences) -> None:
        for name, expected, found in zip(Sequences._fields, self._read(sample, length), given, strict=True):
            if not np.array_equal(expected, found):
                raise differs(step, f"holds other {name} in sample {sample} than the manifest says")

    def _read(self, sample: int, length: int) -> Sequences:
        """A sample's inputs, labels and positions, each of shape (length,)."""
        window = self.order.windows([sample])
        stretches = self.streams[int(window.source[0])].stretches(window.start, length + 1)
        places = window.start[0] + np.arange(length + 1)
        extents = stretches.extents[np.searchsorted(stretches.extents[:, 1], places, side="right") - 1]
        tokens = stretches.tokens[extents[:, 0] + places - extents[:, 1]].astype(np.int64)
        return Sequences(
            tokens[:-1], tokens[1:], positions_in_documents(tokens[:-1], self.manifest.tokenizer.end_of_text)
        )


def positions_in_documents(tokens: Int64s, end_of_text: int) -> Int64s:
    """The place of each token in its document, shape (n,); the first token begins one."""
    places = np.arange(len(tokens))
    begins = np.concatenate([[True], tokens[:-1] == end_of_text])
    return places - np.maximum.accumulate(np.where(begins, places, 0))


def sequence(microbatches: Sequence[Microbatch], number: int) -> Sequences:
    """A rank's sequence of this number; raises IndexError if there are fewer."""
    for microbatch in microbatches:
        if number < len(microbatch.labels):
            given = (microbatch.inputs, microbatch.labels, microbatch.positions)
            return Sequences(*(tensor[number].numpy() for tensor in given))
        number -= len(microbatch.labels)
    raise IndexError(f"the batch has {number} sequences too few")


def shortened(samples: Sequence[int]) -> str:
    """Sample numbers in words."""
    return f"{samples[0]} to {samples[-1]} ({len(samples)} in all)" if samples else "of nothing"


def differs(step: int, how: str) -> PhaselineError:
    return PhaselineError(
        f"step {step} {how}; training stopped before it",
        "run `phaseline verify` on the run: if its files are what they were, the loader is at fault; report it",
    )
