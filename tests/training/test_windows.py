"""Samples become the tokens that the order names, and documents are told apart within them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_run import make_manifest

from pipelines.errors import PhaselineError
from pipelines.shards import open_shards
from training.manifest import read_manifest
from training.order import Order
from training.windows import WindowReader, sequences, token_files, verify_token_files


def test_a_batch_holds_the_windows_that_the_order_names(tmp_path: Path) -> None:
    store, artifact = make_manifest(tmp_path)
    manifest = read_manifest(artifact)
    samples = np.random.default_rng(0).permutation(manifest.total_steps * manifest.global_batch_size)
    batch = WindowReader(manifest, token_files(store, manifest)).batch(samples)

    expected = []
    for source, _, window in zip(*Order(manifest).windows(samples), strict=True):
        tokens = open_shards(store.require(manifest.sources[source].asset)).tokens
        expected.append(tokens[window * 32 : window * 32 + 33].tolist())
    assert batch.tolist() == expected
    assert batch.dtype == np.int64


def test_samples_beyond_the_run_are_refused(tmp_path: Path) -> None:
    store, artifact = make_manifest(tmp_path)
    manifest = read_manifest(artifact)
    with pytest.raises(IndexError, match="96"):
        WindowReader(manifest, token_files(store, manifest)).batch([96])


@given(st.lists(st.lists(st.integers(0, 3), min_size=9, max_size=9), min_size=1, max_size=4))
def test_positions_restart_after_each_end_of_text(rows: list[list[int]]) -> None:
    batch = np.array(rows, dtype=np.int64)
    inputs, labels, positions = sequences(batch, end_of_text=0)
    assert inputs.tolist() == [row[:-1] for row in rows]
    assert labels.tolist() == [row[1:] for row in rows]
    for row, found in zip(rows, positions.tolist(), strict=True):
        position, expected = 0, []
        for token in row[:-1]:
            expected.append(position)
            position = 0 if token == 0 else position + 1
        assert found == expected


@pytest.mark.parametrize("damage", ["flip", "shorten", "remove"])
def test_an_altered_token_file_is_named(tmp_path: Path, damage: str) -> None:
    store, artifact = make_manifest(tmp_path)
    manifest = read_manifest(artifact)
    files = token_files(store, manifest)
    verify_token_files(manifest, files)
    content = bytearray(files["math"].read_bytes())
    match damage:
        case "flip":
            content[10] ^= 1
            files["math"].write_bytes(content)
        case "shorten":
            files["math"].write_bytes(content[:-2])
        case "remove":
            files["math"].unlink()
    with pytest.raises(PhaselineError, match=r"shards/math/1/tokens\.bin"):
        verify_token_files(manifest, files)
