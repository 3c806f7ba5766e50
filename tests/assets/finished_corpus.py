"""The miniature made up to its shards once, and copies of it in which faults are planted."""

import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from inline_engine import InlineEngine
from mini_project import mini_project

from assets.definitions import project_steps
from assets.materialise import materialise
from assets.project import Folders, Project
from assets.step import Silence, closure
from pipelines.errors import PhaselineError
from training.declared.recipes import select

RULES = "filters: {gopher_quality: {min_words: 50}}"  # of web pages: all that the miniature has keep them


def make_finished_corpus(folder: Path) -> Path:
    """The miniature in a folder, with rules for its web pages, made up to the shards that its recipe reads."""
    project = mini_project(folder)
    web = project.folders.sources / "web.yaml"
    web.write_text(web.read_text().replace("filters: {}", RULES))
    make_shards(Project(project.home, project.folders))
    return folder


def make_shards(project: Project) -> None:
    """All that a project's recipes are compiled of, without Dagster and its events."""
    project.engine = InlineEngine()
    for step in closure(project_steps(project), [f"shards/{shards}" for shards in project.shards]):
        step.ensure(Silence())


class PlantedCorpus:
    """A copy of the finished miniature: its raw files, its declarations, its home."""

    def __init__(self, finished: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(finished, folder)
        self.raw, self.declared, self.home = (folder / name for name in ("raw", "declared", "home"))
        for path in self.declared.rglob("*.yaml"):
            path.write_text(path.read_text().replace(str(finished), str(folder)))
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PHASELINE_HOME", str(self.home))
        monkeypatch.setenv("DAGSTER_HOME", "")  # is set by what materialises

    def project(self) -> Project:
        """What is declared now."""
        declared = {path.stem: path for path in self.declared.iterdir()}
        project = Project(
            self.home,
            Folders(**{field.name: declared[field.name] for field in fields(Folders) if field.name in declared}),
        )
        project.engine = InlineEngine()
        return project

    def declare(self, file: str, before: str, after: str) -> None:
        """Change a declaration; ``before`` stands in it."""
        path = self.declared / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def declare_second_crawl(self) -> None:
        """Another snapshot of web_crawl, at ``crawl_2`` beside the first."""
        self.declare(
            "sources/web.yaml", f"{self.raw}/crawl}}}}", f"{self.raw}/crawl}}, '2': {{folder: {self.raw}/crawl_2}}}}"
        )

    def withdraw_second_crawl(self) -> None:
        self.declare("sources/web.yaml", f", '2': {{folder: {self.raw}/crawl_2}}", "")

    def folder(self, asset: str) -> Path:
        """The folder of an asset's newest version."""
        return self.project().store.require(asset).folder

    def made(self) -> set[str]:
        """Every artifact that there is, as ``asset@version``."""
        root = self.home / "artifacts"
        folders = [path.parent.relative_to(root) for path in root.rglob("record.json")]
        return {f"{folder.parent}@{folder.name}" for folder in folders}

    def materialise(self, *assets: str) -> set[str]:
        """What ``phaseline train`` does up to some assets, short of training; returns what it made."""
        before = self.made()
        self._monkeypatch.setattr("assets.materialise.targets", lambda _recipe, _phases: [*assets])
        project = self.project()
        materialise(project, *select(project.recipes, "mini"))
        return self.made() - before

    def make(self, *assets: str) -> set[str]:
        """The same without Dagster, whose notes of what is current take longer than all that is made."""
        before = self.made()
        for step in closure(project_steps(self.project()), assets):
            step.ensure(Silence())
        return self.made() - before

    def stopped(self, make: Callable[[str], set[str]], asset: str) -> tuple[str, set[str]]:
        """What a person reads when an asset is not made for a fault, and what was made nevertheless."""
        before = self.made()
        with pytest.raises(PhaselineError) as error:
            make(asset)
        return str(error.value), self.made() - before
