"""The fault table: each of ``faults`` done to a run of its own, what was said, and how the run ended afterwards.

``PYTHONPATH=.:tests/assets:tests/training python -m fault_table``: some ten minutes on two cores.
"""

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from faults import DAMAGES, FULL_DISK, KILLS, STOPS, Fault, differences, retrain, small_disk, suffer
from small_run import make_manifest, small_recipe
from trained_run import NUM_STEPS

from pipelines.store import Store
from training.launching.launch import RunState

STANDS_AT = 21  # the step at which a run stands that is damaged while nobody trains it
EVERYDAY = re.compile(r"training small@1 up to step|step \d+/|verifying \d+ files|$")  # what an unbroken run says, too


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fresh, _ = make_manifest(Path(folder) / "fresh", small_recipe(NUM_STEPS))
        standing = copied(fresh, Path(folder) / "standing")
        retrain(standing, 2, STANDS_AT)
        unbroken, _ = retrain(copied(fresh, Path(folder) / "unbroken"), 2)
        print("| fault | when | what was said | continued by the same command |\n| --- | --- | --- | --- |", flush=True)
        full_disk = [FULL_DISK] if os.geteuid() == 0 else []
        for number, fault in enumerate([*KILLS, *STOPS, *full_disk, *DAMAGES]):
            store = copied(standing if fault.damage or fault.mend else fresh, Path(folder) / f"fault-{number}")
            print(row(fault, store, unbroken), flush=True)


def copied(store: Store, home: Path) -> Store:
    shutil.copytree(store.root, home)
    return Store(home)


def row(fault: Fault, store: Store, unbroken: RunState) -> str:
    """Let a run suffer a fault and continue it: the fault's row."""
    folder = store.root / "runs" / "small@1"
    with small_disk(folder) if fault.mend else contextlib.nullcontext():
        if fault.damage:
            fault.damage(folder)
            said = []
        else:
            said = suffer(fault, store.root, 2)
        if fault.mend:
            fault.mend(folder)
        state, after = retrain(store, 2)
        found = "; ".join(differences(state, unbroken)) or "equal losses, checkpoints, digests and bills"
    telling = [
        sentence.replace(str(store.root), "HOME") for sentence in [*said, *after] if not EVERYDAY.match(sentence)
    ]
    return f"| {fault.what} | {fault.when} | {'<br>'.join(telling)} | {found} |"


if __name__ == "__main__":
    main()
