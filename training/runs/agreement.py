"""How far the plans of two manifests agree, in what every step depends on and in the steps themselves."""

from collections.abc import Iterator

from training.manifest import Manifest
from training.sampling.first_difference import FirstDifference, agreed_steps, first_difference

FIXED = ("seed", "model", "optimizer", "tokenizer", "start")  # what every step depends on, the first one included


def changed_fields(before: Manifest, after: Manifest) -> Iterator[str]:
    """What the steps of two manifests depend on and is not the same."""
    return (field for field in FIXED if getattr(before, field) != getattr(after, field))


def first_changed(before: Manifest, after: Manifest, until_step: int) -> FirstDifference | None:
    """The first of the first ``until_step`` steps that differs; what is equal by construction is not walked over.

    Raises:
        IndexError: ``until_step`` is beyond the end of one of the manifests.
    """
    return first_difference(before, after, until_step, min(agreed_steps(before, after), until_step))


def differences(before: Manifest, after: Manifest, until_step: int) -> list[str]:
    """How the first ``until_step`` steps of a manifest differ from another's, in words; empty where they agree.

    Raises:
        IndexError: ``until_step`` is beyond the end of one of the manifests.
    """
    first = first_changed(before, after, until_step)
    return [*(f"another {field}" for field in changed_fields(before, after)), *([str(first)] if first else [])]
