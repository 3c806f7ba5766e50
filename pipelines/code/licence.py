"""The licence that a file states for itself, as an SPDX expression (https://spdx.dev/learn/handling-license-info).

A tag counts before the words of a licence. The words are compared without case, punctuation and the signs of comments,
as the SPDX matching guidelines ask (https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

HEAD_CHARACTERS = 6000  # where a file states its licence, and where the text of a licence tells which it is
PUBLIC_DOMAIN = "LicenseRef-public-domain"

TAG = re.compile(r"SPDX-License-Identifier:[ \t]*((?:[\w.+:()-]+[ \t]*)+)")
WORD_OF_COMMENTS = re.compile(r"^[ \t]*(?:dnl|rem)\b", re.MULTILINE)  # of M4 and of BASIC
NAME = re.compile(r"[\w.+-]+")
WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)*\+?")
OLD_NAMES = {  # https://spdx.org/licenses: the names of GNU licences that do not say whether later versions hold
    f"{name}{plus}": f"{name}{'-or-later' if plus else '-only'}"
    for name in ("GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-1.0", "AGPL-3.0")
    for plus in ("", "+")
}

HINTS = ("licen", "redistribut", "permission", "public domain", "cc0", "gpl")
GRANTED = (
    r"(?:licen[cs]ed|released|distributed|available|covered|provided|published|use[d]?|governed)"
    r"(?: \w+){0,8}? (?:under|by) (?:the )?(?:terms of )?(?:the )?"
)
BSD = r"redistribution and use in source and binary forms"
NO_ENDORSEMENT = r"(?:neither the names?|the names? of .{0,80}may not be used to endorse)"
ISC = (
    r"permission to use copy modify and(?: or)? distribute this software for any purpose with or without fee"
    r" is hereby granted"
)
MIT = r"permission is hereby granted free of charge to any person obtaining a copy of this software and associated"
STATEMENTS = tuple(
    (licence, re.compile(statement))
    for licence, statement in (
        ("Apache-2.0", r"apache licen[cs]e (?:version |v ?)?2(?:\.0)?\b|apache 2\.0 licen[cs]e|licenses license 2\.0"),
        ("MIT", MIT),
        ("MIT", rf"{GRANTED}(?:expat |x11 )?mit licen[cs]e|\A(?:the )?mit licen[cs]e\b"),
        ("BSD-4-Clause", rf"{BSD}.*all advertising materials mentioning features"),
        ("BSD-3-Clause", rf"{BSD}.*{NO_ENDORSEMENT}"),
        ("BSD-2-Clause", rf"{BSD} with or without modification are permitted"),
        ("BSD-3-Clause", rf"{GRANTED}(?:new|modified|revised|3 clause) bsd licen[cs]e|bsd 3 clause licen[cs]e"),
        ("BSD-2-Clause", rf"{GRANTED}(?:simplified|2 clause|freebsd) (?:bsd )?licen[cs]e|bsd 2 clause licen[cs]e"),
        ("MPL-2.0", r"mozilla public licen[cs]e (?:version |v ?)2\.0"),
        ("MPL-1.1", r"mozilla public licen[cs]e version 1\.1"),
        ("ISC", rf"{ISC} provided|{GRANTED}isc licen[cs]e"),
        ("0BSD", rf"{ISC}(?! provided)"),
        ("Zlib", r"without any express or implied warranty in no event will the authors? be held liable"),
        ("BSL-1.0", r"boost software licen[cs]e version 1\.0"),
        ("EPL-2.0", r"eclipse public licen[cs]e (?:version |v ?)?2\.0"),
        ("EPL-1.0", r"eclipse public licen[cs]e (?:version |v ?)?1\.0"),
        ("CDDL-1.0", r"common development and distribution licen[cs]e"),
        ("PSF-2.0", r"python software foundation licen[cs]e"),
        ("Artistic-1.0-Perl OR GPL-1.0-or-later", r"under the same terms as perl itself"),
        ("CC0-1.0", r"\bcc0\b|creative commons zero"),
        ("CC-BY-SA-4.0", r"(?:creative commons )?(?:attribution sharealike|cc by sa) 4\.0"),
        ("CC-BY-4.0", r"(?:creative commons attribution|cc by) 4\.0"),
        ("Unlicense", r"this is free and unencumbered software released into the public domain"),
        (PUBLIC_DOMAIN, r"(?:released|placed|put|dedicated) (?:\w+ )?(?:in|into|to) the public domain"),
        (PUBLIC_DOMAIN, r"\b(?:is|are) (?:hereby )?in the public domain"),
        ("WTFPL", r"do what the fuck you want to public licen[cs]e"),
    )
)
SUPERSEDED = {  # the words of the first are part of the words of the others
    "BSD-2-Clause": ("BSD-3-Clause", "BSD-4-Clause"),
    "BSD-3-Clause": ("BSD-4-Clause",),
    PUBLIC_DOMAIN: ("Unlicense", "CC0-1.0"),
    "CC-BY-4.0": ("CC-BY-SA-4.0",),
    "GPL-2.0-or-later": ("MPL-2.0",),  # which names it as a secondary licence
}
GNU_FAMILIES = {"": "GPL", "lesser ": "LGPL", "library ": "LGPL", "affero ": "AGPL"}
GNU_VERSIONS = {"GPL": ("1.0", "2.0", "3.0"), "LGPL": ("2.0", "2.1", "3.0"), "AGPL": ("1.0", "3.0")}
GNU = re.compile(r"gnu (lesser |library |affero )?general public licen[cs]e\b(.{0,200})")
GNU_ABBREVIATION = re.compile(
    rf"(?:{GRANTED}|licen[cs]e )(?:gnu )?([al]?gpl) ?(?:version |v)?([123](?:\.[01])?(?:\+| or later| or any later)?)"
)
VERSION = re.compile(r"\b(?:version |v)([123](?:\.[01])?)(?!\.?[0-9])")
LATER = re.compile(r"any later|or later|\b(?:v|version )?[123](?:\.[01])?\+")
CHOICE = re.compile(
    r"\bdual(?:ly)? licen[cs]ed|\beither of|at your (?:option|choice)(?! any later)|your choice of|\balternatively\b"
)

LICENCE_FILE = re.compile(
    r"(?:(?:mit|apache|bsd|gpl|lgpl)[-_.])?(?:(?:un)?licen[cs]e|copying|copyright)"
    r"(?:[-_.](?:mit|apache(?:[-_]?2(?:\.0)?)?|bsd|gpl|lgpl|lesser|isc|mpl|cc0|unlicense|boost|zlib))?(?:\.(?:txt|md|rst))?",
    re.IGNORECASE,
)


def detect_licence(text: str) -> str | None:
    """The licence that the beginning of a text states, or None.

    Where it states several, all of them hold unless it says that one may choose. A GNU licence whose text stands there
    without a word on later versions holds in that version only.
    """
    head = text[:HEAD_CHARACTERS]
    tag = TAG.search(head)
    if tag:
        return NAME.sub(lambda name: OLD_NAMES.get(name[0], name[0]), tag[1].strip())
    small = head.lower()
    if not any(hint in small for hint in HINTS):
        return None
    words = " ".join(WORD.findall(WORD_OF_COMMENTS.sub("", small)))
    stated = {*gnu_licences(words), *(licence for licence, statement in STATEMENTS if statement.search(words))}
    licences = sorted(licence for licence in stated if stated.isdisjoint(SUPERSEDED.get(licence, ())))
    return any_of(licences) if CHOICE.search(words) else all_of(licences)


def any_of(licences: Iterable[str]) -> str | None:
    return " OR ".join(licences) or None


def all_of(licences: Sequence[str]) -> str | None:
    """All of some licences, those that leave a choice in brackets."""
    if len(licences) == 1:
        return licences[0]
    return " AND ".join(f"({licence})" if " OR " in licence else licence for licence in licences) or None


def gnu_licences(words: str) -> Iterator[str]:
    """The GNU licences that a text names together with a version, the first of each family."""
    mentions = [(GNU_FAMILIES[mention[1] or ""], mention[2]) for mention in GNU.finditer(words)]
    mentions += [(mention[1].upper(), f"v{mention[2]}") for mention in GNU_ABBREVIATION.finditer(words)]
    found = set()
    for family, words_after in mentions:
        version = VERSION.search(words_after)
        number = f"{float(version[1]):.1f}" if version else ""
        if family not in found and number in GNU_VERSIONS[family]:
            found.add(family)
            yield f"{family}-{number}-{'or-later' if LATER.search(words_after) else 'only'}"


def is_licence_file(path: str) -> bool:
    """Whether a file is named as the licence of a folder, such as ``LICENSE``, ``COPYING.LESSER``, ``LICENSE-MIT``."""
    return LICENCE_FILE.fullmatch(PurePosixPath(path).name) is not None


class LicenceOfFolders:
    """The licences of folders, from the licence files in them; a folder without one has that of the folder above.

    Args:
        files: the path and the text of each licence file. Several in one folder leave a choice, as LICENSE-MIT beside
            LICENSE-APACHE does; but COPYING.LESSER adds permissions to COPYING and replaces it.
    """

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        found: dict[PurePosixPath, set[str]] = {}
        for path, text in files:
            licence = detect_licence(text)
            if licence is not None:
                found.setdefault(PurePosixPath(path).parent, set()).add(licence)
        self._licences = {
            folder: " OR ".join(sorted(without_gpl_of_lgpl(licences))) for folder, licences in found.items()
        }

    def of(self, path: str) -> str | None:
        """The licence that holds for a file: that of the nearest folder with one."""
        return next(
            (self._licences[folder] for folder in PurePosixPath(path).parents if folder in self._licences), None
        )


def without_gpl_of_lgpl(licences: set[str]) -> set[str]:
    if any(licence.startswith("LGPL") for licence in licences):
        return {licence for licence in licences if not licence.startswith("GPL")}
    return licences
