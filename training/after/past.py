"""What several checkpoints were trained on together."""

from collections.abc import Iterable

from pipelines.store import Store
from training.bill.bill import Bill, bill_of_chain
from training.manifest import StartReference
from training.runs.chain import Stretch, own_stretch
from training.runs.run import Run, find_base, open_run


def bill_of_all(store: Store, checkpoints: Iterable[tuple[Run, int]]) -> Bill:
    """The bill of everything that any of some checkpoints, each a run and a step, was trained on, common steps once."""
    longest: dict[str, Stretch] = {}
    for run, step in checkpoints:
        for name, stretch in stretches_by_run(store, run, step).items():
            if name not in longest or longest[name].end_step < stretch.end_step:
                longest[name] = stretch
    return bill_of_chain(store, list(longest.values()))


def stretches_by_run(store: Store, run: Run, step: int) -> dict[str, Stretch]:
    """The steps behind a checkpoint by the run that trained them, oldest first."""
    beginning, start = run.declaration.beginning, run.manifest.start
    before: dict[str, Stretch] = {}
    if beginning is not None:
        before = stretches_by_run(store, open_run(store, beginning.run), min(step, beginning.step))
    elif isinstance(start, StartReference):
        before = stretches_by_run(store, find_base(store, start), start.step)
    return before | ({run.name: own_stretch(run, run.first_step, step)} if step > run.first_step else {})
