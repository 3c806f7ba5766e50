"""Verification names every file that changed or is missing, back to the raw ones, and says what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_made import HandMadePhase, hand_made, source

from pipelines.errors import PhaselineError
from pipelines.record import RECORD, FileEntry, Record, content_digest, describe_files, provenance, write_record
from pipelines.store import Artifact, Draft, Store
from training.lineage.verification import Finding, verify
from training.manifest import MANIFEST, write_manifest
from training.runs.run import create_run


def write(content: bytes, name: str = "tokens.bin") -> Callable[[Draft], None]:
    def make(draft: Draft) -> None:
        (draft.folder / name).write_bytes(content)

    return make


def made(store: Store, asset: str, content: bytes, parents: tuple[Artifact, ...] = ()) -> Artifact:
    return store.ensure(asset, write(content), code_version="1", parameters={}, parents=parents).artifact


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """raw/web → shards/web → manifests/tried, with a tokenizer, and a run with two checkpoints."""
    store = Store(tmp_path)
    raw = made(store, "raw/web", b"what was fetched")
    tokenizer = made(store, "tokenizer", b"tokenizer", (raw,))
    shards = made(store, "shards/web", bytes(2 * 161), (raw, tokenizer))
    web = source("web", 161, digest=shards.digest, tokens_file=shards.record.files[0])
    plain = hand_made([web], [HandMadePhase("only", 2, {"web": 8})])
    reference = plain.tokenizer.model_copy(update={"digest": tokenizer.digest})
    manifest = plain.model_copy(update={"tokenizer": reference})

    def make(draft: Draft) -> None:
        write_manifest(manifest, draft.folder)
        draft.facts["manifest_digest"] = manifest.digest

    compiled = store.ensure("manifests/tried", make, code_version="1", parameters={}, parents=[shards, tokenizer])
    run = create_run(store, compiled.artifact)
    for step in (0, 2):
        folder = run.checkpoints / f"step-{step}"
        folder.mkdir(parents=True)
        (folder / "model.distcp").write_bytes(b"weights" * step)
        files = list(describe_files(folder))
        record = {"asset": f"checkpoints/{run.name}", "version": step, "files": files}
        parents = [compiled.artifact.parent]
        rest: dict[str, Any] = {"parameters": {}, "parents": parents, "flows": {}, "checks": [], "facts": {}}
        write_record(
            folder,
            Record(**record, **rest, digest=content_digest(files), code_version="1", provenance=provenance(0)),
        )
    return store


def folder(store: Store, asset: str) -> Path:
    return store.folder(asset) / "1"


def findings(store: Store, run: str | None = None) -> list[Finding]:
    return list(verify(store, "manifests/tried", 1, run, lambda _line: None))


def edit_record(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads((folder / RECORD).read_text())
    change(record)
    (folder / RECORD).write_text(json.dumps(record))


def test_a_sound_manifest_and_run_have_no_finding_and_every_file_is_read(store: Store) -> None:
    lines: list[str] = []
    assert list(verify(store, "manifests/tried", 1, "tried@1", lines.append)) == []
    assert lines[-1].startswith("6 artifacts, 6 files, ")
    assert any(line.startswith("raw/web@1: 1 files") for line in lines)


@pytest.mark.parametrize("asset", ["raw/web", "tokenizer", "shards/web"])
def test_one_byte_that_changed(store: Store, asset: str) -> None:
    path = folder(store, asset) / "tokens.bin"
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    (finding,) = findings(store)
    assert finding.artifact == f"{asset}@1"
    assert finding.what.startswith(f"{path} has SHA-256 ")
    assert finding.remedy == f"restore {path.parent} from a copy, or remove it and materialise {asset} again"


def test_a_file_that_was_cut(store: Store) -> None:
    path = folder(store, "shards/web") / "tokens.bin"
    path.write_bytes(path.read_bytes()[:-2])
    assert [finding.what for finding in findings(store)] == [f"{path} holds 320 bytes instead of 322"]


def test_a_file_that_is_missing(store: Store) -> None:
    path = folder(store, "raw/web") / "tokens.bin"
    path.unlink()
    assert [(finding.artifact, finding.what) for finding in findings(store)] == [("raw/web@1", f"{path} is missing")]


def test_a_file_that_was_added(store: Store) -> None:
    path = folder(store, "shards/web") / "tokens-00001.bin"
    path.write_bytes(b"again")
    assert [(finding.artifact, finding.what) for finding in findings(store)] == [("shards/web@1", f"{path} was added")]


def test_an_artifact_that_is_missing(store: Store) -> None:
    (folder(store, "raw/web") / RECORD).unlink()
    assert [(finding.artifact, finding.what) for finding in findings(store)] == [
        ("raw/web@1", f"there is no artifact at {folder(store, 'raw/web')}")
    ]


def test_a_record_whose_digest_was_edited_is_named_with_each_that_was_made_from_it(store: Store) -> None:
    edit_record(folder(store, "raw/web"), lambda record: record.update(digest="5" * 64))
    first, *others = findings(store)
    assert (first.artifact, first.what) == (
        "raw/web@1", "record.json was edited: the files it lists do not have its digest"
    )  # fmt: skip
    assert [finding.what.partition("when ")[2] for finding in others] == [
        "shards/web@1 was made", "tokenizer@1 was made"
    ]  # fmt: skip


def test_a_record_whose_files_were_edited_to_fit_an_altered_file(store: Store) -> None:
    """The forger computes everything anew that the folder holds: what was made from it still knows the old digest."""
    path = folder(store, "raw/web") / "tokens.bin"
    path.write_bytes(b"something else")
    files = list(describe_files(path.parent))

    def forge(record: dict[str, Any]) -> None:
        record.update(files=[file.model_dump() for file in files], digest=content_digest(files))

    edit_record(path.parent, forge)
    assert {finding.artifact for finding in findings(store)} == {"raw/web@1"}
    assert all("has content" in finding.what for finding in findings(store))


def test_a_parent_taken_out_of_a_manifest_s_record(store: Store) -> None:
    edit_record(folder(store, "manifests/tried"), lambda record: record["parents"].pop(0))
    (finding,) = findings(store)
    assert finding.what.startswith("its record does not name shards/web@1 (")


def test_a_manifest_that_was_edited(store: Store) -> None:
    path = folder(store, "manifests/tried") / MANIFEST
    path.write_text(path.read_text().replace('"seed":1', '"seed":2'))
    assert [finding.what.partition(" has SHA")[0] for finding in findings(store)] == [
        str(path), "manifest.json is not the manifest whose digest its record states"
    ]  # fmt: skip
    path.write_text("{")
    assert findings(store)[-1].what == f"{path} cannot be read as a manifest"


def test_a_manifest_of_other_tokens_than_the_shards_record(store: Store) -> None:
    def forge(record: dict[str, Any]) -> None:
        record["files"] = [FileEntry(path="tokens.bin", num_bytes=322, sha256="6" * 64).model_dump()]

    edit_record(folder(store, "shards/web"), forge)
    assert "shards/web@1 holds other tokens than those of source web" in [finding.what for finding in findings(store)]


def test_a_checkpoint_that_changed_is_trained_again(store: Store) -> None:
    path = store.root / "runs" / "tried@1" / "checkpoints" / "step-2" / "model.distcp"
    path.write_bytes(b"weights" + b"weighty")
    (finding,) = findings(store, "tried@1")
    assert finding.artifact == "checkpoints/tried@1@2"
    assert finding.remedy == (f"restore {path.parent} from a copy, or remove it and every later step, then train again")


def test_a_manifest_that_a_run_no_longer_agrees_with(store: Store) -> None:
    path = store.root / "runs" / "tried@1" / "run.json"
    declaration = json.loads(path.read_text())
    declaration["manifest"]["digest"] = "7" * 64
    path.write_text(json.dumps(declaration))
    (finding,) = findings(store, "tried@1")
    assert finding.artifact == "manifests/tried@1"
    assert "but was 777777777777 when run tried@1 was made" in finding.what


def test_an_unknown_run_is_refused(store: Store) -> None:
    with pytest.raises(PhaselineError, match="name one of: tried@1"):
        findings(store, "other@1")
