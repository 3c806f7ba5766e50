"""Caps on epochs hold over the run, change no more than they must, and are refused where they cannot be met."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import PhaselineError
from training.compiler.epoch_caps import cap_epochs
from training.compiler.mixture import Mixture
from training.compiler.placement import Placed


def phase(name: str, num_tokens: int) -> Placed:
    return Placed(name, num_tokens, sequence_length=1, global_batch_size=1)


def shares(**values: str | int) -> Mixture:
    return {source: Fraction(value) for source, value in values.items()}


def demand(phases: Sequence[Placed], mixtures: Sequence[Mixture], source: str) -> Fraction:
    taken = (phase.num_tokens * mixture.get(source, 0) for phase, mixture in zip(phases, mixtures, strict=True))
    return sum(taken, Fraction(0))


def capped(
    phases: Sequence[Placed],
    mixtures: Sequence[Mixture],
    sizes: Mapping[str, int],
    max_epochs: Mapping[str, float],
    groups: Mapping[str, Sequence[str]] | None = None,
) -> tuple[list[Mixture], list[str]]:
    return cap_epochs(phases, mixtures, sizes, max_epochs, groups or {}, dict.fromkeys(sizes, 0), "recipe r")


def test_a_capped_source_falls_by_one_factor_and_the_others_rise_in_proportion() -> None:
    phases = [phase("early", 6000), phase("late", 4000)]
    mixtures = [shares(web="0.6", code="0.3", wiki="0.1"), shares(code="0.5", wiki="0.5")]
    # wiki's 2,600 tokens may be 4 * 325 = 1,300, so it falls to a half in both phases
    assert capped(phases, mixtures, {"web": 9000, "code": 9000, "wiki": 325}, {"wiki": 4}) == (
        [shares(web="19/30", code="19/60", wiki="0.05"), shares(code="0.75", wiki="0.25")],
        ["wiki is capped at 4 epochs: 5.0 % instead of 10.0 % of phase early, 25.0 % instead of 50.0 % of phase late"],
    )


def test_what_one_cap_frees_can_bring_another_source_to_its_cap() -> None:
    mixtures, changes = capped(
        [phase("quality", 1000)],
        [shares(web="0.25", code="0.25", wiki="0.5")],
        {"web": 9000, "code": 200, "wiki": 200},
        {"wiki": 1, "code": 1.5},
    )
    assert mixtures == [shares(web="0.5", code="0.3", wiki="0.2")]
    assert changes == [
        "code is capped at 1.5 epochs: 30.0 % instead of 25.0 % of phase quality",
        "wiki is capped at 1 epochs: 20.0 % instead of 50.0 % of phase quality",
    ]


def test_a_run_may_take_exactly_all_there_is() -> None:
    [mixture], _ = capped([phase("only", 300)], [shares(a="1/2", b="1/2")], {"a": 100, "b": 200}, {"a": 1, "b": 1})
    assert float(mixture["a"]) == pytest.approx(1 / 3, abs=1e-17)
    assert sum(mixture.values()) == 1


def test_without_a_source_over_its_cap_nothing_changes() -> None:
    mixtures = [shares(web="0.8", wiki="0.2")]
    assert capped([phase("p", 1000)], mixtures, {"web": 800, "wiki": 50}, {"wiki": 4}) == (mixtures, [])


def test_a_phase_that_capped_sources_cannot_fill_is_refused_with_the_shortfall() -> None:
    with pytest.raises(PhaselineError) as refused:
        capped(
            [phase("diverse", 6000), phase("quality", 4000)],
            [shares(web=1), shares(qa="0.5", wiki="0.5")],
            {"qa": 300, "wiki": 700, "web": 9000},
            {"curated": 3},
            {"curated": ["qa", "wiki"]},
        )
    assert refused.value.what == (
        "recipe r: phases.quality: qa and wiki reach max_epochs and leave 1,000 of its 4,000 tokens without a source"
    )
    assert refused.value.remedy == "raise max_epochs of qa and wiki, shorten the run, or add sources to the phase"


def test_a_groups_cap_holds_for_each_of_its_sources_and_of_several_caps_the_lowest() -> None:
    mixtures, _ = capped(
        [phase("p", 1000)],
        [shares(qa="0.3", wiki="0.3", web="0.4")],
        {"qa": 50, "wiki": 40, "web": 9000},
        {"wiki": 2.5, "curated": 4, "qa": 3},
        {"curated": ["qa", "wiki", "of_no_blend"]},
    )
    assert mixtures == [shares(qa="0.15", wiki="0.1", web="0.75")]


def test_a_cap_on_an_unknown_name_is_refused() -> None:
    with pytest.raises(
        PhaselineError, match=r"recipe r: max_epochs\.wki: there is no source or group 'wki'"
    ) as refused:
        capped([phase("p", 10)], [shares(wiki=1)], {"wiki": 1}, {"wki": 4}, {"curated": ["wiki"]})
    assert refused.value.remedy == "name one of: curated, wiki"


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Placed], list[Mixture], dict[str, int], dict[str, float]]:
    """Phases that each have the uncapped source ``web``, so that caps can always be met."""
    names = ["a", "b", "c", "d", "e"]
    phases, mixtures = [], []
    for number in range(draw(st.integers(1, 4))):
        weights = {"web": draw(st.integers(1, 50))} | {name: draw(st.integers(0, 50)) for name in names}
        total = sum(weights.values())
        mixtures.append({name: Fraction(weight, total) for name, weight in weights.items() if weight})
        phases.append(phase(f"p{number}", draw(st.integers(1, 10**13))))
    sizes = {name: draw(st.integers(1, 10**12)) for name in [*names, "web"]}
    max_epochs = {name: draw(st.integers(1, 80)) / 10 for name in sorted(draw(st.sets(st.sampled_from(names))))}
    return phases, mixtures, sizes, max_epochs


@given(run=runs())
def test_caps_hold_and_change_no_more_than_they_must(
    run: tuple[list[Placed], list[Mixture], dict[str, int], dict[str, float]],
) -> None:
    phases, mixtures, sizes, max_epochs = run
    result, changes = capped(*run)
    at_cap = {change.split()[0] for change in changes}
    for source, epochs in max_epochs.items():
        limit = Fraction(str(epochs)) * sizes[source]
        assert demand(phases, result, source) < limit + 1
        if source in at_cap:
            assert demand(phases, result, source) > limit - 1
    for before, after in zip(mixtures, result, strict=True):
        assert sum(after.values()) == 1
        assert after.keys() == before.keys()
        growths = {after[name] / share for name, share in before.items() if name not in at_cap}
        assert len(growths) == 1
        assert min(growths) >= 1
    assert capped(phases, result, sizes, max_epochs) == (result, [])


@given(run=runs(), data=st.data())
def test_the_order_of_phases_and_sources_does_not_matter(
    run: tuple[list[Placed], list[Mixture], dict[str, int], dict[str, float]], data: st.DataObject
) -> None:
    phases, mixtures, sizes, max_epochs = run
    result, _ = capped(*run)
    order = data.draw(st.permutations(range(len(phases))))
    shuffled = [dict(data.draw(st.permutations(list(mixtures[number].items())))) for number in order]
    other, _ = capped([phases[number] for number in order], shuffled, sizes, dict(reversed(max_epochs.items())))
    assert other == [result[number] for number in order]


def test_what_an_earlier_run_read_counts() -> None:
    phases, mixtures = [phase("only", 1000)], [shares(code="1/2", wiki="1/2")]
    sizes, caps = {"code": 10_000, "wiki": 100}, {"wiki": 4.0}
    left, _ = cap_epochs(phases, mixtures, sizes, caps, {}, {"code": 0, "wiki": 300}, "recipe r")
    assert demand(phases, left, "wiki") == 100
    with pytest.raises(PhaselineError, match=r"wiki may be read 4 times, .* has read 4.00 epochs"):
        cap_epochs(phases, mixtures, sizes, caps, {}, {"code": 0, "wiki": 400}, "recipe r")
