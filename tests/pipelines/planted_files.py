"""Files of rows, pages and records, archives and sparse files, for tests to plant."""

import io
import json
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


def row(text: str) -> bytes:
    return json.dumps({"t": text}).encode() + b"\n"


def page(text: str) -> bytes:
    return f"<html><body><p>{text}</p></body></html>".encode()


def response(number: int, body: bytes) -> bytes:
    """A record of a WARC file."""
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.org/{number}\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def write_sparse(path: Path, start: bytes, num_zeros: int, end: bytes) -> None:
    """A file of zeros between two ends, which takes no space; old enough for its digest to be remembered."""
    with path.open("wb") as file:
        file.write(start)
        file.seek(num_zeros, os.SEEK_CUR)
        file.write(end)
    os.utime(path, (1e9, 1e9))


def zip_of(members: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def tar_of(members: Mapping[str, bytes | str]) -> bytes:
    """A tar file of members, each with its content or the path that it links to."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", encoding="utf-8", errors="surrogateescape") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return data.getvalue()
