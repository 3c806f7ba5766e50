"""One whole run in miniature: from raw files to an evaluated model whose every token is traced to its source."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from mini_project import NUM_DOCUMENTS, NUM_PAGES, mini_project

from assets.lineage import audit_json, document_json, step_json
from assets.materialise import materialise
from assets.models import evaluate, find_model
from assets.project import Project, default_trainer
from assets.summary import print_summary
from pipelines.errors import PhaselineError
from training.after.samples import samples_of
from training.declared.recipes import select
from training.runs.checkpoints import checkpoint_steps
from training.runs.run import Run, open_run


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The miniature, trained as by default, on two processes."""
    made = mini_project(tmp_path_factory.mktemp("project"))
    return Project(made.home, replace(made.folders, trainer=default_trainer()))


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    """The run, trained a phase at a time."""
    materialise(project, *select(project.recipes, "mini:early"))
    assert checkpoint_steps(open_run(project.store, "mini@1")) == [0, 16]
    materialise(project, *select(project.recipes, "mini"))
    return open_run(project.store, "mini@1")


def test_every_record_is_kept_or_dropped_for_a_reason(project: Project, run: Run) -> None:
    flows = {
        source.name: project.store.require(f"documents/{source.name}/1").record.flows["documents"]
        for source in project.sources
    }
    assert {name: (flow.num_in, flow.num_kept, flow.dropped) for name, flow in flows.items()} == {
        "code_code": (NUM_DOCUMENTS, NUM_DOCUMENTS, {}),
        "math_math": (NUM_DOCUMENTS, NUM_DOCUMENTS, {}),
        "qa_qa": (NUM_DOCUMENTS + 1, NUM_DOCUMENTS, {"invalid_json": 1}),
        "web_crawl": (NUM_PAGES + 2, NUM_PAGES + 1, {"empty": 1}),
        "web_mirror": (20, 20, {}),
        "wiki_wiki": (NUM_DOCUMENTS, NUM_DOCUMENTS, {}),
    }
    dedup = project.store.require("corpus/dedup").record.flows["documents"]
    assert dedup.num_in == sum(flow.num_kept for flow in flows.values())
    assert dedup.num_kept == dedup.num_in - 10
    assert dedup.dropped == {"exact_duplicate": 10}
    sets = [
        *(f"shards/{name}" for name in project.shards),
        *(f"held_out/{domain.domain}" for domain in project.domains),
    ]
    clean = project.store.require("corpus/contamination").record.flows["documents"]
    assert (clean.num_in, clean.dropped) == (dedup.num_kept, {"contaminated_quiz": 1})
    assert clean.num_kept == sum(project.store.require(name).record.flows["documents"].num_kept for name in sets)


def test_nothing_held_out_is_trained_on(project: Project, run: Run) -> None:
    trained = {id for name in project.shards for id in ids(project, f"shards/{name}")}
    held_out = {id for domain in project.domains for id in ids(project, f"held_out/{domain.domain}")}
    assert trained
    assert held_out
    assert not trained & held_out


def ids(project: Project, asset: str) -> list[str]:
    return pq.read_table(project.store.require(asset).folder / "index.parquet")["id"].to_pylist()


def test_the_model_learned_and_is_evaluated_at_each_boundary(project: Project, run: Run) -> None:
    losses = project.store.require("evaluations/mini").record.facts["losses"]
    assert list(losses) == ["start", "early", "late"]
    for domain in ("web", "math", "code", "wiki", "qa"):
        assert losses["late"][domain]["bits_per_byte"] < 0.9 * losses["start"][domain]["bits_per_byte"]


def test_models_are_found_by_name_and_compared(project: Project, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    store = project.store
    late = store.require("models/mini/late")
    assert [find_model(store, name) for name in ("mini", "mini@1", "mini@1@32", late.asset, late.name)] == [late] * 5
    start = find_model(store, "mini@1@0")
    assert start == store.require("models/mini/start")
    evaluate(project, [start, late])
    losses = store.require("evaluations/mini").record.facts["losses"]
    for line in capfd.readouterr().out.splitlines():
        for model, boundary in ((start, "start"), (late, "late")):
            if line.startswith(model.name):
                domains = ("code", "math", "qa", "web", "wiki")
                assert line.split()[2:7] == [f"{losses[boundary][domain]['bits_per_byte']:.3f}" for domain in domains]
    with pytest.raises(PhaselineError, match="there is no model models/mini/later") as raised:
        find_model(store, "models/mini/later")
    assert "models/mini/early, models/mini/late, models/mini/start" in raised.value.remedy


def test_a_model_has_a_sample_for_each_domain_with_long_documents(project: Project, run: Run) -> None:
    samples = samples_of(project.store, project.store.require("models/mini/late"))
    assert samples
    assert {sample.domain for sample in samples} <= {domain.domain for domain in project.domains}


def test_every_check_passed_and_stands_in_a_record(project: Project, run: Run) -> None:
    for name in (*(f"shards/{name}" for name in project.shards), "documents/web_crawl/1", "models/mini/late"):
        checks = project.store.require(name).record.checks
        assert checks
        assert all(check.passed for check in checks)


def test_the_audit_reaches_every_source_and_its_tokens_sum_to_the_bill(project: Project, run: Run) -> None:
    audit = audit_json(project.store, run, None)
    assert audit["step"] == 32
    assert {name.partition("@")[0] for name in audit["artifacts"]} >= {
        f"raw/{source.name}/1" for source in project.sources
    }
    bill = audit["bill"]
    assert bill["sources"].keys() == {source.name for source in project.sources}
    for amounts in (bill["sources"], bill["licences"], bill["buckets"], bill["names"]):
        assert sum(amount["tokens"] for amount in amounts.values()) == 32 * 8 * 32
    assert bill == audit["artifacts"]["checkpoints/mini@1@32"]["facts"]["bill"]
    assert json.dumps(audit)


def test_a_step_and_its_documents_are_traced_to_each_other(project: Project, run: Run) -> None:
    step = step_json(project.store, run, 20)
    assert step["phase"] == "late"
    for row in step["documents"][:5]:
        sightings = document_json(project.store, run, row["document"])["sightings"]
        assert {"step": 20, "sample": row["sample"]}.items() <= {
            key: value for seen in sightings if seen["sample"] == row["sample"] for key, value in seen.items()
        }.items()


def test_a_second_run_finds_everything_current(project: Project, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    before = sorted(path for path in project.home.rglob("record.json"))
    materialise(project, *select(project.recipes, "mini"))
    output = capfd.readouterr().out
    assert "46 of 46 assets are current" in output
    assert sorted(path for path in project.home.rglob("record.json")) == before


def test_the_summary_names_each_source_phase_and_loss(
    project: Project, run: Run, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    print_summary(project, run)
    output = capfd.readouterr().out
    for expected in ("web_mirror", "exact_duplicate 10", "empty 1", "early", "late", "bits per byte", "audit mini@1"):
        assert expected in output
