"""Each step is compared with the manifest before it is trained on: any difference is refused, by step."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_streams import MadeStreams, made_streams
from small_run import make_manifest
from trainers import on

from pipelines.errors import PhaselineError
from training.launching.follow import REPOSITORY
from training.runs.checkpoints import checkpoint_steps
from training.runs.events import parse_event
from training.runs.run import create_run
from training.tokens.mirror import available_token_files

if TYPE_CHECKING:
    from training.titan.exactness import ExactStep
    from training.titan.loader import ManifestLoader, Microbatch

Microbatches = list["Microbatch"]

NUM_MICROBATCHES = 2  # of each step, in both phases and on any number of ranks
STEP = 5  # of the first phase, in which the sixth sequence is read again: the second of the second microbatch


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeStreams:
    return made_streams(tmp_path_factory.mktemp("home"))


def loader_and_check(
    made: MadeStreams, *, ranks: int = 1, rank: int = 0, environment: dict[str, str] | None = None
) -> "tuple[ManifestLoader, ExactStep]":
    from training.titan.exactness import ExactStep
    from training.titan.loader import ManifestLoader

    files = available_token_files(made.store, made.manifest, made.folder, environment or {})
    sizes = [8 // ranks // NUM_MICROBATCHES, 4 // ranks // NUM_MICROBATCHES]
    config = ManifestLoader.Config(manifest=made.manifest, token_files=files, local_batch_sizes=sizes)
    loader = config.build(dp_world_size=ranks, dp_rank=rank)
    return loader, ExactStep(made.manifest, files, num_parts=ranks, part=rank)


def steps_of(loader: "ManifestLoader") -> list[Microbatches]:
    microbatches = list(loader)
    return [microbatches[first : first + NUM_MICROBATCHES] for first in range(0, len(microbatches), NUM_MICROBATCHES)]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("ranks", [1, 2])
def test_every_step_of_the_loader_is_the_manifests(
    made: MadeStreams, tmp_path: Path, ranks: int, mirrored: bool
) -> None:
    mirror = {"PHASELINE_SHARDS": str(made.store.root / "artifacts"), "PHASELINE_SHARDS_CACHE": str(tmp_path)}
    for rank in range(ranks):
        loader, check = loader_and_check(made, ranks=ranks, rank=rank, environment=mirror if mirrored else {})
        steps = steps_of(loader)
        assert len(steps) == made.manifest.total_steps
        for number, microbatches in enumerate(steps):
            check.refuse_other_batch(number + 1, microbatches)


def of_next_step(steps: list[Microbatches]) -> Microbatches:
    return steps[STEP]


def of_next_phase(steps: list[Microbatches]) -> Microbatches:
    return steps[-1]


def one_missing(steps: list[Microbatches]) -> Microbatches:
    return steps[STEP - 1][:1]


def in_another_order(steps: list[Microbatches]) -> Microbatches:
    return steps[STEP - 1][::-1]


def with_others_tokens(steps: list[Microbatches]) -> Microbatches:
    """The numbers of a step's samples, over the tokens of the next one's."""
    return [
        following._replace(samples=microbatch.samples)
        for microbatch, following in zip(steps[STEP - 1], steps[STEP], strict=True)
    ]


def with_one_changed(field: str) -> Callable[[list[Microbatches]], Microbatches]:
    def changed(steps: list[Microbatches]) -> Microbatches:
        first, second = steps[STEP - 1]
        values = getattr(second, field).clone()
        values[1, 7] += 1
        return [first, second._replace(**{field: values})]

    return changed


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        (of_next_step, r"step 5 holds the samples 40 to 47 \(8 in all\) instead of 32 to 39"),
        (of_next_phase, r"step 5 holds the samples 116 to 119 \(4 in all\) instead of 32 to 39"),
        (one_missing, r"step 5 holds the samples 32 to 35 \(4 in all\) instead of 32 to 39"),
        (in_another_order, r"step 5 holds the samples 36 to 35 \(8 in all\) instead of 32 to 39"),
        (with_others_tokens, "step 5 holds other inputs in sample 37 than the manifest says"),
        (with_one_changed("inputs"), "step 5 holds other inputs in sample 37 than the manifest says"),
        (with_one_changed("labels"), "step 5 holds other labels in sample 37 than the manifest says"),
        (with_one_changed("positions"), "step 5 holds other positions in sample 37 than the manifest says"),
    ],
)
def test_a_batch_that_is_not_the_manifests_is_refused(
    made: MadeStreams, planted: Callable[[list[Microbatches]], Microbatches], says: str
) -> None:
    loader, check = loader_and_check(made)
    with pytest.raises(PhaselineError, match=says):
        check.refuse_other_batch(STEP, planted(steps_of(loader)))


def test_each_sequence_of_a_batch_has_its_turn(made: MadeStreams) -> None:
    loader, check = loader_and_check(made)
    steps = steps_of(loader)
    noticed = []
    for step in range(1, 9):
        for row in range(8):
            microbatches = [microbatch._replace(labels=microbatch.labels.clone()) for microbatch in steps[step - 1]]
            microbatches[row // 4].labels[row % 4, 0] += 1
            try:
                check.refuse_other_batch(step, microbatches)
            except PhaselineError:
                noticed.append(row)
    assert sorted(noticed) == list(range(8))


def test_another_rate_than_the_manifests_is_refused(made: MadeStreams) -> None:
    import torch

    _, check = loader_and_check(made)
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": made.manifest.lr(4)} for _ in range(2)]
    optimizer = torch.optim.AdamW(groups)
    check.refuse_other_rate(5, [optimizer])
    optimizer.param_groups[1]["lr"] = float(np.nextafter(made.manifest.lr(4), 1))
    with pytest.raises(PhaselineError, match="step 5 would use the learning rates"):
        check.refuse_other_rate(5, [optimizer])


OTHER_LABELS = """
import sys
from training.titan.__main__ import main
from training.tokens.windows import WindowReader
honest = WindowReader.batch
def batch(self, samples):
    sequences = honest(self, samples)
    sequences.labels[:, 3] += int(samples[0]) == self.manifest.samples_done(6)
    return sequences
WindowReader.batch = batch
sys.exit(main())
"""


def test_a_run_stops_before_a_step_that_is_not_the_manifests(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    run = create_run(store, manifest)
    arguments = [run.name, f"--home={tmp_path}", "--until-step=12", f"--trainer={on(1).model_dump_json()}"]
    command = [sys.executable, "-c", OTHER_LABELS, *arguments]
    training = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    events = [event for line in training.stdout.splitlines() if (event := parse_event(line))]
    (failure,) = [value for kind, value in events if kind == "failure"]
    assert failure[0] == "step 7 holds other labels in sample 103 than the manifest says; training stopped before it"
    assert [value["step"] for kind, value in events if kind == "metrics"] == [1, 2, 3, 4, 5, 6]
    assert checkpoint_steps(run) == [0, 5]
