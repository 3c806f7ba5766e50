"""Language identification with fastText (Joulin et al. 2016, arXiv:1612.03651; model lid.176)."""

from pathlib import Path

MAX_CHARACTERS = 1000
LABEL_PREFIX = "__label__"
UNDETERMINED = "und"  # ISO 639-2


class LanguageIdentifier:
    """Tells the natural language of a text by its beginning.

    Args:
        path: a fastText model whose labels are language codes.
    """

    def __init__(self, path: Path) -> None:
        import fasttext

        self._model = fasttext.load_model(str(path))

    def identify(self, text: str) -> tuple[str, float]:
        """The most likely language of a text's beginning and its probability; ``und`` where there is no letter."""
        beginning = text[:MAX_CHARACTERS]
        if not any(map(str.isalpha, beginning)):
            return UNDETERMINED, 0.0
        labels, scores = self._model.predict(" ".join(beginning.split()))
        return labels[0].removeprefix(LABEL_PREFIX), min(float(scores[0]), 1.0)
