"""Pages with known main text: those that the tests of newspaper4k hold their extraction against, in 14 languages."""

import re
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PACKAGE = "newspaper4k==0.9.6"
SHA256 = "a3f2f0e017dddb6f1019ee77aaa8980e13e6ecea0b949abc7167aae4770d2d0e"
PAGE, TEXT = "/tests/data/html/", "/tests/data/txt/"
NUM_PARTS = 4
PAGES_PER_PART = 6
# A word; in the scripts that write none apart, a character.
TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]|[^\W_]+")


def write_pages(path: Path) -> None:
    """Fetch the package and write its pages with their texts as a Parquet file, a row group for each part."""
    from pipelines.fetch.package import fetch_package
    from pipelines.places import Package

    package = Package(package=PACKAGE, kind="sdist", sha256=SHA256)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fetch_package(package, Path(folder))) as archive:
        rows = list(pages_with_text(archive))
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=PAGES_PER_PART)


def pages_with_text(archive: tarfile.TarFile) -> Iterator[dict[str, str | bytes]]:
    members = {member.name: member for member in archive if member.isfile()}
    for name in sorted(members):
        text = name.replace(PAGE, TEXT).replace(".html", ".txt")
        if PAGE in name and text in members:
            page, known = (archive.extractfile(members[member]) for member in (name, text))
            assert page is not None
            assert known is not None
            yield {"name": Path(name).stem, "page": page.read(), "text": known.read().decode()}


def read_column(path: Path, num_parts: int, column: str) -> list[bytes]:
    """A column of the first parts."""
    values: list[bytes] = pq.ParquetFile(path).read_row_groups(range(num_parts), columns=[column])[column].to_pylist()
    return values


def token_scores(text: str, known: str) -> tuple[float, float, float]:
    """F1, precision and recall of a text's tokens, upper and lower case the same, each as often as it is known."""
    found, expected = (Counter(TOKEN.findall(value.lower())) for value in (text, known))
    common = (found & expected).total()
    precision, recall = common / max(found.total(), 1), common / max(expected.total(), 1)
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall
