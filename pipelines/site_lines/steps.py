"""The three jobs as steps of datatrove. The first and the third have the same tasks: each takes up its own pages."""

from pathlib import Path

import numpy as np
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from typing_extensions import override

from pipelines.engines.progress import task_progress
from pipelines.site_lines.collect import LineCounts
from pipelines.site_lines.count import repeated_lines
from pipelines.site_lines.declared import NUM_BYTES, NUM_LINES, SiteLines
from pipelines.site_lines.remove import REPEATED, RepeatedLines
from pipelines.site_lines.spool import read_spool, write_spool


def spool_file(folder: Path, rank: int) -> Path:
    return folder / f"pages-{rank:05d}.pickle.zst"


class SpoolPages(PipelineStep):
    """Puts a task's documents by and counts their lines; nothing goes on to a further step.

    Args:
        folder: where both go.
    """

    type = "SITE LINES"
    name = "collect"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        counts = LineCounts()
        with write_spool(spool_file(self.folder, rank)) as spool:
            for document in data:
                if document.metadata["rejection"] is None:
                    counts.add(document.metadata["url"], document.text)
                spool.put(document)
        counts.write(self.folder, rank)
        return iter(())


class CountLines(PipelineStep):
    """Writes which lines are a site's, for a range of sites.

    Args:
        rule: when a line is.
        folder: what the first job wrote; the result goes there too.
    """

    type = "SITE LINES"
    name = "count"

    def __init__(self, rule: SiteLines, folder: Path) -> None:
        super().__init__()
        self.rule = rule
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        keys = repeated_lines(self.folder, self.rule, rank, world_size)
        np.save(self.folder / REPEATED.replace("*", f"{rank:05d}"), keys)
        self.stat_update("site_lines", value=len(keys))
        return iter(())


class RemoveSiteLines(PipelineStep):
    """Takes a task's documents up again, without the lines of their sites; what was removed becomes a measure.

    Args:
        folder: what the first two jobs wrote.
    """

    type = "SITE LINES"
    name = "remove"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @override
    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        progress = task_progress()
        repeated = RepeatedLines(self.folder)
        for document in read_spool(spool_file(self.folder, rank)):
            if document.metadata["rejection"] is None:
                self.remove(document, repeated)
            progress.add(num_documents=1)
            yield document

    def remove(self, document: Document, repeated: RepeatedLines) -> None:
        removal = repeated.remove(document.metadata["url"], document.text)
        document.text = removal.text
        document.metadata["measures"] |= {NUM_LINES: removal.num_lines, NUM_BYTES: removal.num_bytes}
        self.stat_update(NUM_LINES, value=removal.num_lines)
        self.stat_update(NUM_BYTES, value=removal.num_bytes)
