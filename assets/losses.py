"""The losses of a run as Markdown for its page: of each source, in each phase."""

from collections.abc import Mapping, Sequence

from training.runs.metrics import StepMetrics, losses_by_phase

LAST_SHARE = 0.1  # of a phase's steps: a mean over all of them would say how it began


def losses_markdown(rows: Sequence[StepMetrics]) -> Mapping[str, str]:
    """A table by its title: a row for each source, a column for each phase; none for a run that measured nothing."""
    phases = losses_by_phase(rows, LAST_SHARE)
    sources = sorted({source for losses in phases.values() for source in losses})
    if not sources:
        return {}
    lines = [
        "| "
        + " | ".join([source, *(f"{losses[source]:.3f}" if source in losses else "–" for losses in phases.values())])
        for source in sources
    ]
    head = ["| source | " + " | ".join(phases), "| --- | " + " | ".join(["---:"] * len(phases))]
    return {"loss by source, at the end of each phase": "\n".join(f"{line} |" for line in [*head, *lines])}
