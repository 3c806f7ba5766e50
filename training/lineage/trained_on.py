"""Which tokens of which shards a run reads, the runs that it starts from included."""

from collections.abc import Iterator

import numpy as np

from pipelines.store import Store
from quality.perplexity.reference import TrainedOn
from training.runs.run import Run
from training.runs.start import find_base
from training.tokens.files import extents_file, open_extents


def trained_on(store: Store, run: Run) -> Iterator[TrainedOn]:
    """The stretches of token files that the sources of a run are; some of their tokens may never have their turn.

    Raises:
        PhaselineError: a run that this one starts from is gone.
    """
    for source in run.manifest.sources:
        extents = open_extents(source, extents_file(source, run.artifact.folder))
        starts = extents[:, 0]
        yield TrainedOn(source.shards, starts, starts + np.diff(extents[:, 1], append=source.num_tokens))
    if run.manifest.start is not None:
        yield from trained_on(store, find_base(store, run.manifest.start))
