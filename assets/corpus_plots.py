"""Pictures of a corpus for the pages of its assets: of what was made of it since, so they lie beside the artifacts."""

from collections.abc import Sequence
from pathlib import Path

from assets.corpus_version import corpus_from
from assets.project import Project
from pipelines.funnel.build import funnels
from pipelines.funnel.funnel import combined
from pipelines.funnel.plot import plot_funnels
from pipelines.store import Artifact
from quality.report.plots import plot_duplicates
from quality.report.removals import Removals


def funnel_plots(project: Project, clean: Artifact) -> Sequence[Path]:
    """Where everything that was read went, by domain, as far as it is made.

    Args:
        clean: the artifact of decontamination.
    """
    found = funnels(corpus_from(project, clean))
    path = plot_path(project, clean, "funnel")
    plot_funnels(path, [*found, combined("all", found)])
    return [path]


def duplicates_plots(project: Project, dedup: Artifact) -> Sequence[Path]:
    """How alike duplicates are, and how large their clusters.

    Args:
        dedup: the artifact of dedup.
    """
    path = plot_path(project, dedup, "duplicates")
    plot_duplicates(path, Removals(dedup))
    return [path]


def plot_path(project: Project, artifact: Artifact, name: str) -> Path:
    """Where a picture lies that belongs to an artifact but not into it, in a folder that is there."""
    folder = project.home / "plots" / artifact.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"
