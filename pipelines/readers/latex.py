r"""LaTeX projects: one record for each main file, with those that it reads by ``\input`` and its like."""

import posixpath
import re
from collections.abc import Callable, Iterator

from pipelines.extract.latex import latex_to_text
from pipelines.extract.latex_source import without_comments
from pipelines.readers.records import BrokenFileError, Record, decode
from pipelines.readers.source_file import MOST_BYTES, SourceFile, TooLargeError

MAIN = re.compile(rb"^[^%\n]*\\document(?:class|style)\b", re.MULTILINE)
INPUT = re.compile(r"\\(?:input|include|subfile)\s*(?:\{\s*([^{}]+?)\s*\}|([^\s{}\\]+))")
BODY = re.compile(r"\\begin\{document\}(.*?)\\end\{document\}", re.DOTALL)
ENCODING = re.compile(rb"\\usepackage\[(latin1|ansinew|cp1252)\]\{inputenc\}")


def read_latex(file: SourceFile, find: Callable[[str], SourceFile | None]) -> Iterator[Record]:
    """A record for a main file; a file without a ``documentclass`` is part of another, which is counted as dropped.

    Raises:
        BrokenFileError: the file is not a main file, or cannot be read.
        TooLargeError: it is longer than a document can be, alone or with the files that it reads.
    """
    data = file.read()
    if MAIN.search(data) is None:
        raise BrokenFileError("not_a_main_file", "it has no documentclass", data)
    project = Project(posixpath.dirname(file.path), find)
    code = project.resolved(plain(data), (file.path,))
    try:
        text = latex_to_text(code)
    except RecursionError as error:
        raise BrokenFileError("unreadable_markup", "nested too deep", data) from error
    yield Record(file.path, text, len(data))


def plain(data: bytes) -> str:
    """A file's LaTeX without comments, in the encoding that it declares if it is not UTF-8."""
    code = data.decode("cp1252", "replace") if ENCODING.search(data) and not is_utf8(data) else decode(data)
    return without_comments(code.replace("\r\n", "\n").replace("\r", "\n"))


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class Project:
    """The files around a main file.

    Args:
        folder: where the main file lies; paths start there.
        find: gives a file of the source by its path.
    """

    def __init__(self, folder: str, find: Callable[[str], SourceFile | None]) -> None:
        self.folder = folder
        self.find = find
        self.num_characters = 0

    def resolved(self, code: str, inside: tuple[str, ...]) -> str:
        """A file's LaTeX with those that it reads in their place; one that is missing or open leaves nothing.

        Args:
            code: the file's LaTeX.
            inside: the paths of the files that are open, the innermost last.
        """
        self.num_characters += len(code)
        if self.num_characters > MOST_BYTES:
            raise TooLargeError(f"more than {MOST_BYTES:,} characters with the files that it reads")

        def content(match: re.Match[str]) -> str:
            file = self.file(match[1] or match[2])
            if file is None or file.path in inside:
                return ""
            part = plain(file.read())
            body = BODY.search(part)
            return self.resolved(body[1] if body else part, (*inside, file.path))

        return INPUT.sub(content, code)

    def file(self, name: str) -> SourceFile | None:
        """The file that a name stands for, with or without its ``.tex``; None outside of the project."""
        path = posixpath.normpath(posixpath.join(self.folder, name))
        if not path.startswith(f"{self.folder}/" if self.folder else "") or path.startswith(".."):
            return None
        return self.find(f"{path}.tex") or (self.find(path) if path.endswith(".tex") else None)
