"""Language identification with fastText (Joulin et al. 2016, arXiv:1612.03651; model lid.176)."""

from pathlib import Path

MAX_CHARACTERS = 1000
LABEL_PREFIX = "__label__"


class LanguageIdentifier:
    """Tells the natural language of a text by its beginning.

    Args:
        path: a fastText model whose labels are language codes.
    """

    def __init__(self, path: Path) -> None:
        import fasttext

        self._model = fasttext.load_model(str(path))

    def identify(self, text: str) -> tuple[str, float]:
        """The most likely language of a text's beginning and its probability; ``und`` where there is no word."""
        labels, scores = self._model.predict(" ".join(text[:MAX_CHARACTERS].split()))
        if not labels:
            return "und", 0.0
        return labels[0].removeprefix(LABEL_PREFIX), min(float(scores[0]), 1.0)
