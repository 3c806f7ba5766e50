"""Scorers are read by name; a declaration that cannot be meant is refused with its file, field and remedy."""

from pathlib import Path

import pytest

from pipelines.errors import PhaselineError
from pipelines.places import Folder
from quality.scoring.declaration import (
    FileScorer,
    HeuristicScorer,
    SequenceClassifierScorer,
    read_scorers,
    refuse_shared_names,
    refuse_unknown_measures,
)

HEURISTIC = """
kind: heuristic
name: form
domain: web
terms:
  - {measure: num_words, worst: 0, best: 100}
"""
FILE = """
kind: file
name: reviewed
domain: web
licence: CC0-1.0
snapshot: v1
place: {folder: ../scores}
format: csv
include: ["*.csv"]
id_column: id
score_column: score
"""
CLASSIFIER = """
kind: sequence_classifier
name: educational
domain: web
folder: models/edu
max_tokens: 512
"""


FASTTEXT = """
kind: fasttext
name: prose
domain: web
fit: 1
positives: {sources: [wiki]}
negatives:
  files:
    - name: judged
      licence: MIT
      reader: {format: text, include: ["*.txt"]}
      snapshots: {v1: {folder: ../judged}}
documents: {languages: [en], max_documents_per_source: 9, min_documents_per_side: 1, max_characters: 100}
num_folds: 3
fasttext: {dim: 2, word_ngrams: 1, num_buckets: 1, min_count: 1, num_epochs: 1, learning_rate: 0.1, seed: 1}
threshold: 0.5
"""


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text)


def test_scorers_are_read_by_name_with_folders_from_where_they_are_declared(tmp_path: Path) -> None:
    for name, text in (("form", HEURISTIC), ("reviewed", FILE), ("educational", CLASSIFIER)):
        write(tmp_path, name, text)
    scorers = read_scorers(tmp_path)
    assert list(scorers) == ["educational", "form", "reviewed"]
    assert isinstance(scorers["form"], HeuristicScorer)
    classifier, reviewed = scorers["educational"], scorers["reviewed"]
    assert isinstance(classifier, SequenceClassifierScorer)
    assert classifier.folder == tmp_path / "models/edu"
    assert isinstance(reviewed, FileScorer)
    assert reviewed.place == Folder(folder=tmp_path.parent / "scores")
    assert reviewed.source.snapshots == {"v1": reviewed.place}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("other", HEURISTIC, r"other\.yaml: name: form is declared here\n  remedy: name it form\.yaml"),
        ("form", HEURISTIC.replace("heuristic", "magic"), r"form\.yaml.*'magic'.*'heuristic', 'file'"),
        ("form", HEURISTIC.replace("best: 100", "best: 0"), r"form\.yaml:6: .*terms\.0: worst and best are both 0"),
        ("form", HEURISTIC.replace("best: 100", "best: .nan"), r"form\.yaml:6: .*terms\.0\.best: .*finite number"),
        ("form", HEURISTIC.replace("best:", "weight: 0, best:"), r"form\.yaml:6: .*weight: .*greater than 0"),
        ("form", HEURISTIC + "colour: red", r"form\.yaml:7: .*colour: Extra inputs"),
        ("reviewed", FILE.replace("csv\n", "xml\n"), r"reviewed\.yaml:8: .*format: .*'parquet', 'json_lines' or 'csv'"),
        ("reviewed", FILE.replace("{folder", "{floor"), r"reviewed\.yaml:7: .*place: one of"),
        (
            "reviewed",
            FILE.replace("{folder: ../scores}", f"{{package: scores==2, kind: wheel, sha256: {'a' * 64}}}"),
            r"reviewed\.yaml:7: .*place: snapshot v1 is not the version in scores==2; name it 2",
        ),
        ("educational", CLASSIFIER.replace("512", "0"), r"educational\.yaml:6: .*max_tokens: .*greater than 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, name, text)
    with pytest.raises(PhaselineError, match=message):
        read_scorers(tmp_path)


def test_a_measure_that_nobody_takes_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "form", HEURISTIC)
    scorer = read_scorers(tmp_path)["form"]
    assert isinstance(scorer, HeuristicScorer)
    refuse_unknown_measures(scorer, ["num_words"], "form.yaml")
    message = (
        r"form\.yaml: terms\.0\.measure: no rule of web measures num_words\n  remedy: name one of .*\(stop_words\)"
    )
    with pytest.raises(PhaselineError, match=message):
        refuse_unknown_measures(scorer, ["stop_words"], "form.yaml")


def test_what_is_pinned_under_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    for name, text in (("form", HEURISTIC), ("prose", FASTTEXT), ("reviewed", FILE)):
        write(tmp_path, name, text)
    scorers = read_scorers(tmp_path)
    refuse_shared_names(scorers, ["pages", "form", "prose"], tmp_path)
    with pytest.raises(PhaselineError, match=r"reviewed\.yaml: name: reviewed is already the name of a source\n  rem"):
        refuse_shared_names(scorers, ["pages", "reviewed"], tmp_path)
    write(tmp_path, "reviewed", FILE.replace("name: reviewed", "name: judged"))
    (tmp_path / "reviewed.yaml").rename(tmp_path / "judged.yaml")
    with pytest.raises(
        PhaselineError, match=r"prose\.yaml: name: judged is already the name of what .*/judged\.yaml reads"
    ):
        refuse_shared_names(read_scorers(tmp_path), ["pages"], tmp_path)
