"""Code blocks as plain preformatted text: their lines, without the numbers and colours of highlighters."""

from resiliparse.parse.html import ElementNode, HTMLTree

from pipelines.extract.html.nodes import new_element, new_text

LINE_NUMBERS = (
    "td.linenos,td.gutter,td.rouge-gutter,td.blob-num,td.hljs-ln-numbers,td.lineNumbers,td.crayon-nums,td.line-number,"
    ".linenodiv,.line-numbers-rows,.crayon-nums-content,pre .lineno,pre .linenos,pre .hljs-ln-n,pre .ln"
)
LINES_IN_CELLS = "table:has(td.blob-code),table.hljs-ln,.syntaxhighlighter table,table.js-file-line-container"
LINES_OF_A_TABLE = "td.blob-code,td.hljs-ln-code,td.code .line,td.js-file-line"
CODE = f"pre,{LINES_IN_CELLS}"
BLOCKS = ("div", "li", "p", "tr")


def flatten_code_blocks(tree: HTMLTree) -> bool:
    """Make each code block of a page a ``pre`` of text alone, a line for each of its lines.

    False where a page has none.
    """
    body = tree.body
    if body is None or body.query_selector(CODE) is None:
        return False
    for numbers in body.query_selector_all(LINE_NUMBERS).values():
        numbers.remove()
    for table in body.query_selector_all(LINES_IN_CELLS).values():
        lines = [str(line.text).strip("\n") for line in table.query_selector_all(LINES_OF_A_TABLE).values()]
        if lines:
            block = new_element(tree, "pre")
            block.text = "\n".join(lines)
            table.replace_with(block)
    for block in body.query_selector_all("pre").values():
        flatten(tree, block)
    return True


def flatten(tree: HTMLTree, block: ElementNode) -> None:
    """Leave a block nothing but its text; what the page shows on a line of its own ends in a line break."""
    if block.first_element_child is None:
        return
    for line_break in block.query_selector_all("br").values():
        line_break.replace_with(new_text(tree, "\n"))
    for line in block.query_selector_all(",".join(BLOCKS)).values():
        if line.next_sibling is not None and not str(line.text).endswith("\n"):
            line.append_child(new_text(tree, "\n"))
    block.text = str(block.text)
