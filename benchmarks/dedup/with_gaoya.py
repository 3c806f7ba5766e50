"""gaoya: shingles, MinHash and verification by estimated similarity, all in Rust."""

from pathlib import Path

from gaoya.minhash import MinHashStringIndex

from benchmarks.dedup.texts import read_texts


def prepare(path: Path, num_parts: int) -> list[str]:
    return read_texts(path, num_parts).to_pylist()


def run(texts: list[str]) -> list[int]:
    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=0.7,
        num_bands=24,
        band_size=5,
        analyzer="word",
        lowercase=True,
        ngram_range=(5, 5),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    return [row for row, similar in enumerate(index.par_bulk_query(texts)) if min(similar, default=row) < row]
