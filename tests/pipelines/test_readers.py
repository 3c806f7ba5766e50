"""Files with one record each, or a few: what is read, and what a broken file costs."""

import gzip
import typing

import pytest
from reading import ALL, read, reasons

from pipelines.errors import PhaselineError
from pipelines.readers import dialogues, pages, source_file
from pipelines.readers.formats import (
    DialoguesReader,
    DocstringsReader,
    HtmlReader,
    JsonOutlineReader,
    LatexReader,
    Reader,
    SourceCodeReader,
    TextReader,
)
from pipelines.readers.read import WITH_OPTIONS, WITHOUT_OPTIONS, record_reader
from pipelines.readers.source_file import SourceFile

TEXT = TextReader(format="text", include=ALL)
HTML = HtmlReader(format="html", include=ALL, main_content=False)


def test_every_format_has_its_function() -> None:
    formats = set(typing.get_args(typing.get_args(Reader)[0]))
    assert formats == {*WITH_OPTIONS, *WITHOUT_OPTIONS, HtmlReader, LatexReader, SourceCodeReader}


def test_invalid_utf8_is_counted_with_its_bytes() -> None:
    (record,) = read(TEXT, "a.rst", b"caf\xe9 au lait")
    assert reasons([record]) == ["invalid_utf8"]
    assert record.num_raw_bytes == 12
    assert record.text == "caf\N{REPLACEMENT CHARACTER} au lait"


def test_a_file_that_cannot_be_read_is_counted_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = gzip.compress(b"text " * 1000)[:-10]
    (record,) = read(TEXT, "a.txt.gz", cut)
    assert reasons([record]) == ["unreadable_file"]
    assert record.num_raw_bytes == len(cut)
    monkeypatch.setattr(source_file, "MOST_BYTES", 10)
    assert reasons(read(TEXT, "a.txt", b"x" * 10)) == [None]
    assert reasons(read(TEXT, "a.txt", b"x" * 11)) == ["too_large"]


def test_a_file_out_of_reach_is_no_broken_file() -> None:
    def fail() -> typing.BinaryIO:
        raise ConnectionResetError("the store is gone")

    with pytest.raises(ConnectionResetError):
        list(record_reader(TEXT, lambda _: None, lambda _: [])(SourceFile("a.txt", 4, fail)))


def test_source_code_has_its_language_licence_and_repository() -> None:
    reader = SourceCodeReader(format="source_code", include=ALL, repository_depth=2)
    licence = {"who/what/LICENSE": b"SPDX-License-Identifier: MIT"}
    (plain,) = read(reader, "who/what/lib/area.py", b"x = 1", licence)
    assert (plain.language, plain.licence, plain.repository) == ("python", "MIT", "who/what")
    (tagged,) = read(reader, "who/what/area.c", b"// SPDX-License-Identifier: Apache-2.0\nint x;", licence)
    assert (tagged.language, tagged.licence) == ("c", "Apache-2.0")
    (elsewhere,) = read(reader, "who/else/run", b"#!/usr/bin/env node\n", licence)
    assert (elsewhere.language, elsewhere.licence) == ("javascript", None)


def test_a_file_with_nul_bytes_is_no_source_code() -> None:
    reader = SourceCodeReader(format="source_code", include=ALL)
    assert reasons(read(reader, "a.py", b"x = 1\0")) == ["binary"]
    assert reasons(read(reader, "a.py", "x = 'é'".encode("latin-1"))) == ["invalid_utf8"]


def test_docstrings_are_records_and_a_file_without_any_is_counted() -> None:
    reader = DocstringsReader(format="docstrings", include=ALL)
    code = b'"""Module."""\nclass A:\n    """Class."""\nclass A:\n    """Again."""\n'
    assert [(record.locator, record.text) for record in read(reader, "m.py", code)] == [
        ("m.py", "Module."),
        ("m.py#A", "class A\n\nClass."),
        ("m.py#A.2", "class A\n\nAgain."),
    ]
    assert [record.text for record in read(reader, "m.py", b"x = 1")] == [""]
    assert reasons(read(reader, "m.py", b"def broken(:")) == ["invalid_python"]
    assert reasons(read(reader, "m.py", b"\xff")) == ["invalid_utf8"]


def test_pages_take_their_address_from_the_index() -> None:
    reader = HTML.model_copy(update={"url_index": "data/index.json"})
    page, index = b"<p>One.</p>", b'{"html/1.html": {"url": "http://one.org/"}}'
    (record,) = read(reader, "data/html/1.html", page, {"data/index.json": index})
    assert (record.text, record.url) == ("One.", "http://one.org/")
    with pytest.raises(PhaselineError, match="is no index of addresses"):
        read(reader, "data/html/1.html", page, {"data/index.json": b"<p>"})
    with pytest.raises(PhaselineError, match=r"has no file data/index\.json"):
        read(reader, "data/html/1.html", page)


def test_a_page_gives_its_own_address_and_measures() -> None:
    (record,) = read(HTML, "1.html", b"<link rel=canonical href='http://a.org/1'><p>So $x^2$ is.</p>")
    assert record.url == "http://a.org/1"
    assert record.measures["formulas_in_text"] == 1


def test_a_page_nested_without_end_is_refused() -> None:
    assert reasons(read(HTML, "1.html", b"<div>" * 100_000)) == ["deep_nesting"]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ("<p {attributes}>x", "many_attributes"),
        ("<a-b ='{attributes}>x", "many_attributes"),  # the quote is part of a name
        ("<p {quoted}>x", "many_attributes"),
        ("{bodies}x", "many_attributes"),  # all of them are attributes of one element
        ("<p title='{attributes}'>x", None),
        ('<p title = "{attributes}" class=a>x', None),
        ("{paragraphs}x", None),
    ],
)
def test_an_element_with_attributes_without_end_is_refused(tags: str, reason: str | None) -> None:
    numbers = range(20_000)
    page = tags.format(
        attributes=" ".join(f"a{number}=b" for number in numbers),
        quoted="".join(f'a{number}="b"' for number in numbers),
        bodies="".join(f"<body a{number}>" for number in numbers),
        paragraphs="".join(f"<p a{number}>" for number in numbers),
    )
    assert reasons(read(HTML, "1.html", page.encode())) == [reason]


def test_a_page_that_would_take_gigabytes_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_PAGE_BYTES", 10)
    assert reasons(read(HTML, "1.html", b"<p>One.</p>")) == ["too_large"]
    assert reasons(read(HTML, "1.html", b"<p>One</p>")) == [None]


def test_outlines_are_read_and_bad_ones_counted() -> None:
    outline = JsonOutlineReader(format="json_outline", include=ALL, title="{{ Name.text }}")
    assert read(outline, "a.json", b'{"Name": {"text": "Land"}}')[0].text == "Land\n\nName\n\nLand"
    assert reasons(read(outline, "a.json", b'{"Name": ')) == ["invalid_json"]
    assert reasons(read(outline, "a.json", b'{"Other": {}}')) == ["template_mismatch"]


def test_dialogues_are_read_and_bad_ones_counted() -> None:
    reader = DialoguesReader(
        format="dialogues", include=ALL, template="Question: {{ turns[0] }}\nAnswer: {{ turns[1:] | join(' ') }}"
    )
    talk = b"conversations:\n- [Hi?, Ho., Hm.]\n- [Who?, Me.]\n"
    assert read(reader, "a.yml", talk)[0].text == "Question: Hi?\nAnswer: Ho. Hm.\n\nQuestion: Who?\nAnswer: Me."
    assert reasons(read(reader, "a.yml", b"conversations: [")) == ["invalid_yaml"]
    assert reasons(read(reader, "a.yml", b"categories: []")) == ["template_mismatch"]


def test_dialogues_without_end_are_refused() -> None:
    reader = DialoguesReader(format="dialogues", include=ALL, template="{{ turns }}")
    lists = b"".join(b"- &%d [%b]\n" % (number, b", ".join([b"*%d" % (number - 1)] * 10)) for number in range(1, 12))
    for endless in (
        b"conversations: " + b"[" * 100_000 + b"]" * 100_000,
        b"- " * 100_000 + b"a",
        b"laughs:\n- &0 [ha]\n" + lists + b"conversations: [*11]",
        b"conversations:\n- &a [*a]",
    ):
        assert reasons(read(reader, "a.yml", endless)) == ["invalid_yaml"]
    deepest = b"[" * (dialogues.DEEPEST - 1) + b"]" * (dialogues.DEEPEST - 1)
    assert reasons(read(reader, "a.yml", b"conversations: " + deepest)) == [None]
