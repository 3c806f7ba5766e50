"""Data Docs: a page for each validation that can be read without a network, and a list of all of them."""

import re
from pathlib import Path

import pytest
from drafts import SUITES, document_draft, document_rows

from pipelines.draft import Draft
from pipelines.store import Store
from quality.validation.data_docs.site import page_path
from quality.validation.expectations import Expectations

PARAMETERS = {"domain": {"languages": []}, "reader": {"format": "text"}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a sound and a faulty version of one asset, and a sound one of another, have been made."""
    home = tmp_path_factory.mktemp("home")
    store = Store(home, Expectations(SUITES, home / "data_docs"))
    for asset, licence in [("documents/pages/1", "MIT"), ("documents/pages/1", ""), ("documents/<b>/1", "MIT")]:
        rows = document_rows(4)
        rows[3]["licence"] = licence
        rows[3]["language"] = "<i>" if licence else "en"

        def make(draft: Draft, rows: list[dict[str, object]] = rows) -> None:
            draft.flows = document_draft(draft.folder, rows).flows

        store.ensure(asset, make, code_version="1", parameters=PARAMETERS | {"licence": licence})
    return home


def test_the_list_says_how_each_version_fared(home: Path) -> None:
    page = (home / "data_docs/index.html").read_text()
    listed = re.findall(r'href="([^"]*)">([^<]*)</a></td>\s*<td class="(\w*)">([^<]*)<', page)
    assert listed == [
        ("documents/&lt;b&gt;/1/1.html", "documents/&lt;b&gt;/1@1", "", "25 of 25 checks passed"),
        (
            "documents/pages/1/2.html",
            "documents/pages/1@2",
            "failed",
            "24 of 25 checks passed; failed: licence_present",
        ),
        ("documents/pages/1/1.html", "documents/pages/1@1", "", "25 of 25 checks passed"),
    ]


def test_a_page_shows_every_check_with_what_was_expected_and_found(home: Path) -> None:
    page = page_path(home / "data_docs", "documents/pages/1", 2).read_text()
    checks = Expectations(SUITES).checks("documents/pages/1")
    assert re.findall(r'<td class="check">(\w*)</td>', page) == list(checks)
    assert page.count(">passed<") == len(checks) - 1
    row = page.split("licence_present</td>")[1].split("</tr>")[0]
    assert ">failed<" in row
    assert "num_without_licence is 1 in documents-00000.parquet" in row
    assert "less than or equal to" in row


def test_pages_ask_no_other_host_for_anything(home: Path) -> None:
    for path in (home / "data_docs").rglob("*.html"):
        assert "//" not in re.sub(r"<style>.*?</style>", "", path.read_text(), flags=re.DOTALL)
        assert "<script" not in path.read_text()


def test_data_docs_are_made_where_they_are_wanted(tmp_path: Path) -> None:
    draft = document_draft(tmp_path, document_rows())
    draft.parameters = PARAMETERS
    Expectations(SUITES).validate("documents/pages/1", draft)
    assert not list(tmp_path.rglob("*.html"))
