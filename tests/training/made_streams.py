"""A manifest over shards of random tokens: whole ones, a stretch of others, and selected documents of these."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from hand_made import HandMadePhase, hand_made, source
from made_shards import TokenisedDocument, write_shards

from pipelines.record import FileEntry
from pipelines.shards import TOKENS, open_shards
from pipelines.store import Artifact, Draft, Store
from training.manifest import Manifest, SourceReference
from training.sampling.order import Order
from training.tokens.windows import Sequences

EXTENTS = "extents/selected.npy"
VOCAB_SIZE = 512


@dataclass(frozen=True)
class MadeStreams:
    """A manifest, the folder of its artifact, and the tokens of each source as they should be read."""

    store: Store
    manifest: Manifest
    folder: Path
    streams: list[list[int]]

    def expected(self, samples: list[int]) -> Sequences:
        """The sequences of samples, token by token."""
        rows: tuple[list[list[int]], list[list[int]], list[list[int]]] = ([], [], [])
        for sample, number, start in zip(samples, *self.windows(samples), strict=True):
            length = self.manifest.phase_at(self.manifest.step_of(sample)).sequence_length
            tokens = self.streams[number][start : start + length + 1]
            for row, values in zip(rows, (tokens[:-1], tokens[1:], positions(tokens[:-1])), strict=True):
                row.append(values)
        return Sequences(*map(np.array, rows))

    def windows(self, samples: list[int]) -> tuple[list[int], list[int]]:
        windows = Order(self.manifest).windows(samples)
        return windows.source.tolist(), windows.start.tolist()


def positions(tokens: list[int]) -> list[int]:
    """The place of each token in its document, counted from the sequence's start."""
    result, position = [], 0
    for token in tokens:
        result.append(position)
        position = 0 if token == 0 else position + 1
    return result


def made_streams(home: Path, tokens_per_shards: int = 3000) -> MadeStreams:
    """Three sources in two phases: 12 steps of 8 sequences of 16 tokens, then 6 steps of 4 sequences of 48 tokens."""
    store = Store(home)
    web, code = (make_shards(store, name, tokens_per_shards) for name in ("web", "code"))
    manifest = store.ensure(
        "manifests/tried", lambda draft: write_extents(draft, code), code_version="1", parameters={}
    ).artifact
    extents = np.load(manifest.folder / EXTENTS)
    web_tokens, code_tokens = (open_shards(shards).tokens.tolist() for shards in (web, code))
    selected = selected_tokens(code)
    sources = [
        reference("web", web, len(web_tokens)),
        reference("code", code, len(code_tokens) - 701, first_token=701),
        reference("selected", code, len(selected), extents=entry(manifest, EXTENTS)),
    ]
    assert len(extents) > 5
    phases = [
        HandMadePhase("short", 12, {"web": 40, "code": 32, "selected": 24}, length=16, batch=8),
        HandMadePhase("long", 6, {"web": 8, "code": 8, "selected": 8}, length=48, batch=4),
    ]
    return MadeStreams(store, hand_made(sources, phases), manifest.folder, [web_tokens, code_tokens[701:], selected])


def make_shards(store: Store, name: str, num_tokens: int) -> Artifact:
    """Shards of random tokens in documents of 2 to 40 of them, or longer where there would be very many."""

    def make(draft: Draft) -> None:
        random = np.random.default_rng(len(name))
        longest = max(40, num_tokens // 50)
        documents = []
        while sum(len(document.token_ids) for document in documents) < num_tokens:
            token_ids = random.integers(1, VOCAB_SIZE, random.integers(2, longest))
            documents.append(TokenisedDocument(f"{len(documents):032x}", token_ids, 100, name, "CC0-1.0", "en"))
        write_shards(draft.folder, documents, VOCAB_SIZE, end_of_text=0)
        draft.facts["vocab_size"] = VOCAB_SIZE

    return store.ensure(f"shards/{name}", make, code_version="1", parameters={}).artifact


def selected_rows(shards: Artifact) -> list[tuple[int, int]]:
    """Offset and length of two of every three documents."""
    index = open_shards(shards).index
    rows = zip(index["offset"].to_pylist(), index["length"].to_pylist(), strict=True)
    return [row for number, row in enumerate(rows) if number % 3]


def selected_tokens(shards: Artifact) -> list[int]:
    tokens = open_shards(shards).tokens
    return [token for offset, length in selected_rows(shards) for token in tokens[offset : offset + length].tolist()]


def write_extents(draft: Draft, shards: Artifact) -> None:
    """One row for each pair of neighbours: offset in the token file, offset in the stream."""
    extents, in_stream, file_end = [], 0, -1
    for offset, length in selected_rows(shards):
        if offset != file_end:
            extents.append([offset, in_stream])
        in_stream, file_end = in_stream + length, offset + length
    (draft.folder / EXTENTS).parent.mkdir()
    np.save(draft.folder / EXTENTS, np.array(extents, dtype=np.int64))


def entry(artifact: Artifact, path: str) -> FileEntry:
    return next(file for file in artifact.record.files if file.path == path)


def reference(name: str, shards: Artifact, num_tokens: int, **changes: object) -> SourceReference:
    return source(
        name, num_tokens, 48, asset=shards.asset, digest=shards.digest, tokens_file=entry(shards, TOKENS), **changes
    )
