"""The difference between manifests: in words, in tokens, and sample for sample."""

from typing import Any

import numpy as np
import pytest
from hand_made import HandMadePhase, hand_made, source, straight
from hypothesis import given, settings
from hypothesis import strategies as st

from training.manifest import Manifest, SourceReference, StartReference, Transition
from training.planning.difference import describe, first_difference
from training.sampling.first_difference import agreed_steps
from training.sampling.order import Order

SOURCES = (source("code", 3201), source("web", 32_001), source("wiki", 1601))
DIVERSE = HandMadePhase("diverse", 50, {"code": 40, "web": 140, "wiki": 20})
QUALITY = HandMadePhase("quality", 25, {"code": 50, "wiki": 50})


def manifest(*phases: HandMadePhase, sources: tuple[SourceReference, ...] = SOURCES, **changes: Any) -> Manifest:
    return hand_made(sources, phases or (DIVERSE, QUALITY), **changes)


def test_equal_manifests_have_no_difference() -> None:
    assert describe(manifest(), manifest()) == []
    assert first_difference(manifest(), manifest(), 75) is None


def test_a_later_boundary_in_words_and_tokens() -> None:
    longer = HandMadePhase("diverse", 60, {"code": 48, "web": 168, "wiki": 24})
    shorter = HandMadePhase("quality", 15, {"code": 30, "wiki": 30})
    assert describe(manifest(), manifest(longer, shorter))[:-1] == [
        "phase diverse takes 50 → 60 steps, 3,200 → 3,840 tokens (+640)",
        "phase diverse, code: 20.0% → 20.0% (+0.0 points), 640 → 768 tokens (+128)",
        "phase diverse, web: 70.0% → 70.0% (+0.0 points), 2,240 → 2,688 tokens (+448)",
        "phase diverse, wiki: 10.0% → 10.0% (+0.0 points), 320 → 384 tokens (+64)",
        "phase quality begins after step 50 → 60, 3,200 → 3,840 tokens (+640) into the run",
        "phase quality takes 25 → 15 steps, 1,600 → 960 tokens (-640)",
        "phase quality, code: 50.0% → 50.0% (+0.0 points), 800 → 480 tokens (-320)",
        "phase quality, wiki: 50.0% → 50.0% (+0.0 points), 800 → 480 tokens (-320)",
        "epochs in all: code 0.45 → 0.39, web 0.07 → 0.08, wiki 0.70 → 0.54",
    ]


def test_shares_are_compared_in_points() -> None:
    changed = HandMadePhase("quality", 25, {"code": 25, "wiki": 75})
    lines = describe(manifest(), manifest(DIVERSE, changed))
    assert "phase quality, wiki: 50.0% → 75.0% (+25.0 points), 800 → 1,200 tokens (+400)" in lines
    assert lines[-1].startswith(
        "the first 50 steps (3,200 tokens) are the same, sample for sample; step 51 takes token "
    )


def test_sources_that_came_went_and_changed() -> None:
    new_code = source("code", 4801, version=2)
    lines = describe(
        manifest(DIVERSE, sources=SOURCES),
        manifest(
            HandMadePhase("diverse", 50, {"code": 40, "math": 140, "wiki": 20}),
            sources=(new_code, source("math", 9601), SOURCES[2].model_copy(update={"first_token": 16})),
        ),
    )
    old_digest, new_digest = SOURCES[0].digest[:12], new_code.digest[:12]
    assert (
        f"source code: shards/code@1 ({old_digest}) → shards/code@2 ({new_digest}), 3,201 → 4,801 tokens (+1,600), "
        "num_windows 200 → 300" in lines
    )
    assert f"source math is new: 9,601 tokens of shards/math@1 ({source('math', 9601).digest[:12]})" in lines
    assert f"source web is gone: 32,001 tokens of shards/web@1 ({SOURCES[1].digest[:12]})" in lines
    assert "source wiki: first_token 0 → 16" in lines


def test_phases_that_came_went_and_changed_places() -> None:
    reversed_phases = manifest(QUALITY, DIVERSE)
    assert "phases: diverse, quality → quality, diverse" in describe(manifest(), reversed_phases)
    lines = describe(manifest(), manifest(DIVERSE, HandMadePhase("last", 25, {"code": 100})))
    assert "phase quality is gone: 1,600 tokens in 25 steps" in lines
    assert "phase last is new: 1,600 tokens in 25 steps" in lines
    assert "phase last, code: 0.0% → 100.0% (+100.0 points), 0 → 1,600 tokens (+1,600)" in lines


def test_batches_and_transitions() -> None:
    larger = HandMadePhase("quality", 5, {"code": 20, "wiki": 5}, length=64, batch=5)
    wide = tuple(source(entry.name, entry.num_tokens, 64) for entry in SOURCES)
    before, after = manifest(sources=wide, window_length=64), manifest(DIVERSE, larger, sources=wide)
    lines = describe(before, after)
    assert "phase quality has steps of 4 sequences of 16 tokens → 5 sequences of 64 tokens" in lines
    assert lines[-1].endswith("step 51 takes 5 sequences of 64 tokens instead of 4 sequences of 16 tokens")
    fading = HandMadePhase(
        "quality", 25, {"code": 50, "wiki": 50}, transition=Transition(num_samples=8, incoming=[0, 4])
    )
    lines = describe(manifest(), manifest(DIVERSE, fading))
    assert "phase quality fades in at once → over 8 samples" in lines
    assert first_difference(manifest(), manifest(DIVERSE, fading), 75).step == 49  # type: ignore[union-attr]


def test_what_holds_for_the_whole_run_leaves_no_step_the_same() -> None:
    start = StartReference(manifest="base@3", manifest_digest="2" * 64, step=100, optimizer="fresh")
    larger = manifest().tokenizer.model_copy(update={"version": 2, "digest": "3" * 64, "vocab_size": 1024})
    lines = describe(manifest(), manifest(seed=2, model="llama_3m", tokenizer=larger, start=start))
    assert lines == [
        "seed 1 → 2",
        "model 'llama_test' → 'llama_3m'",
        "tokenizer.digest 111111111111 → 333333333333",
        "tokenizer.version 1 → 2",
        "tokenizer.vocab_size 512 → 1024",
        "starts from nothing → step 100 of base@3, optimizer fresh",
        "no step is the same, since the seed and the model and the tokenizer and the start changed",
    ]


def test_another_rate_alone_changes_the_step_where_it_differs() -> None:
    lines = describe(manifest(), manifest(schedule=straight(4800, to_lr=0.0)))
    assert lines == [
        "learning rate: linear 0.001 to 0.0001 until 4,800 tokens → linear 0.001 to 0 until 4,800 tokens",
        "no step is the same; step 1 has the learning rate 0.000986667 instead of 0.000988; "
        "the first 75 steps take the same samples",
    ]


def test_the_same_counts_in_other_turns() -> None:
    reordered = manifest(sources=SOURCES[::-1])
    assert describe(manifest(), reordered)[:-1] == [
        "phase diverse takes its sources in other turns, or at other places",
        "phase quality takes its sources in other turns, or at other places",
    ]


def test_sources_are_compared_by_name_and_content_not_by_number() -> None:
    extra = manifest(DIVERSE, QUALITY, sources=(source("aaa", 500), *SOURCES))
    assert first_difference(manifest(), extra, 75) is None
    altered = (SOURCES[0], SOURCES[1], SOURCES[2].model_copy(update={"digest": "4" * 64}))
    found = first_difference(manifest(), manifest(sources=altered), 75)
    first_wiki = int(np.argmax(Order(manifest()).windows(np.arange(300)).source == 2))
    assert found is not None
    assert found.step == first_wiki // 4
    assert "of wiki (444444444444)" in str(found)


@st.composite
def amended(draw: st.DrawFn) -> tuple[Manifest, Manifest]:
    """A manifest and another whose phases, lengths and transitions may differ."""

    def phases() -> list[HandMadePhase]:
        made = []
        for number in range(draw(st.integers(1, 3))):
            unit = draw(st.sampled_from([{"code": 1, "web": 3}, {"web": 2, "wiki": 2}, {"wiki": 4}]))
            steps = draw(st.integers(8, 12))
            fade = Transition(num_samples=16, incoming=[0, 2, 8]) if number and draw(st.booleans()) else None
            samples = {name: count * steps for name, count in unit.items()}
            made.append(HandMadePhase(f"phase{number}", steps, samples, transition=fade))
        return made

    return manifest(*phases()), manifest(*phases())


@given(amended())
@settings(max_examples=60, deadline=None)
def test_the_first_difference_is_what_a_look_at_every_sample_finds(pair: tuple[Manifest, Manifest]) -> None:
    one, other = (made.model_copy(update={"schedule": straight(100_000)}) for made in pair)
    steps = min(one.total_steps, other.total_steps)
    samples = np.arange(steps * 4)
    differs = np.zeros(len(samples), dtype=bool)
    for values in zip(Order(one).windows(samples), Order(other).windows(samples), strict=True):
        differs |= values[0] != values[1]
    found = first_difference(one, other, steps)
    assert (found.step if found else steps) == (int(np.argmax(differs)) // 4 if differs.any() else steps)
    assert agreed_steps(one, other) <= (found.step if found else steps)


def test_a_difference_after_the_steps_in_question_is_none() -> None:
    changed = manifest(DIVERSE, HandMadePhase("quality", 25, {"code": 25, "wiki": 75}))
    assert first_difference(manifest(), changed, 50) is None
    found = first_difference(manifest(), changed, 75)
    assert found is not None
    assert found.step == 50


def test_runs_of_trillions_of_tokens_agree_by_construction() -> None:
    def long_run(last_share: int) -> Manifest:
        steps = 300_000
        return hand_made(
            [source("web", 9_000_000_000_001, 8192), source("wiki", 4_000_000_001, 8192)],
            [
                HandMadePhase("first", steps, {"web": steps * 3072}, length=8192, batch=3072),
                HandMadePhase("last", 3, {"web": 3 * 3072 - last_share, "wiki": last_share}, length=8192, batch=3072),
            ],
        )

    assert describe(long_run(100), long_run(200))[-1].startswith("the first 300,000 steps (7,549,747,200,000 tokens)")


def test_a_manifest_shorter_than_the_steps_in_question_is_refused() -> None:
    with pytest.raises(IndexError):
        first_difference(manifest(), manifest(DIVERSE), 75)
