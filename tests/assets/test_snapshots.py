"""Snapshots are partitions: a new one makes only itself, and the corpus is then that of a fresh home."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest
from inline_engine import InlineEngine
from mini_project import mini_project, page, plant_identifier, prose

from assets.build import asset_key
from assets.definitions import build_definitions, project_steps
from assets.materialise import PlannedRun, execute, prepare_instance, stages
from assets.project import Project
from assets.step import Silence, closure, outdated
from pipelines.corpus import DEDUP, REMOVALS, SURVIVORS
from pipelines.store import Artifact, Store

FIRST = ["code_code/1", "math_math/1", "qa_qa/1", "web_crawl/1", "web_mirror/1", "wiki_wiki/1"]
NEW = [f"{kind}/web_crawl/2" for kind in ("raw", "documents", "signatures")]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return mini_project(tmp_path)


def declare_second_snapshot(project: Project) -> Project:
    """The project with another crawl, at ``crawl_2`` beside the first."""
    path = project.folders.sources / "web.yaml"
    first, crawl = "{'1': {folder: ", f"{raw_folder(project)}/crawl"
    declared = path.read_text()
    assert f"{first}{crawl}}}}}" in declared
    path.write_text(declared.replace(f"{first}{crawl}}}}}", f"{first}{crawl}}}, '2': {{folder: {crawl}_2}}}}"))
    return Project(project.home, project.folders)


def write_second_snapshot(project: Project) -> None:
    """Three pages of the first crawl, four that are changed a little, one like an article, and two of its own."""
    longer = {f"longer{n}": f"{prose(f'crawl{n}', 'w')} and one more" for n in (30, 31)}
    shorter = {f"shorter{n}": prose(f"crawl{n}", "w").rpartition(".")[0] for n in (40, 41)}
    texts = {
        **{f"same{n}": prose(f"crawl{n}", "w") for n in (20, 21, 22)},
        **longer,
        **shorter,
        "article": f"{prose('wiki0', 'k')} and one more",
        **{f"own{n}": prose(f"second{n}", "w") for n in range(2)},
    }
    folder = raw_folder(project) / "crawl_2"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(page(text))


def raw_folder(project: Project) -> Path:
    return project.home.parent / "raw"


def make_corpus(project: Project) -> Artifact:
    """Everything up to the deduplicated corpus."""
    project.engine = InlineEngine()
    for step in closure(project_steps(project), [DEDUP]):
        step.ensure(Silence())
    return project.store.require(DEDUP)


def to_make(project: Project) -> list[str]:
    return [step.asset for step in outdated(closure(project_steps(project.looking()), [DEDUP]))]


def digests(store: Store) -> dict[str, str]:
    """The digest of every version of every artifact, by its folder."""
    folder = store.root / "artifacts"
    records = sorted(folder.rglob("record.json"))
    return {
        str(path.parent.relative_to(folder)): store.get(
            str(path.parent.parent.relative_to(folder)), int(path.parent.name)
        ).digest
        for path in records
    }


def removals_of(corpus: Artifact) -> Iterator[tuple[str, str, str, str, str]]:
    for row in pq.read_table(corpus.folder / REMOVALS).to_pylist():
        yield tuple(row[name] for name in ("source", "snapshot", "locator", "step", "survivor_source"))


def test_a_new_snapshot_makes_itself_and_changes_nothing_before_it(tmp_path: Path, project: Project) -> None:
    before_removals = set(removals_of(make_corpus(project)))
    before = digests(project.store)
    assert to_make(project) == []

    write_second_snapshot(project)
    project = declare_second_snapshot(project)
    assert to_make(project) == [*NEW, DEDUP]
    corpus = make_corpus(project)
    assert to_make(project) == []

    after = digests(project.store)
    assert after.keys() - before.keys() == {f"{asset}/1" for asset in NEW} | {f"{DEDUP}/2"}
    assert before.items() <= after.items()
    num_texts_read = {name: count for name, count in corpus.record.facts["num_texts_read"].items() if count}
    assert num_texts_read == {"documents/web_crawl/1": 4, "documents/web_crawl/2": 5, "documents/wiki_wiki/1": 1}
    assert set(removals_of(corpus)) - before_removals == {
        ("web_crawl", "2", "same20.html", "exact", "web_crawl"),
        ("web_crawl", "2", "same21.html", "exact", "web_crawl"),
        ("web_crawl", "2", "same22.html", "exact", "web_crawl"),
        ("web_crawl", "1", "030.html", "near", "web_crawl"),
        ("web_crawl", "1", "031.html", "near", "web_crawl"),
        ("web_crawl", "2", "shorter40.html", "near", "web_crawl"),
        ("web_crawl", "2", "shorter41.html", "near", "web_crawl"),
        ("web_crawl", "2", "article.html", "near", "wiki_wiki"),
    }
    assert before_removals < set(removals_of(corpus))
    kept = {row["places"][0]["locator"] for row in survivors_of(corpus, "web_crawl", "2")}
    assert kept == {"longer30.html", "longer31.html", "own0.html", "own1.html"}
    assert corpus.record.flows["documents"].num_lost == 0

    plant_identifier(Store(tmp_path / "fresh"), project.identifier, tmp_path)
    assert make_corpus(Project(tmp_path / "fresh", project.folders)).digest == corpus.digest


def survivors_of(corpus: Artifact, source: str, snapshot: str) -> list[Mapping[str, list[dict[str, str]]]]:
    rows = pq.read_table(corpus.folder / SURVIVORS).to_pylist()
    return [row for row in rows if (row["source"], row["snapshot"]) == (source, snapshot)]


def test_the_graph_has_a_partition_for_each_snapshot(project: Project) -> None:
    definitions = build_definitions(declare_second_snapshot(project))
    web = ["web_crawl@1", "web_crawl@2", "web_mirror@1"]
    for domain, keys in (("web", web), ("math", ["math_math@1"])):
        partitions = definitions.resolve_job_def(domain).partitions_def
        assert partitions is not None
        assert partitions.get_partition_keys() == keys
        for kind in ("raw", "documents", "signatures"):
            assets = definitions.resolve_asset_graph().get(asset_key(f"{kind}/{domain}"))
            assert assets.partitions_def == partitions
    assert definitions.resolve_asset_graph().get(asset_key(DEDUP)).partitions_def is None


def runs(project: Project) -> list[list[PlannedRun]]:
    """What is to be run up to the deduplicated corpus."""
    return list(stages(list(outdated(closure(project_steps(project.looking()), [DEDUP]))), "mini"))


def run_in_dagster(project: Project) -> list[str]:
    """Run what is to be run, stage by stage until one has failures; says what they are."""
    prepare_instance(project.home)
    definitions = build_definitions(project)
    failures: list[str] = []
    with dg.DagsterInstance.get() as instance:
        for stage in runs(project):
            failures += [failure for run in stage for failure in execute(project, definitions, instance, run, [])]
            if failures:
                break
    return failures


def partitions_made(project: Project, asset: str) -> set[str]:
    with dg.DagsterInstance.get() as instance:
        return set(instance.get_materialized_partitions(asset_key(asset)))


def test_a_snapshot_that_fails_leaves_the_others_made(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")  # is set by what follows
    project = declare_second_snapshot(project)
    (failure,) = run_in_dagster(project)
    assert failure.startswith(f"raw/web_crawl/2: the folder {raw_folder(project)}/crawl_2 holds no files")
    for snapshot in FIRST:
        assert project.store.require(f"signatures/{snapshot}").record.version == 1
    assert project.store.latest("documents/web_crawl/2") is None
    assert project.store.latest(DEDUP) is None
    assert partitions_made(project, "signatures/web") == {"web_crawl@1", "web_mirror@1"}

    write_second_snapshot(project)
    planned = [[(run.job, run.partition_key, len(run.steps)) for run in stage] for stage in runs(project)]
    assert planned == [[("web", "web_crawl@2", 3)], [("mini", None, 1)]]
    assert run_in_dagster(project) == []
    assert partitions_made(project, "signatures/web") == {"web_crawl@1", "web_crawl@2", "web_mirror@1"}
    assert project.store.require(DEDUP).record.flows["documents"].num_lost == 0
