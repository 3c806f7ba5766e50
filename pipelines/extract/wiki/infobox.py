"""Infoboxes as a reader takes them in: one fact a line, ``name: value``."""

import re
from collections.abc import Iterator, Mapping

from pipelines.extract.wiki.marks import DROPPED, LINE_BREAK

NAMES = re.compile(
    r"infobox\b|.* infobox$|(?:automatic )?taxobox$|(?:sub)?speciesbox$"
    r"|geobox\b|chembox\b|drugbox$|starbox\b|planetbox\b"
)
NO_FACT = re.compile(
    r"image|photo|picture|caption|\balt\b|map|size|width|colou?r|style|signature|logo|footnote|embed|coord|push ?pin"
    r"|flag|coat|seal|symbol|upright|align|module|audio|lang$|^(?:lat|lon|long)(?:[dmsnewi]|deg|min|sec| |$)"
    r"|^(?:notes?|ref|references|format|bodyclass|nat|child)$|(?:^| )(?:ref|note|link|icon|rank)s?\d*$",
    re.IGNORECASE,
)
NO_VALUE = re.compile(
    r"[^\n]{1,200}\.(?:jpe?g|png|svg|gif|tiff?|webp|og[agv]|webm|pdf)|yes|no|y|n|on|off|auto|none|true|false|increase|decrease|steady|\d*px|#[0-9a-f]{3,6}|[\W_]*",
    re.IGNORECASE,
)
PARTNERS = {"type": "name", "title": "name", "label": "data", "event": "date", "header": "data"}
BREAKS = re.compile(rf"<br\s*/?>|\n|{LINE_BREAK}", re.IGNORECASE)
WORD = re.compile(r"\w")
ITEM = "*#:; \t"


def is_infobox(name: str) -> bool:
    """Whether a template of this name (lower case) is an infobox."""
    return NAMES.match(name) is not None


def infobox_text(arguments: Mapping[str, str]) -> str:
    """The facts of an infobox, one a line; what only says how the box looks is left out."""
    return "\n\n" + LINE_BREAK.join(f"{name}: {value}" for name, value in facts(arguments)) + "\n\n"


def facts(arguments: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names with their values; a value that is a name (``leader_title1 = Mayor``) is that of its partner."""
    values = {readable_name(name): readable_value(value) for name, value in arguments.items()}
    named = {partner: values[name] for name in values if (partner := partner_of(name)) in values}
    labels = {name for name in values if partner_of(name) in values}
    for name, value in values.items():
        if name in labels or name.isdecimal() or NO_FACT.search(name) or NO_VALUE.fullmatch(value):
            continue
        yield named.get(name) or name, value


def partner_of(name: str) -> str:
    """The parameter whose value this one names: ``leader name2`` for ``leader title2``."""
    stem, number = re.fullmatch(r"(.*?)(\d*)", name).groups()  # type: ignore[union-attr]  # matches every one-line name
    head, _, last = stem.rpartition(" ")
    partner = PARTNERS.get(last)
    if head == "blank" and last == "name":
        partner = "info"
    return f"{head} {partner}{number}".strip() if partner else ""


def readable_name(name: str) -> str:
    return " ".join(name.replace("_", " ").split())


def readable_value(value: str) -> str:
    """A value on one line: its lines and list items with semicolons between them."""
    parts = (part.replace(DROPPED, "").strip(ITEM) for part in BREAKS.split(value))
    return "; ".join(part for part in parts if WORD.search(part))
