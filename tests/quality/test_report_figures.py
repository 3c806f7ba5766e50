"""What the report's figures are made of adds up, and amounts and excerpts are written for people."""

import pytest

from pipelines.colours import OTHERS_COLOUR
from pipelines.funnel.amount import Amount
from pipelines.funnel.funnel import Funnel, Step
from quality.report.excerpts import MORE, excerpt
from quality.report.figures import stacked_bars, with_others
from quality.report.sections.funnel import main_step, reasons_bars
from quality.report.units import bytesize, listed, percent
from quality.samples.sample import Sample


def test_stacked_bars_add_up_to_their_whole() -> None:
    figure = stacked_bars(
        "bars", {"a": {"x": 1, "y": 3}, "b": {"y": 2}, "c": {}}, dict.fromkeys("xyz", OTHERS_COLOUR), str
    )
    assert [[segment.share for segment in stack.segments] for stack in figure.stacks] == [[0.25, 0.75], [1.0], []]
    assert list(figure.series) == ["x", "y"]
    assert figure.stacks[0].segments[1].words == "y: 3, 75.0%"


def test_what_is_past_the_largest_is_summed_up() -> None:
    amounts = {"a": {"x": 1}, "b": {"x": 2, "y": 3}, "c": {"y": 1}, "d": {"x": 4}}
    assert with_others(amounts, 2) == {"b": {"x": 2, "y": 3}, "d": {"x": 4}, "others": {"x": 1, "y": 1}}
    assert list(with_others(amounts, 4)) == ["b", "d", "a", "c"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (bytesize(0), "0.0\u202fkB"),
        (bytesize(99_999), "100.0\u202fkB"),
        (bytesize(1_234_567_890), "1,234.6\u202fMB"),
        (percent(1, 3), "33.3%"),
        (percent(1, 0), "–"),
        (listed(["a", "b", "c"]), "a, b and c"),
        (listed([]), ""),
    ],
)
def test_amounts_are_written_for_people(written: str, said: str) -> None:
    assert written == said


@pytest.mark.parametrize(
    ("text", "num_bytes", "shown"), [("né", 3, "né"), ("né", 4, f"né{MORE}"), ("", 0, ""), ("", 100, "")]
)
def test_an_excerpt_says_whether_its_text_goes_on(text: str, num_bytes: int, shown: str) -> None:
    sample = Sample(None, "pages", "1", "a.html", None, None, "en", num_bytes, text, {"bucket": "high"})
    found = excerpt(sample, "survivor")
    assert (found.title, found.text) == ("survivor, pages 1, en", shown)
    assert found.facts == {"place": "a.html", "length": f"{num_bytes} bytes", "bucket": "high"}


def test_a_reason_is_shown_with_the_step_that_dropped_the_most_for_it() -> None:
    dropped = {"documents": {"bullets": 2, "empty": 5}, "dedup": {}, "decontamination": {}, "buckets": {"bullets": 3}}
    steps = [
        Step(name, Amount(10), {}, {reason: Amount(number) for reason, number in of.items()})
        for name, of in (dropped | {"train": {}, "held_out": {}}).items()
    ]
    funnel = Funnel("all", *steps)
    assert [main_step(funnel, reason) for reason in ("bullets", "empty")] == ["buckets", "reading and filters"]
    figure = reasons_bars(funnel)
    assert [(bar.label, bar.words, bar.share) for bar in figure.bars] == [("bullets", "5", 1), ("empty", "5", 1)]
    assert list(figure.series) == ["reading and filters", "buckets"]
