"""The documents step on planted records: every one is kept or counted, whatever the number of workers."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from two_languages import ENGLISH, GERMAN, train_identifier

import pipelines.process.step
from pipelines.digests import document_id
from pipelines.documents import REJECTED, REJECTED_SCHEMA, SCHEMA, documents_table
from pipelines.engines import Engine, LocalEngine
from pipelines.fetch.raw import ensure_raw
from pipelines.filters import Filters
from pipelines.filters.gopher import GopherQuality
from pipelines.places import Folder
from pipelines.process.step import ensure_documents, group_files
from pipelines.readers.formats import TextReader
from pipelines.record import Flow
from pipelines.sources import Domain, Source
from pipelines.store import Artifact, Draft, Store


def silent(_: str) -> None:
    """No reports are wanted."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_identifier(tmp_path_factory.mktemp("model"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def identifier(store: Store, model: Path) -> Artifact:
    def make(draft: Draft) -> None:
        (draft.folder / model.name).write_bytes(model.read_bytes())

    return store.ensure("model/tiny", make, code_version="1", parameters={}).artifact


@pytest.fixture
def domain(tmp_path: Path) -> Domain:
    source = Source(
        name="web_planted",
        licence="CC0-1.0",
        reader=TextReader(format="text", include=("**/*.txt",)),
        snapshots={"1": Folder(folder=tmp_path / "planted", archives=("*.zip",))},
    )
    filters = Filters(gopher_quality=GopherQuality(min_words=10))
    return Domain(domain="web", languages=("en",), min_language_score=0.5, filters=filters, sources=(source,))


@pytest.fixture
def plant(tmp_path: Path, store: Store, domain: Domain) -> Callable[[dict[str, bytes]], Artifact]:
    """Makes a raw artifact of an archive of given files; the bytes of ``broken.txt`` are damaged."""

    def raw(files: dict[str, bytes]) -> Artifact:
        path = tmp_path / "planted" / "files.zip"
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        path.write_bytes(path.read_bytes().replace(b"whole", b"wh0le"))
        return ensure_raw(store, domain.sources[0], "1", silent).artifact

    return raw


def test_every_record_is_kept_or_counted_by_reason(
    store: Store, identifier: Artifact, domain: Domain, plant: Callable[[dict[str, bytes]], Artifact]
) -> None:
    raw = plant(
        {
            "good.txt": f"\n{ENGLISH}\r\n{ENGLISH}\0\n".encode(),
            "german.txt": GERMAN.encode(),
            "short.txt": b"The house is old and the garden.",
            "latin.txt": b"caf\xe9",
            "empty.txt": b" \r\n ",
            "broken.txt": b"whole",
            "ignored.md": b"not asked for",
        }
    )
    engine = LocalEngine(workers=1)
    outcome = ensure_documents(store, domain, domain.sources[0], "1", raw, identifier, engine=engine, report=silent)
    record = outcome.artifact.record
    text = f"{ENGLISH}\n{ENGLISH}"
    assert record.flows == {
        "documents": Flow(
            num_in=6,
            num_kept=1,
            dropped={"empty": 1, "gopher_too_few_words": 1, "invalid_utf8": 1, "language": 1, "unreadable_file": 1},
        ),
        "bytes": Flow(
            num_in=len(text) + 4 + 32 + 4 + 5 + len(GERMAN.encode()),
            num_kept=len(text),
            dropped={
                "empty": 4,
                "gopher_too_few_words": 32,
                "invalid_utf8": 4,
                "language": len(GERMAN.encode()),
                "unreadable_file": 5,
            },
        ),
    }
    assert [flow.num_lost for flow in record.flows.values()] == [0, 0]
    assert record.facts["documents_by_language"] == {"en": 1}
    (row,) = documents_table([outcome.artifact], SCHEMA.names).to_pylist()
    assert row["language_score"] > 0.5
    assert row == {
        "id": document_id(text),
        "text": text,
        "source": "web_planted",
        "snapshot": "1",
        "locator": "files.zip/good.txt",
        "url": None,
        "licence": "CC0-1.0",
        "repository": None,
        "language": "en",
        "language_score": row["language_score"],
        "num_bytes": len(text),
        "answer_start": None,
        "broken_rule": None,
    }
    (path,) = outcome.artifact.files(REJECTED)
    rejected = pq.read_table(path)
    assert rejected.schema.equals(REJECTED_SCHEMA)
    details = {row["reason"]: row["detail"] for row in rejected.to_pylist()}
    assert details["gopher_too_few_words"] == "7 < 10"
    assert details["unreadable_file"] == "Bad CRC-32 for file 'broken.txt'"
    assert details["language"].startswith("de (")


def test_workers_and_engines_do_not_change_a_byte(
    tmp_path: Path,
    engine: Engine,
    identifier: Artifact,
    domain: Domain,
    plant: Callable[[dict[str, bytes]], Artifact],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipelines.process.step, "GROUP_BYTES", 1000)
    raw = plant({f"{i:02d}.txt": f"{ENGLISH if i % 3 else GERMAN} Number {i}.".encode() for i in range(40)})
    outcomes = [
        ensure_documents(
            Store(tmp_path / f"home_{number}"),
            domain,
            domain.sources[0],
            "1",
            raw,
            identifier,
            engine=each,
            report=silent,
        )
        for number, each in enumerate([LocalEngine(workers=1), engine])
    ]
    one, two = (outcome.artifact.record for outcome in outcomes)
    assert one.digest == two.digest
    assert one.flows == two.flows
    assert one.flows["documents"].num_kept == 26
    assert len([file for file in one.files if file.path.startswith("documents-")]) == 4
    locators = documents_table([outcomes[1].artifact], ["locator"])["locator"].to_pylist()
    assert locators == sorted(locators)


def test_a_changed_threshold_makes_the_documents_again_and_says_so(
    store: Store, identifier: Artifact, domain: Domain, plant: Callable[[dict[str, bytes]], Artifact]
) -> None:
    raw = plant({"a.txt": ENGLISH.encode()})

    def ensure(domain: Domain) -> list[str]:
        engine = LocalEngine(workers=1)
        return ensure_documents(
            store, domain, domain.sources[0], "1", raw, identifier, engine=engine, report=silent
        ).changes

    assert ensure(domain) == ["it did not exist"]
    assert ensure(domain) == []
    stricter = domain.model_copy(update={"filters": Filters(gopher_quality=GopherQuality(min_words=100))})
    assert ensure(stricter) == ["domain.filters.gopher_quality.min_words 10 → 100"]
    assert store.require("documents/web_planted/1").record.flows["documents"].num_kept == 0


def test_files_are_grouped_by_their_sizes_alone() -> None:
    sizes = {"a": 5, "b": 5, "c": 12, "d": 1, "e": 1}
    assert group_files(sizes, str, 10) == [["a", "b"], ["c"], ["d", "e"]]
    assert group_files(sizes, str, 100) == [["a", "b", "c", "d", "e"]]
    assert group_files(sizes, lambda path: "d.tar" if path in "de" else path, 1) == [["a"], ["b"], ["c"], ["d", "e"]]
