"""Two hosts train a run; when one dies the other ends, or goes on by itself, and the losses stay the same."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_run import make_manifest, small_recipe
from trained_run import NUM_STEPS, TrainedRun
from two_hosts import LOST_AFTER_SECONDS, Host, across, two_hosts

from training.runs.metrics import StepMetrics, read_metrics

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(600)]

BOUND_SECONDS = 10 * LOST_AFTER_SECONDS  # on a machine that does other things, too


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    with two_hosts() as hosts:
        yield hosts


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what comes if all is well; pytest's limit ends the rest."""
    while not condition():
        time.sleep(0.05)


def metrics_of(home: Path) -> list[StepMetrics]:
    return read_metrics(home / "runs/small@1/metrics.jsonl")


def assert_equal_losses(home: Path, unbroken: TrainedRun) -> None:
    """Those of every step, but for the order in which sums are rounded."""
    rows = metrics_of(home)
    assert [row["step"] for row in rows] == list(range(1, NUM_STEPS + 1))
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in unbroken.metrics], abs=1e-4)


def test_a_host_dies_and_the_same_command_continues(
    unbroken: TrainedRun, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    first, second = hosts
    make_manifest(tmp_path, small_recipe(NUM_STEPS))
    trainer = across(hosts)
    on_first, on_second = (host.train(tmp_path, trainer, NUM_STEPS) for host in hosts)
    wait_until(lambda: len(metrics_of(tmp_path)) >= 8)
    second.die()
    on_first.process.wait(BOUND_SECONDS)
    assert "host 2 of 2 has not answered for" in on_first.said()
    assert len(metrics_of(tmp_path)) < NUM_STEPS

    second.come_back()
    on_second = second.train(tmp_path, trainer, NUM_STEPS)
    wait_until(lambda: f"waiting for {first.address}" in on_second.said())
    on_first = first.train(tmp_path, trainer, NUM_STEPS)
    wait_until(lambda: len(metrics_of(tmp_path)) >= 24)
    first.die()
    started = time.monotonic()
    wait_until(lambda: on_second.said().count(f"waiting for {first.address}") == 2)  # its processes have ended
    assert time.monotonic() - started < BOUND_SECONDS

    first.come_back()
    on_first = first.train(tmp_path, trainer, NUM_STEPS)
    on_first.process.wait()
    on_second.process.wait(BOUND_SECONDS)
    assert_equal_losses(tmp_path, unbroken)


def test_a_run_goes_on_by_itself_with_the_hosts_that_are_left(
    unbroken: TrainedRun, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    make_manifest(tmp_path, small_recipe(NUM_STEPS))
    on_first, _ = (host.train(tmp_path, across(hosts, min_hosts=1), NUM_STEPS) for host in hosts)
    wait_until(lambda: len(metrics_of(tmp_path)) >= 8)
    hosts[1].die()
    on_first.process.wait()
    assert "has not answered for" in on_first.said()
    assert "the run goes on with the hosts that are left" in on_first.said()
    assert_equal_losses(tmp_path, unbroken)
