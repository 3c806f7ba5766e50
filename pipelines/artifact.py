"""A finished artifact: its folder, its record, and whether anything may be made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import PhaselineError
from pipelines.promotion import Promotion, read_promotion
from pipelines.record import Check, Parent, Record


@dataclass(frozen=True)
class Artifact:
    """A finished folder and its record."""

    folder: Path
    record: Record

    @property
    def asset(self) -> str:
        return self.record.asset

    @property
    def digest(self) -> str:
        return self.record.digest

    @property
    def name(self) -> str:
        """How people name it: ``asset@version``."""
        return f"{self.record.asset}@{self.record.version}"

    @property
    def parent(self) -> Parent:
        """How a child's record refers to this artifact."""
        return Parent(asset=self.record.asset, version=self.record.version, digest=self.record.digest)

    def files(self, pattern: str) -> list[Path]:
        """The recorded files whose relative path matches a glob pattern, in order."""
        paths = sorted(file.path for file in self.record.files)
        return [self.folder / path for path in paths if Path(path).match(pattern)]

    def promotion(self) -> Promotion | None:
        """Who took it although checks failed, or None; raises PhaselineError where that cannot be read."""
        return read_promotion(self.folder, self.record)

    def failures(self) -> list[Check]:
        """The blocking checks that it failed and that nobody accepted. Without any it is sound."""
        failed = [check for check in self.record.checks if check.blocks]
        promotion = self.promotion() if any(check.promotable for check in failed) else None
        return [check for check in failed if promotion is None or not promotion.accepts(check)]


def refuse_unsound(artifact: Artifact) -> None:
    """Raise PhaselineError if an artifact failed a blocking check that nobody accepted."""
    if artifact.failures():
        raise unsound(artifact)


def unsound(artifact: Artifact) -> PhaselineError:
    """The message for an artifact that failed blocking checks."""
    failures = artifact.failures()
    remedy = f"mend what the check names, then materialise {artifact.asset} again; its files are in {artifact.folder}"
    if all(check.promotable for check in failures):
        remedy += f'; or take it as it is: phaseline promote {artifact.asset} --why "..."'
    return PhaselineError(f"{artifact.name} failed {listed(failures)}", remedy)


def promotable_failures(artifact: Artifact) -> list[Check]:
    """The failed checks for which an artifact may be promoted.

    Raises:
        PhaselineError: it needs no promotion, or failed what nobody may accept.
    """
    failures = artifact.failures()
    if not failures:
        promotion = artifact.promotion()
        how = f"{promotion.who} promoted it: {promotion.why}" if promotion else "it failed no blocking check"
        raise PhaselineError(f"there is nothing to promote in {artifact.name}: {how}", "go on with it as it is")
    if lasting := [check for check in failures if not check.promotable]:
        raise PhaselineError(
            f"{artifact.name} failed {listed(lasting)}, which nobody can accept",
            f"mend what the check names, then materialise {artifact.asset} again",
        )
    return failures


def listed(checks: Sequence[Check]) -> str:
    """Checks with what they found, in a sentence."""
    return ", ".join(f"{check.name} ({check.detail})" for check in checks)
