"""The bill of data equals a count of every token of every sample."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indexed_shards import Chained, chained, make_indexes
from manifests import manifest, manifests, phase

from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Store
from training.bill.amounts import Amount, amounts_by_name
from training.bill.bill import Bill, bill_of_chain, total_bill
from training.bill.conservation import tokens_conserved
from training.bill.taken import MOST_STRETCHES
from training.manifest import BaseModelReference, Manifest
from training.runs.chain import Stretch
from training.sampling.order import Order
from training.sampling.transitions import compile_transition
from training.schedule import Piece, Schedule

Key = tuple[str, str, str, str, str]  # phase, name in blends, bucket, source, licence


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def shards(home: Path) -> list[Artifact]:
    return make_indexes(Store(home))


@pytest.fixture(scope="module")
def buckets(shards: Sequence[Artifact]) -> dict[str, str]:
    """The bucket of each asset, as bills name it."""
    facts = {artifact.asset: artifact.record.facts for artifact in shards}
    return {asset: f"{of['domain']}/{of['bucket'] or 'none'}" for asset, of in facts.items()}


def walk(each: Chained, buckets: dict[str, str]) -> tuple[Counter[Key], Counter[Key]]:
    """Tokens of every sample of every step, one by one; plain, and each times the rate of its step."""
    tokens: Counter[Key] = Counter()
    weighted: Counter[Key] = Counter()
    made, order = each.stretch.manifest, Order(each.stretch.manifest)
    for step in range(each.stretch.first_step, each.stretch.end_step):
        of_phase, lr = made.phase_at(step), made.lr(step)
        places = order.windows(np.arange(made.samples_done(step), made.samples_done(step + 1)))
        for number, start in zip(places.source.tolist(), places.start.tolist(), strict=True):
            source = made.sources[number]
            for group, count in Counter(each.owners[number][start : start + of_phase.sequence_length]).items():
                key = (of_phase.name, source.name, buckets[source.asset], *group)
                tokens[key] += count
                weighted[key] += count * lr
    return tokens, weighted


def held(chain: Sequence[Chained], buckets: dict[str, str]) -> Counter[Key]:
    """The tokens of a pass over each stream that was read, one by one."""
    streams = {}
    for each in chain:
        made, order = each.stretch.manifest, Order(each.stretch.manifest)
        steps = (each.stretch.first_step, each.stretch.end_step)
        before, after = (order.counts(made.samples_done(step)) for step in steps)
        for number, source in enumerate(made.sources):
            if after[number] > before[number]:
                windows = each.owners[number][: source.num_windows * made.window_length]
                stream = (source.name, source.asset, source.first_token, source.extents)
                streams[stream] = (source.name, buckets[source.asset], windows)
    return Counter(("", name, bucket, *group) for name, bucket, windows in streams.values() for group in windows)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_bill_of_a_chain_equals_a_walk_over_every_token(
    home: Path, shards: list[Artifact], buckets: dict[str, str], data: st.DataObject
) -> None:
    chain = data.draw(st.lists(chained(shards, home), min_size=1, max_size=3))
    stretches = [each.stretch for each in chain]
    bill = bill_of_chain(Store(home), stretches)
    walked = [walk(each, buckets) for each in chain]
    check_stretches(bill, walked)
    tokens, weighted = (sum(counts, Counter()) for counts in zip(*walked, strict=True))
    assert bill.steps == sum(stretch.end_step - stretch.first_step for stretch in stretches)
    assert bill.tokens == tokens.total()
    assert bill.lr_weighted_tokens == pytest.approx(weighted.total())
    passes = held(chain, buckets)
    for amounts, place in ((bill.names, 1), (bill.buckets, 2), (bill.sources, 3), (bill.licences, 4)):
        check_amounts(amounts, by(tokens, place), by(weighted, place), by(passes, place))
    check_amounts(bill.phases, by(tokens, 0), by(weighted, 0), None)
    assert tokens_conserved(bill, stretches[-1]).passed


def check_stretches(bill: Bill, walked: Sequence[tuple[Counter[Key], Counter[Key]]]) -> None:
    """Compare every line with the walk over its stretch."""
    for stretch, (tokens, weighted) in zip(bill.stretches, walked, strict=True):
        lines = {
            (name, line.name, f"{line.domain}/{line.bucket or 'none'}", line.source, line.licence): taken
            for line in stretch.lines
            for name, taken in line.phases.items()
        }
        assert {key: taken.tokens for key, taken in lines.items()} == dict(tokens)
        assert {key: taken.lr_weighted_tokens for key, taken in lines.items()} == pytest.approx(dict(weighted))
        assert stretch.tokens == tokens.total()


def check_amounts(
    amounts: dict[str, Amount], tokens: Counter[str], weighted: Counter[str], passes: Counter[str] | None
) -> None:
    """Compare amounts with what a walk counted."""
    assert {name: amount.tokens for name, amount in amounts.items()} == dict(tokens)
    for name, amount in amounts.items():
        assert amount.share == pytest.approx(tokens[name] / tokens.total(), abs=1e-6)
        assert amount.lr_weighted_tokens == pytest.approx(weighted[name])
        assert amount.lr_weighted_share == pytest.approx(weighted[name] / weighted.total(), abs=1e-6)
        assert amount.epochs == (passes and pytest.approx(tokens[name] / passes[name], abs=1e-6))


def by(counts: Counter[Key], place: int) -> Counter[str]:
    """Sums of counts by one part of their keys."""
    sums: Counter[str] = Counter()
    for key, count in counts.items():
        sums[key[place]] += count
    return sums


def check_names(made: Manifest, step: int) -> None:
    """Compare amounts by name with a count of every sample."""
    sources = Order(made).windows(np.arange(made.samples_done(step))).source
    phases = [made.phase_at(number) for number in range(step)]
    batches = [each.global_batch_size for each in phases]
    lengths = np.repeat(np.array([each.sequence_length for each in phases], dtype=np.int64), batches)
    rates = np.repeat([made.lr(number) for number in range(step)], batches)
    tokens, weighted, passes = Counter[str](), Counter[str](), Counter[str]()
    for index in np.unique(sources).tolist():
        source, here = made.sources[index], sources == index
        tokens[source.name] = int(lengths[here].sum())
        weighted[source.name] = (lengths * rates)[here].sum()
        passes[source.name] = made.tokens_per_pass(source)
    check_amounts(amounts_by_name(made, step), tokens, weighted, passes)


@settings(max_examples=40, deadline=None)
@given(manifests(), st.data())
def test_amounts_by_name_equal_a_count_of_every_sample(made: Manifest, data: st.DataObject) -> None:
    check_names(made, data.draw(st.integers(0, made.total_steps)))


def test_rates_of_many_steps_are_weighted_to_a_millionth() -> None:
    """A warm-up of few steps, a decay that is steepest at its start, and a transition."""
    first, second = MOST_STRETCHES * 2 + 1, MOST_STRETCHES + 5000
    tokens = (first + second) * 64 * 8
    places = [0, 5 * 512 + 3, tokens // 3, tokens]
    rates = [0.0, 1e-3, 1e-3, 0.0]
    pieces = tuple(
        Piece(start_tokens=start, end_tokens=end, shape=shape, from_lr=from_lr, to_lr=to_lr)
        for start, end, shape, from_lr, to_lr in zip(
            places, places[1:], ["linear", "constant", "one_minus_sqrt"], rates, rates[1:], strict=False
        )
    )
    fade = compile_transition("sigmoid", 600_000)
    made = manifest(
        num_windows=[1000, 500, 20],
        schedule=Schedule(pieces=pieces),
        phases=[
            phase(70, 29, 1, name="first", steps=first, batch=64),
            phase(10, 50, 40, name="second", steps=second, batch=64, transition=fade),
        ],
    )
    check_names(made, made.total_steps)


def test_steps_at_a_rate_of_0_weigh_nothing() -> None:
    silent = Schedule(pieces=(Piece(start_tokens=0, end_tokens=80, shape="constant", from_lr=0, to_lr=0),))
    made = manifest(num_windows=[5], schedule=silent, phases=[phase(1, name="only", steps=5, batch=2)])
    assert amounts_by_name(made, 5)["s0"].lr_weighted_share == 0


def test_a_step_outside_of_the_run_is_refused() -> None:
    made = manifest(num_windows=[5], phases=[phase(1, name="only", steps=10, batch=2)])
    with pytest.raises(IndexError, match=r"step 11 is outside of \[0, 10\]"):
        amounts_by_name(made, 11)


def test_a_foreign_model_that_training_began_with_is_named(home: Path) -> None:
    start = BaseModelReference(asset="base/llama", version=2, digest="0" * 64)
    made = manifest(num_windows=[5], phases=[phase(1, name="only", steps=10, batch=2)], start=start)
    bill = bill_of_chain(Store(home), [Stretch("tried@1", made, home, 0, 0)])
    assert (bill.unknown, bill.steps, bill.tokens, bill.names) == (("base/llama@2",), 0, 0, {})


def test_a_bill_that_misses_a_document_does_not_add_up(home: Path, shards: list[Artifact]) -> None:
    stretch = one_source(shards[2], home)
    bill = bill_of_chain(Store(home), [stretch])
    check = tokens_conserved(bill, stretch)
    assert check.passed
    assert check.detail == "160 tokens in 10 steps; so many by names, sources, buckets, licences, phases, too"

    whole = bill.stretches[0]
    first, *others = whole.lines
    check = tokens_conserved(total_bill([whole.model_copy(update={"lines": tuple(others)})]), stretch)
    assert not check.passed
    assert f"{160 - first.tokens} by licences" in check.detail
    assert f"{160 - first.tokens} of s0 in only instead of 160" in check.detail


def test_documents_are_read_from_a_mirror_where_shards_are_not_here(
    home: Path, shards: list[Artifact], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stretch = one_source(shards[2], home)
    here = bill_of_chain(Store(home), [stretch])
    with pytest.raises(PhaselineError, match="there is no artifact at"):
        bill_of_chain(Store(tmp_path), [stretch])
    monkeypatch.setenv("PHASELINE_SHARDS", (home / "artifacts").as_uri())
    assert bill_of_chain(Store(tmp_path), [stretch]) == here
    assert bill_of_chain(Store(tmp_path), [stretch]) == here  # from the cache


def one_source(artifact: Artifact, folder: Path) -> Stretch:
    """All ten steps of a manifest over the first tokens of some shards."""
    made = manifest(num_windows=[50], phases=[phase(1, name="only", steps=10, batch=2)])
    source = made.sources[0].model_copy(update={"asset": artifact.asset, "digest": artifact.digest})
    return Stretch("tried@1", made.model_copy(update={"sources": [source]}), folder, 0, 10)
