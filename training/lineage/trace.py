"""Trace: from a document to the steps that saw it, and from a step to its documents."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.corpus import CONTAMINATION, CONTAMINATION_ASSET, DEDUP, HELD_OUT, REMOVALS, SURVIVORS
from pipelines.errors import PhaselineError
from pipelines.shards import INDEX
from pipelines.store import Artifact, Store
from training.manifest import Manifest, SourceReference
from training.runs.chain import Stretch, chain, first_own_step, own_stretch
from training.runs.run import Run
from training.sampling.order import Order
from training.tokens.streams import DocumentsInStream, documents_in_stream


@dataclass(frozen=True)
class Sighting:
    """One time that a sample held tokens of a document as input. Steps count from 1, as in the log; samples from 0.

    Both are those of the manifest, ``recipe@version``. The sample begins at the token ``offset`` of the stream of the
    name in blends, in the window of this number.
    """

    manifest: str
    name: str
    phase: str
    step: int
    sample: int
    epoch: int
    window: int
    offset: int
    num_tokens: int


@dataclass(frozen=True)
class DocumentTrace:
    """Where a document lies and when it was seen. ``num_tokens`` counts its end-of-text token.

    Where several shards hold it, this is its place in the last of them that a run read.
    """

    document: str
    source: str
    licence: str
    shards: str
    offset: int
    num_tokens: int
    sightings: list[Sighting]


@dataclass(frozen=True)
class SeenDocument:
    """A document's part in one sample of a step: the tokens [start, start + num_tokens) of the sample.

    The sample begins at the token ``offset`` of the stream of ``window_source``, in the window of this number.
    """

    sample: int
    window_source: str
    epoch: int
    window: int
    offset: int
    document: str
    source: str
    licence: str
    start: int
    num_tokens: int


def trace_document(store: Store, run: Run, document: str, steps_done: int) -> DocumentTrace:
    """Every time a document was seen in the steps behind the checkpoint of a run after ``steps_done`` steps.

    Raises:
        PhaselineError: the document is in no source of any manifest behind it; says where it went if the corpus knows
            it. A run behind this one is gone.
    """
    trace = None
    seen: list[Sighting] = []
    for stretch in chain(store, run, steps_done):
        seen_here: list[Sighting] = []
        for number, source in enumerate(stretch.manifest.sources):
            artifact = store.find(source.shards)
            index = pq.read_table(artifact.folder / INDEX, filters=[("id", "=", document)])
            stream = documents_in_stream(stretch.folder, source, index)
            if len(stream.ends) and stream.ends[0] > stream.starts[0]:
                row = index.to_pylist()[0]
                seen_here += sightings(stretch, number, int(stream.starts[0]), int(stream.ends[0]))
                trace = DocumentTrace(
                    document=document,
                    source=row["source"],
                    licence=row["licence"],
                    shards=artifact.name,
                    offset=row["offset"],
                    num_tokens=row["length"],
                    sightings=seen,
                )
        seen += sorted(seen_here, key=lambda sighting: sighting.sample)
    if trace is None:
        raise PhaselineError(
            f"document {document} is in none of the sources of {run.manifest.recipe}",
            fate(store, run.manifest, document),
        )
    return trace


def sightings(stretch: Stretch, source: int, start: int, end: int) -> list[Sighting]:
    """Every sample of a stretch of steps with inputs in [start, end) of a source's stream, in order."""
    manifest = stretch.manifest
    order = Order(manifest)
    first_sample, end_sample = (manifest.samples_done(step) for step in (stretch.first_step, stretch.end_step))
    cell = math.gcd(*(phase.sequence_length for phase in manifest.phases))  # lies in one sample, whatever the phase
    cells = np.arange(start // cell * cell, end, cell)
    num_tokens = np.minimum(cells + cell, end) - np.maximum(cells, start)
    found: dict[tuple[int, int], int] = {}
    for epoch in epochs(manifest, source):
        samples = order.samples(source, epoch, cells)
        for sample, count in zip(samples.tolist(), num_tokens.tolist(), strict=True):
            if first_sample <= sample < end_sample:
                found[sample, epoch] = found.get((sample, epoch), 0) + count
    offsets = order.windows([sample for sample, _ in sorted(found)]).start
    return [
        Sighting(
            manifest=stretch.name,
            name=manifest.sources[source].name,
            phase=manifest.phase_at(manifest.step_of(sample)).name,
            step=manifest.step_of(sample) + 1,
            sample=sample,
            epoch=epoch,
            window=offset // manifest.window_length,
            offset=offset,
            num_tokens=found[sample, epoch],
        )
        for (sample, epoch), offset in zip(sorted(found), offsets.tolist(), strict=True)
    ]


def epochs(manifest: Manifest, source: int) -> range:
    """The passes over a source that the whole run takes part in."""
    tokens_in_pass = manifest.tokens_per_pass(manifest.sources[source])
    ends = [phase.cursors[source] + phase.samples[source] * phase.sequence_length for phase in manifest.phases]
    return range(manifest.sources[source].cursor // tokens_in_pass, -(-max(ends) // tokens_in_pass))


def trace_step(store: Store, run: Run, step: int) -> list[SeenDocument]:
    """The documents of one step of a run, counted from 1, by sample and place in it.

    Raises:
        PhaselineError: the step is outside of the run, or of a run before it that is gone.
    """
    if not 1 <= step <= run.manifest.total_steps:
        raise PhaselineError(f"there is no step {step}", f"name one from 1 to {run.manifest.total_steps}")
    stretch = stretch_of(store, run, step)
    manifest = stretch.manifest
    samples = np.arange(manifest.samples_done(step - 1), manifest.samples_done(step))
    sources, epochs, offsets = Order(manifest).windows(samples)
    seen: list[SeenDocument] = []
    for number in np.unique(sources).tolist():
        source = manifest.sources[number]
        index = pq.read_table(store.find(source.shards).folder / INDEX)
        stream = documents_in_stream(stretch.folder, source, index)
        for place in np.flatnonzero(sources == number).tolist():
            sample = SampleOfStep(manifest, source, int(samples[place]), int(epochs[place]), int(offsets[place]))
            seen.extend(sample.documents(index, stream))
    return sorted(seen, key=lambda document: (document.sample, document.start))


def stretch_of(store: Store, run: Run, step: int) -> Stretch:
    """The stretch that holds a step of a run, counted from 1; raises PhaselineError where it is that of a gone run."""
    first = first_own_step(run)
    return own_stretch(run, first, step) if step > first else chain(store, run, step)[-1]


@dataclass(frozen=True)
class SampleOfStep:
    """A sample that begins at the token ``offset`` of a source's stream."""

    manifest: Manifest
    source: SourceReference
    sample: int
    epoch: int
    offset: int

    def documents(self, index: pa.Table, stream: DocumentsInStream) -> Iterator[SeenDocument]:
        """The documents whose tokens are inputs of the sample, in order.

        Args:
            index: of the source's shards; ``stream`` says where each of its rows lies in the source's stream.
        """
        end = self.offset + self.manifest.phase_at(self.manifest.step_of(self.sample)).sequence_length
        rows = stream.between(self.offset, end)
        starts, ends = np.maximum(stream.starts[rows], self.offset), np.minimum(stream.ends[rows], end)
        for row, start, end_of_row in zip(index.take(rows).to_pylist(), starts.tolist(), ends.tolist(), strict=True):
            yield SeenDocument(
                sample=self.sample,
                window_source=self.source.name,
                epoch=self.epoch,
                window=self.offset // self.manifest.window_length,
                offset=self.offset,
                document=row["id"],
                source=row["source"],
                licence=row["licence"],
                start=start - self.offset,
                num_tokens=end_of_row - start,
            )


def fate(store: Store, manifest: Manifest, document: str) -> str:
    """What the corpus behind a manifest knows of a document that its shards do not hold, as advice."""
    shards = store.find(manifest.sources[0].shards)
    clean = parent_named(store, shards, CONTAMINATION_ASSET)
    dedup = parent_named(store, clean, DEDUP)
    of_document = [("id", "=", document)]
    for row in pq.read_table(dedup.folder / REMOVALS, filters=[*of_document, ("step", "!=", "exact")]).to_pylist():
        return (
            f"{dedup.name} removed it as a duplicate (step {row['step']}, similarity {row['similarity']:.2f}) of "
            f"{row['survivor_id']}: trace that one"
        )
    for row in pq.read_table(clean.folder / CONTAMINATION, filters=of_document).to_pylist():
        return f"{clean.name} removed it, for it contains {row['record']} of {row['benchmark']}: no run has seen it"
    for row in pq.read_table(clean.folder / SURVIVORS, filters=of_document).to_pylist():
        if row["split"] == HELD_OUT:
            return f"it is held out for evaluation (source {row['source']}): no run has seen it"
        return f"it is in the corpus (source {row['source']}), but the recipe's blends leave it out"
    return "check the id: a document's id is the first column of its documents or shards index"


def parent_named(store: Store, artifact: Artifact, asset: str) -> Artifact:
    """The parent of an artifact that is a version of an asset."""
    return next(store.find(parent) for parent in artifact.record.parents if parent.asset == asset)
