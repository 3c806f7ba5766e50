"""A language model that knows two sentences."""

from pathlib import Path

import fasttext

ENGLISH = "The house is old and the garden is green, and we have been there with all of our friends."
GERMAN = "Das Haus ist alt und der Garten ist schön, und wir waren mit allen unseren Freunden dort."


def train_identifier(folder: Path) -> Path:
    """Train the model; returns its file."""
    lines = [f"__label__en {ENGLISH}", f"__label__de {GERMAN}"] * 50
    (folder / "train.txt").write_text("\n".join(lines))
    trained = fasttext.train_supervised(str(folder / "train.txt"), dim=4, epoch=20, thread=1, verbose=0)
    trained.save_model(str(folder / "tiny.bin"))
    return folder / "tiny.bin"
