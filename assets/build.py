"""One asset of the graph from one call into a library."""

from collections.abc import Callable, Sequence

import dagster as dg

from assets.project import Project
from assets.publish import check_specs, publish
from pipelines.store import Outcome

Report = Callable[[str], None]


def build_asset(
    project: Project,
    asset: str,
    *,
    group: str,
    description: str,
    ensure: Callable[[Report], Outcome],
    parents: Sequence[str] = (),
    checks: dict[str, bool] | None = None,
) -> dg.AssetsDefinition:
    """An asset whose function calls ``ensure`` and shows the outcome.

    Args:
        asset: the asset's name, with ``/`` between its parts: the same in the store and in Dagster.
        ensure: makes the artifact, or finds it current; is given a function that reports progress.
        parents: the assets it is made from.
        checks: checks that ``ensure`` itself records, beside those of the declared expectations; True if blocking.
    """
    names = project.expectations.checks(asset) | (checks or {})

    @dg.asset(
        key=dg.AssetKey(asset.split("/")),
        deps=[dg.AssetKey(parent.split("/")) for parent in parents],
        group_name=group,
        description=description,
        check_specs=check_specs(asset, names),
    )
    def materialise(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return publish(context, ensure(context.log.info), names)

    return materialise
