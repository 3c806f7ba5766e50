"""Each fault planted in perplexities and quadrants is stopped by the checks that should stop it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.corpus import QUADRANTS
from pipelines.digests import document_id
from pipelines.record import Flow
from pipelines.store import Draft
from quality.perplexity import assigned, attributes
from quality.perplexity.attributes import PERPLEXITY
from quality.validation.expectations import Expectations

SUITES = Path(__file__).parents[2] / "quality/expectations"

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def expectations() -> Expectations:
    return Expectations(SUITES)


def failed(expectations: Expectations, asset: str, draft: Draft) -> list[str]:
    return [check.name for check in expectations.validate(asset, draft) if not check.passed]


def changed(row: int, **values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[row].update(values)


def perplexity_rows() -> Rows:
    """Three scored documents and one too short."""
    scored = {
        "num_tokens_scored": 9,
        "nll_weak": 3.0,
        "nll_strong": 2.5,
        "pd": -float(np.expm1(-0.5)),
        "reason": None,
    }
    unscored = {"num_tokens_scored": 0, "nll_weak": None, "nll_strong": None, "pd": None, "reason": "too_short"}
    return [{"id": document_id(str(row))} | (scored if row < 3 else unscored) for row in range(4)]


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda _: None, []),
        (lambda rows: rows.pop(), ["documents_on_disk"]),
        (changed(1, id=document_id("0")), ["unique_ids"]),
        (
            changed(3, reason=None),
            ["scores_on_disk", "scored_or_with_reason", "losses_are_finite", "differences_are_of_losses"],
        ),
        (changed(3, pd=0.5), ["scored_or_with_reason"]),
        (changed(0, nll_weak=float("inf"), pd=1.0), ["losses_are_finite"]),
        (changed(0, nll_strong=-1.0, pd=-float(np.expm1(-4.0))), ["losses_are_finite"]),
        (changed(2, pd=0.39), ["differences_are_of_losses"]),
        (changed(2, nll_strong=6.0, pd=-float(np.expm1(3.0))), ["strong_model_is_better"]),
    ],
)
def test_faults_in_perplexities(
    expectations: Expectations, tmp_path: Path, fault: Callable[[Rows], None], stopped_by: list[str]
) -> None:
    rows = perplexity_rows()
    fault(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=attributes.SCHEMA), tmp_path / PERPLEXITY)
    draft = Draft(tmp_path, flows={"documents": Flow(num_in=4, num_kept=3, dropped={"too_short": 1})})
    assert failed(expectations, "quality/perplexity/web", draft) == stopped_by


def quadrant_rows() -> Rows:
    scored = {"shards": "web", "quadrant": "high_ppl_low_pd", "reason": None}
    unscored = {"shards": "web", "quadrant": None, "reason": "too_short"}
    return [{"id": document_id(str(row))} | (scored if row < 3 else unscored) for row in range(4)]


@pytest.mark.parametrize(
    ("fault", "stopped_by"),
    [
        (lambda _: None, []),
        (lambda rows: rows.pop(), ["documents_on_disk"]),
        (changed(1, id=document_id("0")), ["unique_ids"]),
        (changed(0, quadrant="Q3"), ["known_quadrants"]),
        (changed(0, reason="too_short"), ["quadrant_or_reason"]),
        (changed(0, quadrant=None), ["quadrants_on_disk", "quadrant_or_reason"]),
    ],
)
def test_faults_in_quadrants(
    expectations: Expectations, tmp_path: Path, fault: Callable[[Rows], None], stopped_by: list[str]
) -> None:
    rows = quadrant_rows()
    fault(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=assigned.SCHEMA), tmp_path / QUADRANTS)
    flows = {
        "documents": Flow(num_in=4, num_kept=3, dropped={"too_short": 1}),
        "tokens": Flow(num_in=30, num_kept=27, dropped={"too_short": 3}),
    }
    draft = Draft(tmp_path, flows=flows, facts={"smallest_share_of_tokens": 0.2})
    assert failed(expectations, "quality/quadrants", draft) == stopped_by


def test_a_small_quadrant_is_a_warning(expectations: Expectations, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(quadrant_rows(), schema=assigned.SCHEMA), tmp_path / QUADRANTS)
    flows = {unit: Flow(num_in=4, num_kept=3, dropped={"too_short": 1}) for unit in ("documents", "tokens")}
    draft = Draft(tmp_path, flows=flows, facts={"smallest_share_of_tokens": 0.01})
    checks = [check for check in expectations.validate("quality/quadrants", draft) if not check.passed]
    assert [(check.name, check.blocks) for check in checks] == [("no_quadrant_is_small", False)]
