"""The step that refuses web pages by their addresses."""

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.urls.blocked import blocked_urls
from pipelines.urls.rules import UrlRules


class RefuseUrls(PipelineStep):
    """Rejects the documents whose address breaks a rule."""

    type = "FILTER"
    name = "urls"

    def __init__(self, rules: UrlRules) -> None:
        super().__init__()
        self.rules = rules

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        blocked = blocked_urls(self.rules)
        for document in data:
            metadata = document.metadata
            if metadata["rejection"] is None:
                metadata["rejection"] = blocked.rejection(metadata["url"])
            yield document
