"""What counts as a near duplicate, how hard to look for them, and whose copy survives."""

from collections.abc import Collection, Sequence

from pydantic import Field

from pipelines.declared import Declared
from pipelines.errors import PhaselineError


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
