"""Trace and exposure agree with a brute-force walk over every sample; a traced window holds its document's text."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from corpora import Corpus, small_corpus
from manifests import recipe

from pipelines.errors import PhaselineError
from pipelines.shards import open_shards
from training.audit import tokens_by_source
from training.compile import compile_recipe
from training.manifest import Manifest
from training.order import Order
from training.trace import trace_document, trace_step

STEPS = 60
BATCH = 4
LENGTH = 16


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return small_corpus(tmp_path_factory.mktemp("home"), {"s0": 40, "s1": 9})


@pytest.fixture(scope="module")
def made(corpus: Corpus) -> Manifest:
    declared = recipe(steps=STEPS, batch=BATCH, length=LENGTH, phases=[(0.5, [0.75, 0.25]), (0.5, [0.2, 0.8])])
    return compile_recipe(declared, corpus.shards, corpus.tokenizer)


def walk(corpus: Corpus, made: Manifest, steps: int) -> Counter[tuple[str, int]]:
    """Input tokens of each document in each step, counted token by token."""
    seen: Counter[tuple[str, int]] = Counter()
    order = Order(made)
    for sample in range(steps * BATCH):
        place = order.windows(sample)
        name = made.sources[int(place.source)].name
        index = open_shards(corpus.shards[name]).index.to_pydict()
        owner = np.repeat(index["id"], index["length"])
        start = int(place.window) * LENGTH
        for document in owner[start : start + LENGTH].tolist():
            seen[document, sample // BATCH + 1] += 1
    return seen


def test_every_document_is_traced_to_the_steps_that_saw_it(corpus: Corpus, made: Manifest) -> None:
    seen = walk(corpus, made, STEPS)
    for shards in corpus.shards.values():
        for document in open_shards(shards).index["id"].to_pylist():
            traced: Counter[tuple[str, int]] = Counter()
            for sighting in trace_document(corpus.store, made, document, STEPS).sightings:
                assert sighting.phase == made.phase_at(sighting.step - 1).name
                traced[document, sighting.step] += sighting.num_tokens
            assert traced == Counter({key: count for key, count in seen.items() if key[0] == document})


def test_every_step_lists_its_documents(corpus: Corpus, made: Manifest) -> None:
    seen = walk(corpus, made, STEPS)
    for step in range(1, STEPS + 1):
        rows = trace_step(corpus.store, made, step)
        assert sum(row.num_tokens for row in rows) == BATCH * LENGTH
        listed: Counter[tuple[str, int]] = Counter()
        for row in rows:
            listed[row.document, step] += row.num_tokens
        assert listed == Counter({key: count for key, count in seen.items() if key[1] == step})


def test_the_traced_window_decodes_to_the_documents_text(corpus: Corpus, made: Manifest) -> None:
    for row in trace_step(corpus.store, made, 7):
        tokens = open_shards(corpus.shards[row.window_source]).tokens
        first = row.window * LENGTH + row.start
        piece = corpus.decode(tokens[first : first + row.num_tokens].tolist())
        assert piece in corpus.texts[row.document] + "<|endoftext|>"


def test_a_trace_of_an_unfinished_run_ends_where_the_run_does(corpus: Corpus, made: Manifest) -> None:
    seen = walk(corpus, made, 10)
    document = next(iter(seen))[0]
    sightings = trace_document(corpus.store, made, document, 10).sightings
    assert {sighting.step for sighting in sightings} == {step for name, step in seen if name == document}


@pytest.mark.parametrize("steps", [0, 1, 29, 30, 31, STEPS])
def test_tokens_by_source_equal_a_brute_force_count(corpus: Corpus, made: Manifest, steps: int) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    for (document, _), count in walk(corpus, made, steps).items():
        expected[corpus.sources[document], corpus.shards_of[document]] += count
    rows = tokens_by_source(corpus.store, made, steps)
    assert {(row.source, row.shards): row.num_tokens for row in rows} == dict(expected)


def test_a_document_that_no_shard_holds_is_explained(corpus: Corpus, made: Manifest) -> None:
    with pytest.raises(PhaselineError, match="is in none of the shards"):
        trace_document(corpus.store, made, "0" * 32, STEPS)
    with pytest.raises(PhaselineError, match="there is no step 61") as refusal:
        trace_step(corpus.store, made, STEPS + 1)
    assert refusal.value.remedy == "name one from 1 to 60"


def test_shards_of_another_tokenizer_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    other = small_corpus(tmp_path, {"s0": 12, "s1": 9})
    declared = recipe(steps=10, batch=2, length=LENGTH, phases=[(1.0, [1.0])])
    with pytest.raises(PhaselineError, match="was made with another tokenizer"):
        compile_recipe(declared, corpus.shards, other.tokenizer)


def test_a_source_smaller_than_a_window_is_refused(corpus: Corpus) -> None:
    declared = recipe(steps=1, batch=1, length=100_000, phases=[(1.0, [1.0])])
    with pytest.raises(PhaselineError, match=r"s0 holds .* tokens, less than one window of 100000"):
        compile_recipe(declared, corpus.shards, corpus.tokenizer)


def test_a_blend_of_an_unknown_source_is_refused(corpus: Corpus) -> None:
    declared = recipe(steps=10, batch=2, length=LENGTH, phases=[(1.0, [0.5, 0.25, 0.25])])
    with pytest.raises(PhaselineError, match=r"phases.p0.blend.s2: there is no such source") as refusal:
        compile_recipe(declared, corpus.shards, corpus.tokenizer)
    assert refusal.value.remedy == "name one of: s0, s1"
