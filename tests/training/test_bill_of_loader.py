"""The bill equals a count of what the loader gave to all ranks, over restarts on other numbers of them."""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hand_made import HandMadePhase, hand_made, source
from small_run import publish

from pipelines.shards import DOCUMENT_SCHEMA, TOKENS, ShardsWriter
from pipelines.store import Artifact, Draft, Store
from training.bill.bill import bill_of_chain
from training.compiler.extents import describe_extents
from training.compiler.leaves import extents
from training.manifest import Manifest, SourceReference, TokenizerReference, Transition, read_manifest
from training.runs.chain import Stretch
from training.tokens.files import token_files

if TYPE_CHECKING:
    from training.titan.loader import ManifestLoader

DOCUMENTS = 300  # of each shards; every token of a document is its number
VOCAB_SIZE = 1024
SOURCES, LICENCES = ("crawl", "mirror"), ("MIT", "CC0-1.0", "CC-BY-4.0")
SELECTION = "web[chosen]"
STEPS = 40
RESTARTS = [(0, 9, 2), (9, 10, 1), (10, 26, 4), (26, STEPS, 2)]  # first step, end step, ranks


def make_shards(store: Store, name: str, first_document: int) -> Artifact:
    """Documents of 2 to 40 tokens whose source and licence follow from their number."""

    def make(draft: Draft) -> None:
        lengths = document_lengths(first_document)
        numbers = np.arange(first_document, first_document + DOCUMENTS)
        groups = [group_of(number) for number in numbers.tolist()]
        columns = {
            "id": [f"{number:032x}" for number in numbers],
            "length": lengths,
            "num_bytes": lengths,
            "source": [source for source, _ in groups],
            "licence": [licence for _, licence in groups],
            "language": ["en"] * DOCUMENTS,
        }
        with ShardsWriter(draft.folder) as writer:
            writer.write(np.repeat(numbers, lengths).astype("<u2"), pa.table(columns, schema=DOCUMENT_SCHEMA))
        draft.facts |= {"domain": name, "bucket": None}

    return store.ensure(f"shards/{name}", make, code_version="1", parameters={}).artifact


def document_lengths(first_document: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(first_document).integers(2, 41, DOCUMENTS)


def group_of(document: int) -> tuple[str, str]:
    return SOURCES[document % 2], LICENCES[document % 3]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Artifact]:
    """A manifest of whole shards, a stretch and a selection, sequences of 8 and 16 tokens, and a transition."""
    store = Store(tmp_path_factory.mktemp("home"))
    web, code = make_shards(store, "web", 1), make_shards(store, "code", 1 + DOCUMENTS)
    chosen = np.arange(DOCUMENTS) % 5 != 0
    lengths = document_lengths(1)
    stretches = extents((np.cumsum(lengths) - lengths)[chosen], lengths[chosen])
    sources = [
        reference(web, "web", 1600, first_token=33),
        reference(code, "code", 900),
        reference(web, SELECTION, 3000),
    ]
    sources[2] = sources[2].model_copy(update={"extents": describe_extents(SELECTION, stretches)})
    phases = [
        HandMadePhase("p0", 10, {"web": 20, "code": 20}),
        HandMadePhase("p1", 14, {"code": 40, SELECTION: 16}, length=8),
        HandMadePhase("p2", 10, {"code": 40}),
        HandMadePhase("p3", 6, {"web": 12, SELECTION: 12}, transition=Transition(num_samples=20, incoming=[0, 3, 10])),
    ]
    tokenizer = TokenizerReference(asset="tokenizer", version=1, digest="1", vocab_size=VOCAB_SIZE, end_of_text=0)
    manifest = hand_made(sources, phases, tokenizer=tokenizer)
    return store, publish(store, manifest, {SELECTION: stretches}, [web, code])


def reference(shards: Artifact, name: str, num_tokens: int, **changes: int) -> SourceReference:
    tokens_file = next(file for file in shards.record.files if file.path == TOKENS)
    return source(name, num_tokens, asset=shards.asset, digest=shards.digest, tokens_file=tokens_file, **changes)


def loader(store: Store, artifact: Artifact, manifest: Manifest, ranks: int, rank: int) -> "ManifestLoader":
    from training.titan.loader import ManifestLoader

    config = ManifestLoader.Config(
        manifest=manifest,
        token_files=token_files(store, manifest, artifact.folder),
        local_batch_sizes=[1] * len(manifest.phases),
    )
    return config.build(dp_world_size=ranks, dp_rank=rank, local_batch_size=1, seq_len=16, tokenizer=None)


def test_the_bill_equals_what_all_ranks_read(made: tuple[Store, Artifact]) -> None:
    store, artifact = made
    manifest = read_manifest(artifact)
    tokens: Counter[tuple[str, str]] = Counter()
    weighted: Counter[tuple[str, str]] = Counter()
    for first_step, end_step, ranks in RESTARTS:
        for rank in range(ranks):
            of_rank = loader(store, artifact, manifest, ranks, rank)
            of_rank.load_state_dict({"step": first_step})
            batches = iter(of_rank)
            for step in range(first_step, end_step):
                for _ in range(manifest.phase_at(step).global_batch_size // ranks):
                    for document, count in Counter(next(batches).inputs.flatten().tolist()).items():
                        tokens[group_of(document)] += count
                        weighted[group_of(document)] += count * manifest.lr(step)
        bill = bill_of_chain(store, [Stretch("tried@1", manifest, artifact.folder, 0, end_step)])
        counted: Counter[tuple[str, str]] = Counter()
        counted_weighted: Counter[tuple[str, str]] = Counter()
        for line in bill.stretches[0].lines:
            counted[line.source, line.licence] += line.tokens
            counted_weighted[line.source, line.licence] += line.lr_weighted_tokens
        assert +counted == tokens
        assert dict(+counted_weighted) == pytest.approx(dict(weighted))
