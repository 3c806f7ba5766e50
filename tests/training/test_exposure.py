"""Exposure equals a count of every token of every sample."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from manifests import manifest, manifests, phase

from training.manifest import Manifest
from training.sampling.exposure import tokens_seen
from training.sampling.order import Order


@settings(max_examples=100, deadline=None)
@given(manifests(), st.data())
def test_tokens_seen_equal_a_count_of_every_sample(made: Manifest, data: st.DataObject) -> None:
    steps_done = data.draw(st.integers(0, made.total_steps))
    source = data.draw(st.integers(0, len(made.sources) - 1))
    stream_length = made.sources[source].num_windows * made.window_length + 1
    stretch = st.tuples(st.integers(0, stream_length), st.integers(0, 100))
    stretches = np.array(data.draw(st.lists(stretch, min_size=1, max_size=20)))
    times_seen = np.zeros(stream_length + 100, dtype=np.int64)
    places = Order(made).windows(np.arange(made.samples_done(steps_done)))
    lengths = np.repeat([phase.sequence_length for phase in made.phases], [phase.num_samples for phase in made.phases])
    for sample in np.flatnonzero(places.source == source).tolist():
        times_seen[places.start[sample] : places.start[sample] + lengths[sample]] += 1
    expected = [int(times_seen[offset : offset + length].sum()) for offset, length in stretches.tolist()]
    assert tokens_seen(made, source, steps_done, stretches[:, 0], stretches[:, 1]).tolist() == expected


def test_a_document_of_trillions_of_tokens_is_counted_without_the_rest() -> None:
    made = manifest(
        num_windows=[10**9],
        phases=[phase(1, name="only", steps=2_500_000, batch=1000, length=4096)],
    )
    seen = tokens_seen(made, 0, made.total_steps, np.array([10**12, 10**12 + 700]), np.array([700, 10**7]))
    assert 2 * 700 <= seen[0] <= 3 * 700
    assert seen[1] / 10**7 == np.clip(seen[1] / 10**7, 2.4, 2.6)
