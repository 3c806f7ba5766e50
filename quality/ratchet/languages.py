"""The mix of languages: of documents, or of tokens where an artifact counts them."""

from typing import Annotated

from pydantic import Field

from pipelines.declared import Declared
from quality.ratchet.measured import Measured, Verdict
from quality.ratchet.mix import Mix, compare_mixes


class LanguagesBound(Declared):
    """How large the population stability index of the languages may be."""

    max_stability_index: Annotated[float, Field(gt=0)]

    def compare(self, before: Measured, after: Measured) -> Verdict:
        """Hold the mix of languages against what it was."""
        return compare_mixes("languages", languages(before), languages(after), self.max_stability_index)


def languages(of: Measured) -> Mix | None:
    """The languages of an artifact as its facts state them, or None."""
    facts = of.facts
    if "tokens_by_language" in facts:
        return Mix(facts["tokens_by_language"], "tokens", of.num_documents)
    if "documents_by_language" in facts:
        return Mix(facts["documents_by_language"], "documents", of.num_documents)
    if "buckets_by_language" in facts:
        sizes = {
            language: sum(size["num_documents"] for size in buckets.values())
            for language, buckets in facts["buckets_by_language"].items()
        }
        return Mix(sizes, "documents", of.num_documents)
    return None
