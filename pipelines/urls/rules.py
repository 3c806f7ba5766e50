"""Rules for the addresses of pages, as declarations: which are refused, by lists that are at hand when it runs."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from pipelines.declared import Declared
from pipelines.urls.lists import DATATROVE, check_entry, is_list, open_list

Entry = Annotated[str, AfterValidator(check_entry)]


class UrlRules(Declared):
    """What refuses a page by its address alone. Upper and lower case are the same.

    An entry is what it says, or names a list of entries: a text file of one entry a line (its path from the folder of
    the declaration), or ``datatrove:domains``, ``:addresses``, ``:words``, ``:substrings``, ``:soft_words``.

    ``block_domains`` refuse all hosts below them, ``block_top_level`` the last part of a host, ``block_addresses`` one
    page, scheme left out. ``block_words`` are what stands between signs in an address, ``block_substrings`` may stand
    anywhere in its letters and digits. Of ``soft_words`` it takes more than ``max_soft_words``.
    """

    block_domains: tuple[Entry, ...] = ()
    block_top_level: tuple[Entry, ...] = ()
    block_addresses: tuple[Entry, ...] = ()
    block_words: tuple[Entry, ...] = ()
    block_substrings: tuple[Entry, ...] = ()
    soft_words: tuple[Entry, ...] = ()
    max_soft_words: int = Field(default=1, ge=0)

    def resolved(self, folder: Path) -> "UrlRules":
        """The rules with the paths of their files made absolute."""

        def absolute(entry: str) -> str:
            is_file = is_list(entry) and not entry.startswith(DATATROVE)
            return str((folder / entry).resolve()) if is_file else entry

        entries = {name: tuple(map(absolute, getattr(self, name))) for name in FIELDS}
        return self.model_copy(update=entries)

    def parameters(self) -> dict[str, Any]:
        """The rules as a plain value in which each list is its content: SHA-256 of its bytes, wherever it lies.

        Raises:
            PhaselineError: there is no such list.
        """
        plain = {
            name: [list_digest(entry) if is_list(entry) else entry for entry in getattr(self, name)] for name in FIELDS
        }
        return {**plain, "max_soft_words": self.max_soft_words}


FIELDS = [name for name in UrlRules.model_fields if name != "max_soft_words"]


def list_digest(entry: str) -> str:
    with open_list(entry) as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"
