"""From an archive's files to records: what is read, and what a broken file costs."""

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from pipelines.errors import PhaselineError
from pipelines.readers.archive import Archive, BrokenMember, Member
from pipelines.readers.files import language_of
from pipelines.readers.formats import (
    DialoguesReader,
    DocstringsReader,
    Files,
    HtmlReader,
    JsonLinesReader,
    JsonOutlineReader,
    MediaWikiReader,
    Reader,
    SourceCodeReader,
    TextReader,
)
from pipelines.readers.read import member_reader
from pipelines.readers.records import Record

QUESTION = "Question: {{ q }}\nAnswer: {{ a }}"


def zipped(path: Path, files: Mapping[str, bytes]) -> Archive:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return Archive(path)


def read(reader: Reader, path: str, data: bytes) -> list[Record]:
    return list(member_reader(reader, Archive(Path("unused")))(Member(path, data)))


def reasons(records: Iterable[Record]) -> list[str | None]:
    return [record.rejection.reason if record.rejection else None for record in records]


def test_patterns_select_files_in_order_of_path(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"b/2.txt": b"22", "a.txt": b"1", "b/skip.txt": b"", "c.md": b""})
    assert archive.sizes(Files(include=("**/*.txt",), exclude=("**/skip.*",))) == {"a.txt": 1, "b/2.txt": 2}


def test_patterns_that_select_nothing_are_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.txt": b"1"})
    with pytest.raises(PhaselineError) as refused:
        archive.sizes(Files(include=("*.html", "*.htm"), exclude=("b*",)))
    assert refused.value.what == f"{tmp_path}/a.zip has no file that matches *.html, *.htm and not b*"
    assert refused.value.remedy == "mend the source's reader.include and reader.exclude"


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.whl").write_bytes(b"not an archive")
    with pytest.raises(PhaselineError, match=r"a\.whl cannot be read as an archive"):
        Archive(tmp_path / "a.whl").sizes(Files(include=("**",)))


def test_a_broken_zip_member_stops_that_file_alone(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a.zip", {"a.txt": b"Alpha.", "b.txt": b"Beta..", "c.txt": b"Gamma."})
    archive.path.write_bytes(archive.path.read_bytes().replace(b"Beta..", b"Beta!!"))
    members = list(archive.read(["a.txt", "b.txt", "c.txt"]))
    assert members[0] == Member("a.txt", b"Alpha.")
    assert isinstance(members[1], BrokenMember)
    assert members[1].num_bytes == 6
    assert str(members[1].error) == "Bad CRC-32 for file 'b.txt'"
    assert members[2] == Member("c.txt", b"Gamma.")


def test_a_tar_is_read_where_it_is_and_links_are_no_files(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        for name in ("x/b.txt", "../outside.txt"):
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"text"))
        link = tarfile.TarInfo("x/link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    archive = Archive(tmp_path / "a.tar.gz")
    assert archive.sizes(Files(include=("**",))) == {"../outside.txt": 4, "x/b.txt": 4}
    assert [member.path for member in archive.read(["x/b.txt", "x/link.txt"])] == ["x/b.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


def test_invalid_utf8_is_counted_with_its_bytes() -> None:
    records = read(TextReader(format="text", include=("**",)), "a.rst", b"caf\xe9 au lait")
    assert reasons(records) == ["invalid_utf8"]
    assert records[0].num_raw_bytes == 12
    assert records[0].text == "caf\N{REPLACEMENT CHARACTER} au lait"


def test_source_code_is_named_by_its_file_or_its_folder() -> None:
    by_name = SourceCodeReader(format="source_code", include=("**",))
    by_folder = SourceCodeReader(format="source_code", include=("**",), language_from="folder")
    assert [record.language for record in read(by_name, "lib/area.py", b"x = 1")] == ["python"]
    assert [record.language for record in read(by_folder, "examples/cobol/area.x", b"x")] == ["cobol"]
    assert [language_of(name) for name in ("a.js", "a.c", "Makefile", "a.unheard")] == [
        "javascript",
        "c",
        "make",
        "text",
    ]


def test_docstrings_are_records_and_a_file_without_any_is_counted() -> None:
    reader = DocstringsReader(format="docstrings", include=("**",))
    records = read(reader, "m.py", b'"""Module."""\nclass A:\n    """Class."""\n')
    assert [(record.locator, record.text) for record in records] == [
        ("m.py", "Module."),
        ("m.py#A", "class A\n\nClass."),
    ]
    assert [record.text for record in read(reader, "m.py", b"x = 1")] == [""]
    assert reasons(read(reader, "m.py", b"def broken(:")) == ["invalid_python"]
    assert reasons(read(reader, "m.py", b"\xff")) == ["invalid_utf8"]


def test_pages_take_their_address_from_the_index(tmp_path: Path) -> None:
    index = json.dumps({"html/1.html": {"url": "http://one.org/"}}).encode()
    archive = zipped(tmp_path / "a.zip", {"data/index.json": index, "data/html/1.html": b"<p>One.</p>"})
    reader = HtmlReader(format="html", include=("**/*.html",), main_content=False, url_index="data/index.json")
    (record,) = member_reader(reader, archive)(Member("data/html/1.html", b"<p>One.</p>"))
    assert (record.text, record.url) == ("One.", "http://one.org/")
    with pytest.raises(PhaselineError, match="is no index of addresses"):
        member_reader(reader.model_copy(update={"url_index": "data/html/1.html"}), archive)


def test_json_lines_are_rendered_and_bad_ones_counted() -> None:
    reader = JsonLinesReader(format="json_lines", include=("**",), template=QUESTION)
    lines = [b'{"q": "Why?", "a": "So."}', b"", b'{"q": "Half', b'{"q": "No answer"}', b"[1]", b'{"q": "x", "a": 2}']
    records = read(reader, "a.jsonl", b"\n".join(lines))
    assert [record.locator for record in records] == ["a.jsonl#1", "a.jsonl#3", "a.jsonl#4", "a.jsonl#5", "a.jsonl#6"]
    assert reasons(records) == [None, "invalid_json", "template_mismatch", "template_mismatch", None]
    assert records[0].text == "Question: Why?\nAnswer: So."


def test_a_gzip_that_breaks_off_keeps_what_came_before() -> None:
    reader = JsonLinesReader(format="json_lines", include=("**",), template=QUESTION)
    lines = b"".join(b'{"q": "%d", "a": "%d"}\n' % (i, i * i * 7919) for i in range(20_000))
    whole = gzip.compress(lines)
    records = read(reader, "a.jsonl.gz", whole[: len(whole) // 2])
    assert len(records) > 1000
    assert reasons(records[:-2]) == [None] * (len(records) - 2)
    assert reasons(records)[-1] == "unreadable_file"
    assert records[-1].num_raw_bytes == len(whole) // 2


def wiki_page(title: str, text: str, extra: str = "", namespace: int = 0) -> str:
    return (
        f"<page><title>{title}</title><ns>{namespace}</ns><id>{len(title)}</id>{extra}"
        f"<revision><id>99</id><text>{text}</text></revision></page>"
    )


def wiki_dump(*pages: str) -> bytes:
    namespace = "http://www.mediawiki.org/xml/export-0.10/"
    site = "<siteinfo><base>https://en.wikipedia.org/wiki/Main_Page</base></siteinfo>"
    return f'<mediawiki xmlns="{namespace}">{site}{"".join(pages)}</mediawiki>'.encode()


def test_a_wiki_dump_gives_articles_and_counts_the_rest() -> None:
    dump = wiki_dump(
        wiki_page("Old Anna", "#REDIRECT [[Anna]]", '<redirect title="Anna" />'),
        wiki_page("Anna Bee", "'''Anna''' was here."),
        wiki_page("Talk:Anna", "talk", namespace=1),
        wiki_page("Bare", "{{stub}}"),
    )
    records = read(MediaWikiReader(format="mediawiki", include=("**",)), "d.xml.bz2", bz2.compress(dump))
    assert reasons(records) == ["redirect", None, "not_an_article", None]
    assert records[1].text == "Anna Bee\n\nAnna was here."
    assert records[1].url == "https://en.wikipedia.org/wiki/Anna_Bee"
    assert records[1].locator == "d.xml.bz2#8"
    assert records[3].text == ""


def test_a_dump_that_breaks_off_keeps_what_came_before() -> None:
    dump = wiki_dump(*(wiki_page(f"Title {i}", f"text {i} " * 50) for i in range(3000)))
    reader = MediaWikiReader(format="mediawiki", include=("**",))
    by_compression = read(reader, "d.xml.bz2", bz2.compress(dump)[:-2000])
    by_markup = read(reader, "d.xml", dump[: len(dump) // 2])
    for records in (by_compression, by_markup):
        assert len(records) > 1000
        assert reasons(records[:-1]) == [None] * (len(records) - 1)
        assert reasons(records)[-1] == "unreadable_file"


def test_outlines_and_dialogues_are_read_and_bad_ones_counted() -> None:
    outline = JsonOutlineReader(format="json_outline", include=("**",), title="{{ Name.text }}")
    assert read(outline, "a.json", b'{"Name": {"text": "Land"}}')[0].text == "Land\n\nName\n\nLand"
    assert reasons(read(outline, "a.json", b'{"Name": ')) == ["invalid_json"]
    assert reasons(read(outline, "a.json", b'{"Other": {}}')) == ["template_mismatch"]
    dialogues = DialoguesReader(
        format="dialogues", include=("**",), template="Question: {{ turns[0] }}\nAnswer: {{ turns[1:] | join(' ') }}"
    )
    talk = b"conversations:\n- [Hi?, Ho., Hm.]\n- [Who?, Me.]\n"
    assert read(dialogues, "a.yml", talk)[0].text == "Question: Hi?\nAnswer: Ho. Hm.\n\nQuestion: Who?\nAnswer: Me."
    assert reasons(read(dialogues, "a.yml", b"conversations: [")) == ["invalid_yaml"]
    assert reasons(read(dialogues, "a.yml", b"categories: []")) == ["template_mismatch"]
