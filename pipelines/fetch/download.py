"""Downloads over HTTP: resumed where they broke off, retried, and held against their digest."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.digests import file_digest
from pipelines.errors import PhaselineError
from pipelines.places import RemoteFile

if TYPE_CHECKING:  # httpx takes long to import, and most commands fetch nothing
    import httpx

MOST_REDIRECTS = 10
MOST_IDLE_ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 60
SECONDS_PER_REPORT = 5
TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


class TemporaryError(Exception):
    """What another attempt may not meet."""


class Part:
    """What has come of a file so far, and the mark of the version that it came of."""

    def __init__(self, whole: Path) -> None:
        self._whole = whole
        self.path = whole.with_name(f"{whole.name}.part")
        self._mark = whole.with_name(f"{whole.name}.mark")

    @property
    def num_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def mark(self) -> str:
        """What the server calls the version; empty where it gave it no name."""
        return self._mark.read_text() if self._mark.exists() else ""

    def begin(self, mark: str) -> None:
        """Forget what has come, and expect another version."""
        self.path.write_bytes(b"")
        self._mark.write_text(mark)

    def drop_last_byte(self) -> None:
        with self.path.open("ab") as file:
            file.truncate(self.num_bytes - 1)

    def finish(self) -> None:
        self.path.rename(self._whole)
        self._mark.unlink()


def download(file: RemoteFile, folder: Path, report: Callable[[str], None]) -> Path:
    """Fetch a file into a folder and return its path there.

    The folder may hold what an earlier call left: a whole file is not fetched again, and one that broke off is resumed
    if the server says that it is still the same (RFC 9110, sections 13.1.5 and 14.2).

    Raises:
        PhaselineError: the server refuses or redirects without end, attempts no longer get further, or the digest of
            what came is not the declared one.
    """
    whole = folder / file.path
    if not whole.exists():
        whole.parent.mkdir(parents=True, exist_ok=True)
        part = Part(whole)
        fetch_all(file.url, part, report)
        refuse_other_digest(file, part)
        part.finish()
    return whole


def fetch_all(url: str, part: Part, report: Callable[[str], None]) -> None:
    """Attempt a transfer until all has come, with pauses that double while nothing comes."""
    import httpx

    num_idle = 0
    with httpx.Client(follow_redirects=True, max_redirects=MOST_REDIRECTS, timeout=TIMEOUT_SECONDS) as client:
        while True:
            num_bytes = part.num_bytes
            try:
                return transfer(client, url, part, report)
            except httpx.TooManyRedirects as error:
                raise PhaselineError(
                    f"{url} redirects more than {MOST_REDIRECTS} times", "declare the address where the file lies"
                ) from error
            except (TemporaryError, httpx.TransportError) as error:
                num_idle = 1 if part.num_bytes > num_bytes else num_idle + 1
                if num_idle == MOST_IDLE_ATTEMPTS:
                    raise PhaselineError(
                        f"{url} could not be fetched: {error or type(error).__name__}",
                        "check the address and the network, then run the same command again; what has come is kept",
                    ) from error
            pause = FIRST_PAUSE_SECONDS * 2 ** (num_idle - 1)
            report(f"{url} broke off after {part.num_bytes / 1e6:,.1f} MB; trying again in {pause:g} s")
            time.sleep(pause)


def transfer(client: "httpx.Client", url: str, part: Part, report: Callable[[str], None]) -> None:
    """One attempt to fetch what is missing of a file."""
    headers = {"Accept-Encoding": "identity"}
    if part.mark and part.num_bytes:
        part.drop_last_byte()  # and ask for it again: a range that holds nothing is an error
        headers |= {"Range": f"bytes={part.num_bytes}-", "If-Range": part.mark}
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code in TEMPORARY:
            raise TemporaryError(f"status {answer.status_code} {answer.reason_phrase}")
        if answer.status_code not in (200, 206):
            raise PhaselineError(
                f"{url} could not be fetched: status {answer.status_code} {answer.reason_phrase}",
                "mend the address in the declaration",
            )
        if answer.status_code == 200:
            part.begin(mark_of(answer))
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {part.num_bytes}-"):
            part.begin("")
            raise TemporaryError("the server sent another range than was asked for")
        total = part.num_bytes + int(answer.headers.get("Content-Length", 0))
        reported = time.monotonic()
        with part.path.open("ab") as out:
            for chunk in answer.iter_raw():
                out.write(chunk)
                if time.monotonic() - reported > SECONDS_PER_REPORT:
                    report(f"{url}: {out.tell() / 1e6:,.1f} of {total / 1e6:,.1f} MB")
                    reported = time.monotonic()


def mark_of(answer: "httpx.Response") -> str:
    """What makes a range conditional on the version (RFC 9110, section 13.1.5); empty where the server has nothing."""
    etag = answer.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")


def refuse_other_digest(file: RemoteFile, part: Part) -> None:
    """Raise PhaselineError, and forget what came, where its digest is not the declared one."""
    if file.sha256 is None:
        return
    digest = file_digest(part.path)
    if digest != file.sha256:
        part.begin("")
        raise PhaselineError(
            f"{file.url} has the digest {digest}, but {file.sha256} is declared",
            "if you trust the new file, declare its digest; else find the file that was meant",
        )
