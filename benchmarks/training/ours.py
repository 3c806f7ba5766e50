"""This trainer, observed: ``python -m benchmarks.training.ours``, with the arguments of ``training.titan``."""

import os
import sys

import training.titan.compat

# isort: split
import training.titan.config  # noqa: F401, so that all is imported before the clocks begin
from benchmarks.training.observed import observe
from benchmarks.training.spans import SPANS_VARIABLE, clock, mark
from training.titan.__main__ import main
from training.titan.checkpoint import RecordedCheckpoints
from training.titan.loader import ManifestLoader
from training.titan.trainer import ManifestTrainer

mark("imported")
observe(ManifestTrainer, ManifestLoader)
if SPANS_VARIABLE in os.environ:
    clock(RecordedCheckpoints, "_save", "save")
mark("configured")
sys.exit(main())
