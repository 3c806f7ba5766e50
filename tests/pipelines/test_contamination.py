"""Planted leaks are found with their records, nothing else is, and the outcome is the same for any number of tasks."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selected_documents import ignore, make_dedup, make_documents

from pipelines.contamination.benchmarks import ensure_benchmarks
from pipelines.contamination.candidates import find_candidates
from pipelines.contamination.declaration import Benchmarks, Matching, read_benchmarks
from pipelines.contamination.index import build_index
from pipelines.contamination.ngrams import ngram_hashes
from pipelines.contamination.references import REFERENCES_SCHEMA
from pipelines.contamination.scan import Scanner
from pipelines.contamination.step import ensure_contamination
from pipelines.contamination.verify import overlap
from pipelines.contamination.words import words_of
from pipelines.corpus import CONTAMINATION, SURVIVORS
from pipelines.digests import document_id
from pipelines.engines import LocalEngine
from pipelines.errors import PhaselineError
from pipelines.fetch.raw import ensure_raw
from pipelines.record import Flow
from pipelines.store import Store

REPOSITORY = Path(__file__).resolve().parents[2]
INSTRUCTION = (
    "Read the following question with care and then choose the one answer that fits it best of all four"  # 19 words
)


def made_up(seed: str, num_words: int) -> list[str]:
    """Words of seven letters."""
    letters = random.Random(seed)
    return ["".join(letters.choices("abcdefghijklmnop", k=7)) for _ in range(num_words)]


QUESTIONS = [made_up(f"question {number}", 30) for number in range(12)]
ANSWERS = [made_up(f"answer {number}", 9 if number < 6 else 5) for number in range(12)]
LICENCE = made_up("licence", 40)


def page(name: str, *inside: Sequence[str]) -> str:
    """A page of its own words, with others in the middle."""
    before, after = made_up(f"{name} before", 25), made_up(f"{name} after", 25)
    return " ".join([*before, *itertools.chain(*inside), *after])


def shouted(words: Sequence[str]) -> list[str]:
    """The same words with other capitals and punctuation."""
    return [f"“{word.upper()}”," for word in words]


HELD_OUT = {
    "article": " ".join(made_up("article", 60)),
    "licensed": " ".join([*LICENCE, *made_up("licensed", 60)]),
    "only licence": " ".join(LICENCE),
    "quiz in held out": page("quiz in held out", QUESTIONS[9]),
}

TRAIN = {
    "clean": page("clean"),
    "question": page("question", shouted(QUESTIONS[3])),
    "instruction and question": page("whole", INSTRUCTION.split(), QUESTIONS[4]),
    "half a question": page("half", QUESTIONS[5][:15]),
    "most of a question": page("most", QUESTIONS[6][:27]),
    "twelve words": page("twelve", QUESTIONS[7][:12]),
    "instruction": page("instruction", INSTRUCTION.split()),
    "answer": page("answer", shouted(ANSWERS[0])),
    "another answer": page("another answer", [*ANSWERS[1][:8], "different"]),
    "short answer": page("short answer", ANSWERS[8]),
    "half the article": page("half the article", made_up("article", 60)[:36]),
    "a third of the article": page("a third", made_up("article", 60)[20:40]),
    "article and question": page("both", made_up("article", 60), QUESTIONS[8]),
    **{f"licence {number}": page(f"licence {number}", LICENCE) for number in range(5)},
}
BREAKING = TRAIN["twelve words"]  # a rule, and nothing contaminates it

EXPECTED = {  # (document, benchmark, record, part): n-grams in common, of those that are no boilerplate
    ("question", "quiz", "quiz.jsonl#4", "text"): (18, 30),
    ("instruction and question", "quiz", "quiz.jsonl#5", "text"): (30, 30),
    ("most of a question", "quiz", "quiz.jsonl#7", "text"): (15, 30),
    ("answer", "quiz", "quiz.jsonl#1", "answer"): (1, 1),
    ("half the article", "held_out", document_id(HELD_OUT["article"]), "text"): (24, 48),
    ("article and question", "quiz", "quiz.jsonl#9", "text"): (18, 30),
    ("article and question", "held_out", document_id(HELD_OUT["article"]), "text"): (48, 48),
}


class Planted:
    """The planted corpus as real artifacts, and its contamination."""

    def __init__(self, home: Path, workers: int) -> None:
        store = Store(home / "store")
        (home / "quiz").mkdir(parents=True)
        with (home / "quiz/quiz.jsonl").open("w") as file:
            for question, answer in zip(QUESTIONS, ANSWERS, strict=True):
                file.write(json.dumps({"q": f"{INSTRUCTION}: {' '.join(question)}?", "a": " ".join(answer)}) + "\n")
            file.write(json.dumps({"q": "Why?", "a": "So."}) + "\n")
        self.declared = Benchmarks.model_validate(
            {
                "matching": {"max_documents": 100, "enough_ngrams": 40},
                "held_out": {"max_documents": 4},
                "benchmarks": [
                    {
                        "name": "quiz",
                        "licence": "MIT",
                        "reader": {
                            "format": "json_lines",
                            "include": ["*.jsonl"],
                            "question": "{{ q }}",
                            "answer": "{{ a }}",
                        },
                        "snapshots": {"1": {"folder": str(home / "quiz")}},
                    }
                ],
            }
        )
        raw = [ensure_raw(store, benchmark, "1", ignore).artifact for benchmark in self.declared.benchmarks]
        self.benchmarks = ensure_benchmarks(store, self.declared, raw, ignore).artifact
        texts = [*TRAIN.values(), *HELD_OUT.values()]
        documents = [
            make_documents(store, "pages", [texts[::2], texts[:6]]),  # two files with three documents in both
            make_documents(store, "papers", [texts[1::2]]),
        ]
        dedup = make_dedup(
            store,
            {"pages": texts[::2], "papers": texts[1::2]},
            list(HELD_OUT.values()),
            broken_rules={BREAKING: "c4_curly_brackets"},
        )
        engine = LocalEngine(workers=workers)
        self.artifact = ensure_contamination(
            store, self.declared, self.benchmarks, dedup, documents, engine=engine, report=ignore
        ).artifact


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("home"), workers=2)


def test_every_leak_names_its_record_and_nothing_else_is_a_hit(planted: Planted) -> None:
    names = {document_id(text): name for name, text in TRAIN.items()}
    hits = pq.read_table(planted.artifact.folder / CONTAMINATION).to_pylist()
    found = {
        (names[hit["id"]], hit["benchmark"], hit["record"], hit["part"]): (
            hit["num_ngrams"],
            round(hit["num_ngrams"] / hit["share"]),
        )
        for hit in hits
    }
    assert found == EXPECTED
    assert len(hits) == len(EXPECTED)


def test_an_excerpt_is_the_stretch_in_common_as_it_stands_in_the_document(planted: Planted) -> None:
    hits = pq.read_table(planted.artifact.folder / CONTAMINATION).to_pylist()
    excerpts = {hit["record"]: hit["excerpt"] for hit in hits}
    assert excerpts["quiz.jsonl#1"] == " ".join(shouted(ANSWERS[0])).strip("“”,")
    assert excerpts["quiz.jsonl#7"] == " ".join(QUESTIONS[6][:27])


def test_contaminated_training_documents_are_dropped_and_every_survivor_is_accounted_for(planted: Planted) -> None:
    survivors = pq.read_table(planted.artifact.folder / SURVIVORS)["id"].to_pylist()
    dropped = {document for document, *_ in EXPECTED}
    clean = [*HELD_OUT.values(), *(text for name, text in TRAIN.items() if name not in dropped)]
    assert survivors == sorted(map(document_id, clean))
    broken_rules = pq.read_table(planted.artifact.folder / SURVIVORS, columns=["id", "broken_rule"]).to_pylist()
    assert {row["id"]: row["broken_rule"] for row in broken_rules if row["broken_rule"]} == {
        document_id(BREAKING): "c4_curly_brackets"
    }
    flow = planted.artifact.record.flows["documents"]
    assert flow.num_in == len(TRAIN) + len(HELD_OUT)
    assert flow.dropped == {"contaminated_held_out": 1, "contaminated_quiz": 5}
    assert all(flow.num_lost == 0 for flow in planted.artifact.record.flows.values())
    assert planted.artifact.record.facts["by_benchmark"] == {
        "quiz": {"num_records_found": 5, "num_documents": 5, "num_texts_unchecked": 0},
        "held_out": {"num_records_found": 1, "num_documents": 2, "num_texts_unchecked": 1},
    }


def test_where_nothing_is_to_be_found_all_survive(tmp_path: Path) -> None:
    store = Store(tmp_path)
    declared = Benchmarks.model_validate(
        {"matching": {"max_documents": 100}, "held_out": {"max_documents": 4}, "benchmarks": []}
    )
    benchmarks = ensure_benchmarks(store, declared, [], ignore).artifact
    documents = [make_documents(store, "pages", [list(TRAIN.values())])]
    dedup = make_dedup(store, {"pages": list(TRAIN.values())})
    artifact = ensure_contamination(
        store, declared, benchmarks, dedup, documents, engine=LocalEngine(workers=1), report=ignore
    ).artifact
    assert artifact.record.flows["documents"] == Flow(num_in=len(TRAIN), num_kept=len(TRAIN))
    assert len(pq.read_table(artifact.folder / CONTAMINATION)) == 0


def test_records_too_short_to_tell_are_counted(planted: Planted) -> None:
    record = planted.benchmarks.record
    assert record.flows["documents"].dropped == {"too_few_words": 1}
    assert (record.flows["documents"].num_in, record.flows["documents"].num_kept) == (13, 12)
    assert record.facts["dropped_by_benchmark"] == {"quiz": {"too_few_words": 1}}


def test_the_same_bytes_come_from_any_number_of_tasks(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.contamination.search.GROUP_BYTES", 1)
    again = Planted(tmp_path, workers=1)
    assert again.artifact.digest == planted.artifact.digest


SNIPPETS = st.sampled_from(["Ab", "aB", "cd", "Straße", "é", "東京", "ไทย", "🙂", "...", "٣x", "ǅ", "ﷺ", "don't"])
TEXTS = st.lists(SNIPPETS, max_size=12).map(" ".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_two_words_are_the_same_where_their_hashes_are(left: str, right: str) -> None:
    seen = set()
    for text in (left, right):
        words = words_of(text)
        folded = [words.ngram(place, 1)[0] for place in range(len(words))]
        seen |= set(zip(folded, ngram_hashes(text, 1).tolist(), strict=True))
    assert len(seen) == len({word for word, _ in seen}) == len({hash_ for _, hash_ in seen})


@given(TEXTS, st.integers(1, 3))
def test_the_bytes_of_an_ngram_are_those_of_its_letters(text: str, width: int) -> None:
    words = words_of(text)
    points = [
        [point & 0x7FFFFFFF for word in words.ngram(place, width) for point in np.frombuffer(word, np.uint32)]
        for place in range(len(words) - width + 1)
    ]
    expected = [sum(len(chr(point).encode()) for point in ngram) for ngram in points]
    assert words.ngram_bytes(width).tolist() == expected if expected else len(words) < width


FEW_WORDS = st.lists(st.lists(st.sampled_from("abcd"), min_size=2, max_size=9).map(" ".join), min_size=1, max_size=6)


@settings(deadline=None)  # the first example compiles
@given(documents=FEW_WORDS, references=FEW_WORDS, enough=st.none() | st.integers(1, 3))
def test_candidates_are_those_of_sets_of_ngrams(
    documents: list[str], references: list[str], enough: int | None
) -> None:
    matching = Matching(
        ngram_words=3, min_words=2, min_ngram_bytes=0, max_records=2, max_documents=2, enough_ngrams=enough
    )
    table = pa.table(
        [["set"] * len(references), list(map(str, range(len(references)))), ["text"] * len(references), references],
        schema=REFERENCES_SCHEMA,
    )
    index = build_index(table, matching)
    matches = Scanner(index, matching.max_documents).matches(
        pa.array(documents, pa.large_string()), np.arange(len(documents))
    )
    found = find_candidates(index, matches, matching)
    assert set(zip(found.documents.tolist(), found.references.tolist(), strict=True)) == expected_pairs(
        documents, references, matching
    )
    for document, reference in itertools.product(documents, references):
        ngrams = ngrams_of(reference, len(reference.split()), matching)
        checked = np.sort(ngram_hashes(reference, matching.width(len(reference.split()))))
        common = ngrams & ngrams_of(document, len(reference.split()), matching)
        assert overlap(words_of(document), words_of(reference), matching, checked).num_ngrams == len(common)


def expected_pairs(documents: list[str], references: list[str], matching: Matching) -> set[tuple[int, int]]:
    """The same from the definition."""
    of_references = [ngrams_of(text, len(text.split()), matching) for text in references]
    num_records = Counter(itertools.chain(*of_references))
    widths = {matching.width(len(text.split())) for text in references}
    of_documents = [set().union(*(ngrams_of(text, width, matching) for width in widths)) for text in documents]
    num_documents = Counter(itertools.chain(*of_documents))
    expected = set()
    for (document, has), (reference, wanted) in itertools.product(enumerate(of_documents), enumerate(of_references)):
        left = {ngram for ngram in wanted if num_records[ngram] <= 2 and num_documents[ngram] <= 2}
        common = len(left & has)
        enough = common >= 0.5 * len(left) or common >= (matching.enough_ngrams or len(wanted) + 1)
        if left and len(left) >= 0.25 * len(wanted) and enough:
            expected.add((document, reference))
    return expected


def ngrams_of(text: str, num_words: int, matching: Matching) -> set[tuple[str, ...]]:
    """The n-grams of a text that may be in a reference of so many words."""
    words, width = text.split(), matching.width(num_words)
    return {tuple(words[first : first + width]) for first in range(len(words) - width + 1)}


def test_rows_of_digits_are_left_to_chance() -> None:
    table = pa.table([["set"], ["1"], ["text"], ["1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"]], schema=REFERENCES_SCHEMA)
    assert len(build_index(table, Matching(max_documents=10)).hashes) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"matching": {"max_documents": 9, "min_words": 14}}, "min_words 14 is more than ngram_words 13"),
        ({"benchmarks": ["quiz", "quiz"]}, "quiz is declared twice"),
        ({"benchmarks": ["held_out"]}, "held_out is the name of the held-out documents"),
    ],
)
def test_a_wrong_declaration_is_refused(planted: Planted, tmp_path: Path, change: dict, message: str) -> None:
    declared = planted.declared.model_dump(mode="json")
    names = change.pop("benchmarks", [])
    declared |= change | (
        {"benchmarks": [declared["benchmarks"][0] | {"name": name} for name in names]} if names else {}
    )
    path = tmp_path / "benchmarks.yaml"
    path.write_text(json.dumps(declared))
    with pytest.raises(PhaselineError, match=message):
        read_benchmarks(path)


def test_the_shipped_declaration_is_sound() -> None:
    assert {benchmark.name for benchmark in read_benchmarks(REPOSITORY / "assets/benchmarks.yaml").benchmarks} >= {
        "humaneval",
        "mmlu",
    }
