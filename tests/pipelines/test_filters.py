"""Each rule on a document that breaks it, and the n-gram fractions against their plain definition."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.filters import Filters
from pipelines.filters.c4 import C4
from pipelines.filters.candidate import Candidate
from pipelines.filters.code import Code
from pipelines.filters.gopher import GopherQuality
from pipelines.filters.repetition import (
    GopherRepetition,
    duplicate_ngram_fraction,
    repeated_ngrams,
    top_ngram_fraction,
)
from pipelines.rejection import Rejection

PROSE = (
    "The river that runs below the town has been a border of two countries for many years. "
    "People of both sides meet on its bridge every morning and trade with each other. "
    "Nobody asks where they were born. They talk about weather, about bread and its price! "
    "Would a wall have helped anybody? Most say that it would not."
)
CODE = (
    "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return depth\n" * 2
)


def candidate(text: str, language: str = "en", locator: str = "a.txt") -> Candidate:
    return Candidate(text, locator, language)


def test_plain_prose_and_plain_code_pass_every_rule_as_published() -> None:
    prose = Filters(gopher_quality=GopherQuality(), c4=C4(), gopher_repetition=GopherRepetition())
    assert prose.rejection(candidate(PROSE)) is None
    assert Filters(code=Code()).rejection(candidate(CODE, "python")) is None


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("Too short.", "gopher_too_few_words", "2 < 50"),
        ("word " * 100_001, "gopher_too_many_words", "1e+05 > 1e+05"),
        ("of a b " * 30, "gopher_short_words", "1.333 < 3"),
        ("incomprehensibilities " * 60, "gopher_long_words", "21 > 10"),
        ("the hashes # and " * 20, "gopher_symbols", "0.25 > 0.1"),
        ("- the bullet and more\n" * 20, "gopher_bullets", "1 > 0.9"),
        ("one thing and the other one over there with all...\n" * 15, "gopher_ellipses", "1 > 0.3"),
        ("the and 1234 5678 " * 20, "gopher_alphabetic_words", "0.5 < 0.8"),
        ("lovely green garden flowers " * 20, "gopher_stop_words", "0 < 2"),
    ],
)
def test_gopher_quality(text: str, reason: str, detail: str) -> None:
    assert GopherQuality().rejection(candidate(text)) == Rejection(reason, detail)


def test_stop_words_are_those_of_the_language_and_asked_only_where_known() -> None:
    german = "der Garten und die Blumen " * 20
    assert GopherQuality().rejection(candidate(german, "de")) is None
    assert GopherQuality().rejection(candidate(german, "en")) == Rejection("gopher_stop_words", "0 < 2")
    assert GopherQuality().rejection(candidate(german, "fi")) is None


def test_a_bound_of_none_is_off() -> None:
    assert GopherQuality(min_words=None, min_stop_words=None).rejection(candidate("Short text here.")) is None


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("a b\nc d\na b\na b", "gopher_duplicate_lines", "0.5 > 0.3"),
        ("a\n\nb\n\nc d\n\ne f g\n\na\n\nb", "gopher_duplicate_lines", "0.3333 > 0.3"),
        (
            f"{'long line ' * 30}\n" + "x\ny\nz\n" + "long line " * 30,
            "gopher_duplicate_line_characters",
            "0.4975 > 0.2",
        ),
        ("we go " + "north " * 3 + "then " * 3, "gopher_top_2gram", "0.4839 > 0.2"),
        (
            " ".join(f"w{i}" for i in range(30)) + " " + " ".join(f"w{i}" for i in range(20)),
            "gopher_duplicate_5grams",
            None,
        ),
    ],
)
def test_gopher_repetition(text: str, reason: str, detail: str | None) -> None:
    rejection = GopherRepetition().rejection(candidate(text))
    assert rejection is not None
    assert rejection.reason == reason
    assert detail is None or rejection.detail == detail


@given(st.lists(st.sampled_from(["a", "bb", "ccc", "dddd"]), min_size=1, max_size=40))
def test_ngram_fractions_are_what_their_definition_says(words: list[str]) -> None:
    lengths = np.array([len(word) for word in words])
    found = dict(repeated_ngrams(words, 6))
    for n in range(2, 7):
        grams = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
        counts = Counter(grams)
        if not grams or max(counts.values()) == 1:
            assert n not in found
            continue
        repeats = {i + k for i, gram in enumerate(grams) if gram in grams[:i] for k in range(n)}
        top = next(gram for gram in grams if counts[gram] == max(counts.values()))
        of_top = {i + k for i, gram in enumerate(grams) if gram == top for k in range(n)}
        assert duplicate_ngram_fraction(found[n], n, lengths) == pytest.approx(
            sum(lengths[sorted(repeats)]) / sum(lengths)
        )
        assert top_ngram_fraction(found[n], n, lengths) == pytest.approx(sum(lengths[sorted(of_top)]) / sum(lengths))


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("Lorem ipsum dolor sit amet.", "c4_lorem_ipsum", "the text has lorem ipsum"),
        ("function f() { return 1 }", "c4_curly_brackets", "the text has {"),
        ("One sentence. Two sentences. 3.5 is none.", "c4_too_few_sentences", "3 < 5"),
        ("One. Two. Three. Four. Five. Six\n" + "menu\n" * 19, "c4_terminal_punctuation", "0 < 0.12"),
        ("We use cookies. Yes.\nThe end. All is said. Go! Go on?", "c4_policy_lines", "0.5 > 0.1"),
    ],
)
def test_c4(text: str, reason: str, detail: str) -> None:
    assert C4().rejection(candidate(text)) == Rejection(reason, detail)


@pytest.mark.parametrize(
    ("text", "locator", "reason", "detail"),
    [
        (CODE, "lib/vendor/jquery.js", "code_vendored", "lib/vendor/jquery.js"),
        (CODE, "static/app.min.js", "code_minified", "static/app.min.js"),
        ("x = 1", "a.py", "code_too_short", "5 < 100"),
        ("x" * 1_000_001, "a.py", "code_too_long", "1e+06 > 1e+06"),
        (f"# Generated by protoc. DO NOT EDIT!\n{CODE}", "a.py", "code_generated", "Generated by"),
        (f"{CODE}{'x' * 1001}", "a.py", "code_long_line", "1001 > 1000"),
        (f"{'long_name = other_name; ' * 10}\n" * 5, "a.py", "code_mean_line_length", "200 > 100"),
        ("((((((((((;;;;;;;;;;))))))))))\n" * 5, "a.py", "code_alphanumeric", "0 < 0.25"),
        ("0x1f, 234, 56.7e3, 89\n" * 10, "a.py", "code_data", "0.6818 > 0.4"),
    ],
)
def test_code(text: str, locator: str, reason: str, detail: str) -> None:
    assert Code().rejection(candidate(text, "python", locator)) == Rejection(reason, detail)


def test_a_mark_of_generated_code_counts_only_at_the_head() -> None:
    tail = "# this file is generated by a script\n"
    assert Code().rejection(candidate(CODE + CODE + tail, "python")) is None
