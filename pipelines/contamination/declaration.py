"""Benchmarks as declarations: where their records lie, and how much of one makes a document contaminated."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipelines.declared import Declared, read_declaration
from pipelines.sources import Source, resolve_folders

HELD_OUT_SET = "held_out"  # the name of the set of held-out documents beside those of the benchmarks


class Matching(Declared):
    """When a document contains a record's text: its n-grams of words are compared, without case and punctuation.

    A record of fewer words than ``ngram_words`` is one n-gram of all its words. A record of fewer than ``min_words``
    cannot be told from chance, nor can an n-gram whose letters take fewer than ``min_ngram_bytes``, such as a row of
    digits: 13 English words take some 60 bytes, 13 ideographs 39.

    N-grams in more than ``max_records`` records are their set's boilerplate, those in more than ``max_documents``
    training documents are the corpus's. A record of which less than ``min_distinct`` is left without them is not
    checked. A document contains a record where it has at least ``min_share`` of the n-grams that are left, or
    ``enough_ngrams`` of them, if that is fewer.
    """

    ngram_words: int = Field(default=13, ge=2)
    min_words: int = Field(default=8, ge=2)
    min_ngram_bytes: int = Field(default=36, ge=0)
    min_share: float = Field(default=0.5, gt=0, le=1)
    enough_ngrams: int | None = Field(default=None, ge=1)
    max_records: int = Field(default=10, ge=1)
    max_documents: int = Field(ge=1)
    min_distinct: float = Field(default=0.25, ge=0, le=1)

    def width(self, num_words: int) -> int:
        """The words of an n-gram of a record of so many words."""
        return min(num_words, self.ngram_words)

    @model_validator(mode="after")
    def shortest_record_is_no_longer_than_an_ngram(self) -> "Matching":
        if self.min_words > self.ngram_words:
            raise ValueError(f"min_words {self.min_words} is more than ngram_words {self.ngram_words}")
        return self


def each_named_once(benchmarks: tuple[Source, ...]) -> tuple[Source, ...]:
    names = [benchmark.name for benchmark in benchmarks]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{', '.join(repeated)} is declared twice; rename one")
    if HELD_OUT_SET in names:
        raise ValueError(f"{HELD_OUT_SET} is the name of the held-out documents; rename the benchmark")
    return benchmarks


def each_one_snapshot(benchmarks: tuple[Source, ...]) -> tuple[Source, ...]:
    several = [benchmark.name for benchmark in benchmarks if len(benchmark.snapshots) > 1]
    if several:
        raise ValueError(f"{', '.join(several)} has several snapshots; declare each as a benchmark of its own")
    return benchmarks


class Benchmarks(Declared):
    """What no training document may contain: the benchmarks' records and the held-out documents.

    Args:
        matching: how the benchmarks' records are found.
        held_out: how held-out documents are found.
        benchmarks: sources whose documents are a benchmark's own text, without the prompt around it.
    """

    matching: Matching
    held_out: Matching
    benchmarks: Annotated[tuple[Source, ...], AfterValidator(each_named_once), AfterValidator(each_one_snapshot)]


def read_benchmarks(path: Path) -> Benchmarks:
    """The benchmarks that a file declares; raises PhaselineError where it does not fit."""
    declared = read_declaration(path, Benchmarks)
    benchmarks = tuple(resolve_folders(benchmark, path.parent) for benchmark in declared.benchmarks)
    return declared.model_copy(update={"benchmarks": benchmarks})
