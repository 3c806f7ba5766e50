"""What an asset is held against: its last promoted version, or another snapshot of its source."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pipelines.store import Artifact, Store

SNAPSHOTS = ("documents/*/*", "signatures/*/*", "scores/*/*/*")  # assets whose last part is a snapshot


def baseline_of(store: Store, asset: str) -> Artifact | None:
    """The promoted version of an asset; before there is one, that of the snapshot of its source that was made last."""
    promoted = store.promoted(asset)
    if promoted is not None or not any(fnmatchcase(asset, pattern) for pattern in SNAPSHOTS):
        return promoted
    others = (store.promoted(other) for other in other_snapshots(store, asset))
    made = [other for other in others if other is not None]
    return max(made, key=lambda other: (other.record.provenance.created_at, other.asset), default=None)


def other_snapshots(store: Store, asset: str) -> Iterator[str]:
    """The assets of the other snapshots of a source."""
    source, _, snapshot = asset.rpartition("/")
    folder = store.folder(source)
    if folder.is_dir():
        yield from (f"{source}/{path.name}" for path in folder.iterdir() if path.is_dir() and path.name != snapshot)
