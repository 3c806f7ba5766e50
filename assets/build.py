"""A step of the graph as a Dagster asset."""

import time
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.project import Project
from assets.publish import check_specs, publish
from assets.step import Step

SECONDS_BETWEEN_OBSERVATIONS = 10


def build_asset(project: Project, step: Step) -> dg.AssetsDefinition:
    """The asset whose function makes the step, or finds it current, and shows the outcome."""
    key = asset_key(step.asset)
    checks = project.expectations.checks(step.asset) | dict(step.checks)

    @dg.asset(
        key=key,
        deps=[asset_key(parent) for parent in step.parents],
        group_name=step.group,
        kinds={step.asset.partition("/")[0]},  # the graph shows the last part of a name alone
        description=step.description,
        check_specs=check_specs(key, checks),
    )
    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        outcome = step.ensure(AssetProgress(context, key))
        artifact = outcome.artifact
        return publish(context, outcome, checks, step.plots(artifact), step.tables(artifact))

    return materialise


def asset_key(asset: str) -> dg.AssetKey:
    return dg.AssetKey(asset.split("/"))


class AssetProgress:
    """Progress of a running asset: sentences in the run's log, figures as observations every few seconds."""

    def __init__(self, context: dg.AssetExecutionContext, key: dg.AssetKey) -> None:
        self._context = context
        self._key = key
        self._observed = 0.0

    def report(self, line: str) -> None:
        self._context.log.info(line)

    def observe(self, metrics: Mapping[str, Any]) -> None:
        if time.monotonic() - self._observed >= SECONDS_BETWEEN_OBSERVATIONS:
            self._observed = time.monotonic()
            self._context.log_event(dg.AssetObservation(self._key, metadata=dict(metrics)))
