"""Great Expectations at work: declared expectations on one frame, and each result as a check.

The import costs seconds, so this module is imported where a draft is validated and nowhere else.
"""

import functools
import os
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the package is imported

import great_expectations as gx
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig

from pipelines.record import Check
from quality.validation.messages import observed
from quality.validation.suite import ExpectationDeclaration


class Examined(NamedTuple):
    """A check, and the result of Great Expectations that it was made from."""

    check: Check
    result: ExpectationValidationResult


@functools.cache
def whole_frame() -> BatchDefinition:
    """The batch definition for frames in memory, in the one context of this process, which writes nothing to disk."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def run_expectations(frame: pa.Table, expectations: Sequence[ExpectationDeclaration]) -> list[Examined]:
    """Run expectations on a frame; the checks in the order of the expectations.

    An expectation that cannot be evaluated, as for want of its column, has failed.
    """
    suite = gx.ExpectationSuite(
        name="declared",
        expectations=[
            getattr(gx.expectations, declared.expectation)(meta={"position": position}, **declared.kwargs)
            for position, declared in enumerate(expectations)
        ],
    )
    batch = whole_frame().get_batch({"dataframe": frame.to_pandas()})
    results = batch.validate(suite, result_format="COMPLETE").results
    ordered = sorted(results, key=lambda result: result.expectation_config.meta["position"])
    return [
        Examined(as_check(declared, result, frame), result)
        for declared, result in zip(expectations, ordered, strict=True)
    ]


def as_check(declared: ExpectationDeclaration, result: ExpectationValidationResult, frame: pa.Table) -> Check:
    return Check(
        name=declared.name,
        passed=bool(result.success),
        severity=declared.severity,
        detail=f"{observed(declared.columns, frame, result.result)}; expected {declared.bounds}",
    )
