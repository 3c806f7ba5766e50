"""Language identification: by the beginning of a text, and not at all where it has no letters."""

import fasttext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language import MAX_CHARACTERS, LanguageIdentifier

ENGLISH, GERMAN = "the cat and the dog are in the house", "die Katze und der Hund sind in dem Haus"


@pytest.fixture(scope="module")
def identifier(tmp_path_factory: pytest.TempPathFactory) -> LanguageIdentifier:
    """Tells English from German by a few words."""
    folder = tmp_path_factory.mktemp("language")
    (folder / "train.txt").write_text(f"__label__en {ENGLISH}\n__label__de {GERMAN}\n" * 50)
    model = fasttext.train_supervised(str(folder / "train.txt"), dim=4, epoch=50, lr=1.0, thread=1, verbose=0)
    model.save_model(str(folder / "model.bin"))
    return LanguageIdentifier(folder / "model.bin")


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (GERMAN, "de"), (f"\n\n{GERMAN}\n{GERMAN}", "de")])
def test_a_text_is_in_the_language_it_is_most_like(identifier: LanguageIdentifier, text: str, language: str) -> None:
    found, score = identifier.identify(text)
    assert found == language
    assert 0.5 < score <= 1


@pytest.mark.parametrize("text", ["", " \n", "123 456", "!?", "\0", "😀"])
def test_a_text_without_letters_is_in_no_language(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.identify(text) == ("und", 0.0)


def test_only_the_beginning_counts(identifier: LanguageIdentifier) -> None:
    beginning = (ENGLISH + " ") * (MAX_CHARACTERS // len(ENGLISH) + 1)
    assert identifier.identify(beginning + GERMAN * 1000) == identifier.identify(beginning[:MAX_CHARACTERS])


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_has_a_language_and_a_probability(identifier: LanguageIdentifier, text: str) -> None:
    language, score = identifier.identify(text)
    assert language in {"en", "de", "und"}
    assert 0 <= score <= 1
