"""Buckets are declared by level, with the rules that they do without; what cannot be meant is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.errors import PhaselineError
from quality.bucketing.declaration import BucketsDeclaration, read_buckets

SHIPPED = Path(__file__).parents[2] / "quality/buckets"
MINIMAL = {"domain": "web", "scorers": ["prose"], "stratify_by": None, "fit": 1}


def read(folder: Path, **changes: Any) -> BucketsDeclaration:
    (folder / "web.yaml").write_text(yaml.safe_dump(MINIMAL | changes))
    return read_buckets(folder)["web"]


def bucket(name: str, min_level: int, *without_rules: str) -> dict[str, Any]:
    return {"name": name, "min_level": min_level, "without_rules": list(without_rules)}


def test_the_default_buckets_are_those_of_nemotron_cc(tmp_path: Path) -> None:
    declared = read(tmp_path)
    bounds = {bucket.name: bucket.min_level for bucket in declared.buckets}
    assert bounds == {"high": 19, "medium_high": 18, "medium": 12, "medium_low": 7, "low": 0}
    assert declared.deferred_rules == ()


def test_deferred_rules_are_those_of_any_bucket(tmp_path: Path) -> None:
    buckets = [bucket("high", 19, "gopher_*", "c4_lorem_ipsum"), bucket("low", 0)]
    declared = read(tmp_path, buckets=buckets)
    assert declared.deferred_rules == ("c4_lorem_ipsum", "gopher_*")
    high, low = declared.buckets
    assert high.excuses("gopher_bullets")
    assert not high.excuses("c4_policy_lines")
    assert not low.excuses("gopher_bullets")


def test_buckets_that_excuse_different_rules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhaselineError, match="two buckets have different without_rules"):
        read(tmp_path, buckets=[bucket("high", 19, "gopher_*"), bucket("medium", 12, "c4_*"), bucket("low", 0)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scorers": []}, "scorers: Tuple should have at least 1 item"),
        ({"scorers": ["prose", "form", "prose"]}, "scorers: a scorer is named twice among prose, form, prose"),
        ({"fit": 0}, "fit: Input should be greater than or equal to 1"),
        ({"stratify_by": "source"}, "stratify_by: Input should be 'language'"),
        ({"buckets": [bucket("high", 19), bucket("low", 1)]}, r"end at 0, but is \[19, 1\]"),
        ({"buckets": [bucket("low", 0), bucket("high", 19)]}, r"must fall from bucket to bucket .* is \[0, 19\]"),
        ({"buckets": [bucket("a", 5), bucket("a", 0)]}, "two buckets have the same name"),
        ({"buckets": [bucket("high", 20), bucket("low", 0)]}, "min_level: Input should be less than 20"),
        ({"buckets": [bucket("low", 0, "gofer_*")]}, r"no rule has a reason like gofer_\*; the reasons are c4_"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PhaselineError, match=message):
        read(tmp_path, **changes)


def test_two_declarations_of_one_domain_are_refused(tmp_path: Path) -> None:
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(MINIMAL))
    with pytest.raises(PhaselineError, match=r"web\.yaml: web has buckets already"):
        read(tmp_path)


def test_the_shipped_declaration_excuses_only_its_best_buckets() -> None:
    declared = read_buckets(SHIPPED)["web"]
    assert [bucket.name for bucket in declared.buckets if bucket.without_rules] == ["high", "medium_high"]
    assert len({bucket.without_rules for bucket in declared.buckets[:2]}) == 1
