"""What lies upstream of a model: every artifact behind its manifests, and whether its checks passed."""

from collections.abc import Iterable

from pipelines.record import Check, Entry, Parent
from pipelines.store import Artifact, Store


class Accepted(Entry):
    """Who took an artifact although checks failed, when, and why."""

    who: str
    why: str
    promoted_at: str


class Ancestor(Entry):
    """An artifact upstream, by the digest that its descendants knew.

    Args:
        code_version, code: of the step that made it, and the commit that it was made from.
        num_checks: that were held; None, as all that follows from its record, where that is not on this machine.
        failed: those that failed, warnings included.
        accepted: the promotion, where a person took it although a blocking check failed.
    """

    asset: str
    version: int
    digest: str
    code_version: str | None = None
    code: str | None = None
    num_checks: int | None = None
    failed: tuple[Check, ...] = ()
    accepted: Accepted | None = None

    @property
    def name(self) -> str:
        """``asset@version``."""
        return f"{self.asset}@{self.version}"


def upstream(store: Store, root: Parent) -> list[Ancestor]:
    """An artifact and everything that it was made from, each once, children before parents."""
    waiting, found = [root], dict[Parent, Ancestor]()
    while waiting:
        parent = waiting.pop()
        if parent not in found:
            artifact = at_hand(store, parent)
            found[parent] = described(artifact) if artifact else Ancestor(**parent.model_dump())
            waiting += artifact.record.parents[::-1] if artifact else []
    return list(found.values())


def all_ancestors(ancestors: Iterable[Ancestor]) -> tuple[Ancestor, ...]:
    """Each artifact once, by the first that tells of its checks."""
    known: dict[tuple[str, str], Ancestor] = {}
    for ancestor in ancestors:
        key = (ancestor.name, ancestor.digest)
        if key not in known or known[key].num_checks is None:
            known[key] = ancestor
    return tuple(known.values())


def at_hand(store: Store, parent: Parent) -> Artifact | None:
    """An artifact with the content that its descendants knew, or None where this machine does not have it."""
    if parent.version not in store.versions(parent.asset):
        return None
    artifact = store.get(parent.asset, parent.version)
    return artifact if artifact.digest == parent.digest else None


def described(artifact: Artifact) -> Ancestor:
    """What is told of an artifact upstream."""
    record, promotion = artifact.record, artifact.promotion()
    accepted = Accepted(who=promotion.who, why=promotion.why, promoted_at=promotion.promoted_at) if promotion else None
    return Ancestor(
        asset=record.asset,
        version=record.version,
        digest=record.digest,
        code_version=record.code_version,
        code=record.provenance.code,
        num_checks=len(record.checks),
        failed=tuple(check for check in record.checks if not check.passed),
        accepted=accepted,
    )
