"""Trace and audit agree with a walk over every token of every sample; a traced sample holds its documents' text."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from corpora import Corpus, small_corpus
from hand_made import HandMadePhase, hand_made, source
from small_run import publish

from pipelines.errors import PhaselineError
from pipelines.shards import TOKENS, open_shards
from pipelines.store import Artifact
from training.bill.bill import bill_of_chain
from training.compiler.extents import describe_extents
from training.lineage.trace import trace_document, trace_step
from training.manifest import SourceReference, TokenizerReference, Transition
from training.runs.chain import own_stretch
from training.runs.run import Run, create_run
from training.sampling.order import Order
from training.tokens.files import token_files
from training.tokens.windows import WindowReader

STEPS = 62
FIRST_TOKEN = 11  # of the stretch that "s1" is
SELECTION = "s2[chosen]"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return small_corpus(tmp_path_factory.mktemp("home"), {"s0": 40, "s1": 9, "s2": 30})


@pytest.fixture(scope="module")
def run(corpus: Corpus) -> Run:
    """Whole shards, a stretch that begins and ends within documents, and a selection whose last document is cut.

    Samples of 16 and of 8 tokens, and a transition; "s1" was read up to its token 40 before.
    """
    chosen = chosen_documents(corpus.shards["s2"])
    stretch = num_tokens(corpus.shards["s1"]) // 2
    sources = [
        reference(corpus.shards["s0"], "s0", num_tokens(corpus.shards["s0"])),
        reference(corpus.shards["s1"], "s1", stretch, first_token=FIRST_TOKEN, cursor=40),
        reference(corpus.shards["s2"], SELECTION, len(owners_in_file(corpus.shards["s2"])[chosen]) - 7),
    ]
    extents = as_extents(chosen)
    sources[2] = sources[2].model_copy(update={"extents": describe_extents(SELECTION, extents)})
    phases = [
        HandMadePhase("p0", 10, {"s0": 24, "s1": 4, SELECTION: 12}),
        HandMadePhase("p1", 22, {"s0": 22, "s1": 44, SELECTION: 66}, length=8, batch=6),
        HandMadePhase("p2", 20, {"s1": 40, SELECTION: 40}),
        HandMadePhase("p3", 10, {"s0": 40}, transition=Transition(num_samples=20, incoming=[0, 1, 8, 10])),
    ]
    tokenizer = TokenizerReference(
        asset=corpus.tokenizer.asset,
        version=corpus.tokenizer.record.version,
        digest=corpus.tokenizer.digest,
        vocab_size=corpus.tokenizer.record.facts["vocab_size"],
        end_of_text=corpus.tokenizer.record.facts["end_of_text"],
    )
    manifest = hand_made(sources, phases, tokenizer=tokenizer)
    return create_run(corpus.store, publish(corpus.store, manifest, {SELECTION: extents}, list(corpus.shards.values())))


def num_tokens(shards: Artifact) -> int:
    return int(shards.record.facts["num_tokens"])


def reference(shards: Artifact, name: str, num_tokens: int, **changes: int) -> SourceReference:
    tokens_file = next(file for file in shards.record.files if file.path == TOKENS)
    return source(name, num_tokens, asset=shards.asset, digest=shards.digest, tokens_file=tokens_file, **changes)


def owners_in_file(shards: Artifact) -> npt.NDArray[np.object_]:
    """The document of each token of a token file."""
    index = open_shards(shards).index
    return np.repeat(index["id"].to_numpy(zero_copy_only=False), index["length"].to_numpy())


def chosen_documents(shards: Artifact) -> npt.NDArray[np.bool_]:
    """For each token of a token file, whether its document is chosen: all but the third, fourth and ninth of ten."""
    lengths = open_shards(shards).index["length"].to_numpy()
    return np.repeat(~np.isin(np.arange(len(lengths)) % 10, (2, 3, 8)), lengths)


def as_extents(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    starts = np.flatnonzero(chosen & ~np.append(False, chosen[:-1]))
    return np.stack([starts, (np.cumsum(chosen) - 1)[starts]], axis=1)


def owners(corpus: Corpus, run: Run) -> dict[int, npt.NDArray[np.object_]]:
    """The document of each token of each source's stream."""
    whole = {name: owners_in_file(shards) for name, shards in corpus.shards.items()}
    streams = [whole["s0"], whole["s1"][FIRST_TOKEN:], whole["s2"][chosen_documents(corpus.shards["s2"])]]
    return {number: stream[: run.manifest.sources[number].num_tokens] for number, stream in enumerate(streams)}


def walk(corpus: Corpus, run: Run, steps: int) -> Counter[tuple[str, int, int]]:
    """Input tokens of each document in each step and sample, counted token by token."""
    seen: Counter[tuple[str, int, int]] = Counter()
    of_streams, order = owners(corpus, run), Order(run.manifest)
    for sample in range(run.manifest.samples_done(steps)):
        step = run.manifest.step_of(sample)
        place = order.windows(sample)
        start = int(place.start)
        for token in range(start, start + run.manifest.phase_at(step).sequence_length):
            seen[of_streams[int(place.source)][token], step + 1, sample] += 1
    return seen


def test_every_document_is_traced_to_the_samples_that_held_it(corpus: Corpus, run: Run) -> None:
    seen = walk(corpus, run, STEPS)
    of_streams = set(np.concatenate(list(owners(corpus, run).values())))
    for document in of_streams:
        traced: Counter[tuple[str, int, int]] = Counter()
        for sighting in trace_document(corpus.store, run, document, STEPS).sightings:
            assert sighting.phase == run.manifest.phase_at(sighting.step - 1).name
            traced[document, sighting.step, sighting.sample] += sighting.num_tokens
        assert traced == Counter({key: count for key, count in seen.items() if key[0] == document})
    assert len(of_streams) < len(corpus.texts)


def test_every_step_lists_its_documents(corpus: Corpus, run: Run) -> None:
    seen = walk(corpus, run, STEPS)
    for step in range(1, STEPS + 1):
        listed: Counter[tuple[str, int, int]] = Counter()
        for row in trace_step(corpus.store, run, step):
            assert row.num_tokens > 0
            listed[row.document, step, row.sample] += row.num_tokens
        assert listed == Counter({key: count for key, count in seen.items() if key[1] == step})


def test_a_traced_sample_holds_the_documents_text(corpus: Corpus, run: Run) -> None:
    reader = WindowReader(run.manifest, token_files(corpus.store, run.manifest, run.artifact.folder))
    for step in (7, 20, 40):
        for row in trace_step(corpus.store, run, step):
            tokens = reader.batch([row.sample]).inputs[0, row.start : row.start + row.num_tokens]
            assert corpus.decode(tokens.tolist()) in corpus.texts[row.document] + "<|endoftext|>"
            assert row.source == corpus.sources[row.document]


def test_a_trace_of_an_unfinished_run_ends_where_the_run_does(corpus: Corpus, run: Run) -> None:
    seen = walk(corpus, run, 15)
    document = next(iter(seen))[0]
    sightings = trace_document(corpus.store, run, document, 15).sightings
    assert {sighting.sample for sighting in sightings} == {sample for name, _, sample in seen if name == document}


@pytest.mark.parametrize("steps", [0, 1, 10, 11, 31, 32, 48, 52, 57, STEPS])
def test_the_bill_equals_a_walk(corpus: Corpus, run: Run, steps: int) -> None:
    tokens: Counter[tuple[str, str]] = Counter()
    for (document, _, _), count in walk(corpus, run, steps).items():
        shards = corpus.shards_of[document]
        tokens[corpus.sources[document], SELECTION if shards == "s2" else shards] += count
    lines = bill_of_chain(corpus.store, [own_stretch(run, 0, steps)]).stretches[0].lines
    assert {(line.source, line.name): line.tokens for line in lines} == dict(tokens)


def test_a_document_that_no_source_holds_is_explained(corpus: Corpus, run: Run) -> None:
    shards = corpus.shards["s2"]
    left_out = owners_in_file(shards)[~chosen_documents(shards)][0]
    with pytest.raises(PhaselineError, match="is in none of the sources of tried") as refusal:
        trace_document(corpus.store, run, left_out, STEPS)
    assert "the recipe's blends leave" in refusal.value.remedy
    with pytest.raises(PhaselineError, match="is in none of the sources") as refusal:
        trace_document(corpus.store, run, "0" * 32, STEPS)
    assert "check the id" in refusal.value.remedy


def test_a_step_outside_of_the_run_is_refused(corpus: Corpus, run: Run) -> None:
    with pytest.raises(PhaselineError, match="there is no step 63") as refusal:
        trace_step(corpus.store, run, STEPS + 1)
    assert refusal.value.remedy == "name one from 1 to 62"
