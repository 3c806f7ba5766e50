"""Web pages to text, with Resiliparse: main text, formulas as TeX, code blocks as they are."""

from pipelines.extract.html.nesting import DeepNestingError
from pipelines.extract.html.page import PageText, extract_page

__all__ = ["DeepNestingError", "PageText", "extract_page"]
