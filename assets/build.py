"""Steps of the graph as Dagster assets: a step is an asset, or one partition of an asset."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.project import DATA_DOCS, Project
from assets.publish import check_specs, image, publish
from assets.step import Step
from pipelines.errors import PhaselineError

FEWEST_SECONDS, MOST_SECONDS = 10, 60  # between observations; of a long run they are rarer
SHARE = 0.01  # of the time since the start


def build_asset(project: Project, steps: Sequence[Step], parents: Sequence[str]) -> dg.AssetsDefinition:
    """The asset whose function makes a step, or finds it current, and shows the outcome.

    Args:
        steps: the one step of the asset, or those of its partitions.
        parents: the assets of the graph that they are made from.
    """
    first = steps[0]
    key = asset_key(first.node)
    validated = project.validators.checks(first.asset)
    by_partition = {step.partition_key: step for step in steps}
    partitions = dg.StaticPartitionsDefinition([step.partition.key for step in steps if step.partition])
    partitions_def = partitions if first.partition else None

    @dg.asset(
        key=key,
        deps=[asset_key(parent) for parent in parents],
        group_name=first.group,
        kinds={first.node.partition("/")[0]},  # the graph shows the last part of a name alone
        description=first.description,
        check_specs=check_specs(key, validated | dict(first.checks), partitions_def),
        partitions_def=partitions_def,
    )
    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        step = by_partition[context.partition_key if partitions_def else None]
        try:
            outcome = step.ensure(AssetProgress(context, key, step.partition_key))
        except PhaselineError as error:
            raise dg.Failure(error.what, {"remedy": error.remedy}) from error  # shown with its remedy
        artifact = outcome.artifact
        return publish(
            context,
            outcome,
            first.checks,
            validated,
            step.plots(artifact),
            step.tables(artifact),
            project.home / DATA_DOCS,
        )

    return materialise


def asset_key(asset: str) -> dg.AssetKey:
    return dg.AssetKey(asset.split("/"))


class AssetProgress:
    """Progress of a running asset: sentences in its log; figures now and then, and all pictures, as observations."""

    def __init__(self, context: dg.AssetExecutionContext, key: dg.AssetKey, partition: str | None) -> None:
        self._context = context
        self._key = key
        self._partition = partition
        self._started = time.monotonic()
        self._due = self._started

    def report(self, line: str) -> None:
        self._context.log.info(f"{self._partition}: {line}" if self._partition else line)

    def observe(self, figures: Mapping[str, Any], pictures: Sequence[Path] = ()) -> None:
        now = time.monotonic()
        if now < self._due and not pictures:
            return
        self._due = now + min(MOST_SECONDS, max(FEWEST_SECONDS, SHARE * (now - self._started)))
        shown = {f"plot: {picture.stem}": image(picture.read_bytes()) for picture in pictures}
        observation = dg.AssetObservation(self._key, metadata={**figures, **shown}, partition=self._partition)
        self._context.log_event(observation)
