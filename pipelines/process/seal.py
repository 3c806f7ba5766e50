"""The step after which a text no longer changes: normalised, masked, and under the id of its content."""

from collections.abc import Sequence

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.digests import document_id
from pipelines.mask import Kind, mask_text
from pipelines.process.final_text import final_text, unmasked
from pipelines.rejection import Rejection


class SealText(PipelineStep):
    """Gives each text its final form and its id. What is left without text is rejected, and its raw bytes count.

    Args:
        kinds: what is masked in it.
    """

    type = "FORMAT"
    name = "seal"

    def __init__(self, kinds: Sequence[Kind]) -> None:
        super().__init__()
        self.kinds = tuple(kinds)

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            self.seal(document)
            self.stat_update("bytes", value=document.metadata["num_bytes"])
            yield document

    def seal(self, document: Document) -> None:
        metadata = document.metadata
        mask = self.masked if metadata["rejection"] is None else unmasked
        document.text, metadata["answer_start"] = final_text(document.text, metadata["answer"], mask)
        document.id = document_id(document.text)
        if metadata["rejection"] is None:
            if document.text.strip():
                metadata["num_bytes"] = len(document.text.encode())
            else:
                metadata["rejection"] = Rejection("empty", "no text")
        metadata["sealed"] = metadata["rejection"] is None

    def masked(self, text: str) -> str:
        if not self.kinds:
            return text
        text, counts = mask_text(text, self.kinds)
        for kind, count in counts.items():
            self.stat_update(f"masked_{kind}", value=count)
        return text
