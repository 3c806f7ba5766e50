"""Each rule on a document that breaks it, and every measured value against its plain definition."""

import json
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_measures import c4, fineweb, num_stop_words, quality, repetition, source_code
from pydantic import ValidationError

from pipelines.filters import RULES, Filters
from pipelines.filters.c4 import C4, POLICIES
from pipelines.filters.code import Code
from pipelines.filters.fineweb import FineWeb
from pipelines.filters.formulas import Math
from pipelines.filters.gopher import STOP_WORDS, GopherQuality
from pipelines.filters.repetition import GopherRepetition
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
ALL = Filters(
    gopher_quality=GopherQuality(),
    c4=C4(),
    gopher_repetition=GopherRepetition(),
    fineweb=FineWeb(),
    math=Math(),
    code=Code(),
)


def rejection(filters: Filters, text: str, language: str = "en", locator: str = "a.txt") -> Rejection | None:
    texts = pa.array([text], pa.large_string())
    return filters.judge(filters.measure(texts, [locator], [language]), [language])[0]


def test_plain_prose_and_plain_code_pass_every_rule_as_published() -> None:
    prose = Filters(gopher_quality=GopherQuality(), c4=C4(), gopher_repetition=GopherRepetition(), fineweb=FineWeb())
    assert rejection(prose, PROSE) is None
    assert rejection(Filters(code=Code()), CODE, "python") is None


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
    assert rejection(Filters(gopher_quality=GopherQuality()), text) == Rejection(reason, detail)


def test_stop_words_are_those_of_the_language_and_asked_only_where_known() -> None:
    filters = Filters(gopher_quality=GopherQuality())
    german = "der Garten und die Blumen " * 20
    assert rejection(filters, german, "de") is None
    assert rejection(filters, german, "en") == Rejection("gopher_stop_words", "0 < 2")
    assert rejection(filters, german, "fi") is None


def test_a_bound_of_none_is_off() -> None:
    assert rejection(Filters(gopher_quality=GopherQuality(min_words=None, min_stop_words=None)), "Short text.") is None


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
        ("a\n \na\n\n\nb\nc\nd\ne\nf\ng\nh\ni", "gopher_duplicate_paragraphs", "0.3333 > 0.3"),
        ("we go " + "north " * 3 + "then " * 3, "gopher_top_2gram", "0.4839 > 0.2"),
        (
            " ".join(f"w{i}" for i in range(30)) + " " + " ".join(f"w{i}" for i in range(20)),
            "gopher_duplicate_5grams",
            "0.3846 > 0.15",
        ),
    ],
)
def test_gopher_repetition(text: str, reason: str, detail: str) -> None:
    assert rejection(Filters(gopher_repetition=GopherRepetition()), text) == Rejection(reason, detail)


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
    assert rejection(Filters(c4=C4()), text) == Rejection(reason, detail)


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (f"{PROSE}\n" + "a line of some forty letters or a few more\n" * 9, "fineweb_punctuation", "0.1 < 0.12"),
        ("Short.\nOne more line.\nThis line is longer than thirty.\nNo.", "fineweb_short_lines", "0.75 > 0.67"),
        (f"{PROSE}\n{PROSE}", "fineweb_duplicate_line_characters", "0.5 > 0.1"),
        (
            "One more and no other incomprehensibility.\n\n\nAnd two incomprehensibilities!",
            "fineweb_line_breaks",
            "0.3333 > 0.3",
        ),
    ],
)
def test_fineweb(text: str, reason: str, detail: str) -> None:
    assert rejection(Filters(fineweb=FineWeb()), text) == Rejection(reason, detail)


@pytest.mark.parametrize(
    ("text", "num_formulas", "num_characters"),
    [
        ("Let $x^2$ and $$\ny = 1\n$$ be.", 2, 5 + 11),
        (r"As \(a < b\) and \[ c \\[2pt] d \] show.", 2, 9 + 17),
        ("\\begin{align*} a \\begin{cases} 1 \\end{cases}\\end{align*}", 1, 56),
        ("Euler's :math:`e^{i\\pi}`, as ever", 1, 16),
        ("It costs $5 and $10, not 15 $ or US$ 7.", 0, 0),
        ("An escaped \\$x\\$ is none; nor is $ x$, nor $x\n\ny$.", 0, 0),
        ("$" * 11 + r"\(" * 5 + "\\begin{align}" * 5, 0, 0),
    ],
)
def test_formulas_are_found_with_their_delimiters(text: str, num_formulas: int, num_characters: int) -> None:
    measured = Filters(math=Math()).measure(pa.array([text], pa.large_string()), ["a"], ["en"])
    assert measured["num_formulas"][0] == num_formulas
    assert measured["formula_density"][0] == pytest.approx(num_characters / len(text))


def test_math() -> None:
    filters = Filters(math=Math(min_formula_density=0.2, min_math_symbols=0.1))
    assert rejection(filters, "Nothing to count.") == Rejection("math_too_few_formulas", "0 < 1")
    assert rejection(filters, "A long way to $x$.") == Rejection("math_formula_density", "0.1667 < 0.2")
    assert rejection(filters, "So $x$ is.") == Rejection("math_symbols", "0 < 0.1")
    assert rejection(filters, "So $x∈ℝ∧𝑦≤1$.") is None


@pytest.mark.parametrize(
    ("text", "locator", "reason", "detail"),
    [
        (CODE, "lib/vendor/jquery.js", "code_vendored", "its path is that of a vendored library"),
        (CODE, "static/app.min.js", "code_minified", "its name is that of a minified file"),
        ("x = 1", "a.py", "code_too_short", "5 < 100"),
        ("x" * 1_000_001, "a.py", "code_too_long", "1e+06 > 1e+06"),
        (
            f"# Generated by protoc. DO NOT EDIT!\n{CODE}",
            "a.py",
            "code_generated",
            "its head says that it is generated",
        ),
        (f"{CODE}{'x' * 1001}", "a.py", "code_long_line", "1001 > 1000"),
        (f"{'long_name = other_name; ' * 10}\n" * 5, "a.py", "code_mean_line_length", "200 > 100"),
        ("((((((((((;;;;;;;;;;))))))))))\n" * 5, "a.py", "code_alphanumeric", "0 < 0.25"),
        ("0x1f, 234, 56.7e3, 89\n" * 10, "a.py", "code_data", "0.6818 > 0.4"),
    ],
)
def test_code(text: str, locator: str, reason: str, detail: str) -> None:
    assert rejection(Filters(code=Code()), text, "python", locator) == Rejection(reason, detail)


def test_a_mark_of_generated_code_counts_only_at_the_head() -> None:
    tail = "# this file is generated by a script\n"
    assert rejection(Filters(code=Code()), CODE + CODE + tail, "python") is None


def test_every_value_of_a_declared_family_is_measured_whatever_a_text_breaks() -> None:
    measured = ALL.measure(pa.array(["{"], pa.large_string()), ["a.min.js"], ["en"])
    assert set(measured) == set(ALL.measures) == {rule.measure for rule in RULES}
    assert all(values.dtype == "float32" and values.shape == (1,) for values in measured.values())
    assert set(Filters(fineweb=FineWeb()).measures) == set(
        Filters(fineweb=FineWeb()).measure(pa.array([PROSE], pa.large_string()), ["a"], ["en"])
    )


def test_a_value_equal_to_its_bound_keeps_a_document() -> None:
    ten_words_three_short = "short\nshort\nshort\n" + "this line has more than thirty letters\n" * 7
    filters = Filters(
        fineweb=FineWeb(min_punctuated_lines=None, max_short_lines=0.3, max_duplicate_line_characters=None)
    )
    assert rejection(filters, ten_words_three_short) is None


def test_bounds_declared_for_a_language_replace_the_others_field_by_field() -> None:
    filters = Filters.model_validate(
        {
            "gopher_quality": {"min_words": 4, "max_mean_word_length": 6},
            "c4": {},
            "by_language": {
                "de": {"gopher_quality": {"max_mean_word_length": 14}, "c4": None, "fineweb": {}},
            },
        }
    )
    long_words = "die Donaudampfschifffahrt und die Gesellschaft"
    german = filters.for_language("de")
    assert filters.families == ("gopher_quality", "c4", "fineweb")
    assert german.gopher_quality == GopherQuality(min_words=4, max_mean_word_length=14)
    assert (german.c4, german.fineweb) == (None, FineWeb())
    assert rejection(filters, long_words, "de") is not None
    for language, reason in (
        ("de", "fineweb_punctuation"),
        ("fr", "gopher_long_words"),
    ):
        found = rejection(filters, long_words, language)
        assert found is not None
        assert found.reason == reason


def test_texts_of_several_languages_are_judged_each_by_its_own_bounds() -> None:
    filters = Filters.model_validate(
        {
            "gopher_quality": {"min_words": 3, "min_stop_words": None},
            "by_language": {"de": {"gopher_quality": {"min_words": 1}}, "fr": {"gopher_quality": None}},
        }
    )
    languages = ["en", "de", "fr", "en", "de"]
    texts = pa.array(["two words", "two words", "", "now three words", ""], pa.large_string())
    found = filters.judge(filters.measure(texts, ["a"] * 5, languages), languages)
    assert [one and one.detail for one in found] == ["2 < 3", None, None, None, "0 < 1"]


DECLARED = [
    {"gopher_quality": {"min_words": 3, "min_stop_words": None}, "c4": {}},
    {"gopher_repetition": {"max_top_ngram": {2: 0.5}, "max_duplicate_ngrams": {}}},
    {
        "gopher_quality": {"min_words": 4, "max_mean_word_length": 6},
        "fineweb": {},
        "gopher_repetition": {"max_duplicate_lines": 0.1},
        "by_language": {
            "de": {"gopher_quality": {"max_mean_word_length": 14}, "fineweb": None},
            "fr": {"gopher_repetition": {"max_top_ngram": {3: 0.5}}, "c4": {}},
            "nl": {},
        },
    },
]


@pytest.mark.parametrize("declared", DECLARED)
def test_rules_read_back_from_a_record_are_those_that_were_declared(declared: dict[str, object]) -> None:
    filters = Filters.model_validate(declared)
    read_back = Filters.model_validate(json.loads(json.dumps(filters.model_dump(mode="json"))))
    assert read_back.families == filters.families
    for language in ("en", "de", "fr", "nl"):
        assert read_back.for_language(language).bounds() == filters.for_language(language).bounds()


def test_a_record_of_rules_has_every_bound_and_of_a_language_those_that_replace_it() -> None:
    dumped = Filters.model_validate(DECLARED[0]).model_dump(mode="json")
    assert dumped["gopher_quality"] == {**GopherQuality().model_dump(), "min_words": 3, "min_stop_words": None}
    assert (dumped["fineweb"], dumped["by_language"]) == (None, {})
    assert Filters.model_validate(DECLARED[2]).model_dump(mode="json")["by_language"] == {
        "de": {"gopher_quality": {"max_mean_word_length": 14.0}, "fineweb": None},
        "fr": {"gopher_repetition": {"max_top_ngram": {"3": 0.5}}, "c4": C4().model_dump(mode="json")},
        "nl": {},
    }


@pytest.mark.parametrize(
    "declared",
    [
        {"gopher_repetition": {"max_top_ngram": {7: 0.1}}},
        {"by_language": {"de": {"gopher_quality": {"min_word": 3}}}},
        {"by_language": {"de": {"by_language": {}}}},
    ],
)
def test_what_is_no_rule_is_refused(declared: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Filters.model_validate(declared)


# Pieces that rules look for, pieces that nearly are, and spaces, digits and letters of one to four bytes.
SPACES = [" ", "\n", "\n\n", "\n \n", "\t", "\r", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"]
MARKS = [*".!?\"'”’)…#{*-_,", "...", "•", "‣", "。", "؟", "𑩂", "x", "0x", "e", "E", "e+", "e-"]
LETTERS = [
    "a",
    "B",
    "über",
    "ß",
    "İ",
    "Σ",
    "ς",
    "ℝ",
    "文",
    "𐐀",
    "𝑥",
    "🙂",
    "\u0301",
    "²",
    "٣",
    "½",
    "7",
    "1.5",
    "0xfe",
    "2e5",
]
PHRASES = [
    *POLICIES,
    "Privacy Policy",
    "JavaScript",
    "lorem ipsum",
    "LOREM IPSUM",
    "cookie",
    "terms of",
    "for für",
    "İn",
]
STOPS = sorted({word for words in STOP_WORDS.values() for word in words} | {"The", "OF", "FÜR", "Nicht", "È"})
PIECES = st.one_of(*map(st.sampled_from, (SPACES, [" "], MARKS, LETTERS, PHRASES, STOPS, ["we", "go", "on"])))
TEXTS = st.one_of(
    st.lists(PIECES, max_size=60).map("".join),
    st.lists(st.sampled_from(["we", "go", "on", "the", "\n", "\n\n", "x"]), max_size=60).map(" ".join),
    st.text(max_size=40),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(TEXTS, st.sampled_from([*STOP_WORDS, "fi"])), min_size=1, max_size=4))
def test_measures_are_what_their_plain_definitions_say(documents: list[tuple[str, str]]) -> None:
    texts, languages = [text for text, _ in documents], [language for _, language in documents]
    measured = ALL.measure(pa.array(texts, pa.large_string()), ["a"] * len(texts), languages)
    for row, (text, language) in enumerate(documents):
        plain = quality(text) | c4(text) | fineweb(text) | repetition(text) | source_code(text)
        found = {name: measured[name][row].item() for name in plain}
        assert found == pytest.approx(plain, rel=1e-6, abs=0)
        stops = num_stop_words(text, language) if language in STOP_WORDS else math.nan
        assert measured["num_stop_words"][row].item() == pytest.approx(stops, nan_ok=True)
