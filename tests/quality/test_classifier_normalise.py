"""The kernel that gives a text's words does what a plain statement of its rule says, for any text."""

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dedup.shingles import UNSPACED
from quality.classifier.normalise import IDEOGRAPHS, NUM_POINTS, normalise


def words_of(text: str, max_characters: int) -> str:
    """The rule in plain Python: a character at a time, with the state that it leaves behind."""
    words: list[str] = []
    state = "between words"
    for character in text[:max_characters]:
        folded = unicodedata.normalize("NFKC", character).lower()
        kinds = {"letter" if part.isalpha() else unicodedata.category(part)[0] for part in folded}
        if ord(character) >= NUM_POINTS or not kinds <= {"letter", "M"}:
            state = "between words"
        elif kinds == {"M"}:
            if state != "between words":
                words[-1] += folded
        elif ord(character) >= IDEOGRAPHS or any(first <= ord(character) <= last for first, last in UNSPACED):
            words.append(folded)
            state = "after a word of one letter"
        elif state == "in a word":
            words[-1] += folded
        else:
            words.append(folded)
            state = "in a word"
    return " ".join(words)


def normalised(texts: list[str], max_characters: int) -> list[str]:
    words: list[str] = normalise(pa.array(texts, pa.large_string()), max_characters).to_pylist()
    return words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("== Héading ==\n* $x_1^2$ cost 30€, __label__1 [[Link|ﬁne]]\t", "héading x cost label link fine"),
        ("Ｆｕｌｌ 𝐁𝐨𝐥𝐝 ㎏ Ⅷ word™", "full bold kg viii wordtm"),
        ("日本語とEnglish", "日 本 語 と english"),
        ("กำลัง", "ก ํา ลั ง"),
        ("e\u0301te\u0301 ❤\ufe0f \u0301x", "e\u0301te\u0301 x"),
        ("\x00\x01\ufffd\U000f0000 ½ ´", ""),
        ("", ""),
    ],
)
def test_words_of_known_texts(text: str, words: str) -> None:
    assert normalised([text], 1000) == [words]


PIECES = st.sampled_from(
    ["abc", "XYZ", "09_.\n ", "éÉßİΣς", "ﬁﬀ™㎏½ªⅣ", "กำ่ข", "日本ｶﾞ㌖", "𠀀𝐇", "\u0301\ufe0f\u0903", "क्षि"]
)
TEXTS = st.text() | st.lists(PIECES, max_size=8).map("".join)


@given(st.lists(TEXTS, max_size=5), st.integers(1, 20) | st.just(10**6))
def test_the_kernel_follows_the_rule(texts: list[str], max_characters: int) -> None:
    assert normalised(texts, max_characters) == [words_of(text, max_characters) for text in texts]


def test_every_character_follows_the_rule() -> None:
    characters = [chr(point) for point in range(NUM_POINTS + 0x1000) if not 0xD800 <= point < 0xE000]
    texts = [f"a{'b'.join(characters[start : start + 256])}c" for start in range(0, len(characters), 256)]
    assert normalised(texts, 10**6) == [words_of(text, 10**6) for text in texts]


def test_slices_of_arrays_are_read_where_they_begin() -> None:
    array = pa.array(["one", "two words", "three"], pa.large_string())
    assert normalise(array[1:], 7).to_pylist() == ["two wor", "three"]


def test_a_very_long_text_and_an_empty_array() -> None:
    (words,) = normalised(["ab, " * 1_000_000], 10**9)
    assert len(words) == 3_000_000 - 1
    assert normalised([], 10) == []
