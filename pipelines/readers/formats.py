"""Reader formats as declarations: which files of a source are read, and how."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipelines.declared import Declared
from pipelines.extract.template import check_template
from pipelines.readers.patterns import at_least_one

Template = Annotated[str, AfterValidator(check_template)]


class Files(Declared):
    """Which files of a source are read. In a pattern ``**`` crosses folders, ``*`` stays within one."""

    include: Annotated[tuple[str, ...], AfterValidator(at_least_one)]
    exclude: tuple[str, ...] = ()


class HtmlReader(Files):
    """Web pages, one document each.

    ``main_content`` drops what looks like navigation; ``skip_elements`` drops by CSS selector; ``url_index`` is a JSON
    file of the source that maps a page's path (from the index's folder) to an object with its ``url``.
    """

    format: Literal["html"]
    main_content: bool = True
    skip_elements: tuple[str, ...] = ()
    url_index: str | None = None


class MediaWikiReader(Files):
    """MediaWiki XML dumps, one document for each article."""

    format: Literal["mediawiki"]


class SourceCodeReader(Files):
    """Source files as they are; the language is told by the file's name or is the name of its folder."""

    format: Literal["source_code"]
    language_from: Literal["file_name", "folder"] = "file_name"


class DocstringsReader(Files):
    """Python files: one document for the module and its functions, and one for each class with its methods."""

    format: Literal["docstrings"]


class TextReader(Files):
    """Files of prose, as they are."""

    format: Literal["text"]


class JsonLinesReader(Files):
    """JSON Lines, one document for each line, rendered by a Jinja template over the line's fields."""

    format: Literal["json_lines"]
    template: Template


class JsonOutlineReader(Files):
    """JSON files of nested sections, one article each; ``title`` is a Jinja template over the file's fields."""

    format: Literal["json_outline"]
    title: Template


class DialoguesReader(Files):
    """YAML files with a list of ``conversations``, one document each; ``template`` renders the ``turns`` of one."""

    format: Literal["dialogues"]
    template: Template


Reader = Annotated[
    HtmlReader
    | MediaWikiReader
    | SourceCodeReader
    | DocstringsReader
    | TextReader
    | JsonLinesReader
    | JsonOutlineReader
    | DialoguesReader,
    Field(discriminator="format"),
]
