"""The main text of a page: Resiliparse's rules for what is boilerplate, inside the element that holds the page's prose.

Resiliparse judges elements by their names, and so keeps whatever is named like nothing. The prose tells more: most of a
page's paragraphs stand in one element, and what stands outside of it is seldom part of the text.
"""

import re
from collections import Counter

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree

from pipelines.extract.html.nodes import new_element

SHORTEST_PARAGRAPH = 40  # characters; shorter ones are labels
LEAST_PROSE = 200  # characters in paragraphs that make a page one of prose
SHARE_OF_PROSE = 0.65  # of the characters in paragraphs that the chosen element holds at least
SHARE_OF_TEXT = 0.4  # of the characters of Resiliparse's text that remain at least; else the prose is not the text
LEAST_DEPTH = 4  # below the body; Resiliparse takes lists and footers nearer to it for those of the site
SHARE_OF_LINKS = 0.7  # of a block's characters that make it a pointer to another page
TAIL_LINES = 3  # at the end of a text that may be labels
LABEL_CHARACTERS = 60

APART = (
    "aside,nav,footer,.comments,.comments-area,#comments,#respond,.comment-respond,.comment-form,#commentform,"
    ".commentlist,.comment-list,.comment-body,#disqus_thread"
)
ELSEWHERE = "a:not([href^='#'])"
LINKS = ",".join(
    [
        *(f"{block}>{ELSEWHERE}" for block in ("p", "p>strong", "p>b", "p>em")),
        *(f"{block}>{ELSEWHERE}:only-child" for block in ("li", "h2", "h3", "h4")),
    ]
)
SENTENCE_END = re.compile(r"[.!?。！？…”\"’»)\]:;$]$")
LIST_ITEM = re.compile(r"•|\d")


def main_text(tree: HTMLTree, skip_elements: list[str], *, trim: bool) -> str:
    """The main text of a page; the tree is taken apart on the way.

    Args:
        tree: the page.
        skip_elements: CSS selectors of elements that are left out.
        trim: whether short lines at the end that are no sentences go. They may be a program's.
    """
    text = prose_or_all(tree, tree.body, skip_elements) if tree.body else ""
    return without_labels_at_end(text) if trim else text


def prose_or_all(tree: HTMLTree, body: ElementNode, skip_elements: list[str]) -> str:
    """The text around a page's prose, where that is most of its text."""
    for part in body.query_selector_all(APART).values():
        part.remove()
    prose = prose_of_parents(body)
    element = element_of_prose(prose, body) if prose.total() >= LEAST_PROSE else None
    if element is None:
        return boilerplate_removed(tree, skip_elements)
    is_clear = prose.total() >= SHARE_OF_TEXT * len("".join(str(body.text).split()))
    everything = "" if is_clear else boilerplate_removed(tree, skip_elements)
    remove_pointers(element)
    isolate(tree, body, element)
    text = boilerplate_removed(tree, skip_elements)
    return text if len(text) >= SHARE_OF_TEXT * len(everything) else everything


def boilerplate_removed(tree: HTMLTree, skip_elements: list[str]) -> str:
    return str(
        extract_plain_text(
            tree,
            preserve_formatting=True,
            main_content=True,
            alt_texts=False,
            comments=False,
            post_meta=False,
            skip_elements=skip_elements,
        )
    )


def prose_of_parents(body: ElementNode) -> Counter[ElementNode]:
    """How many characters of prose stand in the paragraphs right below each element."""
    prose: Counter[ElementNode] = Counter()
    for paragraph in body.query_selector_all("p").values():
        num_characters, parent = prose_characters(paragraph), paragraph.parent_element
        if num_characters and parent is not None:
            prose[parent] += num_characters
    return prose


def element_of_prose(prose: Counter[ElementNode], body: ElementNode) -> ElementNode | None:
    """The smallest element around the fullest parent that holds most of the prose; None where only the body does."""
    element: ElementNode | None = max(prose, key=prose.__getitem__)  # of equals the first
    while element is not None and element != body:
        held = sum(prose_characters(paragraph) for paragraph in element.query_selector_all("p").values())
        if held >= SHARE_OF_PROSE * prose.total():
            return element
        element = element.parent_element
    return None


def prose_characters(paragraph: ElementNode) -> int:
    num_characters = len(str(paragraph.text).strip())
    return num_characters if num_characters >= SHORTEST_PARAGRAPH else 0


def remove_pointers(element: ElementNode) -> None:
    """Remove the paragraphs, list items and headings that are little more than links to other pages."""
    linked: Counter[ElementNode] = Counter()
    for link in element.query_selector_all(LINKS).values():
        block = link.parent_element
        if block is not None:
            linked[block] += len(str(link.text).strip())
    for block, num_characters in linked.items():
        if num_characters and num_characters >= SHARE_OF_LINKS * len(str(block.text).strip()):
            block.remove()


def isolate(tree: HTMLTree, body: ElementNode, element: ElementNode) -> None:
    """Leave the body nothing but one element, inside what it was inside of, and that without its attributes: its name
    says nothing about what it holds now.
    """
    depth, inner = 0, element
    while inner != body:
        outer = inner.parent_element
        assert outer is not None, "the element is inside the body"
        for child in outer.child_nodes.values():
            if child != inner:
                outer.remove_child(child)
        for name in outer.attribute_names:
            outer.remove_attribute(name)
        depth, inner = depth + 1, outer
    if depth < LEAST_DEPTH:
        wrap(tree, element)


def wrap(tree: HTMLTree, element: ElementNode) -> None:
    """Put an element into a few others; done where it must be, as each node of it has to be moved."""
    wrapper = new_element(tree, "div")
    element.replace_with(wrapper)
    for _ in range(LEAST_DEPTH):
        inner = new_element(tree, "div")
        wrapper.append_child(inner)
        wrapper = inner
    wrapper.append_child(element)


def without_labels_at_end(text: str) -> str:
    """A text without the last lines that are short and end no sentence: "Share this", "Read more", a date."""
    lines = text.rstrip().split("\n")
    for _ in range(TAIL_LINES):
        line = lines[-1].strip()
        if len(line) >= LABEL_CHARACTERS or SENTENCE_END.search(line) or LIST_ITEM.match(line):
            break
        lines.pop()
        while lines and not lines[-1].strip():
            lines.pop()
        if not lines:
            return text
    return "\n".join(lines)
