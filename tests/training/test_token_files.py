"""A run refuses token files that are not the manifest's, and hashes each file once."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from made_streams import EXTENTS, MadeStreams, made_streams

from pipelines.errors import PhaselineError
from training.tokens.files import token_files, verify_token_files


@pytest.fixture
def made(tmp_path: Path) -> MadeStreams:
    return made_streams(tmp_path)


def verify(made: MadeStreams) -> list[str]:
    """What was reported: one sentence where files were hashed."""
    sentences: list[str] = []
    files = token_files(made.store, made.manifest, made.folder)
    verify_token_files(made.store, made.manifest, files, sentences.append)
    return sentences


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 2)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("damage", [flip, shorten, Path.unlink])
@pytest.mark.parametrize("damaged", ["tokens.bin", EXTENTS])
def test_an_altered_file_is_named(
    made: MadeStreams, damage: Callable[[Path], None], damaged: str, sealed: bool
) -> None:
    if sealed:
        verify(made)
    files = token_files(made.store, made.manifest, made.folder)["selected"]
    path = files.tokens if damaged == "tokens.bin" else made.folder / EXTENTS
    damage(path)
    with pytest.raises(PhaselineError, match="restore it from a copy") as refused:
        verify(made)
    assert refused.value.what.startswith(f"{path} ")


def test_each_file_is_hashed_once(made: MadeStreams) -> None:
    assert [sentence.split(",")[0] for sentence in verify(made)] == ["verifying 3 files"]
    assert verify(made) == []


def test_a_file_that_was_written_to_is_hashed_again(made: MadeStreams) -> None:
    verify(made)
    path = token_files(made.store, made.manifest, made.folder)["web"].tokens
    path.write_bytes(path.read_bytes())
    assert [sentence.split(",")[0] for sentence in verify(made)] == ["verifying 1 files"]


def test_a_seal_of_another_digest_does_not_count(made: MadeStreams) -> None:
    verify(made)
    web = made.manifest.sources[0]
    other = web.model_copy(update={"tokens_file": web.tokens_file.model_copy(update={"sha256": "0" * 64})})
    manifest = made.manifest.model_copy(update={"sources": [other, *made.manifest.sources[1:]]})
    files = token_files(made.store, manifest, made.folder)
    with pytest.raises(PhaselineError, match="has changed since the manifest was compiled"):
        verify_token_files(made.store, manifest, files, print)


def test_shards_that_were_made_anew_are_refused(made: MadeStreams) -> None:
    web = made.manifest.sources[0].model_copy(update={"digest": "0" * 64})
    manifest = made.manifest.model_copy(update={"sources": [web]})
    with pytest.raises(PhaselineError, match="shards/web@1 has content"):
        token_files(made.store, manifest, made.folder)
