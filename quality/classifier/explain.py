"""Which words of a text a model's score comes from."""

from collections import Counter

import numpy as np

from quality.classifier.linear import END_OF_LINE, NGRAM_BASE, LinearModel, find_slot, hash_word


def word_contributions(model: LinearModel, words: str) -> Counter[str]:
    """What each word of a normalised text, and the end of its line, adds to the model's logit; together they are it.

    A word's part is its own weight and an equal share of the weights of the n-grams that it is in, over the number of
    the text's features, summed over where it stands.
    """
    tokens = [*words.split(), END_OF_LINE]
    parts = np.zeros(len(tokens))
    hashes: list[int] = []
    num_features = 0
    for last, token in enumerate(tokens):
        letters = np.frombuffer(token.encode(), np.uint8)
        key, word_hash, _ = hash_word(letters, 0, len(letters))
        hashes.append(int(word_hash))
        slot = find_slot(model.keys, np.uint64(key))
        if model.keys[slot]:
            parts[last] += model.word_weights[slot]
            num_features += 1
        for first in range(max(last + 1 - model.ngram_words, 0), last):
            weight = model.ngram_weights[ngram_hash(hashes[first:]) % len(model.ngram_weights)]
            parts[first : last + 1] += weight / (last + 1 - first)
            num_features += 1
    contributions: Counter[str] = Counter()
    for token, part in zip(tokens, (parts / max(num_features, 1)).tolist(), strict=True):
        contributions[token] += part
    return contributions


def ngram_hash(hashes: list[int]) -> int:
    """fastText's hash of an n-gram, by those of its words."""
    result = 0
    for word_hash in hashes:
        result = (result * int(NGRAM_BASE) + word_hash) % 2**64
    return result
