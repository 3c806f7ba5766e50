"""The report is one file that tells everything of one corpus, and lets nothing of a document become markup."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from chromium import NEEDS_CHROMIUM, opened_browser
from reported_corpus import ADDRESS, ATTACK, EXPECTED, ODD_SOURCE, ReportedCorpus

from assets.corpus_plots import duplicates_plots, funnel_plots
from assets.project import Project
from assets.report import report
from pipelines.corpus import QUADRANTS_ASSET
from pipelines.errors import PhaselineError
from pipelines.store import Artifact, Draft, Store
from quality.perplexity.quantiles import QUADRANT_NAMES
from quality.report.artifacts import artifacts_of, everything_behind, newest_made_from
from quality.report.figures import Excerpts, Heading, Plot, Table
from quality.report.page import Page, Section
from quality.report.removals import Removals
from quality.report.render import render, write_page
from quality.report.report import report_on

SECTIONS = [
    *("funnel", "sources", "mix", "classifiers", "scores", "buckets", "quadrants", "duplicates", "contamination"),
    *("checks", "dropped"),
]
REASONS = "Every reason, and the bound that is declared for it"
FETCHING = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "ping", "cite"}


LAPTOP, PHONE = (1280, 800), (390, 844)
OUTSIDE = """
    const width = document.documentElement.clientWidth;
    const boxes = [...document.querySelectorAll("body *")].filter(element => !element.closest(".scroll"));
    const outside = boxes.filter(element => element.getBoundingClientRect().right > width + 0.5);
    return [document.documentElement.scrollWidth > width, outside.map(element => element.outerHTML.slice(0, 80))];
"""
OVERLAPPING = """
    const meet = (one, other) => one.left < other.right - 1 && other.left < one.right - 1
        && one.top < other.bottom - 1 && other.top < one.bottom - 1;
    const boxes = [...document.querySelectorAll(".figures > div")].map(element => element.getBoundingClientRect());
    return boxes.filter((one, index) => boxes.slice(index + 1).some(other => meet(one, other))).length;
"""


class Parsed(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> ReportedCorpus:
    """The corpus before anything is scored."""
    return ReportedCorpus(tmp_path_factory.mktemp("reported"))


@pytest.fixture(scope="module")
def unscored(planted: ReportedCorpus) -> Page:
    return report_on(planted.store, planted.corpus(), EXPECTED)


@pytest.fixture(scope="module")
def complete(planted: ReportedCorpus, unscored: Page) -> ReportedCorpus:
    planted.make_buckets()
    planted.make_quadrants()
    return planted


@pytest.fixture(scope="module")
def page(complete: ReportedCorpus) -> Page:
    return report_on(complete.store, complete.corpus(), EXPECTED)


@pytest.fixture(scope="module")
def parsed(page: Page) -> Parsed:
    return Parsed(render(page))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened_browser() as driver:
        yield driver


def section(page: Page, anchor: str) -> Section:
    (found,) = (section for section in page.sections if section.anchor == anchor)
    return found


def tables(page: Page, anchor: str) -> dict[str, Table]:
    return {figure.title: figure for figure in section(page, anchor).figures if isinstance(figure, Table)}


def excerpts(page: Page, anchor: str) -> dict[str, Excerpts]:
    return {figure.title: figure for figure in section(page, anchor).figures if isinstance(figure, Excerpts)}


def test_the_page_loads_nothing(parsed: Parsed) -> None:
    addresses = [value or "" for _, of in parsed.tags for name, value in of.items() if name in FETCHING]
    assert any(address.startswith("data:image/png;base64,") for address in addresses)
    assert not [address for address in addresses if not address.startswith(("data:", "#"))]
    assert not {"script", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in parsed.tags}
    assert "@import" not in parsed.text
    assert "url(" not in parsed.text


def test_nothing_of_a_document_becomes_markup(parsed: Parsed) -> None:
    assert not [name for _, of in parsed.tags for name in of if name.startswith("on")]
    assert [of["src"] for tag, of in parsed.tags if tag == "img" and not of["src"].startswith("data:image/png")] == []
    for hostile in (ATTACK, ADDRESS, ODD_SOURCE):
        assert hostile in parsed.text
    assert "\x1b" not in parsed.text
    assert "␛[31m" in parsed.text


def test_every_section_has_figures_and_says_what_is_to_be_seen(page: Page, parsed: Parsed) -> None:
    assert [section.anchor for section in page.sections] == SECTIONS
    assert all(section.says and section.figures for section in page.sections)
    assert [section.missing for section in page.sections if section.missing] == []
    linked = [of["href"] for tag, of in parsed.tags if tag == "a"]
    assert linked == [f"#{anchor}" for anchor in SECTIONS]
    assert [of["id"] for tag, of in parsed.tags if tag == "section"] == SECTIONS


def test_what_is_not_made_is_said(unscored: Page, planted: ReportedCorpus) -> None:
    missing = {each.anchor: list(each.missing) for each in unscored.sections if each.missing}
    clean = planted.clean.name
    web = [f"{asset} has not been made from {clean}." for asset in EXPECTED[3:6]]
    assert missing == {
        "funnel": web,
        "mix": web[:2],
        "classifiers": [f"classifiers/prose has not been made from {clean}."],
        "scores": [f"thresholds/web has not been made from {clean}."],
        "buckets": [f"buckets/web has not been made from {clean}."],
        "quadrants": [f"{QUADRANTS_ASSET} has not been made from {clean}."],
    }
    assert "has not been made from" in Parsed(render(unscored)).text


def test_the_same_artifacts_give_the_same_bytes(complete: ReportedCorpus, page: Page, tmp_path: Path) -> None:
    write_page(page, tmp_path / "one" / "page.html")
    again = Store(complete.store.root)
    write_page(report_on(again, complete.corpus(), EXPECTED), tmp_path / "two.html")
    assert (tmp_path / "one" / "page.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["page.html", "two.html"]


def test_the_plots_are_those_of_the_artifacts(page: Page) -> None:
    titles = {
        anchor: [figure.title for figure in section(page, anchor).figures if isinstance(figure, Plot)]
        for anchor in SECTIONS
    }
    assert {anchor: plots for anchor, plots in titles.items() if plots} == {
        "classifiers": [
            "prose: how it scores positives and negatives",
            "prose: score against share of positives",
            "prose: what each threshold gives",
        ],
        "scores": [
            "prose: scores, by source",
            "web: where levels begin, in the largest stratum",
            "web: tokens at each level",
        ],
        "buckets": ["web: text, by level"],
        "quadrants": ["Documents of the largest stratum"],
    }


def test_everything_that_was_read_is_in_the_funnel(page: Page) -> None:
    says = section(page, "funnel").says
    assert says.startswith(
        "Of 99 records read, 93 (93.9%) were kept; the others were dropped, most often as empty (3.0%), "
    )
    assert [headline.number for headline in page.headlines if headline.words == "documents"] == ["93"]
    steps = {reason: step for reason, step, *_ in tables(page, "funnel")[REASONS].rows}
    assert steps == {
        "empty": "reading and filters",
        "exact_duplicate": "dedup",
        "near_duplicate": "dedup",
        "contaminated_quiz": "decontamination",
    }
    rows = tables(page, "funnel")["The funnel in numbers, by domain"].rows
    assert {(name, reason): number for name, _, reason, number, *_ in rows if reason} == {
        ("all", "contaminated_quiz"): "1",
        ("all", "empty"): "3",
        ("all", "exact_duplicate"): "1",
        ("all", "near_duplicate"): "1",
        ("web", "contaminated_quiz"): "1",
        ("web", "empty"): "2",
        ("web", "exact_duplicate"): "1",
        ("web", "near_duplicate"): "1",
        ("wiki", "empty"): "1",
    }


def test_checks_that_failed_come_first_with_who_took_them(page: Page) -> None:
    failed = tables(page, "checks")["Failed"].rows
    assert failed[0] == ["promoted", "raw/bad/1@1", "removed_share", "0.4; expected at most 0.3"]
    assert [row[0] for row in failed[1:]] == ["warns"] * 3
    (promoted,) = tables(page, "checks")["Promoted all the same"].rows
    assert promoted[:4] == ["raw/bad/1@1", "removed_share", "Ada", "the publisher took half of it down"]
    alarming = [headline.number for headline in page.headlines if headline.is_alarming]
    assert alarming == ["4"]


def test_buckets_are_told_with_their_tokens(page: Page, complete: ReportedCorpus) -> None:
    rows = tables(page, "buckets")["web: the buckets"].rows
    tokens = [complete.store.require(f"shards/web_{row[0]}").record.facts["num_tokens"] for row in rows]
    assert [row[:2] for row in rows] == [["high", "10–19"], ["low", "0–9"]]
    assert [row[-1] for row in rows] == [f"{number:,}" for number in tokens]


def test_documents_are_drawn_from_every_part(page: Page) -> None:
    assert list(excerpts(page, "buckets")) == ["web: documents of high", "web: documents of low"]
    assert list(excerpts(page, "quadrants")) == [f"Documents of {name}" for name in QUADRANT_NAMES]
    (of_web,) = excerpts(page, "duplicates").values()
    roles = [excerpt.title.split(", ")[:2] for excerpt in of_web.excerpts]
    assert roles == [["cluster 1", "survivor of 2 removed"], ["cluster 1", "removed"], ["cluster 1", "removed"]]
    headings = [figure.title for figure in section(page, "dropped").figures if isinstance(figure, Heading)]
    assert headings == ["web", "wiki"]
    assert {"contaminated_quiz", "empty"} <= set(excerpts(page, "dropped"))


def test_quadrants_are_told_with_what_they_hold(page: Page, complete: ReportedCorpus) -> None:
    found = complete.store.require(QUADRANTS_ASSET)
    measures, held = (tables(page, "quadrants")[title].rows for title in ("The quadrants", "What they hold"))
    shares = [float(row[1].removesuffix("%")) for row in measures]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert [row[0] for row in measures] == [row[0] for row in held] == list(QUADRANT_NAMES)
    facts = found.record.facts["quadrants"]
    assert [row[2] for row in measures] == [f"{facts[name]['median_perplexity']:.0f}" for name in QUADRANT_NAMES]
    assert all(row[2].startswith(("web ", "wiki ")) for row in held)
    assert {row[3] for row in held} == {"en 100.0%"}
    assert tables(page, "quadrants")["Where they are cut"].numbers == ("scored tokens", "ppl", "pd")


def test_the_pages_of_assets_have_plots_of_what_was_made_since(complete: ReportedCorpus) -> None:
    project = Project(complete.store.root)
    made = [*funnel_plots(project, complete.clean), *duplicates_plots(project, complete.corpus().dedup)]
    home = Path("plots", "corpus")
    assert [path.relative_to(project.home) for path in made] == [
        home / "contamination@1" / "funnel.png",
        home / "dedup@1" / "duplicates.png",
    ]
    before = [path.read_bytes() for path in made]
    funnel_plots(project, complete.clean)
    duplicates_plots(project, complete.corpus().dedup)
    assert [path.read_bytes() for path in made] == before
    assert all(png.startswith(b"\x89PNG") for png in before)


def test_removals_are_counted(complete: ReportedCorpus) -> None:
    removals = Removals(complete.corpus().dedup)
    assert (removals.num_clusters, removals.largest) == (1, 2)
    assert removals.sizes["2"] == sum(removals.sizes.values()) == 1
    assert sum(removals.similarity.values()) == 1
    assert sum(removals.pairs.values()) == 2


def test_hits_are_told_with_their_record(page: Page) -> None:
    (found,) = excerpts(page, "contamination")["The records found most"].excerpts
    assert found.title == "quiz: quiz#1"
    assert found.facts["found in"] == "1 document"


def test_what_belongs_to_the_corpus_is_found(complete: ReportedCorpus) -> None:
    names = {artifact.name for artifact in artifacts_of(complete.store, complete.corpus(), EXPECTED).everything}
    assert {
        "classifiers/prose@1",
        "scores/prose@1",
        "scores/prose/bad/1@1",
        f"{QUADRANTS_ASSET}@1",
        "signatures/good/1@1",
    } <= names


def test_what_is_kept_brings_in_no_other_corpus(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def made(asset: str, text: str, *parents: Artifact) -> Artifact:
        def make(draft: Draft) -> None:
            (draft.folder / "file.txt").write_text(text)

        return store.ensure(asset, make, code_version="1", parameters={"text": text}, parents=parents).artifact

    old = made("corpus/contamination", "old")
    classifier = made("classifiers/prose", "kept", old)
    new = made("corpus/contamination", "new")
    buckets = made("buckets/web", "first", classifier, old), made("buckets/web", "second", classifier, new)
    assert list(everything_behind(store, [buckets[1]])) == [buckets[1].name, new.name, classifier.name]
    assert [newest_made_from(store, "buckets/web", corpus) for corpus in (old, new, classifier)] == [
        *buckets,
        buckets[1],
    ]
    assert newest_made_from(store, "buckets/web", made("corpus/other", "other")) is None


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_runs_nothing(
    browser: Any, page: Page, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    write_page(page, tmp_path / "page.html")
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get((tmp_path / "page.html").as_uri())
    assert browser.execute_script("return innerWidth") == width
    for _ in ("folded", "unfolded"):
        assert browser.execute_script(OUTSIDE) == [False, []]
        assert browser.execute_script(OVERLAPPING) == 0
        browser.execute_script("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    assert browser.execute_script("return [...document.images].every(image => image.naturalWidth > 0)")
    assert browser.execute_script("return typeof window.attacked") == "undefined"
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in fetched if not name.startswith("data:")] == []
    assert browser.get_log("browser") == []
    background = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(252, 251, 248)") == (scheme == "light")


def test_a_corpus_that_is_not_made_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with pytest.raises(PhaselineError, match="corpus/contamination has not been made"):
        report(project, None, None)
    with pytest.raises(PhaselineError, match=r"there is no artifact at .*corpus/contamination/7"):
        report(project, 7, None)
