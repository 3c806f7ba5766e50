"""The search for references in training documents: scanned by hash, then verified word by word, both in tasks."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datatrove.pipeline.base import PipelineStep

from pipelines.contamination.candidates import find_candidates
from pipelines.contamination.declaration import Matching
from pipelines.contamination.index import build_index, open_index
from pipelines.contamination.ngrams import num_words
from pipelines.contamination.parts import CHECKED, REFERENCES, Part
from pipelines.contamination.references import in_parts
from pipelines.contamination.scan import FindNgrams, matches_file
from pipelines.contamination.verify import HITS_SCHEMA, VerifyHits, hits_file
from pipelines.engines import Engine
from pipelines.selection import DocumentsFile, files_of, grouped, write_selection
from pipelines.store import Artifact

PART_BYTES = 64 << 20  # of references that are searched for at once: a matter of memory
GROUP_BYTES = 64 << 20  # of files for each task

CANDIDATES_SCHEMA = pa.schema(
    [
        pa.field("number", pa.int64()),  # of the document: its row
        pa.field("part", pa.int64()),
        pa.field("reference", pa.int64()),  # its row in the part
        pa.field("num_checked", pa.int64()),  # its n-grams that are no boilerplate
    ]
)
CANDIDATE = pa.schema(list(CANDIDATES_SCHEMA)[1:])
SORT_KEYS = [(name, "ascending") for name in ("id", "benchmark", "record", "part")]


class Search:
    """A search through documents for the texts of all references that were added to it.

    Args:
        rows: which documents, sorted by id, with the columns id and source.
        documents: the artifacts that hold them.
        folder: for what is found on the way; what an earlier attempt completed there is not done again.
        engine: where the tasks run.
        report: is told what is done, a sentence at a time.
    """

    def __init__(
        self,
        rows: pa.Table,
        documents: Sequence[Artifact],
        folder: Path,
        engine: Engine,
        report: Callable[[str], None],
    ) -> None:
        self._rows = rows.select(["id", "source"]).append_column("number", pa.array(np.arange(len(rows))))
        self._documents = documents
        self._folder = folder
        self._engine = engine
        self._report = report
        self._parts: list[Part] = []
        self.unchecked: Counter[str] = Counter()  # texts too short, or little but boilerplate, by benchmark

    def add(self, references: Iterable[pa.Table], matching: Matching) -> None:
        """Index some references, REFERENCES_SCHEMA, to search for them too."""
        for table in in_parts(references, PART_BYTES):
            is_long = pa.array(num_words(table["text"].chunk(0)) >= matching.min_words)
            self._leave_unchecked(table.filter(pc.invert(is_long)))
            part = Part(self._folder / f"part-{len(self._parts):05d}", matching)
            part.folder.mkdir(parents=True, exist_ok=True)
            checked = table.filter(is_long)
            pq.write_table(checked, part.folder / REFERENCES)
            build_index(checked, matching).write(part.folder)
            self._parts.append(part)

    def run(self) -> pa.Table:
        """Every hit, HITS_SCHEMA, sorted by document, benchmark, record and part."""
        self._report(f"searching {len(self._rows):,} documents for the n-grams of {self._num_references():,} texts")
        groups = self._groups(self._rows)
        selection = self._select("scanned", self._rows)
        step = FindNgrams(self._parts, groups, selection, self._folder)
        self._run_tasks("scan", step, groups, len(self._parts))
        candidates = self._candidates(len(groups))
        self._report(f"comparing {len(candidates):,} documents with what they seem to contain")
        groups = self._groups(candidates)
        selection = self._select("candidates", candidates)
        self._run_tasks("verify", VerifyHits(self._parts, groups, selection, self._folder), groups, 1)
        hits = [pq.read_table(hits_file(self._folder, group)) for group in range(len(groups))]
        distinct = pa.concat_tables([HITS_SCHEMA.empty_table(), *hits]).group_by(HITS_SCHEMA.names).aggregate([])
        return distinct.sort_by(SORT_KEYS).combine_chunks()

    def _groups(self, rows: pa.Table) -> list[list[DocumentsFile]]:
        """The files of the sources of some rows, a group for each task."""
        return grouped(files_of(self._documents, rows), GROUP_BYTES)

    def _select(self, name: str, rows: pa.Table) -> Path:
        folder = self._folder / name
        write_selection(rows, folder)
        return folder

    def _run_tasks(
        self, name: str, step: PipelineStep, groups: Sequence[Sequence[DocumentsFile]], tasks_per_group: int
    ) -> None:
        num_bytes = sum(file.num_bytes for group in groups for file in group)
        self._engine.run(
            [step],
            tasks_per_group * len(groups),
            self._folder / name,
            num_bytes=tasks_per_group * num_bytes,
            report=self._report,
        )

    def _candidates(self, num_groups: int) -> pa.Table:
        """The rows of the documents to verify, with the references that each may contain."""
        found = [self._candidates_of(part, num_groups) for part in range(len(self._parts))]
        table = pa.concat_tables([CANDIDATES_SCHEMA.empty_table(), *found]).sort_by(
            [("number", "ascending"), ("part", "ascending"), ("reference", "ascending")]
        )
        numbers, firsts = np.unique(table["number"].to_numpy(), return_index=True)
        structs = pa.StructArray.from_arrays(
            [table[name].combine_chunks() for name in CANDIDATE.names], fields=list(CANDIDATE)
        )
        lists = pa.ListArray.from_arrays(pa.array(np.append(firsts, len(table)), pa.int32()), structs)
        return self._rows.take(pa.array(numbers)).append_column("candidates", lists)

    def _candidates_of(self, number: int, num_groups: int) -> pa.Table:
        """The candidates for a part's references, CANDIDATES_SCHEMA; writes down which n-grams count."""
        part = self._parts[number]
        index = open_index(part.folder)
        matches = [np.load(matches_file(self._folder, number, group)) for group in range(num_groups)]
        found = find_candidates(index, matches, part.matching)
        np.save(part.folder / CHECKED, found.hashes)
        references = pq.read_table(part.folder / REFERENCES)
        self._leave_unchecked(references.filter(pa.array(~found.is_checked)))
        columns = [found.documents, np.full(len(found.documents), number), found.references]
        return pa.table([*columns, found.num_checked[found.references]], schema=CANDIDATES_SCHEMA)

    def _num_references(self) -> int:
        return sum(pq.read_metadata(part.folder / REFERENCES).num_rows for part in self._parts)

    def _leave_unchecked(self, references: pa.Table) -> None:
        self.unchecked.update(references["benchmark"].to_pylist())
