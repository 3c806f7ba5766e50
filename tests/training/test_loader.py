"""The loader gives all ranks together the manifest's global batches, from any step on."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from made_streams import MadeStreams, made_streams

from training.tokens.mirror import available_token_files

if TYPE_CHECKING:
    from training.titan.loader import ManifestLoader, Microbatch

SIZES_OF_RANKS = {1: [8, 4], 2: [2, 2], 4: [1, 1]}  # of microbatches in both phases


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeStreams:
    return made_streams(tmp_path_factory.mktemp("home"))


def loader(made: MadeStreams, *, ranks: int = 1, rank: int = 0, mirror: str = "", cache: str = "") -> "ManifestLoader":
    from training.titan.loader import ManifestLoader

    environment = {"PHASELINE_SHARDS": mirror, "PHASELINE_SHARDS_CACHE": cache}
    config = ManifestLoader.Config(
        manifest=made.manifest,
        token_files=available_token_files(made.store, made.manifest, made.folder, environment),
        local_batch_sizes=SIZES_OF_RANKS[ranks],
    )
    return config.build(dp_world_size=ranks, dp_rank=rank, local_batch_size=1, seq_len=48, tokenizer=None)


def rows(batches: "list[Microbatch]") -> list[list[list[int]]]:
    """Each sequence's inputs, labels and positions."""
    return [
        [values[row].tolist() for values in (batch.inputs, batch.labels, batch.positions)]
        for batch in batches
        for row in range(len(batch.labels))
    ]


def expected_rows(made: MadeStreams, samples: range) -> list[list[list[int]]]:
    """Each sequence's inputs, labels and positions."""
    return [[values.tolist() for values in row] for row in zip(*made.expected(list(samples)), strict=True)]


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_global_batches_are_the_same_for_any_number_of_ranks(made: MadeStreams, ranks: int) -> None:
    loaders = [iter(loader(made, ranks=ranks, rank=rank)) for rank in range(ranks)]
    for step in range(18):
        phase = int(step >= 12)
        size = SIZES_OF_RANKS[ranks][phase]
        num_microbatches = [8, 4][phase] // ranks // size
        batches = [next(of_rank) for of_rank in loaders for _ in range(num_microbatches)]
        assert {len(batch.labels) for batch in batches} == {size}
        samples = range(made.manifest.samples_done(step), made.manifest.samples_done(step + 1))
        assert [sample for batch in batches for sample in batch.samples.tolist()] == list(samples)
        assert rows(batches) == expected_rows(made, samples)
    assert [next(of_rank, None) for of_rank in loaders] == [None] * ranks


def test_a_step_counts_when_all_of_it_was_delivered(made: MadeStreams) -> None:
    of_rank = loader(made, ranks=4)
    batches = iter(of_rank)
    done = []
    for _ in range(5):
        next(batches)
        done.append(of_rank.state_dict())
    assert done == [{"step": number} for number in (0, 1, 1, 2, 2)]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("step", [0, 1, 11, 12, 17, 18])
def test_a_loader_goes_on_from_any_step(made: MadeStreams, tmp_path: Path, step: int, mirrored: bool) -> None:
    mirror = str(made.store.root / "artifacts") if mirrored else ""
    resumed = loader(made, mirror=mirror, cache=str(tmp_path))
    resumed.load_state_dict({"step": step})
    first = made.manifest.samples_done(step)
    expected = [
        row
        for samples in (range(first, 96), range(max(first, 96), 120))
        if samples
        for row in expected_rows(made, samples)
    ]
    assert rows(list(resumed)) == expected
    assert resumed.state_dict() == {"step": 18}
