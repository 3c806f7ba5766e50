"""MathML to TeX: what its author wrote where it says so, else presentation elements converted one by one."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from resiliparse.parse.html import ElementNode

from pipelines.extract.html.symbols import ACCENTS_ABOVE, ACCENTS_BELOW, FUNCTIONS, SIGNS, VARIANTS

DEEPEST = 60  # levels of elements; what is nested deeper is given as its characters
TEX_ANNOTATION = "annotation[encoding='application/x-tex'],annotation[encoding='TeX'],annotation[encoding='LaTeX']"
NO_OUTPUT = {"annotation", "annotation-xml", "mphantom", "mprescripts", "none"}
COMMAND_AT_END = re.compile(r"\\[A-Za-z]+$")
ONE_ATOM = re.compile(r"[^\\{}]|\\[A-Za-z]+|\\.")
# "MATHEMATICAL BOLD SMALL X" and its like, in the Unicode block Mathematical Alphanumeric Symbols
VARIANT_NAMES = {
    "BOLD ITALIC": "bold-italic",
    "BOLD": "bold",
    "DOUBLE-STRUCK": "double-struck",
    "SCRIPT": "script",
    "FRAKTUR": "fraktur",
    "SANS-SERIF": "sans-serif",
    "MONOSPACE": "monospace",
}


def math_to_tex(math: ElementNode) -> str:
    """The TeX of a ``math`` element, without delimiters: its TeX annotation, its ``alttext``, else converted."""
    annotation = math.query_selector(TEX_ANNOTATION)
    if annotation is not None:
        return str(annotation.text)
    return str(math.getattr("alttext") or "") or row(math, 0)


def row(node: ElementNode, depth: int) -> str:
    """The children of an element, one after the other."""
    return join(convert(child, depth + 1) for child in node.children.values())


def join(parts: Iterable[str]) -> str:
    r"""TeX put together: a space only where a command would run into a letter, as in ``\alpha x``."""
    tex = ""
    for part in parts:
        tex += f" {part}" if part[:1].isalpha() and COMMAND_AT_END.search(tex[-24:]) else part
    return tex


def convert(node: ElementNode, depth: int) -> str:
    """One element of presentation MathML as TeX."""
    name = str(node.tag)
    if name in NO_OUTPUT:
        return ""
    if depth > DEEPEST:
        return " ".join(str(node.text).split())
    children = node.children.values()
    match name, len(children):
        case "mi" | "mn" | "mo" | "mtext" | "ms" | "mspace", _:
            tex = token(name, node)
        case "mfrac", 2:
            tex = fraction(node, *converted(children, depth))
        case "msqrt", _:
            tex = rf"\sqrt{{{row(node, depth)}}}"
        case "mroot", 2:
            radicand, index = converted(children, depth)
            tex = rf"\sqrt[{index}]{{{radicand}}}"
        case "msub" | "msup" | "msubsup" | "munder" | "mover" | "munderover", 2 | 3:
            tex = scripts(name, children, converted(children, depth))
        case "mmultiscripts", _ if children:
            tex = multiscripts(children, converted(children, depth))
        case "mtable", _:
            tex = table(children, depth)
        case "mfenced", _:
            tex = fenced(node, converted(children, depth))
        case "semantics" | "maction", _ if children:
            tex = convert(children[0], depth + 1)
        case _:
            tex = row(node, depth)
    return tex


def converted(nodes: Sequence[ElementNode], depth: int) -> list[str]:
    return [convert(node, depth + 1) for node in nodes]


def token(name: str, node: ElementNode) -> str:
    """The TeX of an element that holds characters."""
    text = " ".join(str(node.text).split())
    match name:
        case "mtext" | "ms":
            return rf"\text{{{text}}}" if text else " "
        case "mspace":
            return " "
        case "mi" if text in FUNCTIONS:
            return rf"\{text}"
        case "mi" if len(text) > 1 and text.isascii() and text.isalpha():
            return rf"\mathrm{{{text}}}"
    command = VARIANTS.get(str(node.getattr("mathvariant") or ""))
    tex = join(character(sign) for sign in text)
    return rf"{command}{{{tex}}}" if command and tex else tex


def character(sign: str) -> str:
    r"""A character as TeX; those of the mathematical alphabets as letters in their alphabet: ``\mathbb{R}``."""
    if sign in SIGNS:
        return SIGNS[sign]
    plain = unicodedata.normalize("NFKC", sign)
    if plain == sign or len(plain) > 1 or not plain.isalnum():
        return sign
    name = unicodedata.name(sign)
    variant = next((variant for words, variant in VARIANT_NAMES.items() if words in name), None)
    letter = SIGNS.get(plain, plain)
    return rf"{VARIANTS[variant]}{{{letter}}}" if variant else letter


def fraction(node: ElementNode, numerator: str, denominator: str) -> str:
    if str(node.getattr("linethickness") or "").strip() in {"0", "0pt", "0px", "0em"}:
        return rf"{{{numerator} \atop {denominator}}}"
    return rf"\frac{{{numerator}}}{{{denominator}}}"


def scripts(name: str, nodes: Sequence[ElementNode], parts: Sequence[str]) -> str:
    """A base with what stands at, under or over it."""
    base, *rest = parts
    if name in {"munder", "mover"}:
        sign = str(nodes[1].text).strip()
        accent = (ACCENTS_ABOVE if name == "mover" else ACCENTS_BELOW).get(sign)
        if accent:
            return rf"{accent}{{{base}}}"
        if nodes[0].tag == "mi" and base.lstrip("\\") not in FUNCTIONS:
            return rf"\{'over' if name == 'mover' else 'under'}set{{{rest[0]}}}{{{base}}}"
    below = rest[0] if name not in {"msup", "mover"} else ""
    above = rest[-1] if name not in {"msub", "munder"} else ""
    if nodes[0].tag not in {"mi", "mn", "mo"}:
        base = group(base)
    return base + script("_", below) + script("^", above)


def script(mark: str, tex: str) -> str:
    """A subscript or a superscript; primes need no mark."""
    if not tex.strip():
        return ""
    return tex if mark == "^" and not tex.strip("'") else mark + group(tex)


def group(tex: str) -> str:
    return tex if ONE_ATOM.fullmatch(tex) else f"{{{tex}}}"


def multiscripts(nodes: Sequence[ElementNode], parts: Sequence[str]) -> str:
    """A base with pairs of scripts after it and, from ``mprescripts`` on, before it."""
    names = [str(node.tag) for node in nodes]
    middle = names.index("mprescripts") if "mprescripts" in names else len(parts)
    before, after = pairs(parts[middle + 1 :]), pairs(parts[1:middle])
    return ("{}" + before if before else "") + parts[0] + after


def pairs(parts: Sequence[str]) -> str:
    return "".join(
        script("_", below) + script("^", above) for below, above in zip(parts[::2], parts[1::2], strict=False)
    )


def table(rows: Sequence[ElementNode], depth: int) -> str:
    lines = [" & ".join(row(cell, depth + 2) for cell in cells.children.values()) for cells in rows]
    return r"\begin{matrix} " + r" \\ ".join(lines) + r" \end{matrix}"


def fenced(node: ElementNode, parts: Sequence[str]) -> str:
    opening, closing = (node.getattr(name) for name in ("open", "close"))
    separators = "".join(str("," if node.getattr("separators") is None else node.getattr("separators")).split())
    inner = ""
    for number, part in enumerate(parts):
        inner += (separators[min(number, len(separators)) - 1] if number and separators else "") + part
    return fence(opening, "(") + inner + fence(closing, ")")


def fence(sign: str | None, default: str) -> str:
    return join(character(part) for part in (default if sign is None else sign).strip())
