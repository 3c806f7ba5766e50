"""Plots of quality show what they are given, with the same bytes for the same input."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scored_corpus import Planted, ScoredCorpus, declared

from pipelines.colours import GREEN, RED
from pipelines.corpus import survivors
from pipelines.png import new_figure
from quality.bucketing.assign import Assigned
from quality.bucketing.plots import bucket_colours, most_bytes, plot_bucket_shares
from quality.bucketing.scored import Scored
from quality.bucketing.thresholds import read_thresholds
from quality.perplexity.assigned import Assigned as InQuadrants
from quality.perplexity.declaration import QuadrantsDeclaration
from quality.perplexity.plots import plot_quadrant_shares, plot_quadrants
from quality.scoring.plots import extremes, histogram, plot_scores_by_source
from quality.scoring.table import SCORES_SCHEMA
from quality.share_bars import draw_shares

NUM_DOCUMENTS = 60


def write_scores(path: Path, scores: Sequence[float | None]) -> Path:
    """A file of scores; who has none has a reason."""
    rows = [{"id": str(n), "score": score, "reason": None if score else "empty"} for n, score in enumerate(scores)]
    pq.write_table(pa.Table.from_pylist(rows, SCORES_SCHEMA), path)
    return path


@pytest.fixture(scope="module")
def in_buckets(tmp_path_factory: pytest.TempPathFactory) -> Assigned:
    pages = [
        Planted(f"p{number}", {"prose": float(number), "form": -float(number)}, language="fr" if number % 3 else "en")
        for number in range(NUM_DOCUMENTS)
    ]
    corpus = ScoredCorpus(tmp_path_factory.mktemp("home"), {"pages": pages, "news": [Planted("n", pages[9].scores)]})
    scored = Scored(declared(), survivors(corpus.corpus, domain="web"), corpus.scores)
    return Assigned(declared(), read_thresholds(corpus.thresholds().artifact), scored)


@pytest.fixture(scope="module")
def in_quadrants() -> InQuadrants:
    generator = np.random.default_rng(0)
    columns = {
        "id": [f"{number:02d}" for number in range(NUM_DOCUMENTS)],
        "shards": ["web_low"] * NUM_DOCUMENTS,
        "domain": ["web", "wiki"] * (NUM_DOCUMENTS // 2),
        "language": ["en"] * NUM_DOCUMENTS,
        "source": ["pages"] * NUM_DOCUMENTS,
        "num_tokens": generator.integers(1, 99, NUM_DOCUMENTS),
        "nll": generator.normal(5, 1, NUM_DOCUMENTS),
        "pd": generator.normal(0.3, 0.1, NUM_DOCUMENTS),
        "reason": pa.nulls(NUM_DOCUMENTS, pa.string()),
    }
    declaration = QuadrantsDeclaration(
        perplexity_of="strong",
        perplexity_quantile=0.5,
        pd_quantile=0.5,
        weight="tokens",
        split="marginal",
        stratify_by=("language",),
    )
    return InQuadrants(declaration, pa.table(columns))


def test_scores_are_counted_over_all_files_of_a_source(tmp_path: Path) -> None:
    files = [write_scores(tmp_path / "a", [1, None, 3]), write_scores(tmp_path / "b", [None]), tmp_path / "c"]
    write_scores(files[2], [8, 9, 2.5])
    assert extremes(files) == [1, 9]
    assert histogram(files, np.array([0, 2, 4, 9], np.float32)).tolist() == [1, 2, 2]
    assert extremes(files[1:2]) == []


@pytest.mark.parametrize("scores", [[0.25, 1, 2, None], [3, 3, 3], [None]], ids=["different", "equal", "none"])
def test_the_plot_of_scores_does_not_depend_on_files(tmp_path: Path, scores: list[float | None]) -> None:
    whole = write_scores(tmp_path / "whole", scores)
    parts = [write_scores(tmp_path / f"part{number}", [score]) for number, score in enumerate(scores)]
    plot_scores_by_source(tmp_path / "whole.png", {"pages": [whole], "news": [whole]})
    plot_scores_by_source(tmp_path / "parts.png", {"pages": parts, "news": parts})
    assert (tmp_path / "whole.png").read_bytes() == (tmp_path / "parts.png").read_bytes()


def test_plots_of_buckets_and_quadrants_repeat_bytewise(
    tmp_path: Path, in_buckets: Assigned, in_quadrants: InQuadrants
) -> None:
    draw: dict[str, Callable[[Path], None]] = {
        "buckets": lambda path: plot_bucket_shares(path, in_buckets),
        "quadrants": lambda path: plot_quadrants(path, in_quadrants),
        "shares": lambda path: plot_quadrant_shares(path, in_quadrants),
    }
    first, second = ({name: drawn(tmp_path / name, plot) for name, plot in draw.items()} for _ in range(2))
    assert first == second
    assert len(set(first.values())) == len(draw)


def drawn(path: Path, plot: Callable[[Path], None]) -> bytes:
    plot(path.with_suffix(".png"))
    return path.with_suffix(".png").read_bytes()


def test_bars_are_divided_into_shares_of_their_own_sum() -> None:
    axes = new_figure(2).subplots()
    draw_shares(axes, {"web": {"good": 1, "bad": 3}, "wiki": {"good": 5}}, {"good": GREEN, "bad": RED})
    of_good, of_bad = axes.containers
    assert [[bar.get_x(), bar.get_width()] for bar in of_good] == [[0, 0.25], [0, 1]]
    assert [[bar.get_x(), bar.get_width()] for bar in of_bad] == [[0.25, 0.75], [1, 0]]
    assert [text.get_text() for text in axes.texts] == ["25%", "100%", "75%", ""]


def test_labels_with_the_most_bytes_come_first() -> None:
    sizes = {
        label: {"high": {"num_documents": 1, "num_bytes": size}, "low": {"num_documents": 0, "num_bytes": 0}}
        for label, size in {**{f"l{number:02d}": number for number in range(1, 15)}, "a": 14}.items()
    }
    found = most_bytes(sizes)
    assert list(found) == ["a", "l14", *(f"l{number:02d}" for number in range(13, 3, -1))]
    assert found["l13"] == (13, {"high": 13, "low": 0})


def test_what_is_written_on_a_bucket_can_be_read() -> None:
    colours = bucket_colours(["high", "medium", "low"])
    assert [colour.ink for colour in colours.values()] == ["black", "white", "white"]
    assert len({colour.fill for colour in colours.values()}) == 3
