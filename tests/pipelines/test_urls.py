"""Rules for addresses: what each refuses, where its lists come from, and the site of an address."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.errors import PhaselineError
from pipelines.urls.address import host_of, site_of
from pipelines.urls.blocked import BlockedUrls
from pipelines.urls.rules import UrlRules

RULES = UrlRules(
    block_domains=("bad.example", "sub.half.example"),
    block_top_level=("zip",),
    block_addresses=("fine.example/but/not/this",),
    block_words=("Casino",),
    block_substrings=("free money",),
    soft_words=("poker", "bet", "win"),
)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://bad.example/", "url_domain"),
        ("http://user@www.BAD.example.:8080/x", "url_domain"),
        ("https://notbad.example/", None),
        ("https://a.sub.half.example/", "url_domain"),
        ("https://half.example/", None),
        ("https://files.zip/a", "url_top_level"),
        ("https://a.example/files.zip", None),
        ("https://fine.example/but/not/this/", "url_address"),
        ("https://fine.example/but/not/this/one", None),
        ("https://a.example/best-CASINO_online", "url_word"),
        ("https://a.example/casinos", None),
        ("https://a.example/get-Free/Money", "url_substring"),
        ("https://a.example/poker/tips", None),
        ("https://a.example/poker/bet", "url_soft_words"),
        ("no address at all", None),
        ("http://[broken", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_is_refused_by_the_rule_it_breaks(url: str | None, reason: str | None) -> None:
    rejection = BlockedUrls(RULES).rejection(url)
    assert (rejection and rejection.reason) == reason


def test_the_detail_names_what_was_found() -> None:
    rejection = BlockedUrls(RULES).rejection("https://x.bad.example/bet")
    assert rejection is not None
    assert rejection.detail == "bad.example"


def test_rules_that_list_nothing_refuse_nothing() -> None:
    assert BlockedUrls(UrlRules()).rejection("https://casino.zip/free-money/poker/bet") is None


def test_lists_are_files_beside_the_declaration(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "ads.txt").write_text("# of an evening\nADS.example\n\n  tracker.example \n")
    rules = UrlRules(block_domains=("lists/ads.txt", "own.example")).resolved(tmp_path)
    blocked = BlockedUrls(rules)
    for host in ("ads.example", "x.tracker.example", "own.example"):
        assert blocked.rejection(f"https://{host}/") is not None
    assert blocked.rejection("https://evening/") is None


def test_parameters_tell_lists_by_content_and_not_by_place(tmp_path: Path) -> None:
    parameters = []
    for name, content in (("a", "x.example\n"), ("b", "x.example\n"), ("c", "y.example\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "list.txt").write_text(content)
        parameters.append(UrlRules(block_domains=("list.txt",)).resolved(tmp_path / name).parameters())
    assert parameters[0] == parameters[1] != parameters[2]


def test_a_list_that_is_missing_stops_before_any_work(tmp_path: Path) -> None:
    rules = UrlRules(block_words=("words.txt",)).resolved(tmp_path)
    with pytest.raises(PhaselineError, match=r"there is no list .*words\.txt"):
        rules.parameters()
    with pytest.raises(PhaselineError, match=r"there is no list .*words\.txt"):
        BlockedUrls(rules)


def test_a_list_that_datatrove_does_not_bring_is_refused_when_it_is_declared() -> None:
    with pytest.raises(ValidationError, match="datatrove brings domains"):
        UrlRules(block_domains=("datatrove:nothing",))


def test_the_lists_of_datatrove_are_read_from_its_package() -> None:
    rules = UrlRules(
        block_addresses=("datatrove:addresses",),
        block_words=("datatrove:words",),
        block_substrings=("datatrove:substrings",),
        soft_words=("datatrove:soft_words",),
    )
    blocked = BlockedUrls(rules)
    assert blocked.rejection("https://docs.python.org/3/library/urllib.parse.html") is None
    rejection = blocked.rejection("https://a.example/2-girls-1-cup")
    assert rejection is not None
    assert rejection.reason == "url_substring"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.bbc.co.uk/news", "bbc.co.uk"),
        ("https://a.b.example.org", "example.org"),
        ("https://me.github.io/x", "me.github.io"),  # a public suffix of the list's private part
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[::1]/", "::1"),
        ("http://localhost/", "localhost"),
        ("relative/path", ""),
    ],
)
def test_the_site_is_the_registered_domain(url: str, site: str) -> None:
    assert site_of(host_of(url)) == site


@given(st.text(max_size=80))
def test_any_text_as_an_address_is_judged(url: str) -> None:
    BlockedUrls(RULES).rejection(url)
    site_of(host_of(url))
