"""The bill of data equals a count of every sample."""

from collections import Counter

import numpy as np
import pytest
from small_run import make_manifest, small_recipe

from training.bill import bill_of_data
from training.manifest import Manifest, read_manifest
from training.order import Order


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    recipe = small_recipe(steps=1300)  # phases of 6064 and 4336 samples: mixing blocks both whole and cut
    return read_manifest(make_manifest(tmp_path_factory.mktemp("bill"), recipe)[1])


def count(manifest: Manifest, first_step: int, end_step: int) -> dict[str, int]:
    """Samples of each source, one by one."""
    samples = np.arange(first_step * manifest.global_batch_size, end_step * manifest.global_batch_size)
    sources = Order(manifest).windows(samples).source
    return dict(Counter(manifest.sources[source].name for source in sources.tolist()))


@pytest.mark.parametrize("step", [0, 1, 511, 512, 513, 757, 758, 759, 1271, 1300])
def test_the_bill_equals_a_count_of_every_sample(manifest: Manifest, step: int) -> None:
    bill = bill_of_data(manifest, step)
    assert {name: source.samples for name, source in bill.sources.items()} == count(manifest, 0, step)
    for phase in manifest.phases:
        expected = count(manifest, phase.first_step, min(step, phase.end_step)) if step > phase.first_step else {}
        found = bill.phases[phase.name].sources if phase.name in bill.phases else {}
        assert {name: source.samples for name, source in found.items()} == expected


def test_tokens_and_epochs_follow_from_samples(manifest: Manifest) -> None:
    bill = bill_of_data(manifest, manifest.total_steps)
    assert bill.tokens == manifest.total_tokens == sum(source.tokens for source in bill.sources.values())
    assert bill.tokens == sum(phase.tokens for phase in bill.phases.values())
    for source in manifest.sources:
        entry = bill.sources[source.name]
        assert entry.tokens == entry.samples * 32
        assert entry.epochs == pytest.approx(entry.samples / source.num_windows, abs=1e-6)


def test_a_step_outside_of_the_run_is_refused(manifest: Manifest) -> None:
    with pytest.raises(IndexError, match="1301"):
        bill_of_data(manifest, 1301)
