"""What a checkpoint's record says of a run that was continued on another number of processes."""

import socket
from collections import Counter

import pytest
from recorded_bills import processes
from small_run import make_manifest, small_recipe
from trainers import on

from pipelines.store import Store
from training.bill.bill import bill_of_chain
from training.launching.launch import train
from training.lineage.trace import trace_step
from training.runs.chain import chain
from training.runs.checkpoint_facts import CheckpointFacts
from training.runs.checkpoints import get_checkpoint
from training.runs.history import Stint, TrainedBy, continued
from training.runs.run import Run


@pytest.fixture(scope="module")
def restarted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Run]:
    """Eight steps by two processes, the others by one."""
    store, manifest = make_manifest(tmp_path_factory.mktemp("restarted"), small_recipe(12))
    train(store, manifest, until_step=8, trainer=on(2), report=print)
    return store, train(store, manifest, until_step=12, trainer=on(1), report=print).run


def facts_at(run: Run, step: int) -> CheckpointFacts:
    return CheckpointFacts.model_validate(get_checkpoint(run, step).record.facts)


def test_the_bill_in_the_record_equals_a_trace_of_every_step(restarted: tuple[Store, Run]) -> None:
    store, run = restarted
    traced = Counter[str]()
    for step in range(1, 13):
        for piece in trace_step(store, run, step):
            traced[piece.source] += piece.num_tokens
        if step in (7, 12):
            bill = facts_at(run, step).bill
            assert {name: amount.tokens for name, amount in bill.sources.items()} == dict(traced)
            assert bill == bill_of_chain(store, chain(store, run, step))
    record = get_checkpoint(run, 12).record
    assert [(check.name, check.passed) for check in record.checks] == [("tokens_conserved", True)]


def test_the_history_tells_who_trained_which_steps(restarted: tuple[Store, Run]) -> None:
    _, run = restarted
    first, second = facts_at(run, 12).history
    assert [(stint.run, stint.manifest) for stint in (first, second)] == [("small@1", "small@1")] * 2
    assert [(stint.first_step, stint.end_step) for stint in (first, second)] == [(0, 8), (8, 12)]
    for stint, num_processes in ((first, 2), (second, 1)):
        (host,) = stint.by.hardware.hosts
        assert (host.name, host.num_processes) == (socket.gethostname(), num_processes)
        assert stint.by.trainer == on(num_processes).model_dump(mode="json")
        assert stint.by.started_at <= stint.ended_at
    assert first.ended_at <= second.by.started_at
    assert facts_at(run, 0).history == ()
    assert [(stint.first_step, stint.end_step) for stint in facts_at(run, 7).history] == [(0, 7)]


def test_the_record_names_everything_upstream(restarted: tuple[Store, Run]) -> None:
    store, run = restarted
    known = {ancestor.name: ancestor for ancestor in facts_at(run, 12).upstream}
    assert known.keys() == {"manifests/small@1", "shards/web@1", "shards/code@1", "shards/math@1", "tokenizer@1"}
    assert all(ancestor.digest == store.get(ancestor.asset, ancestor.version).digest for ancestor in known.values())


def stint(first_step: int, end_step: int, by: TrainedBy) -> Stint:
    return Stint(run="r@1", manifest="r@1", first_step=first_step, end_step=end_step, ended_at=f"{end_step}", by=by)


def test_a_history_goes_on_with_the_same_processes_and_ends_with_others() -> None:
    two, one, two_again = processes(2, "t0"), processes(1, "t0"), processes(2, "t1")
    begun = continued((), stint(0, 5, two))
    assert continued(begun, stint(5, 9, two)) == (stint(0, 9, two),)
    for others in (one, two_again):
        assert continued(begun, stint(5, 9, others)) == (*begun, stint(5, 9, others))
    assert continued(begun, stint(0, 0, one)) == begun
