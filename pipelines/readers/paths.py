"""Paths of files inside a source."""


def climbs_out(path: str) -> bool:
    """Whether a path could lead out of the folder that it starts in."""
    return path.startswith("/") or ".." in path.split("/")


def clean_path(path: str) -> str:
    """A path in UTF-8, without empty parts and ``.``; one that climbs out keeps its parts."""
    path = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if climbs_out(path):
        return path
    return "/".join(part for part in path.split("/") if part not in ("", "."))
