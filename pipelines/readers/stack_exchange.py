"""Stack Exchange dumps: one record for each question, with its answers.

``Posts.xml`` has a line for each post, in no order by question. A first reading puts the answers into a table on disk;
a second takes each question's out of it. What is left at the end answers no question of the file.
"""

import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree.ElementTree import ParseError, fromstring

from pipelines.extract.template import render
from pipelines.readers.formats import StackExchangeReader
from pipelines.readers.lines import LineTooLongError, numbered_lines
from pipelines.readers.pages import PAGE_ERRORS, fragment_text, reason_of
from pipelines.readers.records import Record, rejected, unreadable
from pipelines.readers.rows import MISMATCH
from pipelines.readers.source_file import SourceFile
from pipelines.rejection import Rejection

QUESTION, ANSWER = 1, 2  # kinds of post
CACHE_KIB = 64 << 10
TAG = re.compile(r"[^<>|]+")


class Post(NamedTuple):
    """A post; ``parent`` is an answer's question, ``body`` is HTML, ``tags`` are ``<a><b>`` or ``|a|b|``."""

    number: int
    kind: int
    parent: int
    accepted: int
    score: int
    licence: str
    title: str
    tags: str
    body: str


def read_stack_exchange(file: SourceFile, reader: StackExchangeReader) -> Iterator[Record]:
    """A record for each question; other posts, and answers that were not chosen, are records that were dropped."""
    with tempfile.TemporaryDirectory() as folder, closing(answers_table(Path(folder), file)) as table:
        for post in read_posts(file):
            if isinstance(post, Record):
                yield post
            elif post.kind == QUESTION:
                answers = take_answers(table, post)
                yield question_record(file.path, post, answers[: reader.max_answers], reader)
                for answer in answers[reader.max_answers :]:
                    yield dropped(file.path, answer, "answer_not_chosen", f"of question {post.number}")
            elif post.kind != ANSWER:
                yield dropped(file.path, post, "not_a_question", f"post type {post.kind}")
        for row in table.execute("SELECT * FROM answers ORDER BY number"):
            answer = Post(*row)
            yield dropped(file.path, answer, "answer_without_question", f"of question {answer.parent}")


def read_posts(file: SourceFile) -> Iterator[Post | Record]:
    """The posts of a file; in place of one that cannot be read, a rejected record."""
    for number, line in numbered_lines(file):
        locator = f"{file.path}#line {number}"
        if isinstance(line, LineTooLongError):
            yield rejected(locator, line.excerpt, line.num_bytes, "line_too_long", line)
        elif line.lstrip().startswith(b"<row"):
            try:
                yield parse_post(line)
            except (ParseError, KeyError, ValueError) as error:
                yield unreadable(locator, line, "invalid_post", error)


def parse_post(line: bytes) -> Post:
    """The post of a line; raises ParseError, KeyError or ValueError where it is none."""
    row = fromstring(line).attrib
    return Post(
        number=integer(row["Id"]),
        kind=integer(row["PostTypeId"]),
        parent=integer(row.get("ParentId", "0")),
        accepted=integer(row.get("AcceptedAnswerId", "0")),
        score=integer(row.get("Score", "0")),
        licence=row.get("ContentLicense", ""),
        title=row.get("Title", ""),
        tags=row.get("Tags", ""),
        body=row.get("Body", ""),
    )


def integer(text: str) -> int:
    """A number that the table of answers can hold; raises ValueError for others."""
    number = int(text)
    if number.bit_length() > 63:
        raise ValueError(f"{number} is no number of a post")
    return number


def answers_table(folder: Path, file: SourceFile) -> sqlite3.Connection:
    """A database on disk with the answers of a file, to be found by their question."""
    connection = sqlite3.connect(folder / "answers.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"CREATE TABLE answers ({', '.join(Post._fields)})")
    connection.execute("BEGIN")
    answers = (post for post in read_posts(file) if isinstance(post, Post) and post.kind == ANSWER)
    connection.executemany(f"INSERT INTO answers VALUES ({', '.join('?' * len(Post._fields))})", answers)
    connection.execute("CREATE INDEX by_question ON answers (parent)")
    connection.execute("COMMIT")
    return connection


def take_answers(table: sqlite3.Connection, question: Post) -> list[Post]:
    """A question's answers, the accepted one first, then by score; they leave the table."""
    rows = table.execute("DELETE FROM answers WHERE parent = ? RETURNING *", (question.number,))
    answers = [Post(*row) for row in rows]
    return sorted(answers, key=lambda post: (post.number != question.accepted, -post.score, post.number))


def question_record(path: str, question: Post, answers: Sequence[Post], reader: StackExchangeReader) -> Record:
    if not answers:
        return dropped(path, question, "unanswered", "no answer in the file")
    try:
        fields = {
            "title": question.title,
            "tags": TAG.findall(question.tags),
            "body": fragment_text(question.body),
            "score": question.score,
            "answers": [
                {"body": fragment_text(post.body), "score": post.score, "accepted": post.number == question.accepted}
                for post in answers
            ],
        }
        text, answer = render(reader.question, fields), render(reader.answer, fields)
    except PAGE_ERRORS as error:
        return dropped(path, question, reason_of(error), str(error))
    except MISMATCH as error:
        return dropped(path, question, "template_mismatch", str(error))
    return Record(
        f"{path}#{question.number}",
        text,
        sum(len(post.body.encode()) for post in (question, *answers)),
        url=url_of(path, question),
        licence=licence_of([question, *answers]),
        answer=answer,
        measures={"question_score": question.score, "answer_score": answers[0].score},
    )


def url_of(path: str, post: Post) -> str | None:
    """The address of a post, where the folder of the dump is named after its site."""
    site = PurePosixPath(path).parent.name
    return f"https://{site}/q/{post.number}" if "." in site else None


def licence_of(posts: Sequence[Post]) -> str | None:
    """The licence of posts that are joined, in SPDX: the dump writes ``CC BY-SA 4.0``."""
    licences = {post.licence.replace(" ", "-") for post in posts if post.licence}
    return " AND ".join(sorted(licences)) or None


def dropped(path: str, post: Post, reason: str, detail: str) -> Record:
    text = f"{post.title}\n\n{post.body}" if post.title else post.body
    return Record(
        f"{path}#{post.number}", text, len(text.encode()), url_of(path, post), rejection=Rejection(reason, detail)
    )
