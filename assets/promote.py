"""What ``phaseline promote`` does: show what an artifact failed, and record who takes it all the same, and why."""

from collections.abc import Sequence
from getpass import getuser

import dagster as dg

from assets.build import asset_key
from assets.materialise import prepare_instance
from assets.publish import check_result
from assets.step import Step
from assets.tables import console
from pipelines.artifact import Artifact, promotable_failures
from pipelines.errors import PhaselineError
from pipelines.promotion import Promotion, promotion_path
from pipelines.store import Store


def promote(store: Store, steps: Sequence[Step], name: str, *, who: str | None, why: str | None) -> None:
    """Record that a person takes an artifact although it failed checks, and show it; without ``why``, only show which.

    Args:
        steps: those of the graph.
        name: an asset, whose newest version is meant, or ``asset@version``.
        who: by default the login name.

    Raises:
        PhaselineError: there is no such artifact, it needs no promotion or must not have one, or ``why`` is empty.
    """
    artifact = artifact_named(store, name)
    failures = promotable_failures(artifact)
    say(f"{artifact.name} failed")
    for check in failures:
        say(f"  {check.name}: {check.detail}")
    if why is None:
        say(f'nothing is promoted; to take it as it is, say why: phaseline promote {name} --why "..."')
        return
    promotion = store.promote(artifact, who=who or getuser(), why=why)
    say(f"{promotion.who} promoted {artifact.name}: {promotion.why}")
    say(f"recorded in {promotion_path(artifact.folder)}")
    for step in steps:
        if step.asset == artifact.asset and artifact == store.latest(artifact.asset):
            show_accepted(store, step, promotion)
    if children := [step.asset for step in steps if artifact.asset in step.parents]:
        say(f"now may be made from it: {', '.join(children)}")
    say("run the command that was stopped again")


def artifact_named(store: Store, name: str) -> Artifact:
    """The artifact ``asset@version``, or the newest version of an asset; raises PhaselineError for an unknown one."""
    asset, _, version = name.partition("@")
    versions = store.versions(asset)
    if not versions:
        raise PhaselineError(f"{asset} has not been made in {store.root}", "name it as its failed check does")
    if not version:
        return store.get(asset, versions[-1])
    if not version.isdigit() or int(version) not in versions:
        known = ", ".join(f"{asset}@{number}" for number in versions)
        raise PhaselineError(f"there is no {name}", f"name one of: {known}")
    return store.get(asset, int(version))


def show_accepted(store: Store, step: Step, promotion: Promotion) -> None:
    """Let the UI show what was accepted as passed, and by whom: nothing is made again for which it would be told."""
    prepare_instance(store.root)
    with dg.DagsterInstance.get() as instance:
        for check in promotion.accepted:
            shown = check_result(check, promotion)
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key(step.node),
                    check.name,
                    passed=shown.passed,
                    severity=shown.severity,
                    description=shown.description,
                    blocking=True,
                    partition=step.partition_key,
                )
            )


def say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
