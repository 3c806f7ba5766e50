"""Promotions: a person takes an artifact although checks failed, and says why; recorded beside its folder."""

from pathlib import Path

from pydantic import Field, ValidationError

from pipelines.errors import PhaselineError
from pipelines.record import Check, Entry, Record, write_whole


class Promotion(Entry):
    """Who took which artifact although which checks failed, when, by which code, and why."""

    asset: str
    version: int
    digest: str
    accepted: tuple[Check, ...] = Field(min_length=1)
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    promoted_at: str
    code: str

    def accepts(self, check: Check) -> bool:
        """Whether this very failure is among those that were accepted."""
        return check.promotable and check in self.accepted


def promotion_path(folder: Path) -> Path:
    """Where the promotion of the artifact in a folder lies: ``<version>.promotion.json`` beside it."""
    return folder.with_name(f"{folder.name}.promotion.json")


def write_promotion(folder: Path, promotion: Promotion) -> None:
    """Write the promotion of the artifact in a folder whole."""
    write_whole(promotion_path(folder), promotion)


def read_promotion(folder: Path, record: Record) -> Promotion | None:
    """The promotion of an artifact, or None.

    Raises:
        PhaselineError: it cannot be read, or is that of another content.
    """
    path = promotion_path(folder)
    try:
        promotion = Promotion.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise PhaselineError(f"{path} is not a promotion: {error}", "restore it, or remove it") from error
    if (promotion.asset, promotion.version, promotion.digest) != (record.asset, record.version, record.digest):
        raise PhaselineError(
            f"{path} promotes {promotion.asset}@{promotion.version} with content {promotion.digest[:12]}, but the "
            f"artifact beside it is {record.asset}@{record.version} with content {record.digest[:12]}",
            "remove it; promote the artifact anew if it is wanted",
        )
    return promotion
