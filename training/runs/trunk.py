"""Trunks: a run that has not begun starts from the checkpoint of another whose plan is the same up to there."""

import json
from collections.abc import Callable, Iterator, Mapping

from pipelines.errors import PhaselineError
from pipelines.store import Store
from training.manifest import MANIFEST
from training.runs.agreement import FIXED, first_changed
from training.runs.beginning import begin_anew, begin_with, in_words, is_sound, last_common_step
from training.runs.checkpoints import boundaries, has_sound_checkpoint, own_steps, read_checkpoint, recorded_steps
from training.runs.run import Beginning, Run, RunDeclaration, declared_run, digest_of, known_runs


def begin(store: Store, run: Run, until_step: int, report: Callable[[str], None]) -> Run:
    """Let a run without checkpoints of its own begin in the trunk that saves most steps, if there is one.

    A run that has begun stays as it is, and so does one that begins where a person said.

    Args:
        until_step: the step that is trained to: no trunk is taken beyond it, unless both runs keep its checkpoint.

    Raises:
        PhaselineError: the checkpoint that a person let it begin with is gone or was altered, or another process trains
            the run.
    """
    beginning = run.declaration.beginning
    if own_steps(run) or (beginning is not None and is_sound(store, beginning, report)):
        return run
    if beginning is not None:
        lost = f"step {beginning.step} of {beginning.run}, with which run {run.name} begins, is gone or was altered"
        if not beginning.is_trunk:
            raise PhaselineError(lost, "restore it from a copy, or name another checkpoint with --from")
        report(f"{lost}; it begins anew")
        run = begin_anew(store, run)
    for base, step in trunks(store, run, until_step):
        if has_sound_checkpoint(base, step, report):
            trunk = beginning_in(base, step)
            report(in_words(run, trunk))
            return begin_with(store, run, trunk)
    return run


def beginning_in(trunk: Run, step: int) -> Beginning:
    """The declaration of a run that goes on from the checkpoint of a trunk."""
    return Beginning(run=trunk.name, step=step, digest=read_checkpoint(trunk, step).digest)


def trunks(store: Store, run: Run, until_step: int) -> list[tuple[Run, int]]:
    """The checkpoints of other runs whose plan is the run's own up to there, the one after most steps first.

    Their files are unread.
    """
    found = [
        (base, step)
        for base in like_runs(store, run)
        for step in common_steps(run, base)
        if step <= until_step or until_step in boundaries(run.manifest)
    ]
    return sorted(found, key=lambda trunk: (-trunk[1], trunk[0].name))


def common_steps(run: Run, base: Run) -> Iterator[int]:
    """The steps of another run's own checkpoints that this one could begin with."""
    steps = [step for step in recorded_steps(base.folder) if 0 < step <= run.manifest.total_steps]
    if steps:
        changed = first_changed(base.manifest, run.manifest, steps[-1])
        last = last_common_step(run, base, changed.step if changed else steps[-1])
        yield from (step for step in steps if step <= last)


def like_runs(store: Store, run: Run) -> Iterator[Run]:
    """The other runs with checkpoints that were trained by their manifest alone, which has this one's fixed fields.

    Manifests are read whole only where these fields are the same: there may be many runs.
    """
    known = known_runs(store)
    fixed = run.manifest.model_dump(mode="json", include=set(FIXED))
    for name, declaration in known.items():
        if name == run.name or not recorded_steps(store.root / "runs" / name) or not is_by_plan(known, declaration):
            continue
        if digest_of(store, declaration.current) is None:  # its manifest is gone
            continue
        folder = store.get(declaration.current.asset, declaration.current.version).folder
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if {field: manifest[field] for field in FIXED} == fixed:
            yield declared_run(store, name, declaration)


def is_by_plan(known: Mapping[str, RunDeclaration], declaration: RunDeclaration) -> bool:
    """Whether all steps behind a run's checkpoints are its manifest's: neither it nor a trunk of it branched off."""
    beginning = declaration.beginning
    if beginning is None:
        return True
    return beginning.is_trunk and beginning.run in known and is_by_plan(known, known[beginning.run])
