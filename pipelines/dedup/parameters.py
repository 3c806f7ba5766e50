"""What counts as a duplicate, how hard to look for it, whose copy survives, and how much a source may lose."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from pipelines.declared import Declared
from pipelines.errors import PhaselineError

Share = Annotated[float, Field(ge=0, le=1)]


class Preference(Declared):
    """Which of two documents survives where both or neither break a rule and their sources have equal priority.

    Where the measure is equal too, the one of the smaller id does.

    ``measure`` is num_bytes or a column of the attributes beside the documents. What was not measured comes last.
    """

    measure: str = "num_bytes"
    order: Literal["ascending", "descending"] = "descending"


class RepeatedLines(Declared):
    """A document goes if at least ``max_share`` of its characters stand in lines that preferred survivors hold as well.

    Only lines of at least ``min_characters`` count as repeated; blank space around a line counts for nothing.
    """

    min_characters: int = Field(default=30, ge=1)
    max_share: float = Field(default=0.9, gt=0, le=1)


class DedupParameters(Declared):
    """Near duplicates are documents whose sets of word shingles have a Jaccard similarity of at least ``threshold``.

    A pair of similarity s is looked at with probability 1 - (1 - s**rows)**bands (Leskovec, Rajaraman, Ullman: Mining
    of Massive Datasets, section 3.4). The defaults find 98.8 % of the pairs at 0.7 and 99.8 % at 0.75; what
    is looked at is then compared exactly, so more bands cost time and never precision.

    Repeated lines are not looked for where ``repeated_lines`` is null.

    A source that loses more than ``max_removed_share`` of its documents within the rules, or its own share, fails the
    check.
    """

    shingle_words: int = Field(default=5, ge=1)
    bands: int = Field(default=24, ge=1)
    rows: int = Field(default=5, ge=1)
    threshold: float = Field(default=0.7, gt=0, le=1)
    prefer: Preference = Preference()
    repeated_lines: RepeatedLines | None = RepeatedLines()
    max_removed_share: Share = 0.3
    max_removed_share_by_source: Mapping[str, Share] = Field(default_factory=dict)


def refuse_unknown_sources(parameters: DedupParameters, sources: Collection[str], where: str) -> None:
    """Raise PhaselineError if a share is declared for a source that there is not; ``where`` names it in the message."""
    unknown = sorted(parameters.max_removed_share_by_source.keys() - set(sources))
    if unknown:
        raise PhaselineError(
            f"{where}: max_removed_share_by_source names {', '.join(unknown)}, which no declaration has",
            f"name some of: {', '.join(sorted(sources))}",
        )


def refuse_wrong_priority(priority: Sequence[str], sources: Collection[str], where: str) -> None:
    """Raise PhaselineError unless ``priority`` lists every source once; ``where`` names it in the message."""
    repeated = sorted({name for name in priority if priority.count(name) > 1})
    unknown = [name for name in priority if name not in sources]
    missing = sorted(name for name in sources if name not in priority)
    faults = [f"lists {', '.join(repeated)} twice"] * bool(repeated)
    faults += [f"names {', '.join(unknown)}, which no declaration has"] * bool(unknown)
    faults += [f"no priority is declared for {', '.join(missing)}"] * bool(missing)
    if faults:
        raise PhaselineError(f"{where}: {'; '.join(faults)}", "list every source once, the preferred survivor first")
