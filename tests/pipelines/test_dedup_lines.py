"""Repeated lines: what counts as one, who is named for it, and who goes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dedup_corpora import deduplicate, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.corpus import REMOVALS
from pipelines.dedup import components
from pipelines.dedup.lines import hash_lines
from pipelines.dedup.parameters import DedupParameters, RepeatedLines
from pipelines.digests import document_id

# Only documents of equal words are near duplicates, and those are always found.
PARAMETERS = DedupParameters(
    bands=2, rows=16, threshold=1, repeated_lines=RepeatedLines(min_characters=10, max_share=0.8), max_removed_share=1
)
LONG = [f"line {letter} {letter * 20}" for letter in "abcdefghij"]  # 27 characters each


def text(*lines: str) -> str:
    return "\n".join(lines)


def removed_by_lines(folder: Path, texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The removals for repeated lines by text; the texts are preferred in the order given."""
    corpus = {f"source_{number}": [one] for number, one in enumerate(texts)}
    text_of = {document_id(one): one for one in texts}
    removals = rows(deduplicate(folder, corpus, parameters=PARAMETERS), REMOVALS)
    return {
        text_of[row["id"]]: row | {"for": text_of[row["survivor_id"]]} for row in removals if row["step"] == "lines"
    }


@settings(deadline=None)
@given(st.lists(st.text("ab \t\n\réß中😀", max_size=40), max_size=6), st.integers(1, 6))
def test_lines_are_counted_in_characters_without_the_blank_space_around_them(texts: list[str], shortest: int) -> None:
    found = hash_lines(pa.array(texts, pa.large_string()), shortest)
    lines = [[line.strip(" \t\r") for line in one.split("\n")] for one in texts]
    counted = [(number, line) for number, of_text in enumerate(lines) for line in of_text if len(line) >= shortest]
    assert found.text_characters.tolist() == [sum(map(len, of_text)) for of_text in lines]
    assert found.texts.tolist() == [number for number, _ in counted]
    assert found.num_characters.tolist() == [len(line) for _, line in counted]
    assert len(set(found.hashes.tolist())) == len({line for _, line in counted})


def test_a_document_of_others_lines_goes_for_the_one_that_holds_most(tmp_path: Path) -> None:
    first, second = text(*LONG[:4]), text(*LONG[4:8])
    mixture = text(LONG[0], LONG[5], LONG[6], "its own")
    removed = removed_by_lines(tmp_path, [first, second, mixture])
    assert removed.keys() == {mixture}
    assert removed[mixture]["for"] == second
    assert removed[mixture]["similarity"] == pytest.approx(81 / 88)


@pytest.mark.parametrize(
    "own", ["a long line that nobody else has", text(*(f"short {i}" for i in range(9)))], ids=["long", "short"]
)
def test_enough_lines_of_its_own_keep_a_document(tmp_path: Path, own: str) -> None:
    assert removed_by_lines(tmp_path, [text(*LONG[:4]), text(*LONG[:3], own)]) == {}


def test_short_lines_that_others_hold_do_not_count(tmp_path: Path) -> None:
    shorts = [f"short {i}" for i in range(9)]
    assert removed_by_lines(tmp_path, [text(*LONG[:2], *shorts), text(*shorts, LONG[0])]) == {}


def test_removed_documents_hold_no_lines(tmp_path: Path) -> None:
    first = text(*LONG[:8])
    removed = text(*LONG[:8], "one more line")  # goes for the first, and its own line with it
    last = text("one more line", "one more line.")
    assert removed_by_lines(tmp_path, [first, removed, last]).keys() == {removed}


def test_of_two_that_hold_as_much_the_preferred_one_is_named(tmp_path: Path) -> None:
    first, second = text(*LONG[:4]), text(*LONG[4:8])
    assert removed_by_lines(tmp_path, [first, second, text(LONG[5], LONG[0])])[text(LONG[5], LONG[0])]["for"] == first


def test_the_first_survivor_is_named_where_earlier_holders_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components, "TASK_BYTES", 1)  # what does not depend on each other is decided apart
    gone = text(LONG[0], LONG[1])
    holder = text(LONG[0], LONG[2], LONG[3])
    late = text(LONG[0], "x")
    texts = [gone.upper(), gone, holder, holder.upper(), text(LONG[0], LONG[4], LONG[5]), late]
    assert removed_by_lines(tmp_path, texts)[late]["for"] == holder
