"""Bad declarations stop before any work; a bad source stops what is made from it and nothing else."""

import shutil
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from inline_engine import InlineEngine
from mini_project import mini_project, write_declarations

from assets.command import main
from assets.materialise import materialise
from assets.project import Folders, Project
from pipelines.errors import PhaselineError
from training.declared.recipes import select


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return write_declarations(tmp_path / "declared", tmp_path / "raw")


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def refusal(tmp_path: Path, folders: Folders) -> PhaselineError:
    with pytest.raises(PhaselineError) as error:
        Project(tmp_path / "home", folders)
    assert not (tmp_path / "home").exists()
    return error.value


def test_a_blend_of_an_unknown_source_names_the_known_ones(tmp_path: Path, folders: Folders) -> None:
    change(folders.recipes / "mini.yaml", "wiki: 0.2", "wikis: 0.2")
    error = refusal(tmp_path, folders)
    assert error.what.endswith("recipes: mini: phases.late.blend: there is no source 'wikis'")
    assert error.remedy == "name one of: code, math, qa, web_high, web_low, wiki"


def test_a_blend_that_does_not_sum_is_refused_by_line(tmp_path: Path, folders: Folders) -> None:
    change(folders.recipes / "mini.yaml", "wiki: 0.2", "wiki: 0.3")
    assert "mini.yaml:16: phases.1.blend: the weights sum to 1.1; change them so that they sum to 1" in str(
        refusal(tmp_path, folders)
    )


def test_invalid_yaml_is_refused_by_line(tmp_path: Path, folders: Folders) -> None:
    change(folders.sources / "math.yaml", "filters: {}", "filters: {")
    assert "math.yaml:" in str(refusal(tmp_path, folders))
    assert "not valid YAML" in str(refusal(tmp_path, folders))


def test_a_wrong_priority_is_refused(tmp_path: Path, folders: Folders) -> None:
    change(folders.corpus, "web_mirror]", "web_mirrors, web_crawl]")
    assert refusal(tmp_path, folders).what.endswith(
        "corpus.yaml: priority: lists web_crawl twice; names web_mirrors, which no declaration has; "
        "no priority is declared for web_mirror"
    )


def test_an_unknown_recipe_lists_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHASELINE_HOME", str(tmp_path))
    assert main(["train", "one_phase"]) == 1
    error = capsys.readouterr().err
    assert "there is no recipe 'one_phase'" in error
    assert "two_phase" in error
    assert "Traceback" not in error


def test_a_run_that_does_not_exist_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHASELINE_HOME", str(tmp_path))
    for command in (["audit", "two_phase"], ["trace", "two_phase@7", "--step", "1"], ["summary", "two_phase"]):
        assert main(command) == 1
    assert capsys.readouterr().err.count("remedy:") == 3


def test_a_missing_source_and_a_failed_check_stop_what_needs_them_and_nothing_else(tmp_path: Path) -> None:
    project = mini_project(tmp_path)
    project.engine = InlineEngine()
    shutil.move(tmp_path / "raw/math", tmp_path / "away")
    with pytest.raises(PhaselineError) as error:
        materialise(project, *select(project.recipes, "mini"))
    assert error.value.what.startswith("raw/math_math/1: the folder")
    assert "mend the snapshot's place" in error.value.what
    assert project.store.latest("documents/math_math/1") is None
    made = project.store.require("documents/web_crawl/1")
    shutil.move(tmp_path / "away", tmp_path / "raw/math")
    folders = replace(project.folders, expectations=strict_expectations(tmp_path, project))
    stricter = Project(project.home, folders)
    stricter.engine = InlineEngine()
    with pytest.raises(PhaselineError) as error:
        materialise(stricter, *select(project.recipes, "mini"))
    assert error.value.what.startswith("shards/math@1 failed many_tokens (num_tokens is ")
    assert project.store.require("documents/web_crawl/1") == made
    assert project.store.require("shards/math").record.version == 1
    assert project.store.latest("manifests/mini") is None


def strict_expectations(tmp_path: Path, project: Project) -> Path:
    """The expectations of the project, and one that no set of shards of mathematics meets here."""
    folder = tmp_path / "expectations"
    shutil.copytree(project.folders.expectations, folder)
    (folder / "strict.yaml").write_text(
        dedent("""\
        applies_to: [shards/math]
        frames:
          shard_statistics:
            - name: many_tokens
              expectation: ExpectColumnValuesToBeBetween
              kwargs: {column: num_tokens, min_value: 1000000000}
        """)
    )
    return folder
