"""All that examines an artifact before it is published, as one validator."""

from collections.abc import Sequence

from pipelines.digests import value_digest
from pipelines.record import Check
from pipelines.store import Draft, Validator


class Validators:
    """Several validators, asked one after the other."""

    def __init__(self, validators: Sequence[Validator]) -> None:
        self.validators = validators

    def checks(self, asset: str) -> dict[str, bool]:
        """The checks of an asset by name: True for those that block what is downstream."""
        return {name: blocks for validator in self.validators for name, blocks in validator.checks(asset).items()}

    def digest(self, asset: str) -> str | None:
        """The digest of what they expect of an asset; None where nothing is expected on which its content depends."""
        digests = [digest for validator in self.validators if (digest := validator.digest(asset))]
        return value_digest(digests) if len(digests) > 1 else next(iter(digests), None)

    def validate(self, asset: str, draft: Draft) -> list[Check]:
        """The outcomes for an asset's draft, in the order of the validators."""
        asked = [validator for validator in self.validators if validator.checks(asset)]
        return [check for validator in asked for check in validator.validate(asset, draft)]
