"""Great Expectations at work: declared expectations on one frame, and each result as a check.

The import costs seconds, so this module is imported where a draft is validated and nowhere else.
"""

import functools
import os
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the package is imported

import great_expectations as gx
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig

from pipelines.record import Check
from quality.validation.suite import ExpectationDeclaration

WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])")
COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


@functools.cache
def whole_frame() -> BatchDefinition:
    """The batch definition for frames in memory, in the one context of this process, which writes nothing to disk."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole")


def run_expectations(frame: pa.Table, expectations: Sequence[ExpectationDeclaration]) -> list[Check]:
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
    results = whole_frame().get_batch({"dataframe": frame.to_pandas()}).validate(suite).results
    ordered = sorted(results, key=lambda result: result.expectation_config.meta["position"])
    return [as_check(declared, result, frame) for declared, result in zip(expectations, ordered, strict=True)]


def as_check(declared: ExpectationDeclaration, result: ExpectationValidationResult, frame: pa.Table) -> Check:
    return Check(
        name=declared.name,
        passed=bool(result.success),
        severity=declared.severity,
        detail=f"{observed(declared, result, frame)}; expected {bounds(declared)}",
    )


def observed(declared: ExpectationDeclaration, result: ExpectationValidationResult, frame: pa.Table) -> str:
    """What was found, for people: the value where there is one, else how many rows differ and the first of them."""
    columns = [declared.kwargs[name] for name in COLUMN_ARGUMENTS if name in declared.kwargs]
    missing = [column for column in columns if column not in frame.column_names]
    if missing:
        return f"there is no {', '.join(missing)}"
    if len(frame) == 1:
        return ", ".join(f"{column} is {readable(frame[column][0].as_py())}" for column in columns)
    found: dict[str, Any] = result.result
    if "observed_value" in found:
        return f"{', '.join(columns)} has {readable(found['observed_value'])}"
    if "unexpected_count" not in found:
        return f"not evaluated: {result.exception_info}"
    unexpected = f"{found['unexpected_count']:,} of {found['element_count']:,} rows unexpected in {', '.join(columns)}"
    examples = ", ".join(readable(value) for value in found["partial_unexpected_list"][:3])
    return f"{unexpected}, such as {examples}" if examples else unexpected


def readable(value: Any) -> str:
    if isinstance(value, bool | str):
        return str(value)
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if hasattr(value, "__index__") else str(value)


def bounds(declared: ExpectationDeclaration) -> str:
    """The expectation's arguments but for its columns, or its name in words where it has no others."""
    arguments = {name: value for name, value in declared.kwargs.items() if name not in COLUMN_ARGUMENTS}
    if arguments.keys() == {"min_value", "max_value"} and arguments["min_value"] == arguments["max_value"]:
        return str(arguments["min_value"])
    named = ", ".join(f"{name} {value}" for name, value in arguments.items())
    return named or WORD_START.sub(" ", declared.expectation.removeprefix("Expect")).lower()
