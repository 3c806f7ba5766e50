"""What a recipe can choose from: sets of shards with their sizes, from a store or from a file of sizes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import QUADRANTS
from pipelines.errors import PhaselineError
from pipelines.record import FileEntry
from pipelines.shards import INDEX, TOKENS
from pipelines.store import Artifact
from training.declared.scale import Sizes
from training.manifest import TokenizerReference

NONE = "none"  # the quadrant of a document that has none


@dataclass(frozen=True)
class ShardsEntry:
    """One set of shards. ``licences`` and ``languages`` are tokens by name; without a folder only sizes are known."""

    name: str
    domain: str
    bucket: str | None
    asset: str
    version: int
    digest: str
    tokens_file: FileEntry
    num_tokens: int
    licences: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    quadrants: Mapping[str, float] = field(default_factory=dict)  # shares of tokens, where only sizes are known
    folder: Path | None = None

    @cached_property
    def documents(self) -> pa.Table:
        """Offset, length, id, language and licence of each document, in the order of the token file."""
        assert self.folder is not None
        return pq.read_table(self.folder / INDEX, columns=["id", "offset", "length", "language", "licence"])


@dataclass(frozen=True)
class Catalogue:
    """Every set of shards by name, the tokenizer they share, and the quadrants of their documents if there are any."""

    shards: Mapping[str, ShardsEntry]
    tokenizer: TokenizerReference
    quadrants: Artifact | None = None

    def values(self, shards: ShardsEntry, attribute: str) -> npt.NDArray[np.object_]:
        """The value of an attribute (quadrant, language, licence) for each document of shards, in order.

        Raises:
            PhaselineError: quadrants are asked for and there are none.
        """
        if attribute != "quadrant":
            return shards.documents[attribute].to_numpy(zero_copy_only=False)
        if self.quadrants is None:
            raise PhaselineError("no document has a quadrant", "materialise quality/quadrants first")
        table = pq.read_table(self.quadrants.folder / QUADRANTS, columns=["id", "quadrant"])
        places = pc.index_in(shards.documents["id"], value_set=table["id"].combine_chunks())
        return pc.fill_null(table["quadrant"].take(places), NONE).to_numpy(zero_copy_only=False)


def catalogue_of_store(
    shards: Mapping[str, Artifact], tokenizer: Artifact, quadrants: Artifact | None = None
) -> Catalogue:
    """The catalogue of shards that were made.

    Raises:
        PhaselineError: shards were made with another tokenizer.
    """
    entries = {}
    for name, artifact in shards.items():
        made_with = [parent.digest for parent in artifact.record.parents if parent.asset == tokenizer.asset]
        if made_with != [tokenizer.digest]:
            raise PhaselineError(
                f"{artifact.name} was made with another tokenizer than {tokenizer.name}",
                f"materialise {artifact.asset} again",
            )
        facts = artifact.record.facts
        entries[name] = ShardsEntry(
            name=name,
            domain=facts["domain"],
            bucket=facts["bucket"],
            asset=artifact.asset,
            version=artifact.record.version,
            digest=artifact.digest,
            tokens_file=next(file for file in artifact.record.files if file.path == TOKENS),
            num_tokens=facts["num_tokens"],
            licences=facts["tokens_by_licence"],
            languages=facts["tokens_by_language"],
            folder=artifact.folder,
        )
    reference = TokenizerReference(
        asset=tokenizer.asset,
        version=tokenizer.record.version,
        digest=tokenizer.digest,
        vocab_size=tokenizer.record.facts["vocab_size"],
        end_of_text=tokenizer.record.facts["end_of_text"],
    )
    return Catalogue(entries, reference, quadrants)


def catalogue_of_sizes(sizes: Sizes) -> Catalogue:
    """The catalogue of shards that are known by their sizes alone."""
    bytes_per_token = 2 if sizes.vocab_size <= 1 << 16 else 4
    entries = {
        name: ShardsEntry(
            name=name,
            domain=entry.domain,
            bucket=entry.bucket,
            asset=f"shards/{name}",
            version=1,
            digest="",
            tokens_file=FileEntry(path=TOKENS, num_bytes=entry.tokens * bytes_per_token, sha256=""),
            num_tokens=entry.tokens,
            quadrants=entry.quadrants,
        )
        for name, entry in sizes.shards.items()
    }
    tokenizer = TokenizerReference(asset="tokenizer", version=1, digest="", vocab_size=sizes.vocab_size, end_of_text=0)
    return Catalogue(entries, tokenizer)
