"""datatrove's blocks as they come: Trafilatura in its sandbox, words and sentences by spaCy.

Only English stop words are known to it; they are not asked for, as most pages are in other languages.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A model is copied into the cache by its path alone, and never again.
os.environ["HF_HOME"] = tempfile.mkdtemp()

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import C4QualityFilter, GopherQualityFilter, GopherRepetitionFilter, LanguageFilter
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.lid import FT176LID

from benchmarks.documents.archives import LANGUAGES, MIN_SCORE, archive_file, model_file


@dataclass
class Prepared:
    """The steps over a number of files, and the documents that came through."""

    steps: Sequence[PipelineStep]
    documents: list[Document] = field(default_factory=list)


def prepare(path: Path, num_parts: int) -> Prepared:
    filters = [GopherRepetitionFilter(), GopherQualityFilter(min_stop_words=None), C4QualityFilter()]
    return pipeline(path, num_parts, Trafilatura(), filters)


def pipeline(path: Path, num_parts: int, extractor: PipelineStep, filters: Sequence[PipelineStep]) -> Prepared:
    FT176LID.MODEL_URL = str(model_file(path))
    work = Path(tempfile.mkdtemp())
    (work / "paths.txt").write_text("\n".join(archive_file(path, part).name for part in range(num_parts)))
    return Prepared(
        [
            WarcReader(str(path), paths_file=str(work / "paths.txt")),
            extractor,
            LanguageFilter(list(LANGUAGES), language_threshold=MIN_SCORE),
            *filters,
            ParquetWriter(str(work / "documents"), output_filename="${rank}.parquet"),
        ]
    )


def run(prepared: Prepared) -> None:
    documents = None
    for step in prepared.steps:
        documents = step(documents, 0, 1)
    prepared.documents.extend(documents)


def describe(prepared: Prepared) -> list[tuple[str, str]]:
    """The address and the text of each document."""
    return [(document.metadata["url"], document.text) for document in prepared.documents]
