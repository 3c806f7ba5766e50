"""The same bytes from one process, from several, and from a run that was interrupted; and in small pieces."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from dedup_corpora import PARAMETERS, chain, deduplicate, edited, some_words
from inline_engine import InlineEngine

from pipelines.dedup import components, corpus_files, joins, signatures, tables
from pipelines.dedup.parameters import RepeatedLines
from pipelines.engines import Engine
from pipelines.errors import PhaselineError
from pipelines.pieces import pieces_of
from pipelines.store import Artifact

WITH_LINES = PARAMETERS.model_copy(update={"repeated_lines": RepeatedLines(min_characters=20, max_share=0.6)})


def corpus() -> dict[str, list[str]]:
    """Exact, near and repeated-line duplicates, and chains of them."""
    texts: dict[str, list[str]] = {"a/1": [], "a/2": [], "b/1": []}
    for i in range(12):
        words = some_words(f"engine {i}", 90)
        lines = [" ".join(words[start : start + 15]) for start in range(0, 90, 15)]
        texts["a/1"] += [" ".join(words), *chain(some_words(f"chain {i}", 500), 4)]
        texts["a/2"] += [edited(words, 0.02), "\n".join(lines)]
        texts["b/1"] += [" ".join(words), "\n".join([lines[4], lines[1], lines[5], f"own {i}"])]
    return texts


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return deduplicate(tmp_path_factory.mktemp("plain"), corpus(), parameters=WITH_LINES)


def test_the_corpus_holds_all_kinds_of_duplicates(plain: Artifact) -> None:
    assert set(plain.record.flows["documents"].dropped) == {"exact_duplicate", "near_duplicate", "repeated_lines"}


def test_every_engine_writes_the_same_bytes(tmp_path: Path, engine: Engine) -> None:
    one_source = {"a": [text for texts in corpus().values() for text in texts]}
    expected = deduplicate(tmp_path / "inline", one_source, parameters=WITH_LINES)
    assert deduplicate(tmp_path / "engine", one_source, parameters=WITH_LINES, engine=engine).digest == expected.digest


def test_partitions_do_not_matter(tmp_path: Path, plain: Artifact, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (signatures, corpus_files):
        monkeypatch.setattr(module, "pieces_of", partial(pieces_of, piece_bytes=1000))
    monkeypatch.setattr(joins, "KEYS_PER_TASK", 7)
    artifact = deduplicate(tmp_path, corpus(), parameters=WITH_LINES)
    assert artifact.digest == plain.digest


def test_tasks_and_files_change_only_how_the_tables_are_cut(
    tmp_path: Path, plain: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr(components, "TASK_BYTES", 3000)
    monkeypatch.setattr(tables, "DOCUMENTS_PER_FILE", 10)
    artifact = deduplicate(tmp_path, corpus(), parameters=WITH_LINES)
    assert len(artifact.files("comparisons.parquet/*")) > 5
    for name in ("survivors.parquet", "removals.parquet"):
        assert len(artifact.files(f"{name}/*")) > 5
        assert pq.read_table(artifact.folder / name) == pq.read_table(plain.folder / name)


class DyingEngine(InlineEngine):
    """Ends before a task of one step, every time."""

    dies_at: str

    def run_tasks(self, folder: Path, ranks: Sequence[int]) -> Iterator[None]:
        if folder.name == self.dies_at:
            raise PhaselineError(f"died at {self.dies_at}", "run it again")
        return super().run_tasks(folder, ranks)


@pytest.mark.parametrize("step", ["join_bands", "gather-0", "decide-0", "write_tables"])
def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, plain: Artifact, step: str) -> None:
    with pytest.raises(PhaselineError, match=step):
        deduplicate(tmp_path, corpus(), parameters=WITH_LINES, engine=DyingEngine(dies_at=step))
    assert deduplicate(tmp_path, corpus(), parameters=WITH_LINES).digest == plain.digest
