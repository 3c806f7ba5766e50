"""What counts as a word, a shingle and a candidate, against plain Python."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.dedup.candidates import Buckets, group_by_key, number_buckets
from pipelines.dedup.minhash import band_keys
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.shingles import UNSPACED
from pipelines.dedup.verify import jaccard, join_sets, loaded, new_table, shingle_sets

SCRIPTS = "ab Z9_é-ÀßςΣжЖ中文あ アไทย ك्が\u0301😀𝒳\n"


def words_of(text: str) -> list[str]:
    """The words of a text, by the rule that the kernel documents."""
    words, word = [], ""
    for letter in text:
        is_letter = letter.isalnum() or unicodedata.category(letter).startswith("M") or ord(letter) > 0xFFFF
        alone = ord(letter) > 0xFFFF or any(first <= ord(letter) <= last for first, last in UNSPACED)
        if is_letter and not alone:
            word += letter.casefold() if len(letter.casefold()) == 1 else letter
            continue
        words += [word] if word else []
        words += [letter] if is_letter else []
        word = ""
    return words + ([word] if word else [])


def shingles_of(text: str, shingle_words: int) -> set[tuple[str, ...]]:
    words = words_of(text) or [f"bytes {text}"]
    width = min(shingle_words, len(words))
    return {tuple(words[i : i + width]) for i in range(len(words) - width + 1)}


def similarity(left: str, right: str, shingle_words: int = 5) -> float:
    a, b = shingles_of(left, shingle_words), shingles_of(right, shingle_words)
    return len(a & b) / len(a | b)


def measured(left: str, right: str, shingle_words: int = 5) -> float:
    sets = shingle_sets(pa.array([left, right], pa.large_string()), shingle_words)
    return jaccard_of(sets.hashes[: sets.starts[1]], sets.hashes[sets.starts[1] :])


def jaccard_of(left: np.ndarray, right: np.ndarray) -> float:
    return jaccard(loaded(new_table(len(left)), left), len(left), right)


@settings(max_examples=300, deadline=None)
@given(st.text(SCRIPTS, max_size=60), st.text(SCRIPTS, max_size=60), st.integers(1, 6))
def test_similarity_is_that_of_the_sets_of_word_shingles(left: str, right: str, shingle_words: int) -> None:
    assert measured(left, right, shingle_words) == similarity(left, right, shingle_words)


@given(st.sets(st.integers(1, 60), min_size=1), st.sets(st.integers(1, 60), min_size=1))
def test_jaccard_is_common_over_all(left: set[int], right: set[int]) -> None:
    a, b = (np.array(sorted(values), np.uint64) for values in (left, right))
    assert jaccard_of(a, b) == len(left & right) / len(left | right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Быстрая Лиса ПРЫГАЕТ через ленивую собаку", "быстрая лиса прыгает, через ленивую собаку!"),
        ("Η ΓΡΉΓΟΡΗ ΚΑΦΈ ΑΛΕΠΟΎ ΠΗΔΆΕΙ ΠΆΝΩ", "η γρήγορη καφέ αλεπού πηδάει πάνω"),
        ("ÉTÉ À ŁÓDŹ ÅNGSTRÖM ÇA ÑANDÚ", "été  à\nłódź ångström ça ñandú"),
        ("敏捷的棕色狐狸。跳过懒狗", "敏捷的棕色狐狸跳过,懒狗"),
    ],
)
def test_case_spacing_and_punctuation_do_not_matter_in_any_script(left: str, right: str) -> None:
    assert measured(left, right) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("один два три четыре пять", "один два три четыре шесть"),
        ("né le soir à Nice", "ne le soir a Nice"),
        ("!!!", "?"),
    ],
)
def test_different_letters_differ_in_any_script(left: str, right: str) -> None:
    assert measured(left, right) == 0


def test_one_ideograph_of_many_changes_five_shingles() -> None:
    text = "".join(chr(0x4E00 + i) for i in range(104))
    assert measured(text, text.replace(text[50], "的")) == 95 / 105


def test_a_slice_of_an_array_is_read_from_its_own_start() -> None:
    texts = pa.array(["one two three", "four five six seven eight nine", "ten", "eleven twelve"], pa.large_string())
    parameters = DedupParameters()
    assert (band_keys(texts.slice(1, 2), parameters) == band_keys(texts, parameters)[1:3]).all()
    whole, parts = (
        shingle_sets(texts, 5),
        join_sets([shingle_sets(texts.slice(0, 1), 5), shingle_sets(texts.slice(1), 5)]),
    )
    assert (whole.hashes == parts.hashes).all()
    assert (whole.starts == parts.starts).all()


def test_documents_without_text_have_keys() -> None:
    assert band_keys(pa.array([], pa.large_string()), DedupParameters()).shape == (0, 24)
    assert band_keys(pa.array([""], pa.large_string()), DedupParameters()).shape == (1, 24)


def buckets_of(keys: NDArray[np.uint64]) -> Buckets:
    """The buckets of documents by their band keys, uint64 [n, bands]."""
    documents = np.arange(len(keys), dtype=np.int32)
    groups = ((band, group_by_key(column, documents)) for band, column in enumerate(keys.T))
    return number_buckets(groups, np.empty(keys.shape, np.int32))


@pytest.mark.parametrize("similar", [0.3, 0.5, 0.7])
def test_pairs_become_candidates_as_often_as_the_bands_promise(similar: float) -> None:
    num_pairs, num_words = 1500, 60
    num_common = round(num_words * 2 * similar / (1 + similar))
    rng = np.random.default_rng(7)
    texts = []
    for _ in range(num_pairs):
        pool = [f"w{word}" for word in rng.choice(10**9, 2 * num_words - num_common, replace=False)]
        texts += [" ".join(pool[:num_words]), " ".join(pool[:num_common] + pool[num_words:])]
    parameters = DedupParameters(shingle_words=1)
    buckets = buckets_of(band_keys(pa.array(texts, pa.large_string()), parameters)).of_document
    found = ((buckets[0::2] == buckets[1::2]) & (buckets[0::2] >= 0)).any(axis=1).mean()
    exact = num_common / (2 * num_words - num_common)
    assert found == pytest.approx(1 - (1 - exact**parameters.rows) ** parameters.bands, abs=0.04)


@given(st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=2), max_size=30))
def test_documents_share_a_bucket_exactly_where_they_share_a_key(rows: list[list[int]]) -> None:
    keys = np.array(rows, np.uint64).reshape(-1, 2)
    buckets = buckets_of(keys)
    for band in range(2):
        column = buckets.of_document[:, band]
        for i, bucket in enumerate(column):
            mates = np.flatnonzero(keys[:, band] == keys[i, band])
            assert (bucket == -1) == (len(mates) == 1)
            if bucket != -1:
                assert (np.flatnonzero(column == bucket) == mates).all()
                assert buckets.sizes[bucket] == len(mates)
