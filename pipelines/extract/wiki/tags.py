"""Comments and extension tags: what MediaWiki takes out of the markup before it reads anything else.

https://www.mediawiki.org/wiki/Parser_extension_tags
"""

import html
import re

from pipelines.extract.wiki.marks import DROPPED, LINE_BREAK, ProtectedTexts

NO_PROSE = (
    "categorytree|gallery|graph|hiero|imagemap|includeonly|indicator|inputbox|mapframe|maplink|references|ref|score|script"
    "|section|style|templatedata|templatestyles|timeline"
)
FORMULAS = "math|chem|ce"
CODE = "syntaxhighlight|source|pre"
OPENING = re.compile(rf"<!--|<({NO_PROSE}|{FORMULAS}|{CODE}|nowiki|poem)\b([^<>]*)>", re.IGNORECASE)
CLOSING = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in f"{NO_PROSE}|{FORMULAS}|{CODE}|nowiki|poem".split("|")
}
DISPLAY = re.compile(r"display\s*=\s*[\"']?block")
COMMENT_LINES = re.compile(r"(?<=\n)[ \t]*\x1d[ \t\x1d]*\n")  # a line of comments alone is no line
COMMENT = "\x1d"


def take_out_tags(markup: str, texts: ProtectedTexts) -> str:
    """Markup without comments and extension tags; formulas, code and unparsed text are protected.

    Time is linear in the length of the markup: a tag whose end was not found once is not looked for again.
    """
    kept = []
    position = 0
    never_closed = set()
    while opening := OPENING.search(markup, position):
        kept.append(markup[position : opening.start()])
        position = opening.end()
        if opening[1] is None:
            end = markup.find("-->", position)
            position = len(markup) if end < 0 else end + 3
            kept.append(COMMENT)
            continue
        name, attributes = opening[1].lower(), opening[2]
        if attributes.endswith("/"):
            kept.append(DROPPED)
            continue
        closing = None if name in never_closed else CLOSING[name].search(markup, position)
        if closing is None:
            never_closed.add(name)
            continue
        kept.append(extension_text(name, attributes, markup[position : closing.start()], texts))
        position = closing.end()
    kept.append(markup[position:])
    return COMMENT_LINES.sub("", "".join(kept)).replace(COMMENT, "")


def extension_text(name: str, attributes: str, content: str, texts: ProtectedTexts) -> str:
    """What a reader sees of one extension tag; all but a poem is protected from the later stages."""
    if name == "nowiki":
        return texts.protect(html.unescape(content))
    if name == "math":
        return formula(content, "$$" if DISPLAY.search(attributes) else "$", texts)
    if name in FORMULAS.split("|"):
        return formula(rf"\ce{{{content.strip()}}}", "$", texts)
    if name in CODE.split("|"):
        code = html.unescape(content) if name == "pre" else content
        return (
            texts.protect(code.strip()) if "inline" in attributes else f"\n\n{texts.protect(code.strip(chr(10)))}\n\n"
        )
    if name == "poem":
        lines = take_out_tags(content, texts).strip("\n")
        return f"\n\n{lines.replace(chr(10), LINE_BREAK)}\n\n"
    return DROPPED


def formula(tex: str, delimiter: str, texts: ProtectedTexts) -> str:
    return texts.protect(f"{delimiter}{' '.join(html.unescape(tex).split())}{delimiter}")
