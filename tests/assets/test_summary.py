"""The summary of a run shows the run's own models and losses, whatever was made after it."""

from pathlib import Path

from assets.summary import evaluation_of, model_of
from pipelines.store import Artifact, Draft, Store


def make_run(store: Store, run: str) -> tuple[Artifact, Artifact]:
    """A model of a run and its evaluation."""

    def make(draft: Draft) -> None:
        (draft.folder / "weights").write_text(run)
        draft.facts["run"] = run

    model = store.ensure("models/mini/late", make, code_version="1", parameters={"run": run}).artifact
    evaluation = store.ensure("evaluations/mini", make, code_version="1", parameters={}, parents=[model]).artifact
    return model, evaluation


def test_an_earlier_run_is_not_shown_with_the_results_of_a_later_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = make_run(store, "mini@1"), make_run(store, "mini@2")
    assert first != second
    for run, made in (("mini@1", first), ("mini@2", second)):
        assert (model_of(store, run, "late"), evaluation_of(store, run)) == made
    assert model_of(store, "mini@3", "late") is None
    assert evaluation_of(store, "mini@3") is None
