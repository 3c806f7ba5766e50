"""The benchmarks' own text: every record of every declared set, as the asset corpus/benchmarks."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contamination.declaration import Benchmarks
from pipelines.contamination.ngrams import num_words
from pipelines.contamination.references import ANSWER, REFERENCES_SCHEMA, TEXT
from pipelines.fetch.records import read_records
from pipelines.fetch.snapshot import open_raw
from pipelines.process.final_text import normalise
from pipelines.readers.records import Record
from pipelines.record import Flow
from pipelines.store import Artifact, Draft, Outcome, Store

BENCHMARKS_ASSET = "corpus/benchmarks"
BENCHMARKS = "benchmarks.parquet"
CODE_VERSION = "1"


def ensure_benchmarks(
    store: Store, declared: Benchmarks, raw: Sequence[Artifact], report: Callable[[str], None]
) -> Outcome:
    """The records of all benchmarks: benchmarks.parquet, in the order of the declaration.

    A text of fewer than ``min_words`` words is left out; a record that has no other is counted as dropped.

    Args:
        raw: the raw artifact of each benchmark's snapshot, in the order of the declaration.

    Raises:
        PhaselineError: an archive cannot be read, or holds none of the declared files.
    """

    def make(draft: Draft) -> None:
        tables: list[pa.Table] = []
        dropped: dict[str, Counter[str]] = {}
        for benchmark, artifact in zip(declared.benchmarks, raw, strict=True):
            records = read_records(open_raw(store, artifact, benchmark), benchmark)
            texts, dropped[benchmark.name] = texts_of(benchmark.name, records, declared.matching.min_words)
            tables.append(texts)
            report(f"{benchmark.name}: {num_records(texts):,} records, {dropped[benchmark.name].total():,} left out")
        texts = pa.concat_tables([REFERENCES_SCHEMA.empty_table(), *tables])
        pq.write_table(texts, draft.folder / BENCHMARKS, compression="zstd")
        total = sum(dropped.values(), Counter())
        num_kept = sum(map(num_records, tables))
        draft.flows["documents"] = Flow(num_in=num_kept + total.total(), num_kept=num_kept, dropped=in_order(total))
        draft.facts["dropped_by_benchmark"] = {name: in_order(counts) for name, counts in dropped.items()}

    return store.ensure(
        BENCHMARKS_ASSET,
        make,
        code_version=CODE_VERSION,
        parameters={
            "min_words": declared.matching.min_words,
            "readers": {benchmark.name: benchmark.reader.model_dump(mode="json") for benchmark in declared.benchmarks},
        },
        parents=raw,
    )


def texts_of(benchmark: str, records: Iterable[Record], min_words: int) -> tuple[pa.Table, Counter[str]]:
    """Each record's text, and its answer if it has one, REFERENCES_SCHEMA; and why some records have neither."""
    rows: list[dict[str, str]] = []
    dropped: Counter[str] = Counter()
    for record in records:
        parts = {TEXT: normalise(record.text), ANSWER: normalise(record.answer or "")}
        counts = num_words(pa.array(parts.values(), pa.large_string()))
        long_enough = [
            {"benchmark": benchmark, "record": record.locator, "part": part, "text": text}
            for (part, text), count in zip(parts.items(), counts.tolist(), strict=True)
            if count >= min_words
        ]
        if record.rejection is not None:
            dropped[record.rejection.reason] += 1
        elif not long_enough:
            dropped["too_few_words"] += 1
        else:
            rows += long_enough
    return pa.Table.from_pylist(rows, schema=REFERENCES_SCHEMA), dropped


def num_records(texts: pa.Table) -> int:
    count: int = pc.count_distinct(texts["record"]).as_py()
    return count


def in_order(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
