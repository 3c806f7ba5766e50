"""Trace: from a document to the steps that saw it, and from a step to its documents."""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import DEDUP, REMOVALS, SURVIVORS
from pipelines.errors import PhaselineError
from pipelines.record import Parent
from pipelines.shards import INDEX
from pipelines.store import Artifact, Store
from training.exposure import window_passes
from training.manifest import Manifest, ShardsReference
from training.order import Order


@dataclass(frozen=True)
class Sighting:
    """One time that a sample held tokens of a document as input. Steps count from 1, as in the log; samples from 0."""

    phase: str
    step: int
    sample: int
    epoch: int
    window: int
    num_tokens: int


@dataclass(frozen=True)
class DocumentTrace:
    """Where a document lies and when it was seen. ``num_tokens`` counts its end-of-text token."""

    document: str
    source: str
    licence: str
    shards: str
    offset: int
    num_tokens: int
    sightings: list[Sighting]


@dataclass(frozen=True)
class SeenDocument:
    """A document's part in one sample of a step: the tokens [start, start + num_tokens) of the window."""

    sample: int
    window_source: str
    epoch: int
    window: int
    document: str
    source: str
    licence: str
    start: int
    num_tokens: int


def trace_document(store: Store, manifest: Manifest, document: str, steps_done: int) -> DocumentTrace:
    """Every time a document was seen in the first ``steps_done`` steps.

    Raises:
        PhaselineError: the document is in none of the manifest's shards; says where it went if the corpus knows it.
    """
    for number, shards in enumerate(manifest.sources):
        artifact = artifact_of(store, shards)
        index = pq.read_table(artifact.folder / INDEX, filters=[("id", "=", document)])
        if len(index):
            row = index.to_pylist()[0]
            return DocumentTrace(
                document=document,
                source=row["source"],
                licence=row["licence"],
                shards=artifact.name,
                offset=row["offset"],
                num_tokens=row["length"],
                sightings=sightings(manifest, number, row["offset"], row["length"], steps_done),
            )
    raise PhaselineError(
        f"document {document} is in none of the shards of {manifest.recipe}", fate(store, manifest, document)
    )


def sightings(manifest: Manifest, source: int, offset: int, length: int, steps_done: int) -> list[Sighting]:
    """Every sample of the first ``steps_done`` steps whose inputs overlap a stretch of a source's tokens, in order."""
    order = Order(manifest)
    samples_done = steps_done * manifest.global_batch_size
    length_of_window = manifest.sequence_length
    first = offset // length_of_window
    last = min((offset + length - 1) // length_of_window, manifest.sources[source].num_windows - 1)
    windows = np.arange(first, last + 1)
    taken = int(order.counts(samples_done)[source])
    passes = window_passes(manifest, source, taken)[first : last + 1]
    found = []
    for window, times in zip(windows.tolist(), passes.tolist(), strict=True):
        start, end = max(offset, window * length_of_window), min(offset + length, (window + 1) * length_of_window)
        for epoch, sample in enumerate(order.samples(source, np.arange(times), window).tolist()):
            step = sample // manifest.global_batch_size
            phase = manifest.phase_at(step).name
            found.append(Sighting(phase, step + 1, sample, epoch, window, end - start))
    return sorted(found, key=lambda sighting: sighting.sample)


def trace_step(store: Store, manifest: Manifest, step: int) -> list[SeenDocument]:
    """The documents of one step, counted from 1, by sample and place in its window.

    Raises:
        PhaselineError: the step is outside of the run.
    """
    if not 1 <= step <= manifest.total_steps:
        raise PhaselineError(f"there is no step {step}", f"name one from 1 to {manifest.total_steps}")
    first = (step - 1) * manifest.global_batch_size
    samples = np.arange(first, first + manifest.global_batch_size)
    places = Order(manifest).windows(samples)
    indexes = {}
    seen: list[SeenDocument] = []
    for sample, source, epoch, window in zip(samples.tolist(), *(array.tolist() for array in places), strict=True):
        if source not in indexes:
            indexes[source] = pq.read_table(artifact_of(store, manifest.sources[source]).folder / INDEX)
        start = window * manifest.sequence_length
        end = start + manifest.sequence_length
        index = indexes[source]
        offsets = index["offset"].to_numpy()
        first_row = int(np.searchsorted(offsets, start, side="right")) - 1
        last_row = int(np.searchsorted(offsets, end, side="left"))
        for row in index.slice(first_row, last_row - first_row).to_pylist():
            begins, ends = max(row["offset"], start), min(row["offset"] + row["length"], end)
            seen.append(
                SeenDocument(
                    sample=sample,
                    window_source=manifest.sources[source].name,
                    epoch=epoch,
                    window=window,
                    document=row["id"],
                    source=row["source"],
                    licence=row["licence"],
                    start=begins - start,
                    num_tokens=ends - begins,
                )
            )
    return seen


def artifact_of(store: Store, shards: ShardsReference) -> Artifact:
    """The artifact that a manifest's source refers to."""
    return store.find(Parent(asset=shards.asset, version=shards.version, digest=shards.digest))


def fate(store: Store, manifest: Manifest, document: str) -> str:
    """What the corpus behind a manifest knows of a document that its shards do not hold, as advice."""
    shards = artifact_of(store, manifest.sources[0])
    dedup = next(store.find(parent) for parent in shards.record.parents if parent.asset == DEDUP)
    removed = pq.read_table(dedup.folder / REMOVALS, filters=[("id", "=", document), ("step", "=", "near")]).to_pylist()
    if removed:
        row = removed[0]
        return (
            f"{dedup.name} removed it as a near duplicate (similarity {row['similarity']:.2f}) of "
            f"{row['survivor_id']}: trace that one"
        )
    kept = pq.read_table(dedup.folder / SURVIVORS)
    rows = kept.filter(pc.equal(kept["id"], document)).to_pylist()
    if rows and rows[0]["split"] == "held_out":
        return f"it is held out for evaluation (source {rows[0]['source']}): no run has seen it"
    if rows:
        return f"it is in the corpus (source {rows[0]['source']}), but the recipe's blends leave its shards out"
    return "check the id: a document's id is the first column of its documents or shards index"
