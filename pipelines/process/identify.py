"""The step that tells languages."""

from collections.abc import Sequence
from pathlib import Path

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.language import LanguageIdentifier
from pipelines.rejection import Rejection


class IdentifyLanguage(PipelineStep):
    """Identifies the language of documents that do not bring one, and rejects those not to be kept.

    Args:
        model: the fastText model's file.
        languages: the languages kept; all where none is named.
        min_score: the least probability of a language that is kept.
    """

    type = "LANGUAGE"
    name = "identify"

    def __init__(self, model: Path, languages: Sequence[str], min_score: float) -> None:
        super().__init__()
        self.model = model
        self.languages = frozenset(languages)
        self.min_score = min_score

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        identifier = LanguageIdentifier(self.model)
        for document in data:
            metadata = document.metadata
            if metadata["rejection"] is None and metadata["language"] is None:
                language, score = identifier.identify(document.text)
                metadata |= {"language": language, "language_score": score}
                metadata["rejection"] = self.rejection(language, score)
            yield document

    def rejection(self, language: str, score: float) -> Rejection | None:
        if self.languages and language not in self.languages:
            return Rejection("language", f"{language} ({score:.2f})")
        if score < self.min_score:
            return Rejection("language_score", f"{language} {score:.2f} < {self.min_score:.2f}")
        return None
