"""Every preset and every arm compiles on a small corpus and at the papers' scale."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from declared import catalogue

from training.compiler.catalogue import Catalogue, catalogue_of_sizes
from training.compiler.compile import BaseRun, Compilation, compile_recipe
from training.declared.recipe import Recipe
from training.declared.recipes import read_recipes
from training.declared.scale import read_scale, scaled
from training.sampling.order import Order

RECIPES = Path(__file__).parents[2] / "training/recipes"
SMALL = {
    "code": 6_500_000,
    "math": 10_000_000,
    "qa": 3_300_000,
    "wiki": 2_500_000,
    "web_high": 140_000,
    "web_medium_high": 120_000,
    "web_medium": 750_000,
    "web_medium_low": 550_000,
    "web_low": 350_000,
}


@cache
def recipes(scale: str | None) -> dict[str, Recipe]:
    declared = read_recipes(RECIPES)
    return declared if scale is None else {name: scaled(each, read_scale(scale)) for name, each in declared.items()}


@cache
def shards(scale: str | None) -> Catalogue:
    return catalogue(**SMALL) if scale is None else catalogue_of_sizes(read_scale(scale).corpus)


@cache
def compiled(name: str, scale: str | None) -> Compilation:
    declared = recipes(scale)[name]
    base = None
    if declared.start_from is not None:
        manifest = compiled(declared.start_from.recipe, scale).manifest
        base = BaseRun(f"{declared.start_from.recipe}@1", manifest, manifest.total_steps)
    return compile_recipe(declared, shards(scale), base)


@pytest.mark.parametrize("scale", [None, "1t", "15t"])
@pytest.mark.parametrize("name", list(read_recipes(RECIPES)))
def test_every_recipe_compiles_at_every_scale(name: str, scale: str | None) -> None:
    """The phases fill the budget to less than a step for each source, and the last sample is found from its place."""
    manifest = compiled(name, scale).manifest
    declared = recipes(scale)[name]
    in_a_step = manifest.phases[0].tokens_per_step
    unread = 2 * len(manifest.sources) * manifest.window_length
    assert declared.tokens - in_a_step - unread < manifest.total_tokens <= declared.tokens
    order = Order(manifest)
    last = np.array([manifest.total_samples - 1])
    place = order.windows(last)
    assert order.samples(int(place.source[0]), place.epoch, place.start) == last


@pytest.mark.parametrize(
    ("name", "controls"),
    [
        ("two_phase", ["random_order", "reversed"]),
        ("frames", ["random", "high_ppl_first", "low_ppl_first", "low_pd_first", "high_pd_first", "abrupt", "linear"]),
        ("frames", [f"order_{order}" for order in ("1234", "4321", "3142")]),
        ("domain_upsampling", ["aggregate"]),
        ("continued", ["answers_matched"]),
    ],
)
def test_controls_of_order_take_as_much_of_every_source(name: str, controls: list[str]) -> None:
    wanted = taken(name)
    for control in controls:
        assert taken(f"{name}_{control}") == wanted


def taken(name: str) -> dict[str, int]:
    manifest = compiled(name, None).manifest
    counts = np.sum([phase.samples for phase in manifest.phases], axis=0).tolist()
    return dict(zip([source.name for source in manifest.sources], counts, strict=True))


def test_the_blends_of_domain_upsampling_are_the_papers() -> None:
    """Tables 2 and 4 of arXiv:2406.03476, by group."""
    manifest = compiled("domain_upsampling", None).manifest
    groups = {"large": ["web_low", "web_medium_low", "web_medium"], "small": ["web_medium_high", "web_high"]}
    groups |= {"domains": ["math", "wiki", "qa"], "code": ["code"]}
    for phase, shares in zip(manifest.phases, [(0.3435, 0.3670, 0.0717, 0.2178), (0, 0.30, 0.35, 0.35)], strict=True):
        counts = dict(zip([source.name for source in manifest.sources], phase.samples, strict=True))
        found = [sum(counts[name] for name in members) / phase.num_samples for members in groups.values()]
        assert found == pytest.approx(shares, abs=6 / phase.num_samples)


def test_the_proxy_of_a_trillion_repeats_as_often_as_fifteen() -> None:
    proxy, target = compiled("two_phase_proxy", "1t").manifest, compiled("two_phase", "15t").manifest
    for small, large in zip(proxy.sources, target.sources, strict=True):
        assert small.num_tokens == pytest.approx(large.num_tokens / 15, rel=1e-6)
    for one, other in zip(epochs(proxy), epochs(target), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def epochs(manifest: object) -> list[float]:
    counts = np.sum([phase.samples for phase in manifest.phases], axis=0).tolist()  # type: ignore[attr-defined]
    return [count / source.num_windows for count, source in zip(counts, manifest.sources, strict=True)]  # type: ignore[attr-defined]


def test_every_preset_of_a_paper_labels_its_numbers() -> None:
    """Whatever a preset declares of data, schedule and size has an entry for it or for all of its parts."""
    plain = {"name", "title", "paper", "seed", "sequence_length", "global_batch_size", "arms", "evidence"}
    for path in sorted(RECIPES.glob("*.yaml")):
        declared = yaml.safe_load(path.read_text())
        assert declared["paper"].startswith("arXiv:")
        labelled = {entry["field"] for entry in declared["evidence"]}
        wanted = declared.keys() - plain
        if "schedule" not in labelled:
            wanted = wanted - {"schedule"} | {f"schedule.{part}" for part in declared["schedule"]}
        missing = {field for field in wanted if not any(f"{entry}.".startswith(f"{field}.") for entry in labelled)}
        assert not missing, path.name
