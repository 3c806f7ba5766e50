"""Every measured value of a text in plain Python: what the compiled measures must equal."""

import re
from collections import Counter
from collections.abc import Sequence

from datatrove.utils.text import TERMINAL_PUNCTUATION as PUNCTUATION

from pipelines.filters.c4 import POLICIES, TERMINAL_PUNCTUATION
from pipelines.filters.gopher import BULLETS, STOP_WORDS

PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"[.!?][\"'”’)]*(?=\s|$)")
NUMBER = re.compile(r"\b(?:0x[0-9a-fA-F]+|\d[\d.]*(?:[eE][+-]?\d+)?)\b")
ALPHANUMERIC = re.compile(r"[^\W_]")
CAPITALS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def stripped(parts: Sequence[str]) -> list[str]:
    return [part for part in map(str.strip, parts) if part]


def quality(text: str) -> dict[str, float]:
    words, lines = text.split(), stripped(text.split("\n"))
    num_words, num_lines = max(len(words), 1), max(len(lines), 1)
    return {
        "num_words": len(words),
        "mean_word_length": sum(map(len, words)) / num_words,
        "symbols_per_word": max(text.count("#"), text.count("...") + text.count("…")) / num_words,
        "bullet_lines": sum(line.startswith(BULLETS) for line in lines) / num_lines,
        "ellipsis_lines": sum(line.endswith(("…", "...")) for line in lines) / num_lines,
        "alphabetic_words": sum(any(map(str.isalpha, word)) for word in words) / num_words,
    }


def num_stop_words(text: str, language: str) -> int:
    return len(STOP_WORDS[language].intersection(map(str.lower, text.split())))


def c4(text: str) -> dict[str, float]:
    lines = stripped(text.split("\n"))
    lowered = text.translate(CAPITALS)
    num_lines = max(len(lines), 1)
    policies = sum(any(phrase in line for phrase in POLICIES) for line in lowered.split("\n"))
    return {
        "num_sentences": len(SENTENCE_END.findall(text)),
        "terminal_lines": sum(line.endswith(TERMINAL_PUNCTUATION) for line in lines) / num_lines,
        "policy_lines": policies / num_lines,
        "num_curly_brackets": text.count("{"),
        "num_lorem_ipsum": lowered.count("lorem ipsum"),
    }


def fineweb(text: str) -> dict[str, float]:
    lines = stripped(text.split("\n"))
    num_lines = max(len(lines), 1)
    return {
        "punctuated_lines": sum(line.endswith(tuple(PUNCTUATION)) for line in lines) / num_lines,
        "short_lines": sum(len(line) <= 30 for line in lines) / num_lines,
        "line_breaks_per_word": text.count("\n") / max(len(text.split()), 1),
    }


def repetition(text: str) -> dict[str, float]:
    values = {}
    for name, parts in (("line", text.split("\n")), ("paragraph", PARAGRAPH_BREAK.split(text))):
        kept = stripped(parts)
        again = [part for place, part in enumerate(kept) if part in kept[:place]]
        values[f"duplicate_{name}s"] = len(again) / max(len(kept), 1)
        values[f"duplicate_{name}_characters"] = sum(map(len, again)) / max(sum(map(len, kept)), 1)
    words = text.split()
    num_characters = max(sum(map(len, words)), 1)
    for n in range(2, 11):
        grams = [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]
        if n <= 4:
            counts = Counter(grams)  # in the order in which they come first
            top = max(counts, key=counts.__getitem__, default=None)
            starts = [i for i, gram in enumerate(grams) if gram == top and counts[gram] > 1]
            name = f"top_{n}gram"
        else:
            starts = [i for i, gram in enumerate(grams) if gram in grams[:i]]
            name = f"duplicate_{n}grams"
        covered = {start + offset for start in starts for offset in range(n)}
        values[name] = sum(len(words[place]) for place in covered) / num_characters
    return values


def source_code(text: str) -> dict[str, float]:
    lengths = [len(line) for line in text.split("\n")]
    return {
        "num_characters": len(text),
        "longest_line": max(lengths),
        "mean_line_length": sum(lengths) / len(lengths),
        "alphanumeric_characters": len(ALPHANUMERIC.findall(text)) / max(len(text), 1),
        "number_characters": sum(map(len, NUMBER.findall(text))) / max(len(text), 1),
    }
