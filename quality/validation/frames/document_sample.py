"""The frame of sampled documents: read back from where they were written, and measured again."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.digests import document_id
from pipelines.documents import DOCUMENTS
from pipelines.store import Draft

SAMPLE_GROUPS = 8  # row groups that are read
SAMPLE_ROWS = 2000
SAMPLE_SEED = 20
CONTROL = bytes({*range(32), 127} - set(b"\t\n\f\r"))
COLUMNS = ["id", "locator", "text", "licence", "language", "language_score", "num_bytes"]


def document_sample(draft: Draft) -> pa.Table:
    """Up to 2,000 documents of up to 8 row groups of all files, a row each, with measures of their text.

    The text of the other row groups is not read.
    """
    generator = np.random.default_rng(SAMPLE_SEED)
    groups = [
        (path, group)
        for path in sorted(draft.folder.glob(DOCUMENTS))
        for group in range(pq.read_metadata(path).num_row_groups)
    ]
    drawn = np.sort(generator.choice(len(groups), min(len(groups), SAMPLE_GROUPS), replace=False))
    tables = []
    for path, group in (groups[number] for number in drawn):
        rows = pq.ParquetFile(path).read_row_group(group, columns=COLUMNS)
        chosen = np.sort(generator.choice(len(rows), min(len(rows), SAMPLE_ROWS // len(drawn)), replace=False))
        tables.append(measured(rows.take(pa.array(chosen)), path.name))
    return pa.concat_tables(tables) if tables else pa.table({name: [] for name in COLUMNS})


def measured(rows: pa.Table, file: str) -> pa.Table:
    """Documents of a file with measures in place of their text."""
    texts = rows["text"].to_pylist()
    encoded = [text.encode() for text in texts]
    lengths = np.array([max(len(text), 1) for text in texts], dtype=np.float64)
    num_replacements = np.array([text.count("\N{REPLACEMENT CHARACTER}") for text in texts])
    num_controls = np.array([len(octets) - len(octets.translate(None, CONTROL)) for octets in encoded])
    measures = {
        "file": [file] * len(texts),
        "digest_of_text": [document_id(text) for text in texts],
        "num_bytes_of_text": [len(octets) for octets in encoded],
        "share_of_replacement_characters": num_replacements / lengths,
        "share_of_control_characters": num_controls / lengths,
    }
    for name, values in measures.items():
        rows = rows.append_column(name, pa.array(values))
    return rows.drop_columns(["text"])
