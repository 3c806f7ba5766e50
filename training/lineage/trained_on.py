"""Which tokens of which shards a run reads, those behind what it starts from included."""

from collections.abc import Iterator

import numpy as np

from pipelines.store import Store
from quality.perplexity.reference import TrainedOn
from training.runs.chain import chain
from training.runs.run import Run
from training.tokens.files import extents_file, open_extents


def trained_on(store: Store, run: Run) -> Iterator[TrainedOn]:
    """The stretches of token files that the sources of a run and of those behind it are; some of their tokens may never
    have their turn. What a foreign model was trained on is not known, and not among them.

    Raises:
        PhaselineError: a run that this one starts from or began in is gone.
    """
    for stretch in chain(store, run, run.manifest.total_steps):
        for source in stretch.manifest.sources:
            extents = open_extents(source, extents_file(source, stretch.folder))
            starts = extents[:, 0]
            yield TrainedOn(source.shards, starts, starts + np.diff(extents[:, 1], append=source.num_tokens))
