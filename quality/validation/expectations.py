"""The store's validator: what is expected of each asset, by declared suites that Great Expectations runs."""

from collections import Counter
from pathlib import Path

from pipelines.declared import read_declaration
from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Draft
from quality.validation.frames import CODE_VERSION, FRAMES
from quality.validation.suite import Suite


class Expectations:
    """Every suite in a folder, read and held against the schemas at once.

    Raises:
        PhaselineError: a suite is not valid, or names an expectation or argument that Great Expectations does not have.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.suites = [read_declaration(path, Suite) for path in sorted(folder.glob("*.yaml"))]

    def suites_for(self, asset: str) -> list[Suite]:
        """The suites that hold for an asset; raises PhaselineError where two of its expectations have one name."""
        suites = [suite for suite in self.suites if suite.holds_for(asset)]
        names = Counter(expectation.name for suite in suites for expectation in suite.expectations)
        if repeated := sorted(name for name, count in names.items() if count > 1):
            raise PhaselineError(
                f"{self.folder}: {', '.join(repeated)} is expected of {asset} more than once", "rename all but one"
            )
        return suites

    def checks(self, asset: str) -> dict[str, bool]:
        """The checks of an asset by name: True for those that block what is downstream."""
        return {
            expectation.name: expectation.severity == "error"
            for suite in self.suites_for(asset)
            for expectation in suite.expectations
        }

    def digest(self, asset: str) -> str | None:
        """The digest of what is expected of an asset, or None where nothing is."""
        suites = [suite.model_dump(mode="json", exclude={"applies_to"}) for suite in self.suites_for(asset)]
        return value_digest({"frames": CODE_VERSION, "suites": suites}) if suites else None

    def validate(self, asset: str, draft: Draft) -> list[Check]:
        """Run every expectation for an asset on its draft; one check each, in the order declared."""
        from quality.validation.runner import run_expectations

        return [
            check
            for suite in self.suites_for(asset)
            for frame, expectations in suite.frames.items()
            for check in run_expectations(FRAMES[frame](draft), expectations)
        ]
