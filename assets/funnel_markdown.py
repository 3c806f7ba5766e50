"""The funnel of a corpus as Markdown, for its asset's page."""

from collections.abc import Mapping

from assets.corpus_version import corpus_from
from assets.funnel import AFTER
from assets.project import Project
from assets.summary import megabytes, reasons
from pipelines.funnel.amount import Amount
from pipelines.funnel.build import funnels
from pipelines.funnel.funnel import Funnel, combined, summed
from pipelines.store import Artifact


def funnel_tables(project: Project, clean: Artifact) -> Mapping[str, str]:
    """What each domain has left after each step up to decontamination.

    Args:
        clean: the artifact of decontamination.
    """
    found = funnels(corpus_from(project, clean))
    steps = ["read", *AFTER.values()]
    head = [
        f"| domain | {' | '.join(f'{step} | MB' for step in steps)} | dropped for |",
        f"| --- |{' ---: |' * 2 * len(steps)} --- |",
    ]
    return {"funnel": "\n".join([*head, *(row(each) for each in [*found, combined("all", found)])])}


def row(each: Funnel) -> str:
    left = [each.read, *(step.all_kept for step in each.steps if step.name in AFTER)]
    dropped = summed(step.dropped for step in each.steps)
    counts = {reason: amount.num_documents for reason, amount in dropped.items()}
    return f"| {each.name} | {' | '.join(map(cells, left))} | {reasons(counts)} |"


def cells(amount: Amount) -> str:
    return f"{amount.num_documents:,} | {megabytes(amount.num_bytes)}"
