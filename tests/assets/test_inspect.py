"""What ``inspect`` prints: what it offers exists, and no text of a document steers the terminal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspected_corpus import EXCUSED, NEAR, PAGES, SHORT, STEERED, opened, write_corpus
from rich.console import Console

from assets.explain import explain_document
from assets.inspect import LARGEST, inspect
from assets.shown_text import JOINERS, MOST_LINES, block, one_line, visible
from pipelines.errors import PhaselineError
from quality.samples.inspected import Inspected
from quality.samples.sample import Draw

WIDTH = 60


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Inspected:
    return opened(write_corpus(tmp_path_factory.getbasetemp() / "inspected"))


def as_json(found: Inspected, capsys: pytest.CaptureFixture[str], **selection: Any) -> dict[str, Any]:
    inspect(found, "web", Draw(), **selection, as_json=True)
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    return read


def test_what_is_offered_is_there(found: Inspected, capsys: pytest.CaptureFixture[str]) -> None:
    offered = as_json(found, capsys)
    for option, sizes in (("bucket", offered["buckets"]), ("quadrant", offered["quadrants"])):
        for name, num_documents in sizes.items():
            assert as_json(found, capsys, **{option: name})["num_candidates"] == num_documents
    for scorer, (least, greatest) in offered["scores"].items():
        shown = as_json(found, capsys, score=[scorer, str(least), str(greatest)])
        assert shown["num_candidates"] == sum(offered["buckets"].values()) + offered["dropped"]["buckets"][SHORT]
    for reason in {name for reasons in offered["dropped"].values() for name in reasons}:
        num_dropped = sum(reasons.get(reason, 0) for reasons in offered["dropped"].values())
        assert as_json(found, capsys, rejected=reason)["num_candidates"] == num_dropped
    assert offered["duplicates"] == {"num_clusters": 2, "num_removed": 4}


def test_the_overview_says_what_to_type(found: Inspected, capsys: pytest.CaptureFixture[str]) -> None:
    inspect(found, "web", Draw(), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    for option, figure in (("--bucket high", "12"), (f"--rejected {SHORT}", "6"), ("--duplicates", "4")):
        (line, *_) = (line for line in lines if line.startswith(option))
        assert line.removeprefix(option).split()[0] == figure


def test_samples_are_printed_with_their_facts_and_texts(found: Inspected, capsys: pytest.CaptureFixture[str]) -> None:
    inspect(found, "web", Draw(num_samples=1, max_characters=30), score=["form", "1", "1"], as_json=False)
    output = capsys.readouterr().out
    assert output.startswith("web, form from 1 to 1: 1 of 45 documents; 1 drawn with seed 0\n")
    assert EXCUSED.id in output
    assert f"excused {SHORT} (20, at least 50)" in output
    assert f"{EXCUSED.text[:30]} … ({len(EXCUSED.text)} bytes in all)" in output
    assert EXCUSED.text[:40] not in output


def test_a_removed_copy_of_the_same_text_is_not_repeated(found: Inspected, capsys: pytest.CaptureFixture[str]) -> None:
    inspect(found, "web", Draw(max_characters=30), duplicates=LARGEST, as_json=False)
    output = capsys.readouterr().out
    assert output.count(PAGES[0].text[:30]) == 1
    assert output.count(PAGES[1].text[:30]) == 3  # the survivor, and two that differ from it further on
    inspect(found, "web", Draw(max_characters=30), duplicates=NEAR[0].id, as_json=False)
    assert capsys.readouterr().out.count(PAGES[1].text[:30]) == 4


def test_a_document_is_explained_alike_for_people_and_programs(
    found: Inspected, capsys: pytest.CaptureFixture[str]
) -> None:
    explain_document(found, EXCUSED.id, max_characters=100, as_json=True)
    explained = json.loads(capsys.readouterr().out)
    assert explained["verdict"] == "it is in shards/web_high@1"
    assert explained["placement"]["excused"] == SHORT
    explain_document(found, EXCUSED.id, max_characters=100, as_json=False)
    output = capsys.readouterr().out
    assert output.startswith(f"{EXCUSED.id}: it is in shards/web_high@1\n")
    assert f"which excuses it from {SHORT}" in output
    (rule,) = (line.split() for line in output.splitlines() if line.startswith(SHORT))
    assert rule == [SHORT, "num_words", "20", "≥", "50", "breaks"]


def test_no_text_steers_the_terminal(found: Inspected, capsys: pytest.CaptureFixture[str]) -> None:
    explain_document(found, STEERED.id, max_characters=600, as_json=False)
    inspect(found, "web", Draw(num_samples=1), score=["form", "0.01", "0.01"], as_json=False)
    output = capsys.readouterr().out
    assert output.count("[bold red]not markup[/]") == 2
    assert all(character.isprintable() or character == "\n" for character in output)


@given(st.text())
def test_any_text_is_shown_without_characters_that_steer(text: str) -> None:
    for character in visible(text):
        assert character.isprintable() or character in JOINERS + "\n"
    console = Console(width=WIDTH, highlight=False)
    with console.capture() as captured:
        console.print(block(text, len(text.encode())))
        console.print(one_line(text))
    lines = captured.get().split("\n")
    assert all(len(line) <= WIDTH for line in lines)


def test_a_long_text_is_cut_to_a_block() -> None:
    console = Console(width=WIDTH, highlight=False)
    with console.capture() as captured:
        console.print(block("line\n\n\n" * 100, 700))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    assert lines == ["    line"] * (MOST_LINES - 1) + ["    line … (700 bytes in all)"]


def test_a_score_that_is_no_number_is_refused(found: Inspected) -> None:
    with pytest.raises(PhaselineError, match="best is no score"):
        inspect(found, "web", Draw(), score=["form", "0.5", "best"], as_json=False)
