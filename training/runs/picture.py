"""A run's picture, remade while it trains."""

import time

from training.runs.incidents import read_spikes
from training.runs.metrics import read_metrics
from training.runs.plots import plot_run
from training.runs.restarts import read_restarts
from training.runs.run import Run

FIRST_SECONDS = 30.0
MOST_SECONDS = 3600.0
SHARE = 0.05  # of the time since the start passes before the next: pictures of a month are a few hundred


class RunPicture:
    """Redraws a run's picture: soon after the start, then ever more rarely, and in the end."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._started = time.monotonic()
        self._due = self._started + FIRST_SECONDS
        self._outdated = False

    def step(self) -> bool:
        """Take note of a step that is done; whether the picture was remade."""
        self._outdated = True
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + min(MOST_SECONDS, max(FIRST_SECONDS, SHARE * (now - self._started)))
        self.finish()
        return True

    def finish(self) -> None:
        """Draw what was measured since the last time, if anything was."""
        if self._outdated:
            draw(self.run)
            self._outdated = False


def draw(run: Run) -> None:
    """Draw a run that has measured something."""
    rows, spikes, restarts = read_metrics(run.metrics), read_spikes(run), read_restarts(run)
    plot_run(run.manifest, rows, spikes, restarts, run.declaration.beginning, run.plot)
