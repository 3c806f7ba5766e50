"""Excerpts of documents that were drawn by chance, for a section to show beneath its numbers."""

from collections.abc import Mapping

from quality.report.figures import Excerpt, Excerpts
from quality.report.units import count
from quality.samples.sample import Draw, Drawn, Sample

DRAW = Draw(num_samples=3)
MORE = " …"


def drawn(title: str, found: Drawn) -> Excerpts:
    """What was drawn, folded, and from how many."""
    return Excerpts(
        title,
        f"{count(len(found.samples))} of {count(found.num_candidates)}",
        [excerpt(each) for each in found.samples],
    )


def excerpt(sample: Sample, role: str = "") -> Excerpt:
    """The beginning of a sample, with all that is known of it."""
    known: Mapping[str, str | None] = {
        "id": sample.id,
        "place": sample.locator,
        "address": sample.url,
        "licence": sample.licence,
        "length": f"{count(sample.num_bytes)} bytes",
        **sample.facts,
    }
    title = ", ".join(part for part in (role, f"{sample.source} {sample.snapshot}", sample.language) if part)
    goes_on = 0 < len(sample.text.encode()) < sample.num_bytes
    text = sample.text + MORE if goes_on else sample.text
    return Excerpt(title, {name: value for name, value in known.items() if value is not None}, text)
