"""Samples become the tokens that the order names, and documents are told apart within them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hand_made import HandMadePhase, hand_made, source
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streams import MadeStreams, made_streams, positions

from pipelines.record import FileEntry
from training.tokens.files import token_files
from training.tokens.windows import Sequences, WindowReader, fill_sequences


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeStreams:
    return made_streams(tmp_path_factory.mktemp("home"))


def reader(made: MadeStreams) -> WindowReader:
    return WindowReader(made.manifest, token_files(made.store, made.manifest, made.folder))


@pytest.mark.parametrize(("first_sample", "num_samples", "length"), [(0, 96, 16), (96, 24, 48)])
def test_a_batch_holds_the_tokens_that_the_order_names(
    made: MadeStreams, first_sample: int, num_samples: int, length: int
) -> None:
    samples = first_sample + np.random.default_rng(0).permutation(num_samples)
    batch = reader(made).batch(samples)
    for found, expected in zip(batch, made.expected(samples.tolist()), strict=True):
        assert found.tolist() == expected.tolist()
        assert found.shape == (num_samples, length)
        assert found.dtype == np.int64
        assert found.flags.c_contiguous


def test_samples_beyond_the_run_are_refused(made: MadeStreams) -> None:
    with pytest.raises(IndexError, match="120"):
        reader(made).batch([120])


def test_a_batch_is_of_one_sequence_length(made: MadeStreams) -> None:
    with pytest.raises(ValueError, match="samples 95 to 96 are sequences of different lengths"):
        reader(made).batch([95, 96])


@st.composite
def streams(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """A token file, the extents of a stream in it, and the stream."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = draw(st.sampled_from(["<u2", "<u4"]))
    most_common_end = draw(st.sampled_from([2, 50, 1000]))
    tokens = random.integers(0, most_common_end, 1200).astype(dtype)
    cuts = np.sort(random.choice(1200, 2 * draw(st.integers(1, 40)), replace=False))
    stretches = [tokens[first:end].tolist() for first, end in cuts.reshape(-1, 2)]
    in_stream = np.cumsum([0, *map(len, stretches)])[:-1]
    extents = np.stack([cuts[::2], in_stream], axis=1)
    tokens.setflags(write=False)
    extents.setflags(write=False)
    return tokens, extents, [token for stretch in stretches for token in stretch]


@settings(deadline=None)  # the first call compiles
@given(streams(), st.integers(1, 400), st.data())
def test_a_sequence_may_span_any_stretches(
    made_stream: tuple[np.ndarray, np.ndarray, list[int]], length: int, data: st.DataObject
) -> None:
    tokens, extents, stream = made_stream
    length = min(length, len(stream) - 1)
    if not length:
        return
    starts = data.draw(st.lists(st.integers(0, len(stream) - length - 1), min_size=1, max_size=4))
    rows = np.array(data.draw(st.permutations(range(len(starts)))))
    batch = Sequences(*(np.full((len(starts), length), -1) for _ in range(3)))
    fill_sequences(tokens, extents, np.array(starts), rows, 0, *batch)
    for start, row in zip(starts, rows, strict=True):
        expected = stream[start : start + length + 1]
        assert batch.inputs[row].tolist() == expected[:-1]
        assert batch.labels[row].tolist() == expected[1:]
        assert batch.positions[row].tolist() == positions(expected[:-1])


def test_a_run_over_fifteen_trillion_tokens_starts_in_little_memory(tmp_path: Path) -> None:
    num_tokens = 15 * 10**12 // 20
    file = FileEntry(path="tokens.bin", num_bytes=2 * num_tokens, sha256="")
    sources = [source(f"s{number}", num_tokens, 4096, tokens_file=file) for number in range(20)]
    samples = {reference.name: 1024 * 170_000 for reference in sources}
    manifest = hand_made(sources, [HandMadePhase("all", 20 * 170_000, samples, length=4096, batch=1024)])
    (tmp_path / "manifest.json").write_text(manifest.model_dump_json())
    for reference in sources:
        (tmp_path / reference.name).touch()
        os.truncate(tmp_path / reference.name, file.num_bytes)
    answer = subprocess.run(
        [sys.executable, "-c", START_IN_THE_MIDDLE, tmp_path], capture_output=True, text=True, check=True
    )
    started = json.loads(answer.stdout)
    assert manifest.total_tokens > 14e12
    assert started["shape"] == [64, 4096]
    assert started["own_bytes"] < 200e6


START_IN_THE_MIDDLE = """
import json, sys
from pathlib import Path

from training.manifest import Manifest
from training.tokens.files import TokenFile
from training.tokens.windows import WindowReader

folder = Path(sys.argv[1])
manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
files = {source.name: TokenFile(folder / source.name, None) for source in manifest.sources}
first_sample = manifest.samples_done(manifest.total_steps // 2)
batch = WindowReader(manifest, files).batch(range(first_sample, first_sample + 64))
status = Path("/proc/self/status").read_text().splitlines()
own = next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))  # without pages of files
print(json.dumps({"shape": batch.inputs.shape, "own_bytes": own}))
"""
