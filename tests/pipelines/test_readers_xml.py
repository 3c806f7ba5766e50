"""XML dumps: MediaWiki's articles, and Stack Exchange's questions with their answers."""

import bz2
import io
from html import escape
from pathlib import Path

import pytest
from backports import zstd
from reading import ALL, read, reasons

from pipelines.readers import lines, xml_elements
from pipelines.readers.formats import MediaWikiReader, StackExchangeReader

WIKI = MediaWikiReader(format="mediawiki", include=ALL)
POSTS = StackExchangeReader(format="stack_exchange", include=ALL)


def wiki_page(number: int, title: str, text: str, extra: str = "", namespace: int = 0) -> str:
    return (
        f"<page><title>{title}</title><ns>{namespace}</ns><id>{number}</id>{extra}"
        f"<revision><id>99</id><text>{text}</text></revision></page>"
    )


def wiki_dump(*pages: str, head: str = "") -> bytes:
    namespace = "http://www.mediawiki.org/xml/export-0.10/"
    site = "<siteinfo><base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>"
    return f'{head}<mediawiki xmlns="{namespace}">{site}{"".join(pages)}</mediawiki>'.encode()


def test_a_wiki_dump_gives_articles_and_counts_the_rest() -> None:
    dump = wiki_dump(
        wiki_page(7, "Old Anna", "#REDIRECT [[Anna]]", '<redirect title="Anna" />'),
        wiki_page(8, "Anna Bee", "'''Anna''' was here."),
        wiki_page(9, "Talk:Anna", "talk", namespace=1),
        wiki_page(10, "Bare", ""),
    )
    middle = len(dump) // 2
    for path, data in {
        "d.xml": dump,
        "d.xml.bz2": bz2.compress(dump[:middle]) + bz2.compress(dump[middle:]),  # as multistream dumps are
        "d.xml.zst": zstd.compress(dump),
    }.items():
        records = read(WIKI, path, data)
        assert reasons(records) == ["redirect", None, "not_an_article", None]
        assert records[1].text == "Anna Bee\n\nAnna was here."
        assert records[1].url == "https://en.wikipedia.org/wiki/Anna_Bee"
        assert records[1].locator == f"{path}#8"
        assert records[3].text == ""


def test_pages_that_share_an_id_do_not_share_a_locator() -> None:
    pages = [wiki_page(number, "Anna", "text") for number in (3, 8, 8, 3, 8, 9)]
    without_id = "<page><title>Anna</title><revision><text>text</text></revision></page>"
    huge_id = wiki_page(10**30, "Anna", "text")
    records = read(WIKI, "d.xml", wiki_dump(*pages, without_id, huge_id, without_id))
    assert [record.locator.partition("#")[2] for record in records] == [
        "3", "8", "8.3", "3.4", "8.5", "9", "0.7", "0.8", "0.9",
    ]  # fmt: skip


def test_a_dump_that_breaks_off_keeps_what_came_before() -> None:
    dump = wiki_dump(*(wiki_page(i, f"Title {i}", f"text {i} " * 50) for i in range(1500)))
    by_compression = read(WIKI, "d.xml.bz2", bz2.compress(dump, 1)[:-2000])
    by_markup = read(WIKI, "d.xml", dump[: len(dump) // 2])
    for records, reason in ((by_compression, "unreadable_file"), (by_markup, "invalid_xml")):
        assert len(records) > 500
        assert reasons(records) == [None] * (len(records) - 1) + [reason]


def test_a_dump_that_declares_entities_is_refused() -> None:
    bomb = '<!DOCTYPE mediawiki [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    assert reasons(read(WIKI, "d.xml", wiki_dump(wiki_page(1, "A", "&b;"), head=bomb))) == ["xml_entities"]


def test_a_huge_page_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_elements, "MOST_CHARACTERS", 100_000)
    dump = wiki_dump(wiki_page(1, "Large", "x" * 1_000_000), wiki_page(2, "Small", "y"))
    records = read(WIKI, "d.xml", dump)
    assert reasons(records) == ["too_large", None]
    assert len(records[0].text) < 400_000
    for markup in ("<a/>" * 100_000, '<a b=""/>' * 100_000, "<a>" * 100_000 + "</a>" * 100_000):
        dump = wiki_dump(wiki_page(1, "Full", "x", markup), wiki_page(2, "Small", "y"))
        assert reasons(read(WIKI, "d.xml", dump)) == ["too_large", None]
        full, small = xml_elements.elements(io.BytesIO(dump), ["page"])
        assert sum(1 for _ in full.iter()) < 1000
        assert small.findtext("revision/text") == "y"
    monkeypatch.setattr(xml_elements, "MOST_TAG_BYTES", 300_000)
    assert reasons(read(WIKI, "d.xml", wiki_dump(f'<page a="{"x" * 2_000_000}" />'))) == ["invalid_xml"]


def post(number: int, kind: int, body: str, **others: object) -> str:
    attributes = {"Id": number, "PostTypeId": kind, "Body": body, "ContentLicense": "CC BY-SA 4.0", **others}
    written = (f'{name}="{escape(str(value))}"' for name, value in attributes.items())
    return f"  <row {' '.join(written)} />".replace("\n", "&#xA;")


def posts(*rows: str) -> bytes:
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', "<posts>", *rows, "</posts>"]).encode()


DUMP = posts(
    post(7, 2, "<p>Orphan.</p>", ParentId=99, Score=1),
    post(2, 2, "<p>Poor.</p>", ParentId=1, Score=-1),
    post(5, 2, "<p>Best but not accepted.</p>", ParentId=1, Score=9),
    post(1, 1, "<p>Why &amp; how is $x &lt; 1$?</p>", Title="Why?", Tags="<a><b-c>", AcceptedAnswerId=3, Score=4),
    post(3, 2, "<p>So:</p><pre><code>x = 1\n</code></pre>", ParentId=1, Score=2, ContentLicense="CC BY-SA 3.0"),
    post(4, 1, "<p>Nobody knows.</p>", Title="Open"),
    post(6, 5, "<p>About a tag.</p>"),
)


def test_questions_are_joined_with_their_best_answers() -> None:
    records = read(POSTS, "math.stackexchange.com/Posts.xml", DUMP)
    assert {
        record.locator.partition("#")[2]: reason for record, reason in zip(records, reasons(records), strict=True)
    } == {
        "1": None,
        "2": "answer_not_chosen",
        "4": "unanswered",
        "5": "answer_not_chosen",
        "6": "not_a_question",
        "7": "answer_without_question",
    }
    (question,) = (record for record in records if record.rejection is None)
    assert question.text == "Why?\n\nWhy & how is $x < 1$?\n\n"
    assert question.answer is not None
    assert question.answer.split() == ["So:", "x", "=", "1"]
    assert question.url == "https://math.stackexchange.com/q/1"
    assert question.licence == "CC-BY-SA-3.0 AND CC-BY-SA-4.0"
    assert question.measures == {"question_score": 4, "answer_score": 2}


def test_several_answers_follow_the_accepted_one_by_score() -> None:
    reader = POSTS.model_copy(
        update={
            "max_answers": 2,
            "question": "[{{ tags | join(', ') }}] {{ body }}",
            "answer": "{% for answer in answers %}{{ answer.score }}{{ '*' if answer.accepted }} {% endfor %}",
        }
    )
    records = read(reader, "Posts.xml", DUMP)
    (question,) = (record for record in records if record.rejection is None)
    assert question.text.startswith("[a, b-c] Why")
    assert question.answer == "2* 9 "
    assert question.url is None
    assert reasons(records).count("answer_not_chosen") == 1


def test_bad_posts_are_counted_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_LINE_BYTES", 1000)
    data = posts(
        post(1, 1, "Q", Title="T"),
        "  <row Id='2' PostTypeId='2' ParentId='1'",
        "  <row PostTypeId='2' ParentId='1' Body='no number' />",
        "  <row Id='4' PostTypeId='2' ParentId='1' Body='&unknown;' />",
        post(10**30, 2, "A", ParentId=1),
        post(5, 2, "x" * 2000, ParentId=1),
        post(6, 2, "A", ParentId=1),
    )
    records = read(POSTS, "Posts.xml", data)
    assert reasons(records) == [None, *["invalid_post"] * 4, "line_too_long"]
    assert (records[0].text, records[0].answer) == ("T\n\nQ\n\n", "A")
    assert reasons(read(POSTS, "Posts.xml", b"<posts>\n</posts>")) == ["no_records"]


def test_the_table_of_answers_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(read(POSTS, "Posts.xml", DUMP)) == 6
    assert list(tmp_path.iterdir()) == []
