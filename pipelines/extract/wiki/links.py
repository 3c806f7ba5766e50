"""Internal links, files, categories, links to other languages, and external links."""

import re

from pipelines.extract.wiki.marks import DROPPED
from pipelines.extract.wiki.names import names

# The namespaces of files and categories, in the languages of the largest wikis; all know the English names.
NO_PROSE_NAMESPACES = frozenset(
    names(
        "file|image|media|category|datei|bild|kategorie|fichier|catégorie|archivo|imagen|categoría|immagine|categoria"
        "|ficheiro|imagem|bestand|afbeelding|categorie|plik|grafika|kategoria|файл|категория"
    )
)
OTHER_LANGUAGE = re.compile(r"(?:[a-z]{2,3}|simple|be-x-old|zh-[a-z-]{3,11}|roa-[a-z]{3,4}|map-bms|bat-smg|nds-nl):")
DISAMBIGUATION = re.compile(r"\s*\([^()]*\)$|,[^,]*$")
EXTERNAL = re.compile(r"\[(?:https?:|ftp:)?//[^\s\[\]]+(?:[ \t]+([^\[\]\n]*))?\]")


def render_link(inside: str) -> str:
    """What a reader sees of ``[[inside]]``."""
    target, pipe, label = inside.partition("|")
    name = target.strip()
    if not name or "\n" in name:
        return f"[[{inside}]]"
    if not name.startswith(":"):
        if name.partition(":")[0].strip().lower() in NO_PROSE_NAMESPACES and ":" in name:
            return DROPPED
        if not pipe and OTHER_LANGUAGE.match(name):
            return DROPPED
    name = name.removeprefix(":")
    if not pipe:
        return name
    return label if label.strip() else DISAMBIGUATION.sub("", name.rpartition(":")[2])


def render_external_links(text: str) -> str:
    """Text in which each external link is its label; a link without one is a number to the reader, so it goes."""
    return EXTERNAL.sub(lambda link: link[1] or DROPPED, text)
