"""What a checkpoint's record says of it: what it was trained on, what that was made from, and who trained it on what.

The steps of this run are counted anew each time. What is said of the steps of other runs behind it is handed on from
checkpoint to checkpoint, so that neither those runs nor their shards need to be on this machine.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pipelines.record import Check, Entry, Parent
from pipelines.store import Artifact, Store
from training.bill.bill import Bill, StretchBill, bill_of_chain, stretch_bills, total_bill
from training.bill.conservation import tokens_conserved
from training.bill.upstream import Ancestor, all_ancestors, upstream
from training.runs.chain import chain, first_own_step, own_stretch
from training.runs.checkpoints import ASSETS, START, find_artifact, own_steps, read_checkpoint
from training.runs.history import Stint, TrainedBy, continued
from training.runs.run import Run, open_run


class CheckpointFacts(Entry):
    """The facts of a checkpoint's record.

    Args:
        step, phase: the steps of its run that are done, and the phase of the last of them.
        bill: what all the steps behind it were trained on, those of other runs included.
        upstream: every artifact that was made from, back to raw, and whether its checks passed.
        history: who trained the steps behind it, oldest first; steps from before this was recorded are missing.
    """

    step: int
    phase: str
    bill: Bill
    upstream: tuple[Ancestor, ...]
    history: tuple[Stint, ...]


def checkpoint_facts(
    store: Store, run: Run, step: int, start: Sequence[Parent], trained_by: TrainedBy
) -> tuple[CheckpointFacts, Check]:
    """The facts of the checkpoint after ``step`` steps, and the check that its bill adds up.

    Args:
        start: the checkpoint of another run that this one started from, if it did.
        trained_by: the processes that train now.

    Raises:
        PhaselineError: shards, or the checkpoint of ``start`` while this run has none, are gone or were made anew.
    """
    before = previous(store, run, step, start)
    own = own_stretch(run, first_own_step(run), step)
    bill = total_bill([*earlier_stretches(store, run, before), *stretch_bills(store, [own])])
    facts = CheckpointFacts(
        step=step,
        phase=run.manifest.phase_at(step - 1).name if step else START,
        bill=bill,
        upstream=all_ancestors([*upstream(store, run.artifact.parent), *read_upstream(before)]),
        history=continued(read_history(before), stint(run, step, before, trained_by)),
    )
    return facts, tokens_conserved(bill, own)


def previous(store: Store, run: Run, step: int, start: Sequence[Parent]) -> Artifact | None:
    """The checkpoint that a run went on from to ``step``, or began with; None for one that began with nothing."""
    earlier = [known for known in own_steps(run) if known < step]
    if earlier:
        return read_checkpoint(run, earlier[-1])
    return next((find_artifact(store, parent) for parent in start if parent.asset.startswith(ASSETS)), None)


def earlier_stretches(store: Store, run: Run, before: Artifact | None) -> Sequence[StretchBill]:
    """The stretches behind a run's own, as the checkpoint that it went on from, or began with, knows them."""
    if before is None:
        return ()
    beginning = run.declaration.beginning
    goes_on = before.asset == f"{ASSETS}{run.name}" or (beginning is not None and beginning.difference is None)
    stretches = bill_in(store, before).stretches
    return stretches[:-1] if goes_on else stretches


def stint(run: Run, step: int, before: Artifact | None, trained_by: TrainedBy) -> Stint:
    """What these processes trained since the checkpoint before."""
    return Stint(
        run=run.name,
        manifest=run.artifact.name.removeprefix("manifests/"),
        first_step=before.record.version if before and step else 0,
        end_step=step,
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
        by=trained_by,
    )


def read_bill(store: Store, run: Run, step: int) -> Bill:
    """The bill of the checkpoint after ``step`` steps of a run; raises PhaselineError where there is none."""
    return bill_in(store, read_checkpoint(run, step))


def bill_in(store: Store, checkpoint: Artifact) -> Bill:
    """The bill in a checkpoint's record; counted now where that was written before it said so much."""
    recorded = checkpoint.record.facts["bill"]
    if "stretches" in recorded:
        return Bill.model_validate(recorded)
    run = open_run(store, checkpoint.asset.removeprefix(ASSETS))
    return bill_of_chain(store, chain(store, run, checkpoint.record.version))


def read_upstream(checkpoint: Artifact | None) -> list[Ancestor]:
    """What lies upstream of a checkpoint, as its record says."""
    recorded = checkpoint.record.facts.get("upstream", ()) if checkpoint else ()
    return [Ancestor.model_validate(ancestor) for ancestor in recorded]


def read_history(checkpoint: Artifact | None) -> tuple[Stint, ...]:
    """Who trained the steps behind a checkpoint, as its record says."""
    recorded = checkpoint.record.facts.get("history", ()) if checkpoint else ()
    return tuple(Stint.model_validate(stint) for stint in recorded)
