"""Lines that a site repeats: which are told from a page's own, for any grouping into tasks, and what goes with them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from datatrove.data import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.rejection import Rejection
from pipelines.site_lines import SiteLines, count
from pipelines.site_lines.count import count_parts, repeated_lines
from pipelines.site_lines.steps import CountLines, RemoveSiteLines, SpoolPages
from pipelines.urls.address import host_of, site_of

Page = tuple[str | None, str]  # address and text

PROSE = "What only this page says, number {number}."
MENU, FOOTER = "Home | About | Contact", "© Example. All rights reserved."


def as_document(url: str | None, text: str, rejection: Rejection | None = None) -> Document:
    return Document(text=text, id="", metadata={"url": url, "rejection": rejection, "measures": {"formulas": 1.0}})


def run_jobs(
    documents: Sequence[Document], rule: SiteLines, folder: Path, num_tasks: int, num_parts: int
) -> list[Document]:
    """The documents after all three jobs, in order; neighbours share a task."""
    folder.mkdir()
    groups = np.array_split(np.arange(len(documents)), num_tasks)
    for rank, group in enumerate(groups):
        assert not list(SpoolPages(folder).run((documents[row] for row in group), rank, num_tasks))
    for part in range(num_parts):
        assert not list(CountLines(rule, folder).run(None, part, num_parts))
    return [document for rank in range(num_tasks) for document in RemoveSiteLines(folder).run(None, rank, num_tasks)]


def texts_after(
    pages: Sequence[Page], rule: SiteLines, folder: Path, num_tasks: int = 1, num_parts: int = 1
) -> list[str]:
    documents = [as_document(url, text) for url, text in pages]
    return [document.text for document in run_jobs(documents, rule, folder, num_tasks, num_parts)]


def site_pages(host: str, num_pages: int) -> list[Page]:
    return [
        (f"https://{host}/{number}", f"{MENU}\n\n{PROSE.format(number=number)}\n\n{FOOTER}")
        for number in range(num_pages)
    ]


def test_the_lines_of_a_site_go_and_those_of_a_page_stay(tmp_path: Path) -> None:
    pages = site_pages("www.one.example", 12) + site_pages("blog.one.example", 12) + site_pages("two.example", 3)
    texts = texts_after(pages, SiteLines(min_pages=10, min_share=0.5), tmp_path / "work")
    assert texts[:24] == [PROSE.format(number=number) for number in (*range(12), *range(12))]
    assert texts[24:] == [text for _, text in pages[24:]]


@pytest.mark.parametrize(
    ("min_pages", "min_share", "removed"),
    [(4, 0.4, True), (5, 0.4, False), (4, 0.41, False), (2, 0.01, True)],
)
def test_a_line_must_be_on_enough_pages_and_on_enough_of_them(
    tmp_path: Path, min_pages: int, min_share: float, removed: bool
) -> None:
    pages = [
        (f"https://a.example/{n}", f"{PROSE.format(number=n)}\n{'The series' if n < 4 else ''}") for n in range(10)
    ]
    texts = texts_after(pages, SiteLines(min_pages=min_pages, min_share=min_share), tmp_path / "work")
    assert ("The series" not in texts[0]) == removed


def test_a_line_twice_on_one_page_is_on_one_page(tmp_path: Path) -> None:
    pages = [("https://a.example/1", "Ha!\nHa!\nHa!"), ("https://a.example/2", "Nothing.")]
    assert texts_after(pages, SiteLines(min_pages=2, min_share=0.1), tmp_path / "work") == [text for _, text in pages]


def test_what_was_removed_is_counted_beside_what_was_measured_before(tmp_path: Path) -> None:
    documents = [as_document(url, text) for url, text in site_pages("a.example", 2)]
    after = run_jobs(documents, SiteLines(min_pages=2), tmp_path / "work", 1, 1)
    num_bytes = len(f"{MENU}{FOOTER}".encode())
    assert after[0].metadata["measures"] == {"formulas": 1.0, "num_site_lines": 2, "num_site_line_bytes": num_bytes}


def test_pages_without_an_address_and_rejected_records_go_through_as_they_are(tmp_path: Path) -> None:
    rejected = [
        as_document("https://a.example/x", f"{MENU}\n{n}", Rejection("unreadable_page", "broken")) for n in range(3)
    ]
    nowhere = [as_document(None, f"{MENU}\n{number}") for number in range(3)]
    after = run_jobs([*rejected, *nowhere], SiteLines(min_pages=2), tmp_path / "work", 2, 3)
    assert [document.text for document in after] == [f"{MENU}\n{number}" for number in (0, 1, 2, 0, 1, 2)]
    assert [document.metadata["rejection"] for document in after] == [Rejection("unreadable_page", "broken")] * 3 + [
        None
    ] * 3


def test_no_pages_at_all(tmp_path: Path) -> None:
    assert texts_after([], SiteLines(), tmp_path / "work", num_parts=2) == []
    assert count_parts(tmp_path / "work") == 1


HOSTS = st.sampled_from(["a.example", "www.a.example", "b.example", "c.example"])
LINES = st.sampled_from(["Menu", " Menu ", "About", "One", "Two", "Three", "", "  "])
PAGES = st.lists(st.tuples(HOSTS.map("https://{}/".format), st.lists(LINES, max_size=6).map("\n".join)), max_size=24)


@settings(deadline=None, max_examples=40)
@given(
    pages=PAGES,
    min_pages=st.integers(2, 4),
    min_share=st.sampled_from([0.1, 0.3, 0.5, 1.0]),
    num_tasks=st.integers(1, 5),
)
def test_the_same_lines_go_for_any_number_of_tasks_and_parts(
    tmp_path_factory: pytest.TempPathFactory, pages: list[Page], min_pages: int, min_share: float, num_tasks: int
) -> None:
    rule = SiteLines(min_pages=min_pages, min_share=min_share)
    expected = [kept_lines(page, site_lines(pages, rule)) for page in pages]
    for number, (tasks, parts) in enumerate([(1, 1), (num_tasks, 5)]):
        folder = tmp_path_factory.mktemp("site_lines") / str(number)
        assert [written(text) for text in texts_after(pages, rule, folder, tasks, parts)] == expected


def site_lines(pages: Sequence[Page], rule: SiteLines) -> set[tuple[str, str]]:
    """The rule in plain Python: (site, line) of those that go."""
    num_pages: Counter[str] = Counter()
    with_line: dict[tuple[str, str], int] = defaultdict(int)
    for url, text in pages:
        site = site_of(host_of(url or ""))
        num_pages[site] += 1
        for line in set(written(text)):
            with_line[site, line] += 1
    return {
        (site, line)
        for (site, line), number in with_line.items()
        if number >= rule.min_pages and number >= rule.min_share * num_pages[site]
    }


def kept_lines(page: Page, gone: set[tuple[str, str]]) -> list[str]:
    url, text = page
    return [line for line in written(text) if (site_of(host_of(url or "")), line) not in gone]


def written(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def test_counting_in_small_ranges_gives_the_same_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [page for host in ("a.example", "b.example") for page in site_pages(host, 20)]
    folder, rule = tmp_path / "work", SiteLines(min_pages=2, min_share=0.5)
    texts_after(pages, rule, folder, num_tasks=4)
    at_once = repeated_lines(folder, rule, 0, 1)
    monkeypatch.setattr(count, "ROWS_IN_MEMORY", 3)
    monkeypatch.setattr(count, "ROWS_PER_PART", 5)
    num_parts = count_parts(folder)
    assert num_parts > 1
    in_parts = np.concatenate([repeated_lines(folder, rule, part, num_parts) for part in range(num_parts)])
    assert len(at_once) == 4
    assert in_parts.tolist() == at_once.tolist()
