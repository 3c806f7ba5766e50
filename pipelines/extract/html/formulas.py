r"""Formulas of a page as TeX in its text: ``$…$`` in a line, ``$$…$$`` displayed, whatever the page shows them with.

Each formula that is put into the tree as text stands between two marks, noncharacters that no text may hold, so that
those that come through extraction can be counted. TeX between delimiters in the page's own text stays as it is written.
"""

import re

from resiliparse.parse.html import ElementNode, HTMLTree

from pipelines.extract.html.mathml import TEX_ANNOTATION, math_to_tex
from pipelines.extract.html.nodes import new_text

START, END = "\ufdd0", "\ufdd1"
MARKED = re.compile(f"{START}[^{END}]*{END}")
RENDERER = "script[src*='mathjax' i],script[src*='katex' i]"

KATEX = ".katex,.katex-display"
MATHJAX_SCRIPT = "script[type^='math/tex']"
MATHJAX_RENDERED = (
    ".MathJax_Preview,.MathJax_Display,span.MathJax,.MathJax_SVG_Display,.MathJax_SVG,.MathJax_CHTML,.mjx-chtml,"
    ".MJX_Assistive_MathML"
)
MATHJAX_SOURCE = "[data-mathml]"
MATHJAX_CONTAINER = "mjx-container"
WIKIPEDIA = ".mwe-math-element"
ATTRIBUTE_TEX = "[data-tex]"
IMAGE = "img.latex,img.tex,img[class*='mwe-math'],img[eeimg],img[src*='latex.']"

LINE_COMMENT = re.compile(r"(?<!\\)%[ \t]*\n\s*")
DISPLAYSTYLE = re.compile(r"\{\\(?:displaystyle|textstyle)\s(.*)\}", re.DOTALL)
DELIMITERS = (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"), ("$", "$"))
ENVIRONMENTS = r"(?:equation|align|alignat|gather|multline|eqnarray|displaymath|math)\*?"
DELIMITED = re.compile(
    r"\$\$(?:[^$\\]|\\.)++\$\$"
    r"|\\\((?:[^\\]|\\[^()])++\\\)"
    r"|\\\[(?:[^\\]|\\[^\[\]])++\\\]"
    rf"|\\begin\{{({ENVIRONMENTS})\}}(?:[^\\]|\\(?!(?:begin|end)\{{{ENVIRONMENTS}\}}))++\\end\{{\1\}}"
    r"|(?<![\\$\w])\$(?![\s$])(?:[^$\\\n]|\\.){1,300}+(?<!\s)\$(?![\w$])",
    re.DOTALL,
)


def has_formulas(tree: HTMLTree) -> bool:
    """Whether a page shows formulas, or loads a program that typesets those in its text; most pages do not."""
    return tree.document is not None and tree.document.query_selector(FORMULAS) is not None


def replace_formulas(tree: HTMLTree) -> int:
    """Put the TeX of each formula of a page in its place, marked, and return how many formulas it has.

    What a formula was rendered to is removed. A rendered formula that has no source in the page is counted, and stays
    as it is.
    """
    body = tree.body
    if body is None:
        return 0
    num_formulas = 0
    for selector, replace in KINDS:
        nodes = [node for node in body.query_selector_all(selector).values() if not inside_another(node, selector)]
        num_formulas += len(nodes)
        for node in nodes:
            replace(tree, node)
        if selector == MATHJAX_SCRIPT and nodes:
            for rendered in body.query_selector_all(MATHJAX_RENDERED).values():
                rendered.remove()
    return num_formulas


def inside_another(node: ElementNode, selector: str) -> bool:
    """Whether an element is a part of a larger one that the same selector finds."""
    parent = node.parent_element
    return parent is not None and parent.closest(selector) is not None


def count_marked(text: str) -> int:
    """How many of the formulas that ``replace_formulas`` put into a page came through to a text."""
    return text.count(START)


def count_delimited(text: str) -> int:
    """How many other formulas stand between TeX's delimiters in a text; prices are none."""
    if "$" not in text and "\\" not in text:
        return 0
    return sum(1 for _ in DELIMITED.finditer(MARKED.sub(" ", text)))


def without_marks(text: str) -> str:
    return text.replace(START, "").replace(END, "")


def write(tree: HTMLTree, node: ElementNode, tex: str, *, display: bool) -> None:
    """Put TeX in the place of an element; an element without a source stays."""
    tex = plain_tex(tex)
    if tex:
        delimiter = "$$" if display else "$"
        node.replace_with(new_text(tree, f"{START}{delimiter}{tex}{delimiter}{END}"))


def plain_tex(tex: str) -> str:
    """TeX on one line, without delimiters, and without the style that Wikipedia wraps around every formula."""
    tex = " ".join(LINE_COMMENT.sub("", without_marks(tex)).split())
    for opening, closing in DELIMITERS:
        if tex.startswith(opening) and tex.endswith(closing) and len(tex) > len(opening) + len(closing):
            tex = tex[len(opening) : -len(closing)].strip()
    styled = DISPLAYSTYLE.fullmatch(tex)
    return styled.group(1).strip() if styled else tex


def is_display(math: ElementNode) -> bool:
    return math.getattr("display") == "block" or math.getattr("mode") == "display"


def replace_katex(tree: HTMLTree, node: ElementNode) -> None:
    annotation = node.query_selector(TEX_ANNOTATION)
    if annotation is not None:
        write(tree, node, str(annotation.text), display=node.class_list.contains("katex-display"))


def replace_script(tree: HTMLTree, node: ElementNode) -> None:
    write(tree, node, str(node.text), display="mode=display" in str(node.getattr("type")))


def replace_source(tree: HTMLTree, node: ElementNode) -> None:
    """MathJax 2 keeps the MathML that it rendered in an attribute of the result."""
    body = HTMLTree.parse(str(node.getattr("data-mathml"))).body
    source = None if body is None else body.query_selector("math")
    if source is not None:
        for assistive in node.query_selector_all(".MJX_Assistive_MathML").values():
            assistive.remove()
        write(tree, node, math_to_tex(source), display=is_display(source))


def replace_container(tree: HTMLTree, node: ElementNode) -> None:
    """MathJax 3 and MediaWiki: MathML beside what is shown, or an image with the TeX as its text."""
    math = node.query_selector("math")
    if math is not None:
        write(tree, node, math_to_tex(math), display=is_display(math) or node.getattr("display") == "true")
        return
    image = node.query_selector("img[alt]")
    if image is not None:
        write(tree, node, str(image.getattr("alt")), display=False)


def replace_math(tree: HTMLTree, node: ElementNode) -> None:
    write(tree, node, math_to_tex(node), display=is_display(node))


def replace_attribute(tree: HTMLTree, node: ElementNode) -> None:
    write(tree, node, str(node.getattr("data-tex")), display=False)


def replace_image(tree: HTMLTree, node: ElementNode) -> None:
    display = node.class_list.contains("mwe-math-fallback-image-display")
    write(tree, node, str(node.getattr("alt") or ""), display=display)


KINDS = (
    (KATEX, replace_katex),
    (MATHJAX_SCRIPT, replace_script),
    (MATHJAX_SOURCE, replace_source),
    (MATHJAX_CONTAINER, replace_container),
    (WIKIPEDIA, replace_container),
    ("math", replace_math),
    (ATTRIBUTE_TEX, replace_attribute),
    (IMAGE, replace_image),
)
FORMULAS = ",".join([RENDERER, *(selector for selector, _ in KINDS)])
