"""This trainer, observed: ``python -m benchmarks.training.ours``, with the arguments of ``training.titan``."""

import os

import training.titan.compat

# isort: split
import training.titan.config  # noqa: F401, so that all is imported before the clocks begin
from benchmarks.training.observed import observe
from benchmarks.training.spans import SPANS_VARIABLE, clock, mark
from training.runs.recording import Recorder
from training.titan import checkpoint
from training.titan.__main__ import end, main
from training.titan.loader import ManifestLoader
from training.titan.trainer import ManifestTrainer

mark("imported")
observe(ManifestTrainer, ManifestLoader)
if SPANS_VARIABLE in os.environ:
    clock(checkpoint.RecordedCheckpoints, "_save", "save")
    clock(checkpoint, "started_from", "lineage")
    clock(Recorder, "record", "lineage")
    clock(Recorder, "finish", "lineage")
mark("configured")
end(main())
