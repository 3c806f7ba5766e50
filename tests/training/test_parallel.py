"""However the processes of a run divide its work, and however a step is computed, the losses are the same."""

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from layouts import RUN, Case, train_cases
from small_run import make_manifest, small_recipe

from pipelines.store import Store
from training.runs.metrics import read_metrics
from training.runs.run import create_run, open_run

NUM_STEPS = 5  # 3 of the first phase and 2 of the second, whose sequences are longer
MODELS = ("llama_test", "qwen_test")
TRAINERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "bfloat16": {"compute": {"dtype": "bfloat16"}},
    "compiled": {"compute": {"compile": True}},
    "selective": {"compute": {"activation_checkpoint": "selective"}},
    "full": {"compute": {"activation_checkpoint": "full"}},
    "chunked": {"compute": {"loss_chunks": 4}},
    "replicated": {"parallel": {"replicate": 2}},
    "tensor": {"parallel": {"tensor": 2}},
    "all at once": {
        "parallel": {"tensor": 2},
        "compute": {"loss_chunks": 4, "activation_checkpoint": "selective", "max_local_batch_size": 3},
    },
}
BFLOAT16 = [("llama_test", "bfloat16"), ("qwen_test", "bfloat16")]
EXACT = [("llama_test", "compiled"), ("llama_test", "full"), ("qwen_test", "selective"), ("qwen_test", "chunked")]
BY_TWO = [
    *(("llama_test", trainer) for trainer in ("plain", "replicated", "tensor")),
    *(("qwen_test", trainer) for trainer in ("plain", "all at once")),
]

Losses = dict[tuple[str, str], npt.NDArray[np.float64]]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each model that has not begun."""
    made = {model: tmp_path_factory.mktemp(model) for model in MODELS}
    for model, home in made.items():
        create_run(*make_manifest(home, small_recipe(NUM_STEPS, model=model)))
    return made


@pytest.fixture(scope="module")
def alone(homes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Losses:
    plain = [(model, "plain") for model in MODELS]
    return losses_of(homes, tmp_path_factory.mktemp("alone"), [*plain, *BFLOAT16, *EXACT], 1)


@pytest.fixture(scope="module")
def by_two(homes: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Losses:
    return losses_of(homes, tmp_path_factory.mktemp("by_two"), BY_TWO, 2)


def losses_of(homes: dict[str, Path], folder: Path, names: list[tuple[str, str]], num_processes: int) -> Losses:
    """The loss of each step of models under trainers."""
    cases = {}
    for (model, trainer), port in zip(names, free_ports(len(names)), strict=True):
        home = shutil.copytree(homes[model], folder / model / trainer)
        num_steps = 2 if trainer == "compiled" else NUM_STEPS  # the second phase would be compiled, too
        cases[model, trainer] = Case(str(home), TRAINERS[trainer], num_steps, port)
    train_cases(folder, list(cases.values()), num_processes)
    return {name: losses(Path(case.home)) for name, case in cases.items()}


def losses(home: Path) -> npt.NDArray[np.float64]:
    return np.array([row["loss"] for row in read_metrics(open_run(Store(home), RUN).metrics)])


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.mark.parametrize(("model", "trainer"), BY_TWO)
def test_two_processes_lose_what_one_does(alone: Losses, by_two: Losses, model: str, trainer: str) -> None:
    assert len(by_two[model, trainer]) == NUM_STEPS
    assert by_two[model, trainer] == pytest.approx(alone[model, "plain"], abs=1e-4)


@pytest.mark.parametrize(("model", "trainer"), EXACT)
def test_how_a_step_is_computed_changes_nothing(alone: Losses, model: str, trainer: str) -> None:
    found = alone[model, trainer]
    assert found == pytest.approx(alone[model, "plain"][: len(found)], abs=1e-5)


@pytest.mark.parametrize(("model", "trainer"), BFLOAT16)
def test_bfloat16_is_near_float32_but_another_computation(alone: Losses, model: str, trainer: str) -> None:
    assert alone[model, trainer] == pytest.approx(alone[model, "plain"], abs=0.02)
    assert not np.allclose(alone[model, trainer], alone[model, "plain"], atol=1e-6, rtol=0)
