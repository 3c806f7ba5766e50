"""Downloads from a server on this machine that breaks off, changes its mind, and redirects in circles."""

import hashlib
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from places import contents, made_raw, opened, write_zip

import pipelines.fetch.download
from pipelines.errors import PhaselineError
from pipelines.fetch.download import MOST_IDLE_ATTEMPTS
from pipelines.places import Downloads, RemoteFile
from pipelines.store import Store

DATA = random.Random(7).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@dataclass
class Site:
    """What a server holds and how it behaves, and what it was asked.

    Args:
        files: the bytes at each path.
        marks: the ETag of each; a path without one has none.
        breaks: after how many bytes each answer in turn breaks off; the later ones do not.
        statuses: the status of each answer in turn, instead of the file; the later ones give it.
    """

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    breaks: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    def __init__(self, site: Site, *arguments: object) -> None:
        self.site = site
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.site.asked.append(self.headers.get("Range", "all"))
        if self.site.statuses:
            self.send_error(self.site.statuses.pop(0))
        elif self.path == "/circle":
            self.send_response(302)
            self.send_header("Location", "/circle")
            self.end_headers()
        elif self.path not in self.site.files:
            self.send_error(404)
        else:
            self.send_file(self.site.files[self.path], self.site.marks.get(self.path))

    def send_file(self, data: bytes, mark: str | None) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.headers.get("If-Range") == mark else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if mark:
            self.send_header("ETag", mark)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:][: self.site.breaks.pop(0) if self.site.breaks else None])

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(pipelines.fetch.download, "FIRST_PAUSE_SECONDS", 0.001)
    site = Site()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site)) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(site: Site, tmp_path: Path) -> Callable[..., Path]:
    def download(path: str = "/a.bin", sha256: str | None = None) -> Path:
        file = RemoteFile(url=site.address + path, sha256=sha256)
        return pipelines.fetch.download.download(file, tmp_path / "work", [].append)

    return download


def test_a_download_that_breaks_off_is_resumed(site: Site, fetch: Callable[..., Path]) -> None:
    site.files["/a.bin"], site.marks["/a.bin"] = DATA, '"one"'
    site.breaks = [1_000_000, 500_000]
    whole = fetch(sha256=SHA256)
    assert whole.read_bytes() == DATA
    assert [path.name for path in whole.parent.iterdir()] == ["a.bin"]
    assert site.asked == ["all", "bytes=999999-", "bytes=1499998-"]


def test_what_came_in_an_earlier_run_is_not_fetched_again(site: Site, fetch: Callable[..., Path]) -> None:
    site.files["/a.bin"], site.marks["/a.bin"] = DATA, '"one"'
    site.breaks = [1_000_000, *[0] * MOST_IDLE_ATTEMPTS]
    with pytest.raises(PhaselineError, match="could not be fetched"):
        fetch()
    assert fetch().read_bytes() == DATA
    assert site.asked[-1].startswith("bytes=9999")
    num_asked = len(site.asked)
    fetch()
    assert len(site.asked) == num_asked


def test_a_file_that_has_changed_begins_again(site: Site, fetch: Callable[..., Path]) -> None:
    site.files["/a.bin"], site.marks["/a.bin"] = DATA, '"one"'
    site.breaks = [1_000_000, *[0] * MOST_IDLE_ATTEMPTS]
    with pytest.raises(PhaselineError, match="could not be fetched"):
        fetch()
    site.files["/a.bin"], site.marks["/a.bin"] = DATA[::-1], '"two"'
    assert fetch().read_bytes() == DATA[::-1]


@pytest.mark.parametrize("mark", [None, 'W/"one"'])
def test_without_a_sure_mark_it_begins_again(site: Site, fetch: Callable[..., Path], mark: str | None) -> None:
    site.files["/a.bin"] = DATA
    if mark:
        site.marks["/a.bin"] = mark
    site.breaks = [2_000_000]
    assert fetch().read_bytes() == DATA
    assert site.asked == ["all", "all"]


def test_passing_trouble_is_waited_out_and_refusal_is_not(site: Site, fetch: Callable[..., Path]) -> None:
    site.files["/a.bin"] = DATA
    site.statuses = [503, 429, 500]
    assert fetch().read_bytes() == DATA
    with pytest.raises(PhaselineError) as refused:
        fetch("/b.bin")
    assert refused.value.what == f"{site.address}/b.bin could not be fetched: status 404 Not Found"
    assert len(site.asked) == 5


def test_redirects_in_a_circle_end(site: Site, fetch: Callable[..., Path]) -> None:
    with pytest.raises(PhaselineError, match="redirects more than 10 times"):
        fetch("/circle")
    assert len(site.asked) == 11


def test_another_digest_is_refused_and_forgotten(site: Site, fetch: Callable[..., Path]) -> None:
    site.files["/a.bin"], site.marks["/a.bin"] = DATA[:-1], '"one"'
    with pytest.raises(PhaselineError, match=f"but {SHA256} is declared"):
        fetch(sha256=SHA256)
    site.files["/a.bin"] = DATA
    assert fetch(sha256=SHA256).read_bytes() == DATA
    assert site.asked == ["all", "all"]


def test_a_server_that_is_not_there_is_named(fetch: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(PhaselineError, match=r"127\.0\.0\.1:1/a could not be fetched"):
        pipelines.fetch.download.download(RemoteFile(url="http://127.0.0.1:1/a"), tmp_path, [].append)


def test_downloads_are_a_source_and_survive_a_failed_run(site: Site, tmp_path: Path) -> None:
    write_zip(tmp_path / "b.zip", {"in.txt": b"Two."})
    site.files = {"/x/a.txt": b"One.", "/x/b.zip": (tmp_path / "b.zip").read_bytes()}
    urls = [site.address + path for path in ("/x/a.txt", "/x/b.zip", "/x/empty.txt")]
    place = Downloads(files=tuple(RemoteFile(url=url) for url in urls), archives=("**/*.zip",))
    store = Store(tmp_path / "home")
    with pytest.raises(PhaselineError, match=r"empty\.txt could not be fetched: status 404"):
        made_raw(store, place)
    site.files["/x/empty.txt"] = b""
    site.asked.clear()
    snapshot = opened(store, place)
    assert contents(snapshot) == {
        "127.0.0.1/x/a.txt": b"One.",
        "127.0.0.1/x/b.zip/in.txt": b"Two.",
        "127.0.0.1/x/empty.txt": b"",
    }
    assert site.asked == ["all"]
    site.files.clear()
    assert opened(store, place).files
    record = store.require("raw/web_local/1").record
    sha256 = {file.path: file.sha256 for file in record.files}["files/127.0.0.1/x/a.txt"]
    assert sha256 == hashlib.sha256(b"One.").hexdigest()
    assert record.facts["num_files"] == 3
