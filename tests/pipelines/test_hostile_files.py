"""Hostile files beside good ones, through the whole documents step: the bad are counted, the good are kept, it ends."""

import gzip
import multiprocessing
import os
import re
import tarfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import fasttext
import pyarrow.parquet as pq
import pytest
from inline_engine import InlineEngine
from places import write_files
from planted_files import page, response, row, tar_of, write_sparse, zip_of

import pipelines.process.step
from pipelines.digests import document_id
from pipelines.documents import DOCUMENTS, REJECTED, SCHEMA, documents_table
from pipelines.engines import Engine, LocalEngine
from pipelines.fetch.local_files import LocalFiles
from pipelines.fetch.raw import ensure_raw
from pipelines.filters import Filters
from pipelines.places import Folder
from pipelines.process import write
from pipelines.process.step import ensure_documents
from pipelines.readers.decompress import LEAST_BOMB_BYTES
from pipelines.readers.formats import HtmlReader, JsonLinesReader, Reader, TextReader, WarcReader
from pipelines.readers.source_file import MOST_BYTES
from pipelines.record import Flow
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Draft, Store

TEXTS = TextReader(format="text", include=("**",))
ROWS = JsonLinesReader(format="json_lines", include=("**",), text="t")
PAGES = HtmlReader(format="html", include=("**",), main_content=False)
CRAWL = WarcReader(format="warc", include=("**",), main_content=False)
MEGABYTE = 1 << 20
GIGABYTE = 1 << 30
MOST_PEAK_BYTES = 700_000_000  # of a task; its code and models alone take a third of that

Rejected = Mapping[str, tuple[str, int]]  # by locator: the reason and the bytes


@pytest.fixture(autouse=True)
def _tasks_of_a_kilobyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines.process.step, "GROUP_BYTES", 1000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of the source lie."""
    place = tmp_path / "planted"
    place.mkdir()
    return place


def documents_of(
    folder: Path,
    reader: Reader,
    *,
    engine: Engine | None = None,
    before_reading: Callable[[], None] = lambda: None,
    report: Callable[[str], None] = lambda _: None,
) -> Artifact:
    """The documents of a folder, pinned and then read; archives are looked into."""
    store = Store(folder.parent / "home")

    def make(draft: Draft) -> None:
        lines = folder.parent / "lines.txt"
        lines.write_text("__label__en one\n__label__de eins\n")
        model = fasttext.train_supervised(str(lines), dim=2, epoch=1, thread=1, verbose=0)
        model.save_model(str(draft.folder / "tiny.bin"))

    place = Folder(folder=folder, archives=("*.zip", "*.tar"))
    source = Source(name="web_planted", licence="CC0-1.0", reader=reader, snapshots={"1": place})
    domain = Domain(domain="web", filters=Filters(), sources=(source,))
    identifier = store.ensure("model/tiny", make, code_version="1", parameters={}).artifact
    raw = ensure_raw(store, source, "1", report).artifact
    before_reading()
    engine = engine or LocalEngine(workers=2)
    return ensure_documents(store, domain, source, "1", raw, identifier, engine=engine, report=report).artifact


def check(artifact: Artifact, kept: Mapping[str, str], rejected: Rejected) -> None:
    """That these are the documents and the rejected records, by locator, and that the flows are their sums."""
    rows = documents_table([artifact], SCHEMA.names).to_pylist()
    assert {row["locator"]: row["text"] for row in rows} == kept
    assert len(rows) == len(kept)
    dropped = rejected_rows(artifact)
    assert {row["locator"]: (row["reason"], row["num_bytes"]) for row in dropped} == rejected
    assert len(dropped) == len(rejected)
    num_kept_bytes = sum(len(text.encode()) for text in kept.values())
    num_dropped_bytes: Counter[str] = Counter()
    for reason, num_bytes in rejected.values():
        num_dropped_bytes[reason] += num_bytes
    assert artifact.record.flows == {
        "documents": Flow(
            num_in=len(kept) + len(rejected),
            num_kept=len(kept),
            dropped=Counter(reason for reason, _ in rejected.values()),
        ),
        "bytes": Flow(
            num_in=num_kept_bytes + num_dropped_bytes.total(), num_kept=num_kept_bytes, dropped=num_dropped_bytes
        ),
    }
    assert [flow.num_lost for flow in artifact.record.flows.values()] == [0, 0]


def rejected_rows(artifact: Artifact) -> list[dict[str, Any]]:
    return [row for path in artifact.files(REJECTED) for row in pq.read_table(path).to_pylist()]


def test_bad_rows_cost_themselves_alone(folder: Path) -> None:
    bad = [b'{"t": "caf\xe9"}\n', b'{"t": "a\0b"}\n', b"{not json\n", b"[" * 100_000 + b"\n", b'{"u": "x"}\n', b"[1]\n"]
    good = [row("first"), row("twice"), row("twice"), row("no\0ugh\r\nt")]
    cut = b"".join(gzip.compress(row(f"row {number}")) for number in range(1, 4))[:-20]
    bomb = gzip.compress(row("before")) + gzip.compress(bytes(MEGABYTE)) * (LEAST_BOMB_BYTES // MEGABYTE + 1)
    write_files(
        folder,
        {
            "a.jsonl": b"".join([*good, *bad, row(" "), row("last")]),
            "bomb.jsonl.gz": bomb,
            "cut.jsonl.gz": cut,
            "empty.jsonl": b"",
            "none.jsonl.gz": b"no gzip at all",
        },
    )
    artifact = documents_of(folder, ROWS)
    reasons = ["invalid_json"] * 4 + ["template_mismatch"] * 2
    check(
        artifact,
        {
            "a.jsonl#1": "first",
            "a.jsonl#2": "twice",
            "a.jsonl#3": "twice",
            "a.jsonl#4": "nough\nt",
            "a.jsonl#12": "last",
            "bomb.jsonl.gz#1": "before",
            "cut.jsonl.gz#1": "row 1",
            "cut.jsonl.gz#2": "row 2",
        },
        {
            **{f"a.jsonl#{5 + place}": (reason, len(bad[place])) for place, reason in enumerate(reasons)},
            "a.jsonl#11": ("empty", len(row(" "))),
            "bomb.jsonl.gz": ("decompression_bomb", len(bomb)),
            "cut.jsonl.gz": ("unreadable_file", len(cut)),
            "empty.jsonl": ("no_records", 0),
            "none.jsonl.gz": ("unreadable_file", 14),
        },
    )
    ids = documents_table([artifact], ["id"])["id"].to_pylist()
    assert Counter(ids)[document_id("twice")] == 2


def test_odd_files_bad_links_and_hostile_archives_are_counted(folder: Path) -> None:
    zipped = zip_of(
        {"../out.txt": b"out", "/root.txt": b"root", "bomb.txt": bytes(LEAST_BOMB_BYTES + 1), "in.txt": b"in"}
    )
    tarred = tar_of({"../caf\udce9": b"out", "link": "caf\udce9", "passwd": "/etc/passwd", "in.txt": b"in"})
    cut = tar_of({"in.txt": b"in", "last.txt": b"last"})[: 3 * tarfile.BLOCKSIZE]  # two headers and a content
    names = {
        "bom.txt": b"\xef\xbb\xbfbom",
        "caf\udce9.txt": b"its name is not UTF-8",
        "empty.txt": b"",
        "good.txt": b"good",
        "latin.txt": b"caf\xe9",
        "new\nline.txt": b"good",
        "nul.txt": b"a\0b\0",
    }
    write_files(folder, {**names, "a.zip": zipped, "cut.zip": zipped[:-100], "b.tar": tarred, "cut.tar": cut})
    write_sparse(folder / "huge.txt", b"x", MOST_BYTES, b"y")
    links = {
        "circle_1": "circle_2",
        "circle_2": "circle_1",
        "self": "self",
        "up": "..",
        "odd": "caf\udce9",
        "good": "good.txt",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    check(
        documents_of(folder, TEXTS),
        {
            "a.zip/in.txt": "in",
            "b.tar/in.txt": "in",
            "bom.txt": "bom",
            "cut.tar/in.txt": "in",
            "good": "good",
            "good.txt": "good",
            "new\nline.txt": "good",
            "nul.txt": "ab",
        },
        {
            "a.zip/../out.txt": ("unsafe_path", 3),
            "a.zip//root.txt": ("unsafe_path", 4),
            "a.zip/bomb.txt": ("decompression_bomb", LEAST_BOMB_BYTES + 1),
            "b.tar/../caf\N{REPLACEMENT CHARACTER}": ("unsafe_path", 3),
            "b.tar/link": ("link", 0),
            "b.tar/passwd": ("link", 0),
            "caf\N{REPLACEMENT CHARACTER}.txt": ("unsafe_path", 0),
            **{name: ("link", 0) for name in links if name != "good"},
            "cut.tar": ("unreadable_file", len(cut)),
            "cut.tar/last.txt": ("unreadable_file", 4),
            "cut.zip": ("unreadable_file", len(zipped) - 100),
            "empty.txt": ("empty", 0),
            "huge.txt": ("too_large", MOST_BYTES + 2),
            "latin.txt": ("invalid_utf8", 4),
        },
    )


def test_a_page_nested_too_deep_costs_itself_alone(folder: Path) -> None:
    deep = b"<div>" * 100_000 + b"x" + b"</div>" * 100_000
    good = page("good")
    write_files(
        folder,
        {
            "deep.html": deep,
            "empty.html": b"",
            "good.html": good,
            "latin.html": page("caf").replace(b"caf", b"caf\xe9"),
            "nul.html": page("a\0b"),
            "unclosed.html": good[: good.index(b"</p>")],
        },
    )
    check(
        documents_of(folder, PAGES),
        {"good.html": "good", "latin.html": "café", "nul.html": "ab", "unclosed.html": "good"},
        {"deep.html": ("deep_nesting", len(deep)), "empty.html": ("empty", 0)},
    )


def test_broken_records_of_a_crawl_cost_themselves_alone(folder: Path) -> None:
    records = [response(number, page(f"page {number}")) for number in (1, 2, 3)]
    members = [gzip.compress(record) for record in records]
    no_length = records[1].replace(b"Content-Length", b"Content-Width")
    no_member = members[1].replace(b"\x1f\x8b", b"????")
    write_files(
        folder,
        {
            "broken.warc": records[0] + no_length + records[2],
            "cut.warc.gz": b"".join(members)[: -len(members[2]) // 2],
            "damaged.warc.gz": members[0] + no_member + members[2],
            "empty.warc.gz": b"",
            "none.warc": b"no archive at all",
        },
    )
    check(
        documents_of(folder, CRAWL),
        {
            "broken.warc#0": "page 1",
            f"broken.warc#{len(records[0] + no_length)}": "page 3",
            "cut.warc.gz#0": "page 1",
            f"cut.warc.gz#{len(members[0])}": "page 2",
            "damaged.warc.gz#0": "page 1",
            f"damaged.warc.gz#{len(members[0] + no_member)}": "page 3",
        },
        {
            f"broken.warc#{len(records[0])}": ("broken_record", 0),
            f"cut.warc.gz#{len(members[0] + members[1])}": ("broken_record", 0),
            "damaged.warc.gz#after 0": ("broken_record", 0),
            "empty.warc.gz": ("no_records", 0),
            "none.warc#0": ("broken_record", 17),
        },
    )


def test_what_is_no_longer_what_was_pinned_is_rejected(folder: Path) -> None:
    write_files(folder, {f"{name}.txt": name.encode() for name in ("circle", "folder", "gone", "kept", "new", "pipe")})
    write_files(folder, {"deep/under.txt": b"under"})

    def change() -> None:
        for path in folder.glob("*.txt"):
            if path.stem != "kept":
                path.unlink()
        (folder / "circle.txt").symlink_to("circle.txt")
        (folder / "folder.txt").mkdir()
        (folder / "new.txt").write_text("other")
        os.mkfifo(folder / "pipe.txt")
        (folder / "deep/under.txt").unlink()
        (folder / "deep").rmdir()
        (folder / "deep").write_text("a file")

    check(
        documents_of(folder, TEXTS, before_reading=change),
        {"kept.txt": "kept"},
        {
            "circle.txt": ("changed_while_read", 6),
            "deep/under.txt": ("changed_while_read", 5),
            "folder.txt": ("changed_while_read", 6),
            "gone.txt": ("changed_while_read", 4),
            "new.txt": ("changed_while_read", 3),
            "pipe.txt": ("changed_while_read", 4),
        },
    )


def test_a_file_that_is_rewritten_while_it_is_read_is_rejected_as_a_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(f"row {number}") for number in range(1000)]
    write_files(folder, {"a.jsonl": row("before"), "b.jsonl": b"".join(rows), "c.jsonl": row("after")})
    open_file = LocalFiles.open

    def open_and_rewrite(files: LocalFiles, path: str) -> BinaryIO:
        stream = open_file(files, path)
        if path == "b.jsonl":
            (folder / "b.jsonl").write_bytes(b"".join(reversed(rows)))
        return stream

    monkeypatch.setattr(LocalFiles, "open", open_and_rewrite)
    monkeypatch.setattr(pipelines.process.step, "GROUP_BYTES", 1 << 20)
    reports: list[str] = []
    check(
        documents_of(folder, ROWS, engine=InlineEngine(), report=reports.append),
        {"a.jsonl#1": "before", "c.jsonl#1": "after"},
        {"b.jsonl": ("changed_while_read", len(b"".join(rows)))},
    )
    (again,) = [line for line in reports if line.startswith("trying again")]
    assert "task 0, reading b.jsonl: ChangedWhileReadError: b.jsonl changed while it was read" in again


def test_a_line_of_a_gigabyte_and_a_bomb_take_no_such_memory(folder: Path) -> None:
    write_sparse(folder / "long.jsonl", row("before"), GIGABYTE, b"\n" + row("after"))
    bomb = gzip.compress(bytes(MEGABYTE)) * (LEAST_BOMB_BYTES // MEGABYTE * 5 // 4)
    write_files(folder, {"bomb.jsonl.gz": bomb})
    process = multiprocessing.get_context("spawn").Process(target=read_and_tell_the_peak, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == 0
    check(
        Store(folder.parent / "home").require("documents/web_planted/1"),
        {"long.jsonl#1": "before", "long.jsonl#3": "after"},
        {"bomb.jsonl.gz": ("decompression_bomb", len(bomb)), "long.jsonl#2": ("line_too_long", GIGABYTE + 1)},
    )
    assert int((folder.parent / "peak").read_text()) < MOST_PEAK_BYTES


def read_and_tell_the_peak(folder: Path) -> None:
    documents_of(folder, ROWS, engine=InlineEngine())
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    (folder.parent / "peak").write_text(str(int(kilobytes) * 1000))


def test_long_documents_are_written_a_few_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "CHARACTERS_PER_GROUP", 400)
    write_files(folder, {f"{number}.txt": b"x" * 150 for number in range(5)})
    (path,) = documents_of(folder, TEXTS, engine=InlineEngine()).files(DOCUMENTS)
    written = pq.ParquetFile(path).metadata
    assert [written.row_group(group).num_rows for group in range(written.num_row_groups)] == [2, 2, 1]
