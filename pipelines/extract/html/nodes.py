"""New nodes of a page's tree."""

from typing import cast

from resiliparse.parse.html import ElementNode, HTMLTree, TextNode


def new_element(tree: HTMLTree, name: str) -> ElementNode:
    return cast(ElementNode, tree.create_element(name))


def new_text(tree: HTMLTree, text: str) -> TextNode:
    return cast(TextNode, tree.create_text_node(text))
