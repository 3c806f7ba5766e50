"""The last change of a text: normalised, masked, and named by its content."""

from typing import Any

from datatrove.data import Document

from pipelines.digests import document_id
from pipelines.process.seal import SealText


def sealed(text: str, *, kinds: tuple[Any, ...] = (), answer: str | None = None, num_raw_bytes: int = 7) -> Document:
    metadata = {"answer": answer, "rejection": None, "num_bytes": num_raw_bytes}
    (document,) = SealText(kinds).run([Document(text=text, id="", metadata=metadata)])
    return document


def test_text_is_normalised_to_what_utf8_can_hold_and_named_by_it() -> None:
    document = sealed("\n\r\n  a\r\nb\rc\0d \ud800 \n\n")
    assert document.text == "  a\nb\ncd \N{REPLACEMENT CHARACTER}"
    assert document.id == document_id(document.text)
    assert document.metadata["num_bytes"] == len(document.text.encode())
    assert document.metadata["answer_start"] is None


def test_what_is_left_without_text_is_rejected_and_its_raw_bytes_count() -> None:
    document = sealed(" \r\n\0")
    assert document.metadata["rejection"].reason == "empty"
    assert document.metadata["num_bytes"] == 7


def test_the_answer_begins_where_the_document_says_in_bytes_after_masking() -> None:
    document = sealed("Fräge an ann@wire.org:\n", kinds=("email",), answer="\nJa, bob@wire.org. \n")
    start = document.metadata["answer_start"]
    question, answer = document.text.encode()[:start].decode(), document.text.encode()[start:].decode()
    assert question.startswith("Fräge an user-")
    assert question.endswith("@example.com:\n")
    assert answer.startswith("Ja, user-")
    assert "wire.org" not in document.text
    assert document.id == document_id(document.text)


def test_what_could_not_be_read_keeps_its_excerpt_and_its_size() -> None:
    metadata = {"answer": None, "rejection": "broken", "num_bytes": 900}
    (document,) = SealText(("email",)).run([Document(text="ann@wire.org", id="", metadata=metadata)])
    assert (document.text, document.metadata["num_bytes"]) == ("ann@wire.org", 900)
    assert not document.metadata["sealed"]
