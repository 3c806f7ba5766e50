"""Whether two tokenizers are the same: in their tokens, and in what they make of texts."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import PhaselineError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# What tokenizers treat differently: spaces, line ends, digits, contractions, case, accents composed and not, scripts
# with and without spaces, signs of several code points, code, and what looks like a special token.
TEXTS = (
    "The quick brown fox doesn't jump; it'll walk, and they'd've run.",
    "  two spaces,\ttabs\t\tand\r\nline ends\n\n\n  indented  ",
    "0 12 345 6789 12345678901234567890 3.14159 1,000,000 2^10",
    "naïve café, nai\u0308ve cafe\u0301, ﬁne ½ ² Å Å",
    "Straße ÇA İSTANBUL ǅ ŉ",
    "中文没有空格。日本語もそうです。한국어는 있습니다.",
    "Привет, мир! Γειά σου Κόσμε! שלום עולם مرحبا بالعالم नमस्ते दुनिया",
    "👍🏽 👩‍👩‍👧 🇨🇭 e\u200bzero\u200dwidth\u00a0space",
    "def f(x):\n    return x**2  # comment\n\n\tif (a&&b) { c[i] += 1; }",
    "<|endoftext|> </s> [INST] <s> <unk> http://example.org/a_b?c=d&e=f#g",
    "\x00\x7f\ufeff\ufffd",
    " ",
)


def refuse_other_tokenizer(own: Path, foreign: Path, where: str) -> None:
    """Raise PhaselineError with the first difference between two ``tokenizer.json``.

    Args:
        own: what the shards were made with.
        foreign: what the model was trained with.
        where: whose it is, for the message.
    """
    difference = first_difference(own, foreign)
    if difference is not None:
        raise PhaselineError(
            f"{where} has another tokenizer than the shards: {difference}",
            "let tokenizer in assets/corpus.yaml name the model's folder, so that the shards are made with its own",
        )


def first_difference(own: Path, foreign: Path) -> str | None:
    """How a tokenizer differs from another, in words: in size, a token, or the tokens of a text; None if in nothing."""
    if own.read_bytes() == foreign.read_bytes():
        return None
    from tokenizers import Tokenizer

    ours, theirs = Tokenizer.from_file(str(own)), Tokenizer.from_file(str(foreign))
    return first_other_token(ours.get_vocab(), theirs.get_vocab()) or first_other_encoding(ours, theirs)


def first_other_token(ours: Mapping[str, int], theirs: Mapping[str, int]) -> str | None:
    """The first id that stands for another token, and both sizes where they differ."""
    sizes = f"{len(theirs):,} tokens instead of {len(ours):,}; " if len(ours) != len(theirs) else ""
    own_tokens, other_tokens = ({number: token for token, number in each.items()} for each in (ours, theirs))
    for number in sorted(own_tokens.keys() | other_tokens.keys()):
        own, other = own_tokens.get(number), other_tokens.get(number)
        if own != other:
            return f"{sizes}token {number:,} is {other!r} instead of {own!r}"
    return None


def first_other_encoding(ours: "Tokenizer", theirs: "Tokenizer") -> str | None:
    """The first text of which the two make other tokens, and the first of these."""
    for text in TEXTS:
        own, other = (each.encode(text, add_special_tokens=False).tokens for each in (ours, theirs))
        for place, (token, instead) in enumerate(itertools.zip_longest(other, own)):
            if token != instead:
                return f"token {place + 1} of the text {text!r} is {token!r} instead of {instead!r}"
    return None
