"""Why an artifact is not current: what it was made from and what it would be made from now, in sentences."""

from typing import Any

from pipelines.digests import value_digest
from pipelines.record import Check, Parent, Record

EXPECTATIONS = "expectations"  # the parameter that holds the digest of what is expected of an artifact
SHOWN_DIGITS = 12
DIGEST_DIGITS = 64


def own_differences(
    record: Record, failures: list[Check], code_version: str, parameters: dict[str, Any], *, keep: bool
) -> list[str]:
    """Why an artifact is not current, but for its parents, a sentence each.

    Args:
        failures: the checks that stop what is made from it. Where a person may accept all of them, it waits for that:
            made again from the same things, it would only fail them again.
        keep: whether it stays what it is while other things are expected of it.
    """
    changes = []
    if not all(check.promotable for check in failures):
        changes.append("the last version failed a blocking check")
    if record.code_version != code_version:
        changes.append(f"code version {record.code_version} → {code_version}")
    before, after = record.parameters, parameters
    if keep:
        before, after = ({name: all_of[name] for name in all_of if name != EXPECTATIONS} for all_of in (before, after))
    return changes + parameter_differences("", before, after)


def parent_differences(record: Record, parents: list[Parent]) -> list[str]:
    """Which parents an artifact was not made from, and the other way round, a sentence each."""
    before = {parent.asset: parent.digest for parent in record.parents}
    after = {parent.asset: parent.digest for parent in parents}
    return [
        f"{asset} {before.get(asset, 'absent')[:SHOWN_DIGITS]} → {after.get(asset, 'absent')[:SHOWN_DIGITS]}"
        for asset in sorted(before.keys() | after.keys())
        if before.get(asset) != after.get(asset)
    ]


def parameter_differences(prefix: str, before: Any, after: Any) -> list[str]:
    """The fields in which two JSON values differ, by dotted path."""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        before, after = dict(enumerate(before)), dict(enumerate(after))
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            change
            for key in sorted(before.keys() | after.keys())
            for change in parameter_differences(f"{prefix}{key}.", before.get(key), after.get(key))
        ]
    return [] if before == after else [f"{prefix.rstrip('.')} {shortened(before)} → {shortened(after)}"]


def shortened(value: Any) -> str:
    """A value in a sentence: digests by their beginning."""
    return value[:SHOWN_DIGITS] if isinstance(value, str) and len(value) == DIGEST_DIGITS else repr(value)


def identity(code_version: str, parameters: dict[str, Any], parents: list[Parent]) -> str:
    """The digest of all that an artifact's content depends on, cut to what a folder's name needs."""
    return value_digest([code_version, parameters, [[parent.asset, parent.digest] for parent in parents]])[:16]
