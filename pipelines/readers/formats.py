"""Reader formats as declarations: which files of a source are read, and how."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from pipelines.declared import Declared
from pipelines.extract.template import check_template
from pipelines.readers.patterns import at_least_one

Template = Annotated[str, AfterValidator(check_template)]
RecordField = Literal["url", "language", "licence", "repository", "path"]


class Files(Declared):
    """Which files of a source are read. In a pattern ``**`` crosses folders, ``*`` stays within one.

    Streams are decompressed where a file's name ends in .gz, .bz2, .xz or .zst.
    """

    measures: ClassVar[tuple[str, ...]] = ()  # what reading measures of a record, by name

    include: Annotated[tuple[str, ...], AfterValidator(at_least_one)]
    exclude: tuple[str, ...] = ()


class Pages(Files):
    """How web pages become text.

    ``main_content`` drops what looks like navigation; ``skip_elements`` drops by CSS selector.
    """

    measures: ClassVar[tuple[str, ...]] = ("formulas_in_page", "formulas_in_text")

    main_content: bool = True
    skip_elements: tuple[str, ...] = ()


class HtmlReader(Pages):
    """Web pages, one document each.

    ``url_index`` is a JSON file of the source that maps a page's path (from the index's folder) to an object with its
    ``url``.
    """

    format: Literal["html"]
    url_index: str | None = None


class WarcReader(Pages):
    """WARC archives of web crawls, one document for each page that was served with status 200.

    Other media types and statuses, revisits, and records that are broken or cut are counted as dropped; requests,
    metadata and warcinfo are no documents.
    """

    format: Literal["warc"]


class WetReader(Files):
    """WET archives: the text that a crawler extracted, one document for each ``conversion`` record."""

    format: Literal["wet"]


class MediaWikiReader(Files):
    """MediaWiki XML dumps, one document for each article."""

    format: Literal["mediawiki"]


class StackExchangeReader(Files):
    """``Posts.xml`` of Stack Exchange dumps, one document for each question that has an answer.

    Of a question's answers the accepted one comes first, then the others in order of score, ``max_answers`` in all.
    ``question`` and ``answer`` are Jinja templates over ``title``, ``tags``, ``body`` (the question's text), ``score``,
    and ``answers``, each with ``body``, ``score`` and ``accepted``.
    """

    measures: ClassVar[tuple[str, ...]] = ("question_score", "answer_score")

    format: Literal["stack_exchange"]
    max_answers: int = Field(default=1, ge=1)
    question: Template = "{{ title }}\n\n{{ body }}{{ '\n\n' }}"
    answer: Template = "{{ answers | join('\n\n', attribute='body') }}"


class LatexReader(Files):
    r"""LaTeX projects, one document for each file with a ``\documentclass``.

    The files that it reads by ``\input`` and ``\include`` stand in its place in the text; as files they are counted as
    parts. So ``include`` names all ``.tex`` files.
    """

    format: Literal["latex"]


class SourceCodeReader(Files):
    """Source files as they are; their language is told by their names and, where these leave a choice, by their text.

    A file's licence is the one that its head names, or else that of the licence file in the nearest folder above it,
    or else the source's. The first ``repository_depth`` folders of a file's path name its repository; 0 where none do.
    """

    format: Literal["source_code"]
    repository_depth: int = Field(default=0, ge=0)


class DocstringsReader(Files):
    """Python files: one document for the module and its functions, and one for each class with its methods."""

    format: Literal["docstrings"]


class TextReader(Files):
    """Files of prose, as they are."""

    format: Literal["text"]


class Rows(Files):
    """Rows of named columns, one document each. The text is one of these three:

    - ``text``: the name of a column;
    - ``template``: a Jinja template over the columns;
    - ``question`` and ``answer``: two such templates; the answer follows the question at once, and is evaluated apart
      from it.

    ``columns`` says which columns give the document's ``url``, ``language``, ``licence`` and ``repository``, and its
    ``path``, which becomes part of the locator and tells a programming language where no column does.
    """

    text: str | None = None
    template: Template | None = None
    question: Template | None = None
    answer: Template | None = None
    columns: dict[RecordField, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def text_is_told_once(self) -> "Rows":
        if (self.question is None) != (self.answer is None):
            raise ValueError("question and answer need each other")
        if sum(told is not None for told in (self.text, self.template, self.question)) != 1:
            raise ValueError("one of text, template, or question with answer is needed")
        return self


class JsonLinesReader(Rows):
    """JSON Lines, one document for each line."""

    format: Literal["json_lines"]


class JsonReader(Rows):
    """JSON files that are one array, one document for each of its objects."""

    format: Literal["json"]


class CsvReader(Rows):
    """CSV files whose first line names the columns, one document for each row."""

    format: Literal["csv"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","


class ParquetReader(Rows):
    """Parquet files, one document for each row; only the columns that are needed are read."""

    format: Literal["parquet"]


class ArrowReader(Rows):
    """Arrow IPC files and streams, one document for each row."""

    format: Literal["arrow"]


class HuggingFaceReader(Rows):
    """The folder of a Hugging Face data set, as ``save_to_disk`` writes it or as the hub holds it.

    Each file is read by its name: Arrow, Parquet, JSON (lines or an array) or CSV. ``include`` chooses a split, such as
    ``["train/*.arrow"]`` or ``["data/train-*.parquet"]``; by default every data file is read.
    """

    format: Literal["hugging_face"]
    include: Annotated[tuple[str, ...], AfterValidator(at_least_one)] = (
        "**/data-*.arrow",
        "**/*.parquet",
        "**/*.jsonl*",
        "**/*.json*",
        "**/*.csv*",
    )
    exclude: tuple[str, ...] = (
        "**/dataset_dict.json",
        "**/dataset_info.json",
        "**/dataset_infos.json",
        "**/state.json",
    )


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
    | WarcReader
    | WetReader
    | MediaWikiReader
    | StackExchangeReader
    | LatexReader
    | SourceCodeReader
    | DocstringsReader
    | TextReader
    | JsonLinesReader
    | JsonReader
    | CsvReader
    | ParquetReader
    | ArrowReader
    | HuggingFaceReader
    | JsonOutlineReader
    | DialoguesReader,
    Field(discriminator="format"),
]
