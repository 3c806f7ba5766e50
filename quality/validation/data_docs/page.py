"""The page of an artifact: its checks in tables, with the sentences of Great Expectations' renderers.

Great Expectations' own pages take their style sheets and scripts from other hosts, so its sentences are set into a page
of ours.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import great_expectations as gx
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.registry import get_renderer_impl
from great_expectations.render import LegacyRendererType
from great_expectations.render.view import DefaultJinjaPageView

from pipelines.record import Check
from quality.validation.data_docs.site import TEMPLATES
from quality.validation.runner import Examined

STYLING = {"default": {"classes": ["value"]}}


class Section(NamedTuple):
    """The checks on one frame."""

    frame: str
    num_rows: int
    examined: Sequence[Examined]


def render_page(asset: str, version: int, sections: Sequence[Section]) -> str:
    """The page of an artifact as HTML."""
    view = DefaultJinjaPageView(custom_views_directory=str(TEMPLATES))
    page: str = view.env.get_template("page.html").render(
        name=f"{asset}@{version}",
        outcome=outcome_of([each.check for section in sections for each in section.examined]),
        sections=[(section, [row_of(each) for each in section.examined]) for section in sections],
        root="../" * (asset.count("/") + 1),
        validated_at=datetime.now(UTC).isoformat(sep=" ", timespec="seconds"),
        great_expectations=gx.__version__,
    )
    return page


def row_of(examined: Examined) -> dict[str, Any]:
    """A check, what was found, and the content blocks that say what was expected."""
    found, _, _ = examined.check.detail.rpartition("; expected ")
    return {"check": examined.check, "expected": expected(examined.result.expectation_config), "found": found}


def expected(configuration: ExpectationConfiguration) -> list[dict[str, Any]]:
    """The sentences that Great Expectations has for an expectation."""
    _, render = get_renderer_impl(configuration.type, LegacyRendererType.PRESCRIPTIVE)
    blocks = render(configuration=configuration, runtime_configuration={"styling": STYLING})
    return [block.to_json_dict() for block in blocks]


def outcome_of(checks: Sequence[Check]) -> str:
    """What became of the checks, in a line."""
    parts = [f"{sum(check.passed for check in checks)} of {len(checks)} checks passed"]
    if failed := [check.name for check in checks if check.blocks]:
        parts.append(f"failed: {', '.join(failed)}")
    if warnings := [check.name for check in checks if not check.passed and not check.blocks]:
        parts.append(f"warnings: {', '.join(warnings)}")
    return "; ".join(parts)
