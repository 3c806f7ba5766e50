"""What became of the records of a snapshot: what the first steps counted, against what the files hold."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.documents import DOCUMENTS, REJECTED
from pipelines.record import Flow

if TYPE_CHECKING:
    from datatrove.utils.stats import PipelineStats


def account(folder: Path, counted: Mapping[str, int]) -> dict[str, Flow]:
    """Where the records and their bytes went, as the steps counted them; without text a record's raw bytes count."""
    kept = [pq.read_table(path, columns=["num_bytes"])["num_bytes"] for path in sorted(folder.glob(DOCUMENTS))]
    rejected = pa.concat_tables(
        pq.read_table(path, columns=["reason", "num_bytes"]) for path in sorted(folder.glob(REJECTED))
    )
    by_reason = rejected.group_by("reason").aggregate([("num_bytes", "count"), ("num_bytes", "sum")]).sort_by("reason")
    reasons = by_reason["reason"].to_pylist()
    return {
        unit: Flow(
            num_in=counted[name],
            num_kept=num_kept,
            dropped=dict(zip(reasons, by_reason[f"num_bytes_{how}"].to_pylist(), strict=True)),
        )
        for unit, name, num_kept, how in (
            ("documents", "records", sum(map(len, kept)), "count"),
            ("bytes", "bytes", sum(pc.sum(column, min_count=0).as_py() for column in kept), "sum"),
        )
    }


def totals(stats: "PipelineStats") -> Counter[str]:
    """What the steps counted, by name."""
    counts: Counter[str] = Counter()
    for step in stats.stats:
        counts.update({name: int(metric.total) for name, metric in step.stats.items()})
    return counts


def documents_by(column: str, folder: Path) -> dict[str, int]:
    """How many documents were kept with each value of a column, the most frequent first; those without are left out."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob(DOCUMENTS)):
        counts.update(pq.read_table(path, columns=[column])[column].drop_null().to_pylist())
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def describe(flows: Mapping[str, Flow]) -> str:
    documents, num_bytes = flows["documents"], flows["bytes"]
    reasons = sorted(documents.dropped.items(), key=lambda pair: (-pair[1], pair[0]))
    dropped = ", ".join(f"{reason} {count:,}" for reason, count in reasons[:3])
    kept = f"kept {documents.num_kept:,} of {documents.num_in:,} records, {num_bytes.num_kept / 1e6:,.1f} MB"
    return f"{kept}; dropped most for {dropped}" if dropped else kept
