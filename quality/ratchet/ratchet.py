"""The store's validator that holds an artifact against the last promoted version of the same asset."""

from collections import Counter
from pathlib import Path

from pipelines.declared import read_declaration
from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Artifact, Draft, Store
from quality.ratchet.baseline import baseline_of
from quality.ratchet.declaration import Bound, RatchetDeclaration, Ratchets
from quality.ratchet.measured import Measured, Verdict

PREFIX = "ratchet_"


class Ratchet:
    """The declared ratchets, each aspect of which is a check that a person may accept.

    Args:
        path: the declarations.
        store: where promoted versions are looked for.

    Raises:
        PhaselineError: the declarations are not valid.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self.store = store
        self.declared = read_declaration(path, Ratchets).ratchets

    def ratchets_for(self, asset: str) -> list[RatchetDeclaration]:
        """The ratchets of an asset; raises PhaselineError where two of them have one aspect."""
        found = [ratchet for ratchet in self.declared if ratchet.holds_for(asset)]
        aspects = Counter(aspect for ratchet in found for aspect in ratchet.bounds.by_aspect)
        if repeated := sorted(aspect for aspect, count in aspects.items() if count > 1):
            raise PhaselineError(
                f"{self.path}: bounds of {', '.join(repeated)} are declared for {asset} more than once",
                "keep one for each asset",
            )
        return found

    def checks(self, asset: str) -> dict[str, bool]:
        """The checks of an asset by name: True for those that block what is downstream."""
        return {
            f"{PREFIX}{aspect}": ratchet.severity == "error"
            for ratchet in self.ratchets_for(asset)
            for aspect in ratchet.bounds.by_aspect
        }

    def digest(self, _asset: str) -> None:
        """None: a bound says nothing of the content, so what is declared holds for what is made from then on."""

    def validate(self, asset: str, draft: Draft) -> list[Check]:
        """Hold a draft against what it replaces; one check for each aspect, in the order declared."""
        baseline = baseline_of(self.store, asset)
        after = Measured.of_draft(asset, draft)
        checks = []
        for ratchet in self.ratchets_for(asset):
            for aspect, bound in ratchet.bounds.by_aspect.items():
                verdict = compare(bound, baseline, after)
                detail = verdict.found if verdict.passed else f"{verdict.found} {remedy(asset)}"
                name = f"{PREFIX}{aspect}"
                checks.append(
                    Check(name=name, passed=verdict.passed, severity=ratchet.severity, detail=detail, promotable=True)
                )
        return checks


def compare(bound: Bound, baseline: Artifact | None, after: Measured) -> Verdict:
    """One aspect held against the baseline, and what was found as a paragraph for people."""
    if baseline is None:
        return Verdict(True, f"There is no promoted version of {after.asset} to compare with.")
    verdict = bound.compare(Measured.of_artifact(baseline), after)
    which = "its last promoted version" if baseline.asset == after.asset else "the last snapshot of its source"
    return Verdict(verdict.passed, f"Compared with {baseline.name}, {which}, {after.asset} {verdict.found}.")


def remedy(asset: str) -> str:
    """What to do about a change past its bound."""
    return f'Mend the source, or accept the change: phaseline promote {asset} --why "...".'
