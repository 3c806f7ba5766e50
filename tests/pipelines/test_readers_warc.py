"""WARC and WET archives: pages, what is no page, and what is broken."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from backports import zstd
from reading import ALL, read, reasons, texts

from pipelines.readers import pages, warc, warc_records
from pipelines.readers.formats import WarcReader, WetReader
from pipelines.readers.records import Record

WARC = WarcReader(format="warc", include=ALL, main_content=False)
WET = WetReader(format="wet", include=ALL)
PAGE = b"<html><body><p>Page %d.</p></body></html>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n%b\r\n%b"


def warc_record(kind: str, number: int, block: bytes, headers: str = "", content_type: str = "") -> bytes:
    content_type = content_type or f"application/http; msgtype={kind}"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
        f"WARC-Target-URI: http://a.org/{number}\r\nContent-Type: {content_type}\r\n{headers}"
        f"Content-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def response(number: int, body: bytes = b"", http_headers: bytes = b"", headers: str = "") -> bytes:
    return warc_record("response", number, OK % (http_headers, body or PAGE % number), headers)


def compressed(*records: bytes) -> bytes:
    """An archive as crawlers write it: a gzip member for each record."""
    return b"".join(map(gzip.compress, records))


INFO = warc_record("warcinfo", 0, b"software: planted\r\n", content_type="application/warc-fields")
REQUEST = warc_record("request", 0, b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "write"),
    [
        ("a.warc.gz", compressed),
        ("a.warc.zst", lambda *records: b"".join(map(zstd.compress, records))),
        ("a.warc", lambda *records: b"".join(records)),
        ("a.warc.gz", lambda *records: gzip.compress(b"".join(records))),
    ],
)
def test_responses_are_pages_however_the_file_is_compressed(path: str, write: Callable[..., bytes]) -> None:
    records = read(WARC, path, write(INFO, REQUEST, response(1), REQUEST, response(2), response(3)))
    assert texts(records) == ["Page 1.", "Page 2.", "Page 3."]
    assert [record.url for record in records] == ["http://a.org/1", "http://a.org/2", "http://a.org/3"]


def test_a_locator_is_the_byte_at_which_the_record_begins() -> None:
    data = compressed(INFO, response(1), response(2))
    places = [int(record.locator.removeprefix("a.warc.gz#")) for record in read(WARC, "a.warc.gz", data)]
    assert [texts(read(WARC, "b.warc.gz", data[place:]))[0] for place in places] == ["Page 1.", "Page 2."]


def test_what_is_no_page_is_counted() -> None:
    image = warc_record("response", 2, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG")
    xhtml = warc_record("response", 3, b"HTTP/1.1 200 OK\r\nContent-Type: Application/XHTML+XML\r\n\r\n" + PAGE % 3)
    gone = warc_record("response", 4, b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n" + PAGE % 4)
    untyped = warc_record("response", 5, b"HTTP/1.1 200 OK\r\n\r\n" + PAGE % 5)
    identified = "WARC-Identified-Payload-Type: text/html\r\n"
    told = warc_record("response", 6, b"HTTP/1.1 200 OK\r\n\r\n" + PAGE % 6, identified)
    dns = warc_record("response", 7, b"20240518 a.org 1 IN A 127.0.0.1", content_type="text/dns")
    revisit = warc_record("revisit", 8, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    truncated = response(9, headers="WARC-Truncated: length\r\n")
    records = read(WARC, "a.warc.gz", compressed(image, xhtml, gone, untyped, told, dns, revisit, truncated))
    assert reasons(records) == [
        "not_html",
        None,
        "http_status",
        "not_html",
        None,
        "not_html",
        "revisit",
        "truncated_record",
    ]
    assert [record.rejection.detail for record in records if record.rejection] == [
        "image/png",
        "404",
        "no Content-Type",
        "text/dns",
        "of None",
        "WARC-Truncated: length",
    ]
    assert texts(records) == ["Page 3.", "Page 6."]


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("br", brotli.compress), ("deflate", zlib.compress), ("ZSTD", zstd.compress)],
)
def test_bodies_are_decoded(coding: str, encode: Callable[[bytes], bytes]) -> None:
    body = encode(PAGE % 1)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    encoding = f"Content-Encoding: {coding}\r\n".encode()
    records = read(
        WARC,
        "a.warc.gz",
        compressed(
            response(1, body, encoding),
            response(2, chunked, encoding + b"Transfer-Encoding: chunked\r\n"),
            response(3, PAGE % 1, encoding + b"Transfer-Encoding: chunked\r\n"),  # stored decoded, header kept
            response(4, b"\0\1\2\3" * 10, encoding),
            response(5),
        ),
    )
    assert texts(records) == ["Page 1.", "Page 1.", "Page 1.", "Page 5."]
    assert reasons(records) == [None, None, None, "broken_encoding", None]


def test_a_body_in_another_encoding_is_read_as_it_was_served() -> None:
    body = "<p>Это страница.</p>".encode("cp1251")
    block = b'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset="windows-1251"\r\n\r\n' + body
    assert texts(read(WARC, "a.warc.gz", compressed(warc_record("response", 1, block)))) == ["Это страница."]


def test_a_body_that_expands_beyond_bounds_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_PAGE_BYTES", 100_000)
    monkeypatch.setattr(warc, "MOST_PAGE_BYTES", 100_000)
    monkeypatch.setattr(warc, "MOST_BYTES", 200_000)
    monkeypatch.setattr(warc_records, "MOST_BYTES", 200_000)
    bomb = gzip.compress(b"<p>" + b"x" * 10_000_000)
    expanding = response(1, bomb, b"Content-Encoding: gzip\r\n")
    data = compressed(expanding, response(2, b"x" * 100_001), response(3, b"x" * 300_000), response(4))
    records = read(WARC, "a.warc.gz", data)
    assert reasons(records) == ["too_large", "too_large", "too_large", None]
    assert [record.num_raw_bytes for record in records[:3]] == [100_001, 100_001, 200_001]
    assert [record.url for record in records] == [f"http://a.org/{number}" for number in range(1, 5)]


@pytest.mark.parametrize("write", [compressed, lambda *records: b"".join(records)])
def test_broken_headers_cost_their_record_alone(write: Callable[..., bytes]) -> None:
    no_version = response(2).replace(b"WARC/1.0", b"GARBAGE!")
    no_length = response(3).replace(b"Content-Length: ", b"Content-Length: x")
    records = read(WARC, "a.warc", write(response(1), no_version, no_length, response(4), no_version, response(5)))
    assert reasons(records) == [None, "broken_record", "broken_record", None, "broken_record", None]
    assert texts(records) == ["Page 1.", "Page 4.", "Page 5."]


@pytest.mark.parametrize("change", [-10, 50])
def test_a_wrong_length_is_told_and_the_next_record_is_whole(change: int) -> None:
    length = len(OK % (b"", PAGE % 1))
    wrong = response(1).replace(b"Content-Length: %d" % length, b"Content-Length: %d" % (length + change))
    records = read(WARC, "a.warc.gz", compressed(wrong, response(2), response(3)))
    assert reasons(records) == [None, "broken_record", None, None]
    assert texts(records)[1:] == ["Page 2.", "Page 3."]


def test_a_length_beyond_the_end_costs_its_record_alone() -> None:
    too_long = response(1).replace(b"Content-Length: ", b"Content-Length: 99")
    records = read(WARC, "a.warc.gz", compressed(too_long, response(2), response(3)))
    assert reasons(records) == ["truncated_record", None, None]
    assert texts(records) == ["Page 2.", "Page 3."]


def test_damaged_members_cost_their_records_alone() -> None:
    damaged = bytearray(gzip.compress(response(2)))
    damaged[60:90] = bytes(30)
    first, last = compressed(INFO, response(1)), compressed(REQUEST, response(3))
    records = read(WARC, "a.warc.gz", first + damaged + last + damaged + b"garbage" * 50 + last)
    assert texts(records) == ["Page 1.", "Page 3.", "Page 3."]
    assert reasons(records) == [None, "broken_record", None, "broken_record", None]


def test_a_file_that_breaks_off_keeps_what_came_before() -> None:
    whole = compressed(response(1), response(2))
    start = len(compressed(response(1)))
    for end in range(start + 100, len(whole) - 25):
        records = read(WARC, "a.warc.gz", whole[:end])
        assert texts(records) == ["Page 1."]
        assert reasons(records)[1:] in (["broken_record"], ["truncated_record"])


@pytest.mark.parametrize("data", [b"garbage" * 100, gzip.compress(b"garbage" * 100)], ids=["plain", "gzip"])
def test_what_is_no_archive_is_counted(data: bytes) -> None:
    (record,) = read(WARC, "a.warc.gz", data)
    assert reasons([record]) == ["broken_record"]
    assert record.num_raw_bytes == len(data)
    assert reasons(read(WARC, "a.warc.gz", b"")) == ["no_records"]


def test_wet_records_are_text() -> None:
    def conversion(number: int, text: bytes) -> bytes:
        return warc_record("conversion", number, text, content_type="text/plain")

    data = compressed(INFO, conversion(1, "Schön.\nZwei".encode()), conversion(2, b"\xff"), conversion(3, b"Three."))
    records = read(WET, "a.warc.wet.gz", data)
    assert texts(records) == ["Schön.\nZwei", "Three."]
    assert reasons(records) == [None, "invalid_utf8", None]
    assert records[0].url == "http://a.org/1"
    cut: list[Record] = read(WET, "a.warc.wet", conversion(1, b"One.") + conversion(2, b"Two.")[:-6])
    assert reasons(cut) == [None, "truncated_record"]
