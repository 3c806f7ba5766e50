"""The values that rules are held against, measured on a batch of texts."""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.filters.code import GENERATED, HEAD_LINES, MINIFIED, VENDORED
from pipelines.filters.formulas import FORMULA
from pipelines.filters.kernels import lines as line_kernels
from pipelines.filters.kernels import quality, repetition, source_code
from pipelines.filters.kernels.characters import MATHEMATICS, Texts, num_of_kind, texts_of
from pipelines.filters.kernels.words import LINE_BREAKS, PARAGRAPH_BREAKS, join, split

Measured = dict[str, NDArray[np.float32]]


def measure(
    families: Collection[str], texts: pa.LargeStringArray, locators: Sequence[str], languages: Sequence[str]
) -> Measured:
    """Every value of the families' rules, float32 of shape (n,) by name; NaN where a text has none.

    Args:
        families: the names of families of rules.
        texts: n texts without nulls.
        locators: where each was found.
        languages: the natural or programming language of each.
    """
    measured: Measured = {}
    buffers = texts_of(texts)
    if not {"gopher_quality", "c4", "gopher_repetition", "fineweb"}.isdisjoint(families):
        measured |= of_prose(families, buffers, languages)
    if "math" in families:
        measured |= of_formulas(texts.to_pylist(), num_of_kind(buffers, MATHEMATICS))
    if "code" in families:
        measured |= named(source_code.MEASURES, source_code.source_code(buffers))
        measured |= of_names(texts.to_pylist(), locators)
    return measured


def of_prose(families: Collection[str], texts: Texts, languages: Sequence[str]) -> Measured:
    """The values of texts made of words, lines and paragraphs."""
    measured: Measured = {}
    words, kinds_in_words = split(texts)
    lines = join(texts, words, LINE_BREAKS)
    if "gopher_quality" in families:
        measured |= named(quality.MEASURES, quality.quality(texts, words, kinds_in_words, lines))
        measured["num_stop_words"] = quality.stop_words(words, languages)
    if "c4" in families:
        measured |= named(line_kernels.C4_MEASURES, line_kernels.c4(texts, words, kinds_in_words, lines))
    if "fineweb" in families:
        measured |= named(line_kernels.FINEWEB_MEASURES, line_kernels.fineweb(texts, words, lines))
    if "fineweb" in families or "gopher_repetition" in families:
        measured |= named(("duplicate_lines", "duplicate_line_characters"), repetition.duplicates(lines))
    if "gopher_repetition" in families:
        paragraphs = repetition.duplicates(join(texts, lines, PARAGRAPH_BREAKS))
        measured |= named(("duplicate_paragraphs", "duplicate_paragraph_characters"), paragraphs)
        measured |= named(repetition.NGRAM_MEASURES, repetition.ngrams(words))
    return measured


def of_formulas(texts: Sequence[str], symbols: NDArray[np.int64]) -> Measured:
    """How many formulas each text has, and the fractions of its characters in formulas and of symbols."""
    formulas = [[len(formula.group()) for formula in FORMULA.finditer(text)] for text in texts]
    num_characters = np.maximum([len(text) for text in texts], 1)
    return {
        "num_formulas": np.array([len(lengths) for lengths in formulas], np.float32),
        "formula_density": (np.array([sum(lengths) for lengths in formulas]) / num_characters).astype(np.float32),
        "math_symbols": (symbols / num_characters).astype(np.float32),
    }


def of_names(texts: Sequence[str], paths: Sequence[str]) -> Measured:
    """What a source file's path and head say of it: 1 where they do."""
    heads = ("\n".join(text.split("\n", HEAD_LINES)[:HEAD_LINES]) for text in texts)
    return {
        "is_vendored": np.array([VENDORED.search(path) is not None for path in paths], np.float32),
        "is_minified": np.array([MINIFIED.search(path) is not None for path in paths], np.float32),
        "is_generated": np.array([GENERATED.search(head) is not None for head in heads], np.float32),
    }


def named(names: Sequence[str], values: NDArray[np.float32]) -> Measured:
    """The rows of an array by name."""
    return dict(zip(names, values, strict=True))
