"""WARC and WET archives: one record for each page that a crawler was served, or for each text that it extracted."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from fastwarc.stream_io import BrotliReader, ChunkedReader, GzipReader, ZstdReader
from fastwarc.warc import WarcRecord, WarcRecordType

from pipelines.readers.formats import WarcReader
from pipelines.readers.pages import MOST_PAGE_BYTES, page_record
from pipelines.readers.records import EXCERPT_BYTES, Record, rejected
from pipelines.readers.source_file import MOST_BYTES, SourceFile
from pipelines.readers.warc_records import Block, Gap, warc_blocks
from pipelines.rejection import Rejection

RESPONSES = WarcRecordType.response | WarcRecordType.revisit
HTTP_OK = 200
HTML = ("text/html", "application/xhtml+xml")
CODINGS: dict[str, Callable[[BinaryIO], Any]] = {
    "chunked": ChunkedReader,
    "gzip": GzipReader,
    "x-gzip": GzipReader,
    "deflate": partial(GzipReader, zlib=True),
    "br": BrotliReader,
    "zstd": ZstdReader,
}


def read_warc(file: SourceFile, reader: WarcReader) -> Iterator[Record]:
    """A record for each response, revisit and gap of a file; what is no whole page is a record that was dropped."""
    for block in warc_blocks(file, RESPONSES):
        yield gap_record(file.path, block) if isinstance(block, Gap) else response_record(file.path, block, reader)


def read_wet(file: SourceFile) -> Iterator[Record]:
    """A record for each ``conversion`` and gap of a file."""
    for block in warc_blocks(file, WarcRecordType.conversion):
        yield gap_record(file.path, block) if isinstance(block, Gap) else conversion_record(file.path, block)


def gap_record(path: str, gap: Gap) -> Record:
    return rejected(f"{path}#{gap.place}", b"", gap.num_bytes, "broken_record", gap.error)


def conversion_record(path: str, block: Block) -> Record:
    locator, url = f"{path}#{block.place}", target(block.record)
    rejection = block_rejection(block)
    if rejection is not None:
        return dropped(locator, block.body, url, rejection)
    try:
        return Record(locator, block.body.decode(), len(block.body), url)
    except UnicodeDecodeError as error:
        return dropped(locator, block.body, url, Rejection("invalid_utf8", str(error)))


def response_record(path: str, block: Block, reader: WarcReader) -> Record:
    locator, url = f"{path}#{block.place}", target(block.record)
    rejection = block_rejection(block) or response_rejection(block.record)
    if rejection is not None:
        return dropped(locator, block.body, url, rejection)
    try:
        body = decoded(block)
    except OSError as error:
        return dropped(locator, block.body, url, Rejection("broken_encoding", str(error)))
    return page_record(locator, body, reader, url=url, charset=block.record.http_charset)


def dropped(locator: str, body: bytes, url: str | None, rejection: Rejection) -> Record:
    return rejected(locator, body[:EXCERPT_BYTES], len(body), rejection.reason, rejection.detail, url)


def target(record: WarcRecord) -> str | None:
    """The address that a record is about; some writers put it into angle brackets."""
    address = record.headers.get("WARC-Target-URI")
    return address.strip("<>") if address else None


def block_rejection(block: Block) -> Rejection | None:
    """Why a record of any type is no whole one."""
    headers = block.record.headers
    if not block.is_whole and not (headers.get("Content-Length") or "").isdecimal():
        return Rejection("broken_record", f"Content-Length is {headers.get('Content-Length')!r}")
    if not block.is_whole:
        return Rejection("truncated_record", "the file has less of it than its Content-Length")
    if headers.get("WARC-Truncated"):
        return Rejection("truncated_record", f"WARC-Truncated: {headers['WARC-Truncated']}")
    if len(block.body) > MOST_BYTES:
        return Rejection("too_large", f"more than {MOST_BYTES:,} bytes")
    return None


def response_rejection(record: WarcRecord) -> Rejection | None:
    """Why a response is no page that was served."""
    if record.record_type == WarcRecordType.revisit:
        return Rejection("revisit", f"of {record.headers.get('WARC-Refers-To-Target-URI')}")
    if not record.is_http:
        return Rejection("not_html", record.headers.get("Content-Type") or "no Content-Type")
    status = record.http_headers.status_code
    if status != HTTP_OK:
        return Rejection("http_status", str(status))
    media_type = record.http_content_type or record.headers.get("WARC-Identified-Payload-Type") or "no Content-Type"
    if media_type.lower() not in HTML:
        return Rejection("not_html", media_type)
    return None


def decoded(block: Block) -> bytes:
    """A response's body without the codings under which it was sent, decoded up to one byte beyond the bound of pages.

    Crawlers often store a body decoded, and its headers as they were: what begins as markup is taken as it is.

    Raises:
        OSError: the body is not coded as its headers say.
    """
    if block.body.lstrip()[:1] == b"<":
        return block.body
    stream: Any = io.BytesIO(block.body)
    for name in ("Transfer-Encoding", "Content-Encoding"):
        for coding in reversed((block.record.http_headers.get(name) or "").split(",")):
            if coding.strip().lower() in CODINGS:
                stream = CODINGS[coding.strip().lower()](stream)
    return bytes(stream.read(MOST_PAGE_BYTES + 1))
