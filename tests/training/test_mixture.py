"""Blends resolve to exact shares over single sources."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pipelines.errors import PhaselineError
from training.compiler.mixture import Mixture, integer_weights, resolve
from training.declared.blend import Blend

# The blends of arXiv:2406.03476, tables 2 and 4.
BASE = {"cc_large": 0.3435, "cc_small": 0.3670, "domain": 0.0717, "code": 0.2178}
UPSAMPLED = {"cc_small": 0.30, "domain": 0.35, "code": 0.35}
GROUPS = {"domain": ["math", "papers", "wiki"], "code": ["python", "rust"]}
SIZES = {"cc_large": 3000, "cc_small": 400, "math": 20, "papers": 50, "wiki": 30, "python": 60, "rust": 40}


def mixture(
    declared: object,
    blends: Mapping[str, object] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    sizes: Mapping[str, int] | None = None,
    budget_tokens: int = 1000,
) -> Mixture:
    adapter = TypeAdapter(Blend)
    blend = declared if isinstance(declared, str) else adapter.validate_python(declared)
    return resolve(
        blend,
        {name: adapter.validate_python(other) for name, other in (blends or {"base": BASE, "late": UPSAMPLED}).items()},
        GROUPS if groups is None else groups,
        sizes or SIZES,
        budget_tokens,
        "recipe r",
    )


def shares(**values: str | int) -> Mixture:
    return {name: Fraction(value) for name, value in values.items()}


def test_weights_over_groups_are_spread_by_tokens_exactly() -> None:
    assert mixture("base") == shares(
        cc_large="0.3435",
        cc_small="0.3670",
        math="0.01434",
        papers="0.03585",
        wiki="0.02151",
        python="0.13068",
        rust="0.08712",
    )


def test_weights_that_nearly_sum_to_one_are_brought_to_it() -> None:
    assert mixture({"math": 0.3333333, "wiki": 0.6666666}) == shares(math="1/3", wiki="2/3")


def test_natural_uniform_and_temperature() -> None:
    assert mixture({"natural": ["cc_small", "domain"]}) == shares(
        cc_small="0.8", math="0.04", papers="0.1", wiki="0.06"
    )
    assert mixture({"uniform": ["cc_small", "code"]}) == shares(cc_small="1/2", python="0.3", rust="0.2")
    sizes = {"large": 8000, "small": 1}
    assert mixture({"temperature": 3, "over": ["large", "small"]}, sizes=sizes)["small"] == pytest.approx(1 / 21)
    assert mixture({"temperature": 1, "over": ["large", "small"]}, sizes=sizes) == shares(
        large="8000/8001", small="1/8001"
    )


def test_all_is_every_source_that_the_blends_name() -> None:
    blends = {"base": {"math": 0.5, "code": 0.5}, "late": {"from": "base", "replace": {"math": "wiki"}}}
    assert mixture({"natural": "all"}, blends) == shares(math="2/15", python="6/15", rust="4/15", wiki="3/15")
    assert mixture("every", {"every": {"uniform": "all"}, "base": {"code": 1}}) == shares(python="1/2", rust="1/2")


def test_derived_blends_scale_then_replace_then_drop() -> None:
    blends = {"base": {"cc_large": 0.4, "cc_small": 0.4, "math": 0.1, "wiki": 0.1}}
    assert mixture({"from": "base", "scale": {"domain": 4.0}}, blends) == shares(
        cc_large="1/4", cc_small="1/4", math="1/4", wiki="1/4"
    )
    assert mixture({"from": "base", "scale": {"cc_large": 0.1}}, blends) == shares(
        cc_large="1/16", cc_small="10/16", math="5/32", wiki="5/32"
    )
    assert mixture({"from": "base", "replace": {"cc_large": "cc_small"}}, blends) == shares(
        cc_small="0.8", math="0.1", wiki="0.1"
    )
    assert mixture({"from": "base", "replace": {"math": "wiki", "wiki": "math"}}, blends) == mixture("base", blends)
    assert mixture({"from": "base", "replace": {"domain": "code"}}, blends) == shares(
        cc_large="0.4", cc_small="0.4", python="0.12", rust="0.08"
    )
    together = {"from": "base", "scale": {"wiki": 3}, "replace": {"cc_large": "papers"}, "drop": ["cc_small"]}
    assert mixture(together, blends) == shares(papers="1/2", math="1/8", wiki="3/8")
    assert mixture("later", {**blends, "late": together, "later": {"from": "late", "drop": ["papers"]}}) == shares(
        math="1/4", wiki="3/4"
    )


@pytest.mark.parametrize(
    ("redistribute", "changed"),
    [
        # math has 0.35 * 20 / 100 = 0.07 of the blend; the rest of it sums to 0.93
        ("everywhere", shares(cc_small="30/93", papers="35/186", wiki="21/186", python="21/93", rust="14/93")),
        ({"within": "domain"}, shares(papers="0.21875", wiki="0.13125")),
        ({"to": "cc_small"}, shares(cc_small="0.37")),
        ({"to": "cc_large"}, shares(cc_large="0.07")),
        ({"to": "code"}, shares(python="0.252", rust="0.168")),
        ({"to": "domain"}, shares(papers="0.21875", wiki="0.13125")),
    ],
)  # fmt: skip
def test_one_source_is_left_out_and_its_share_redistributed(redistribute: object, changed: Mixture) -> None:
    left = {source: share for source, share in mixture("late").items() if source != "math"}
    assert mixture({"from": "late", "drop": ["math"], "redistribute": redistribute}) == left | changed


def test_unimax_caps_the_smallest_and_spreads_the_rest() -> None:
    blend = {"unimax": 4, "over": ["cc_large", "cc_small", "code", "math"]}
    # 2,000 tokens: math gives its 80, code its 400, and the two large sources share the 1,520 that are left
    assert mixture(blend, budget_tokens=2000) == shares(
        cc_large="0.38", cc_small="0.38", math="0.04", python="0.12", rust="0.08"
    )


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    epochs=st.integers(1, 5),
    share_of_capacity=st.floats(0.01, 1),
)
def test_unimax_is_what_handing_out_token_by_token_gives(
    sizes: list[int], epochs: int, share_of_capacity: float
) -> None:
    budget = max(1, int(share_of_capacity * epochs * sum(sizes)))
    given_out = [0] * len(sizes)
    for _ in range(budget):
        open_ones = [number for number, size in enumerate(sizes) if given_out[number] < epochs * size]
        given_out[min(open_ones, key=lambda number: given_out[number])] += 1
    named = {f"s{number}": size for number, size in enumerate(sizes)}
    resolved = mixture({"unimax": epochs, "over": list(named)}, sizes=named, budget_tokens=budget)
    for number, tokens in enumerate(given_out):
        assert abs(resolved[f"s{number}"] * budget - tokens) < 1
        assert resolved[f"s{number}"] * budget <= epochs * sizes[number]


names = st.lists(st.sampled_from(["cc_large", "cc_small", "domain", "code"]), min_size=1, unique=True)


@given(names=names, temperature=st.floats(1, 100), factor=st.floats(0.01, 100), budget=st.integers(1, 300))
def test_every_mixture_sums_to_exactly_one_and_does_not_depend_on_the_order(
    names: list[str], temperature: float, factor: float, budget: int
) -> None:
    for declared in [
        {"natural": names},
        {"uniform": names},
        {"temperature": temperature, "over": names},
        {"unimax": 4, "over": names},
        {"from": "base", "scale": dict.fromkeys(names, factor)},
    ]:
        resolved = mixture(declared, budget_tokens=budget)
        assert sum(resolved.values()) == 1
        assert min(resolved.values()) > 0
        backwards = {key: value[::-1] if value == names else value for key, value in declared.items()}
        assert mixture(backwards, budget_tokens=budget) == resolved


@pytest.mark.parametrize(
    ("declared", "blends", "what", "remedy"),
    [
        ("lte", {"late": {"code": 1}}, "blend: there is no blend 'lte'", "name one of: late"),
        ({"from": "lte", "drop": ["math"]}, {}, "blend.from: there is no blend 'lte'", "name one of: base, late"),
        ({"wbe": 1}, {}, "blend.wbe: there is no source or group 'wbe'", "name one of: cc_large, cc_small"),
        ({"natural": ["wbe"]}, {}, "blend.natural: there is no source or group 'wbe'", "name one of"),
        ({"empty": 1}, {}, "blend.empty: there is no source in group empty", "widen groups.empty"),
        ({"hollow": 1}, {}, "blend.hollow: there are no tokens to take in hollow", "take it out"),
        ({"uniform": ["code", "hollow"]}, {}, "blend.uniform: there are no tokens in hollow", "take it out"),
        ({"domain": 0.5, "wiki": 0.5}, {}, "blend: wiki is reached twice, by domain and by wiki", "in no other group"),
        ({"natural": "all"}, {"other": {"natural": "all"}}, "blend.natural: no blend names a source", "list the names"),
        (
            "a",
            {"a": {"from": "b", "drop": ["x"]}, "b": {"from": "c", "drop": ["x"]}, "c": {"from": "b", "drop": ["x"]}},
            "blends.c.from: blends are derived in a circle: b -> c -> b",
            "give one of them weights",
        ),
        ({"from": "late", "scale": {"cc_large": 2}}, {}, "blend.scale: blend late has no cc_large", "name what it has"),
        ({"from": "late", "drop": ["code", "domain", "cc_small"]}, {}, "blend.drop: nothing is left", "drop"),
        (
            {"from": "late", "drop": ["domain"], "redistribute": {"within": "domain"}},
            {},
            "blend.redistribute: nothing is left of domain",
            "drop less of it",
        ),
        (
            {"from": "late", "drop": ["math"], "redistribute": {"to": "math"}},
            {},
            "blend.redistribute: there are no tokens to take in math",
            "name another",
        ),
        (
            {"from": "late", "replace": {"math": "cc_large", "domain": "cc_small"}},
            {},
            "blend.replace: math is replaced twice",
            "in no other group",
        ),
        (
            {"unimax": 2.5, "over": ["math", "code"]},
            {},
            "blend.unimax: 2.5 epochs hold 300 tokens of the 1,000 needed: 700 are short",
            "raise unimax",
        ),
    ],
)  # fmt: skip
def test_what_does_not_resolve_is_refused(declared: object, blends: dict, what: str, remedy: str) -> None:
    with pytest.raises(PhaselineError) as refused:
        mixture(declared, blends, {**GROUPS, "empty": []}, {**SIZES, "hollow": 0})
    assert refused.value.what.removeprefix("recipe r: ").startswith(what)
    assert remedy in refused.value.remedy


@given(weights=st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_integer_weights_sum_to_the_total_and_are_within_one_of_the_shares(weights: list[int]) -> None:
    exact = {f"s{number}": Fraction(weight, sum(weights)) for number, weight in enumerate(weights)}
    sources = ["absent", *exact]
    integers = integer_weights(exact, sources, "phase p")
    assert sum(integers) == 10**9
    assert integers[0] == 0
    assert all(
        abs(integer - exact[source] * 10**9) < 1 for source, integer in zip(sources[1:], integers[1:], strict=True)
    )


def test_integer_weights_go_to_the_largest_remainders() -> None:
    assert integer_weights(shares(a="0.25", b="0.54", c="0.21"), ["a", "b", "c"], "phase p", total=10) == [3, 5, 2]


def test_a_share_that_would_be_nothing_is_refused_by_name() -> None:
    weights = shares(web="0.99999", wiki="0.00001")
    with pytest.raises(PhaselineError, match=r"phase p: wiki: its share is 1e-05, less than 1 in 1,000"):
        integer_weights(weights, ["web", "wiki"], "phase p", total=1000)
