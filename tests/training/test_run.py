"""Which run trains a manifest: its content decides, not its version."""

from pathlib import Path

import pytest
from small_run import compiled, make_manifest, small_recipe

from pipelines.errors import PhaselineError
from training.runs.run import create_run, open_run


def test_a_recipe_that_is_changed_back_trains_in_the_run_it_had(tmp_path: Path) -> None:
    store, first = make_manifest(tmp_path)
    run = create_run(store, first)
    changed = compiled(store, small_recipe(seed=8))
    assert create_run(store, changed).name == "small@2"
    back = compiled(store, small_recipe())
    assert back.name == "manifests/small@3"
    assert create_run(store, back) == run
    assert run.name == "small@1"


def test_an_unknown_run_lists_the_known_ones(tmp_path: Path) -> None:
    store, manifest = make_manifest(tmp_path)
    create_run(store, manifest)
    with pytest.raises(PhaselineError, match="there is no run 'small@2'") as raised:
        open_run(store, "small@2")
    assert raised.value.remedy == "name one of: small@1"
    assert open_run(store, "small@1").artifact == manifest


def test_a_folder_of_another_manifest_is_not_taken_over(tmp_path: Path) -> None:
    store, _ = make_manifest(tmp_path / "one")
    run = create_run(store, compiled(store, small_recipe()))
    other_store, other = make_manifest(tmp_path / "other", small_recipe(seed=8))
    (tmp_path / "other" / "runs").mkdir()
    run.folder.rename(tmp_path / "other" / "runs" / run.name)
    with pytest.raises(PhaselineError, match="run small@1 follows another manifest than manifests/small@1 is now"):
        create_run(other_store, other)
