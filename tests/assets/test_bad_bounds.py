"""Bounds that are not valid are refused before any work, by file and field."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mini_project import write_declarations

from assets.project import Folders, Project
from pipelines.errors import PhaselineError


@pytest.mark.parametrize(
    ("file", "before", "after", "message"),
    [
        ("ratchets.yaml", "max_loss: 0.2", "max_loss: 20", "ratchets.1.bounds.size.max_loss: Input should be less"),
        ("ratchets.yaml", "size: {max_loss: 0.2", "sizes: {max_loss: 0.2", "ratchets.1.bounds.sizes: Extra inputs are"),
        ("ratchets.yaml", "ratchets:", "ratchets: {", "not valid YAML"),
        ("expectations/shards.yaml", "min_value: 1", "min_valu: 1", "'min_valu' was unexpected"),
        ("expectations/dedup.yaml", "column: num_survivors, min", "column: 7, min", "kwargs.column of Expect"),
        ("expectations/dedup.yaml", "dedup_statistics:", "dedup_counts:", "frames: there is no frame dedup_counts"),
        ("buckets/web.yaml", "min_level: 12", "min_level: 20", "buckets.0.min_level: Input should be less than 20"),
        ("scorers/prose.yaml", "threshold: 0.5", "threshold: 5", "threshold: Input should be less than 1"),
        ("corpus.yaml", "{web_mirror: 0.5}", "{web_mirror: 5}", "dedup.max_removed_share_by_source.web_mirror: Input"),
    ],
)
def test_a_bound_that_is_not_valid_is_refused_before_any_work(
    tmp_path: Path, file: str, before: str, after: str, message: str
) -> None:
    declared, home = tmp_path / "declared", tmp_path / "home"
    folders = write_declarations(declared, tmp_path / "raw")
    shutil.copytree(Folders.expectations, declared / "expectations")
    shutil.copy(Folders.ratchets, declared)
    path = declared / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(PhaselineError) as refusal:
        Project(home, replace(folders, expectations=declared / "expectations", ratchets=declared / "ratchets.yaml"))
    assert refusal.value.what.startswith(f"{path}:")
    assert message in refusal.value.what
    assert not home.exists()
