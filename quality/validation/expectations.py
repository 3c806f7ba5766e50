"""The store's validator: what is expected of each asset, by declared suites that Great Expectations runs."""

from collections import Counter
from pathlib import Path

from pipelines.declared import read_declaration
from pipelines.digests import value_digest
from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Draft
from quality.validation.data_docs.site import add_page
from quality.validation.frames import CODE_VERSION, frame_of
from quality.validation.suite import ExpectationDeclaration, Suite


class Expectations:
    """Every suite in a folder, read and held against the schemas at once.

    Args:
        folder: of the suites.
        data_docs: where a page on every validation is put; no pages are made where it is None.

    Raises:
        PhaselineError: a suite is not valid, or names an expectation or argument that Great Expectations does not have.
    """

    def __init__(self, folder: Path, data_docs: Path | None = None) -> None:
        self.folder = folder
        self.data_docs = data_docs
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

    def frames_for(self, asset: str) -> dict[str, list[ExpectationDeclaration]]:
        """The expectations of all suites for an asset, by the frame that they are run on."""
        frames: dict[str, list[ExpectationDeclaration]] = {}
        for suite in self.suites_for(asset):
            for frame, expectations in suite.frames.items():
                frames.setdefault(frame, []).extend(expectations)
        return frames

    def checks(self, asset: str) -> dict[str, bool]:
        """The checks of an asset by name: True for those that block what is downstream."""
        return {
            expectation.name: expectation.severity == "error"
            for expectations in self.frames_for(asset).values()
            for expectation in expectations
        }

    def digest(self, asset: str) -> str | None:
        """The digest of what is expected of an asset, or None where nothing is."""
        suites = [suite.model_dump(mode="json", exclude={"applies_to"}) for suite in self.suites_for(asset)]
        return value_digest({"frames": CODE_VERSION, "suites": suites}) if suites else None

    def validate(self, asset: str, draft: Draft) -> list[Check]:
        """Run every expectation for an asset on its draft; one check each, in the order of ``checks``.

        The page of Data Docs is made from the same results.
        """
        from quality.validation.data_docs.page import Section, render_page
        from quality.validation.runner import run_expectations

        sections = []
        for name, expectations in self.frames_for(asset).items():
            frame = frame_of(name, draft)
            sections.append(Section(name, len(frame), run_expectations(frame, expectations)))
        if self.data_docs is not None:
            add_page(self.data_docs, asset, draft.version, render_page(asset, draft.version, sections))
        return [each.check for section in sections for each in section.examined]
