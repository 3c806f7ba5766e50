"""The frames that expectations run on: counts over a whole artifact in one row, and seeded samples of its rows."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.corpus import CONTAMINATION, HELD_OUT, QUADRANTS, REMOVALS, SCORES, SURVIVORS, TRAIN
from pipelines.digests import document_id
from pipelines.documents import ATTRIBUTES, DOCUMENTS, REJECTED, SCHEMA
from pipelines.shards import INDEX, TOKENS, open_tokens
from pipelines.store import Draft
from quality.perplexity.attributes import PERPLEXITY
from quality.perplexity.quantiles import QUADRANT_NAMES

CODE_VERSION = "2"
SAMPLE_ROWS = 2000
SAMPLE_SEED = 20
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")  # but for tab, line feed, form feed and carriage return
ID = r"^[0-9a-f]{32}$"

Row = dict[str, Any]


def flow_counts(draft: Draft) -> Row:
    """What came in, stayed, was dropped and was lost, for each unit of the draft's flows."""
    counts: Row = {}
    for unit, flow in draft.flows.items():
        num_dropped = sum(flow.dropped.values())
        counts |= {
            f"num_{unit}_in": flow.num_in,
            f"num_{unit}_kept": flow.num_kept,
            f"num_{unit}_dropped": num_dropped,
            f"num_{unit}_lost": flow.num_lost,
            f"share_of_{unit}_dropped": num_dropped / flow.num_in if flow.num_in else 0.0,
        }
    return counts


def one_row(row: Row) -> pa.Table:
    return pa.Table.from_pylist([row])


def document_statistics(draft: Draft) -> pa.Table:
    """One row on the documents of a source: every id compared with its text, every count taken from the files."""
    num_bytes = num_wrong_ids = num_without_text = num_without_licence = num_without_language = num_wrong_sizes = 0
    locators: list[tuple[str, str]] = []
    columns = ["id", "text", "source", "locator", "licence", "language", "num_bytes"]
    for batch in batches(draft.folder, DOCUMENTS, columns):
        for row in batch.to_pylist():
            size = len(row["text"].encode())
            num_bytes += size
            num_wrong_sizes += row["num_bytes"] != size
            num_wrong_ids += row["id"] != document_id(row["text"])
            num_without_text += not row["text"].strip()
            num_without_licence += not row["licence"].strip()
            num_without_language += not row["language"].strip()
            locators.append((row["source"], row["locator"]))
    return one_row(
        {
            "num_documents": len(locators),
            "num_bytes": num_bytes,
            "num_rejected": sum(batch.num_rows for batch in batches(draft.folder, REJECTED, ["reason"])),
            "num_wrong_ids": num_wrong_ids,
            "num_wrong_sizes": num_wrong_sizes,
            "num_duplicate_locators": len(locators) - len(set(locators)),
            "num_without_text": num_without_text,
            "num_without_licence": num_without_licence,
            "num_without_language": num_without_language,
            "num_attributes_kept": sum(
                num_true(batch["kept"]) for batch in batches(draft.folder, ATTRIBUTES, ["kept"])
            ),
            **flow_counts(draft),
        }
    )


def document_sample(draft: Draft) -> pa.Table:
    """Up to 2,000 documents, a row each, with measures of their text."""
    rows = sample_documents(draft.folder, ["locator", "text", "language_score", "num_bytes"])
    texts = rows["text"].to_pylist()
    lengths = np.array([max(len(text), 1) for text in texts], dtype=np.float64)
    num_replacements = np.array([text.count("\N{REPLACEMENT CHARACTER}") for text in texts])
    num_controls = np.array([len(CONTROL.findall(text)) for text in texts])
    return (
        rows.drop_columns(["text"])
        .append_column("share_of_replacement_characters", pa.array(num_replacements / lengths))
        .append_column("share_of_control_characters", pa.array(num_controls / lengths))
    )


def shard_statistics(draft: Draft) -> pa.Table:
    """One row on shards: the token file against its index."""
    vocab_size = draft.facts["vocab_size"]
    tokens = open_tokens(draft.folder / TOKENS, vocab_size)
    index = pq.read_table(draft.folder / INDEX)
    offsets, lengths = index["offset"].to_numpy(), index["length"].to_numpy()
    ends = offsets + lengths
    last = ends[(lengths > 0) & (offsets >= 0) & (ends <= len(tokens))] - 1
    return one_row(
        {
            "num_documents": len(index),
            "num_bytes": pc.sum(index["num_bytes"], min_count=0).as_py(),
            "num_tokens": len(tokens),
            "num_tokens_declared": draft.facts["num_tokens"],
            "num_tokens_indexed": int(lengths.sum()),
            "num_index_gaps": int((offsets != np.concatenate([[0], ends])[:-1]).sum()),
            "num_empty_documents": int((lengths <= 1).sum()),
            "num_unended_documents": len(index) - int((tokens[last] == draft.facts["end_of_text"]).sum()),
            "num_token_ids_out_of_range": int((tokens >= vocab_size).sum()),
            "num_duplicate_ids": num_duplicates(index["id"]),
            "num_malformed_ids": num_malformed(index["id"]),
            "num_without_licence": num_blank(index["licence"]),
            "num_without_language": num_blank(index["language"]),
            **flow_counts(draft),
        }
    )


def dedup_statistics(draft: Draft) -> pa.Table:
    """One row on the survivors of dedup and the removals that name them."""
    survivors = pq.read_table(draft.folder / SURVIVORS)
    named = pq.read_table(draft.folder / REMOVALS, columns=["survivor_id"])["survivor_id"]
    return one_row(
        {
            "num_survivors": len(survivors),
            "num_removals": len(named),
            "num_removals_without_survivor": num_true(pc.invert(pc.is_in(named, survivors["id"].combine_chunks()))),
            "num_bytes": pc.sum(survivors["num_bytes"], min_count=0).as_py(),
            "num_duplicate_ids": num_duplicates(survivors["id"]),
            "num_malformed_ids": num_malformed(survivors["id"]),
            "num_ids_out_of_order": num_descents(survivors["id"]),
            "num_without_licence": num_blank(survivors["licence"]),
            "num_without_places": num_true(pc.equal(pc.list_value_length(survivors["places"]), 0)),
            "num_unknown_splits": num_true(pc.invert(pc.is_in(survivors["split"], pa.array([TRAIN, HELD_OUT])))),
            **flow_counts(draft),
        }
    )


def contamination_statistics(draft: Draft) -> pa.Table:
    """One row on the survivors that contain nothing of evaluations, and on the hits of those that do."""
    survivors = pq.read_table(draft.folder / SURVIVORS, columns=["id", "num_bytes"])
    hits = pq.read_table(draft.folder / CONTAMINATION)
    return one_row(
        {
            "num_survivors": len(survivors),
            "num_bytes": pc.sum(survivors["num_bytes"], min_count=0).as_py(),
            "num_documents_hit": pc.count_distinct(hits["id"]).as_py(),
            "num_contaminated_survivors": num_true(pc.is_in(survivors["id"], hits["id"].combine_chunks())),
            "num_hits_without_record": num_blank(hits["record"]),
            "num_ids_out_of_order": num_descents(survivors["id"]),
            **flow_counts(draft),
        }
    )


def score_statistics(draft: Draft) -> pa.Table:
    """One row on the scores of a domain."""
    scores = pq.read_table(draft.folder / SCORES)
    values, percentiles = scores["score"].to_numpy(), scores["percentile"].to_numpy()
    return one_row(
        {
            "num_documents": len(scores),
            "num_scores_out_of_range": int((~((values >= 0) & (values <= 1))).sum()),
            "num_percentiles_out_of_range": int((~((percentiles >= 0) & (percentiles <= 100))).sum()),
            "num_duplicate_ids": num_duplicates(scores["id"]),
            "num_ids_out_of_order": num_descents(scores["id"]),
            "num_distinct_scores": len(np.unique(values)),
            **flow_counts(draft),
        }
    )


def perplexity_statistics(draft: Draft) -> pa.Table:
    """One row on the perplexities of the documents of shards."""
    scores = pq.read_table(draft.folder / PERPLEXITY)
    scored = scores.filter(pc.is_null(scores["reason"]))
    weak, strong = (scored[f"nll_{model}"].to_numpy().astype(np.float64) for model in ("weak", "strong"))
    losses = np.concatenate([weak, strong])
    columns = [scores[name].is_null() for name in ("nll_weak", "nll_strong", "pd")]
    num_missing = np.sum([column.to_numpy() for column in columns], axis=0)
    has_reason = scores["reason"].is_valid().to_numpy()
    return one_row(
        {
            "num_documents": len(scores),
            "num_scored": len(scored),
            "num_duplicate_ids": num_duplicates(scores["id"]),
            "num_without_score_or_reason": int((num_missing != np.where(has_reason, len(columns), 0)).sum()),
            "num_impossible_losses": int((~(np.isfinite(losses) & (losses >= 0))).sum()),
            "num_wrong_differences": int(
                (~np.isclose(scored["pd"].to_numpy(), -np.expm1(strong - weak), rtol=1e-5)).sum()
            ),
            "mean_nll_weak": float(weak.mean()),
            "mean_nll_strong": float(strong.mean()),
            **flow_counts(draft),
        }
    )


def quadrant_statistics(draft: Draft) -> pa.Table:
    """One row on the quadrants of documents."""
    table = pq.read_table(draft.folder / QUADRANTS)
    has_quadrant, has_reason = table["quadrant"].is_valid(), table["reason"].is_valid()
    known = pc.is_in(table["quadrant"].drop_null(), pa.array(QUADRANT_NAMES))
    return one_row(
        {
            "num_documents": len(table),
            "num_in_quadrants": num_true(has_quadrant),
            "num_duplicate_ids": num_duplicates(table["id"]),
            "num_unknown_quadrants": num_true(pc.invert(known)),
            "num_without_quadrant_or_reason": num_true(pc.equal(has_quadrant, has_reason)),
            **flow_counts(draft),
        }
    )


def facts(draft: Draft) -> pa.Table:
    """One row with the numbers, strings and truth values among a draft's facts."""
    scalars = {name: value for name, value in draft.facts.items() if isinstance(value, (bool, int, float, str))}
    return one_row(scalars | flow_counts(draft))


FRAMES: Mapping[str, Callable[[Draft], pa.Table]] = {
    frame.__name__: frame
    for frame in (
        document_statistics,
        document_sample,
        shard_statistics,
        dedup_statistics,
        contamination_statistics,
        score_statistics,
        perplexity_statistics,
        quadrant_statistics,
        facts,
    )
}


def batches(folder: Path, pattern: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of all Parquet files that match a pattern, in order of path."""
    for path in sorted(folder.glob(pattern)):
        yield from pq.ParquetFile(path).iter_batches(batch_size=2000, columns=columns)


def sample_documents(folder: Path, columns: list[str]) -> pa.Table:
    """Up to SAMPLE_ROWS documents, drawn with a fixed seed without replacement, in file order."""
    num_rows = sum(pq.ParquetFile(path).metadata.num_rows for path in sorted(folder.glob(DOCUMENTS)))
    generator = np.random.default_rng(SAMPLE_SEED)
    drawn = np.sort(generator.choice(num_rows, min(num_rows, SAMPLE_ROWS), replace=False))
    chosen: list[pa.RecordBatch] = []
    start = 0
    for batch in batches(folder, DOCUMENTS, columns):
        within = drawn[(drawn >= start) & (drawn < start + batch.num_rows)] - start
        chosen.append(batch.take(pa.array(within)))
        start += batch.num_rows
    return pa.Table.from_batches(chosen, pa.schema([SCHEMA.field(name) for name in columns]))


def num_duplicates(column: pa.ChunkedArray) -> int:
    return len(column) - pc.count_distinct(column).as_py()


def num_true(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column, min_count=0).as_py())


def num_malformed(ids: pa.ChunkedArray) -> int:
    """How many ids are not 32 hexadecimal digits."""
    return len(ids) - num_true(pc.match_substring_regex(ids, ID))


def num_blank(column: pa.ChunkedArray) -> int:
    return num_true(pc.equal(pc.utf8_trim_whitespace(column), ""))


def num_descents(column: pa.ChunkedArray) -> int:
    """How many values are less than the value before them."""
    values = column.combine_chunks()
    return num_true(pc.less(values[1:], values[:-1]))
