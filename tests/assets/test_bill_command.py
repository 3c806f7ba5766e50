"""The bill as people see it: of a checkpoint, of two side by side, and as JSON."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded_bills import processes, record
from small_run import make_manifest, small_recipe

from assets.command import main
from pipelines.store import Store
from training.runs.bill_plot import plot_bill
from training.runs.checkpoint_facts import read_bill
from training.runs.run import Run, create_run

Show = Callable[..., str]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Run]:
    """A run of 12 steps, the first 7 on two processes, then one."""
    store, manifest = make_manifest(tmp_path_factory.mktemp("home"), small_recipe(12))
    run = create_run(store, manifest)
    record(store, run, 0, processes(2, "2026-01-01T00:00:00+00:00"))
    record(store, run, 7, processes(2, "2026-01-01T00:00:00+00:00"))
    record(store, run, 12, processes(1, "2026-01-02T00:00:00+00:00"))
    return store, run


@pytest.fixture
def show(trained: tuple[Store, Run], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Show:
    """What a command prints, a line with single spaces each."""
    monkeypatch.setenv("PHASELINE_HOME", str(trained[0].root))

    def run(*arguments: str) -> str:
        assert main(arguments) == 0
        return "\n".join(" ".join(line.split()) for line in capfd.readouterr().out.splitlines())

    return run


def test_a_bill_shows_amounts_versions_and_who_trained(show: Show) -> None:
    shown = show("bill", "small")
    for expected in (
        "3,712 tokens in 12 steps",
        "first 1,792 48.28%",
        "math/none 1,536 41.38% 4.800",
        "CC0-1.0 3,712 100.00%",
        " 1 to 12 3,712",
        "shards/web@1",
        "small@1 small@1 1 to 7 node (2 x cpu) 2.13",
        "small@1 small@1 8 to 12 node (1 x cpu) 2.13",
    ):
        assert expected in shown


def test_two_bills_stand_side_by_side(show: Show) -> None:
    shown = show("bill", "small@1@7", "small")
    assert "web 1,344 75.00% 1,728 46.55% +384" in shown
    assert "second 0 1,920 51.72% +1,920" in shown


def test_json_says_all_that_the_record_does(trained: tuple[Store, Run], show: Show) -> None:
    said = json.loads(show("bill", "small@1@7", "--json"))
    bill = read_bill(*trained, 7).model_dump(mode="json")
    assert (said["checkpoint"], said["bill"]) == ("checkpoints/small@1@7", bill)
    assert [stint["end_step"] for stint in said["history"]] == [7]
    assert {ancestor["asset"] for ancestor in said["upstream"]} >= {"manifests/small", "shards/web", "tokenizer"}


def test_the_picture_is_drawn_with_and_without_tokens(trained: tuple[Store, Run], tmp_path: Path) -> None:
    for step in (0, 12):
        plot_bill(read_bill(*trained, step), tmp_path / f"{step}.png")
        assert (tmp_path / f"{step}.png").read_bytes().startswith(b"\x89PNG")
