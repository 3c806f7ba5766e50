"""Web pages to text, with Resiliparse: main text, formulas as TeX, code blocks as they are."""

from pipelines.extract.html.nesting import DeepNestingError, ManyAttributesError
from pipelines.extract.html.page import PageText, extract_page

__all__ = ["DeepNestingError", "ManyAttributesError", "PageText", "extract_page"]
