"""What is written of a step that went wrong: its loss, and every document of its batch."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

import training.titan.compat  # noqa: F401, first: torchtitan imports only after it

# isort: split
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.tensor import DTensor

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.lineage.trace import SeenDocument, trace_step
from training.runs.incidents import BatchDocument, BatchSample, Spike, Stop, read_stop, stop_file, write_stop
from training.runs.metrics import Measured
from training.runs.run import Run
from training.runs.spikes import Bound

DOCUMENTS_NAMED = 3


def refuse_not_finite(store: Store, run: Run, step: int, measured: Measured) -> None:
    """Stop a run whose loss or gradient is not finite; to be called by all ranks before the optimizer takes its step.

    Rank 0 writes the documents of the batch, and the others wait for it, so that all end with the same message.

    Raises:
        PhaselineError: names the step, the first documents, and the file that holds all of them.
    """
    loss = float(measured.losses.sum())
    if math.isfinite(loss) and math.isfinite(measured.grad_norm):
        return
    if dist.get_rank() == 0:
        write_stop(run, stop_of(store, run, step, measured))
    dist.barrier()
    stop = read_stop(run, step)
    name, value = ("gradient norm", measured.grad_norm) if math.isfinite(loss) else ("loss", loss)
    raise PhaselineError(
        f"the {name} of step {step} is {value}; training stopped before any weight was changed by it. "
        f"Its batch holds {named_documents(stop)}; all are in {stop_file(run, step)}",
        "look at these documents, or lower the recipe's peak_lr or lengthen its warm-up and compile it again; "
        "the checkpoints before are as they were",
    )


def refuse_weights_not_finite(step: int, parts: Iterable[nn.Module]) -> None:
    """Raise PhaselineError, on all ranks, if a weight of a model is infinite or not a number."""
    norm = torch.nn.utils.get_total_norm(parameter.detach() for part in parts for parameter in part.parameters())
    value = float(norm.full_tensor() if isinstance(norm, DTensor) else norm)
    if not math.isfinite(value):
        raise PhaselineError(
            f"the weights after step {step} are not finite (their norm is {value}); no checkpoint of them is saved",
            "lower the recipe's peak_lr or lengthen its warm-up, then compile the recipe again",
        )


def spike_of(store: Store, run: Run, step: int, measured: Measured, bound: Bound) -> Spike:
    """What is recorded of a loss spike."""
    phase = run.manifest.phase_at(step - 1)
    return Spike(
        step=step,
        phase=phase.name,
        loss=float(measured.losses.sum()) / phase.tokens_per_step,
        expected=bound.expected,
        bound=bound.most,
        samples=list(samples_of(store, run, step, measured)),
    )


def stop_of(store: Store, run: Run, step: int, measured: Measured) -> Stop:
    """What is recorded of the step that stops a run."""
    phase = run.manifest.phase_at(step - 1)
    return Stop(
        step=step,
        phase=phase.name,
        loss=finite(float(measured.losses.sum()) / phase.tokens_per_step),
        grad_norm=finite(measured.grad_norm),
        lr=run.manifest.lr(step - 1),
        samples=list(samples_of(store, run, step, measured)),
    )


def samples_of(store: Store, run: Run, step: int, measured: Measured) -> Iterator[BatchSample]:
    """The samples of a step with their losses and documents, those first whose loss is not finite or highest."""
    documents: dict[int, list[SeenDocument]] = defaultdict(list)
    for document in trace_step(store, run, step):
        documents[document.sample].append(document)
    length = run.manifest.phase_at(step - 1).sequence_length
    losses = dict(zip(sorted(documents), (measured.losses / length).tolist(), strict=True))
    for sample in sorted(losses, key=lambda sample: (math.isfinite(losses[sample]), -losses[sample], sample)):
        yield BatchSample(
            sample=sample,
            source=documents[sample][0].window_source,
            epoch=documents[sample][0].epoch,
            loss=finite(losses[sample]),
            documents=[
                BatchDocument(
                    document=document.document,
                    source=document.source,
                    licence=document.licence,
                    start=document.start,
                    num_tokens=document.num_tokens,
                )
                for document in documents[sample]
            ],
        )


def finite(value: float) -> float | None:
    """A number as JSON knows it."""
    return value if math.isfinite(value) else None


def named_documents(incident: Spike | Stop) -> str:
    """How many documents a batch held, and the first of them by id and source."""
    documents = [document for sample in incident.samples for document in sample.documents]
    named = [f"{document.document} ({document.source})" for document in documents[:DOCUMENTS_NAMED]]
    return f"parts of {len(documents)} documents: {', '.join(named)}{', …' if len(documents) > len(named) else ''}"
