"""Pages of sites through the documents step: refused by their addresses, and without the lines that a site repeats."""

import shutil
from pathlib import Path

import pytest
from two_languages import train_identifier

from pipelines.documents import documents_table
from pipelines.engines import LocalEngine
from pipelines.fetch.raw import ensure_raw
from pipelines.filters import Filters
from pipelines.process import step
from pipelines.process.step import ensure_documents
from pipelines.readers.formats import HtmlReader
from pipelines.site_lines.declared import SiteLines
from pipelines.sources import Domain, Source
from pipelines.store import Draft, Outcome, Store
from pipelines.urls.rules import UrlRules

MENU = "Our newsletter brings all of this to you, every week."


def page(site: str, number: int) -> str:
    own = f"This is what the page with the number {number} of {site} says, and no other page says it."
    return (
        f'<html><head><link rel="canonical" href="https://www.{site}/{number}"></head>'
        f"<body><p>{own}</p><p>{MENU}</p></body></html>"
    )


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Six pages of one site, two of another, one of a refused one; a task for every page or two."""
    monkeypatch.setattr(step, "GROUP_BYTES", 400)
    raw = tmp_path / "raw"
    raw.mkdir()
    for site, count in (("many.example.org", 6), ("few.org", 2), ("refused.org", 1)):
        for number in range(count):
            (raw / f"{site}-{number}.html").write_text(page(site, number))
    source = Source.model_validate(
        {
            "name": "web_planted",
            "licence": "CC0-1.0",
            "reader": HtmlReader(format="html", include=("**",), main_content=False),
            "snapshots": {"1": {"folder": raw}},
        }
    )
    domain = Domain(
        domain="web",
        urls=UrlRules(block_domains=("refused.org",)),
        site_lines=SiteLines(min_pages=3, min_share=0.5),
        filters=Filters(),
        sources=(source,),
    )
    store = Store(tmp_path / "home")

    def make(draft: Draft) -> None:
        shutil.move(train_identifier(tmp_path), draft.folder)

    identifier = store.ensure("model/tiny", make, code_version="1", parameters={}).artifact
    pinned = ensure_raw(store, source, "1", print).artifact
    engine = LocalEngine(workers=2)
    return ensure_documents(store, domain, source, "1", pinned, identifier, engine=engine, report=print)


def test_lines_of_a_site_are_removed_and_refused_addresses_dropped(made: Outcome) -> None:
    rows = documents_table([made.artifact], ["url", "text"]).to_pylist()
    with_menu = sorted(row["url"] for row in rows if MENU in row["text"])
    assert with_menu == ["https://www.few.org/0", "https://www.few.org/1"]
    assert all("no other page says it" in row["text"] for row in rows)
    flow = made.artifact.record.flows["documents"]
    assert (flow.num_in, flow.num_kept, flow.dropped) == (9, 8, {"url_domain": 1})
    assert made.artifact.record.flows["bytes"].num_lost == 0
    assert made.artifact.record.facts["num_site_lines_removed"] == 6
