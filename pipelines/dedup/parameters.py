"""What counts as a near duplicate, and how hard to look for them."""

from pydantic import Field

from pipelines.declared import Declared


class DedupParameters(Declared):
    """Near duplicates are documents whose sets of word shingles have a Jaccard similarity of at least ``threshold``.

    A pair of similarity s is looked at with probability 1 - (1 - s**rows)**bands (Leskovec, Rajaraman, Ullman: Mining
    of Massive Datasets, section 3.4). The defaults find 98.8 % of the pairs at 0.7 and 99.8 % at 0.75; what
    is looked at is then compared exactly, so more bands cost time and never precision.
    """

    shingle_words: int = Field(default=5, ge=1)
    bands: int = Field(default=24, ge=1)
    rows: int = Field(default=5, ge=1)
    threshold: float = Field(default=0.7, gt=0, le=1)
