"""Faults planted in a finished corpus: each is stopped by the check that should stop it, which says how to mend it."""

import os
import random
import shutil
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from finished_corpus import PlantedCorpus, make_finished_corpus
from mini_project import COMMON, NUM_PAGES, page, prose

from assets.build import asset_key
from assets.command import main
from pipelines.contamination import step as contamination
from pipelines.corpus import CONTAMINATION
from pipelines.errors import PhaselineError
from training.manifest import read_manifest
from training.tokens.files import token_files, verify_token_files


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_finished_corpus(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def corpus(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlantedCorpus:
    return PlantedCorpus(finished, tmp_path / "planted", monkeypatch)


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_flipped_byte_in_a_shard_stops_the_manifest(corpus: PlantedCorpus) -> None:
    shards = corpus.folder("shards/math")
    flip_byte(shards / "tokens.bin")
    message, made = corpus.stopped(corpus.materialise, "manifests/mini")
    assert message.startswith(f"manifests/mini: shards/math@1 was altered: {shards}/tokens.bin has SHA-256 ")
    assert f"remedy: restore {shards} from a copy, or remove it and make shards/math again" in message
    assert made == set()
    shutil.rmtree(shards)
    assert corpus.materialise("manifests/mini") == {"shards/math@1", "manifests/mini@1"}


def test_a_byte_that_flipped_unseen_is_found_by_verify_and_never_trained_on(
    corpus: PlantedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = corpus.folder("shards/math") / "tokens.bin"
    before = tokens.stat()
    flip_byte(tokens)
    os.utime(tokens, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert corpus.materialise("manifests/mini") == {"manifests/mini@1"}
    assert main(["verify", "mini"]) == 1
    said = capsys.readouterr()
    assert f"shards/math@1: {tokens} has SHA-256 " in said.out
    assert "phaseline: 1 findings behind manifests/mini@1" in said.err

    store = corpus.project().store
    artifact = store.require("manifests/mini")
    manifest = read_manifest(artifact)
    with pytest.raises(PhaselineError, match=f"{tokens} has changed since the manifest was compiled"):
        verify_token_files(store, manifest, token_files(store, manifest, artifact.folder), print)


def test_a_file_that_is_missing_from_an_artifact_or_beside_it_stops_what_reads_it(corpus: PlantedCorpus) -> None:
    folder = corpus.folder("documents/math_math/1")
    file, away, beside = folder / "documents-00000.parquet", corpus.raw / "away", folder / "documents-00001.parquet"
    corpus.declare("corpus.yaml", "dedup: {", "dedup: {threshold: 0.6, ")  # dedup is to be made again
    altered = "documents/math_math/1@1 was altered: "
    remedy = f"remedy: restore {folder} from a copy, or remove it and make documents/math_math/1 again"

    file.rename(away)
    message, made = corpus.stopped(corpus.make, "corpus/dedup")
    assert f"{altered}{file} is missing\n  {remedy}" in message
    assert made == set()
    away.rename(file)
    shutil.copy(file, beside)
    message, made = corpus.stopped(corpus.make, "corpus/dedup")
    assert f"{altered}{beside} was added\n  {remedy}" in message
    assert made == set()
    beside.unlink()
    assert corpus.make("corpus/dedup") == {"corpus/dedup@2"}


def test_a_file_that_is_missing_or_twice_at_its_source_stops_the_snapshot(corpus: PlantedCorpus) -> None:
    gone, twice = corpus.raw / "crawl/007.html", corpus.raw / "qa/again.jsonl"
    gone.rename(corpus.raw / "away")
    shutil.copy(corpus.raw / "qa/questions.jsonl", twice)
    message, made = corpus.stopped(corpus.materialise, "corpus/dedup")
    assert "raw/web_crawl/1@2 failed ratchet_files (Compared with raw/web_crawl/1@1, its last promoted" in message
    assert "raw/web_crawl/1 has lost 1 of 62 files (007.html), and 0 of its 61 files came in as copies" in message
    assert "raw/qa_qa/1 has lost 0 of 1 files, and 1 of its 2 files (again.jsonl) came in as copies of" in message
    assert made == {"raw/web_crawl/1@2", "raw/qa_qa/1@2"}

    # Who takes the files is asked again where their documents are more or fewer than chance makes them.
    assert main(["promote", "raw/qa_qa/1", "--why", "the questions come in two files now"]) == 0
    message, made = corpus.stopped(corpus.make, "signatures/qa_qa/1")
    assert message.startswith("documents/qa_qa/1@2 failed ratchet_size (Compared with documents/qa_qa/1@1, its last")
    assert "keeps 80 documents instead of 40 (+100.0%)" in message
    assert made == {"documents/qa_qa/1@2"}
    twice.unlink()
    (corpus.raw / "away").rename(gone)
    assert corpus.make("corpus/dedup") == {"raw/qa_qa/1@3", "documents/qa_qa/1@3", "raw/web_crawl/1@3"}


def test_a_crawl_that_is_delivered_twice_stops_after_dedup(corpus: PlantedCorpus) -> None:
    shutil.copytree(corpus.raw / "crawl", corpus.raw / "crawl_2")
    corpus.declare_second_crawl()
    message, made = corpus.stopped(corpus.make, "corpus/contamination")
    assert message.startswith("corpus/dedup@2 failed removed_share (web_crawl loses 50.0% of 122 documents")
    assert "more than 30%; the largest clusters: 1 for " in message
    assert "ratchet_removals (Compared with corpus/dedup@1" in message
    assert "exact_duplicate 23.5% instead of 4.1% (+19.4 points)" in message
    assert made == {f"{kind}/web_crawl/2@1" for kind in ("raw", "documents", "signatures")} | {"corpus/dedup@2"}
    assert main(["promote", "corpus/dedup", "--why", "as it is"]) == 1  # a share of which nobody says that it is right
    corpus.withdraw_second_crawl()
    assert corpus.make("corpus/contamination") == {"corpus/dedup@3"}


def write_pages(folder: Path, texts: Iterable[str]) -> None:
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number:03}.html").write_text(page(text))


def stuffed(seed: str) -> str:
    """Key words and nothing else, which a rule on stop words refuses."""
    draw = random.Random(seed)
    lines = (" ".join("x" + "".join(draw.choices("abcde", k=3)) for _ in range(60)) for _ in range(3))
    return "\n\n".join(f"{line}." for line in lines)


def advertisement(seed: str) -> str:
    """Fluent sentences of few common words, which no rule refuses."""
    draw = random.Random(seed)
    endings = (["x" + "".join(draw.choices("abcde", k=3)) for _ in range(6)] for _ in range(12))
    sentences = [" ".join(draw.choices(COMMON[:6], k=8) + ending).capitalize() + "." for ending in endings]
    return "\n\n".join(" ".join(sentences[start : start + 3]) for start in range(0, 12, 3))


def test_spam_that_breaks_rules_stops_until_a_person_accepts_it(
    corpus: PlantedCorpus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pages(corpus.raw / "crawl_2", [stuffed(f"spam{n}") for n in range(20)])
    for number in range(20):
        (corpus.raw / f"crawl_2/own{number}.html").write_text(page(prose(f"second{number}", "w")))
    corpus.declare_second_crawl()
    message, made = corpus.stopped(corpus.materialise, "corpus/dedup")
    assert message.startswith(
        "documents/web_crawl/2@1 failed ratchet_removals (Compared with documents/web_crawl/1@1, the last snapshot of "
        "its source, documents/web_crawl/2 drops, of 40 documents that came in, gopher_stop_words 50.0% instead of "
        "0.0% (+50.0 points)"
    )
    assert 'or take it as it is: phaseline promote documents/web_crawl/2 --why "..."' in message
    assert made == {"raw/web_crawl/2@1", "documents/web_crawl/2@1"}
    assert shown(corpus, "documents/web", "ratchet_removals") == ("web_crawl@2", False, None)

    monkeypatch.setattr("assets.commands.quality.open_project", corpus.project)
    capsys.readouterr()
    assert main(["promote", "documents/web_crawl/2", "--who", "ada", "--why", "forums are crawled, too"]) == 0
    assert "now may be made from it: signatures/web_crawl/2, corpus/dedup, " in capsys.readouterr().out
    partition, passed, note = shown(corpus, "documents/web", "ratchet_removals")
    assert (partition, passed) == ("web_crawl@2", True)
    assert note is not None
    assert note.endswith(": forums are crawled, too")
    assert " ada accepted it at 2" in note
    promotion = corpus.project().store.require("documents/web_crawl/2").promotion()
    assert promotion is not None
    assert (promotion.who, promotion.why) == ("ada", "forums are crawled, too")
    assert corpus.materialise("corpus/dedup") == {"signatures/web_crawl/2@1", "corpus/dedup@2"}


def shown(corpus: PlantedCorpus, node: str, check: str) -> tuple[str | None, bool, str | None]:
    """Of the newest result that the UI has of a check: the partition, whether it passed, who accepted it and why."""
    with dg.DagsterInstance.get() as instance:
        key = dg.AssetCheckKey(asset_key(node), check)
        (newest,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert newest.evaluation is not None
    _, _, accepted = (newest.evaluation.description or "").partition('--why "...".')
    return newest.partition, newest.evaluation.passed, accepted or None


def test_fluent_spam_stops_at_its_scores_until_a_person_accepts_it(corpus: PlantedCorpus) -> None:
    write_pages(corpus.raw / "crawl_2", [advertisement(f"spam{n}") for n in range(40)])
    corpus.declare_second_crawl()
    message, made = corpus.stopped(corpus.make, "scores/prose")
    assert message.startswith(
        "scores/prose/web_crawl/2@1 failed ratchet_scores (Compared with scores/prose/web_crawl/1@1, the "
        "last snapshot of its source, scores/prose/web_crawl/2 has, of its documents, scores from "
    )
    assert 'or take it as it is: phaseline promote scores/prose/web_crawl/2 --why "..."' in message
    assert "scores/prose/web_crawl/2@1" in made
    assert "scores/prose@2" not in made
    assert main(["promote", "scores/prose/web_crawl/2", "--why", "advertisements are read, too"]) == 0
    assert corpus.make("scores/prose") == {"scores/prose@2"}


def test_a_source_that_is_replaced_by_fluent_spam_stops_at_its_scores(corpus: PlantedCorpus) -> None:
    write_pages(corpus.raw / "crawl", [advertisement(f"spam{n}") for n in range(NUM_PAGES)])
    message, made = corpus.stopped(corpus.make, "scores/prose")
    assert message.startswith(
        "scores/prose/web_crawl/1@2 failed ratchet_scores (Compared with scores/prose/web_crawl/1@1, its "
        "last promoted version, scores/prose/web_crawl/1 has, of its documents, scores from "
    )
    assert "scores/prose@2" not in made


RIGHT = "positives: {sources: [wiki_wiki]}\nnegatives: {sources: [web_crawl]}"
SWAPPED = "positives: {sources: [web_crawl]}\nnegatives: {sources: [wiki_wiki]}"


def test_a_classifier_of_swapped_labels_stops_before_it_scores(corpus: PlantedCorpus) -> None:
    corpus.declare("scorers/prose.yaml", f"fit: 1\n{RIGHT}", f"fit: 2\n{SWAPPED}")
    message, made = corpus.stopped(corpus.materialise, "scores/prose")
    assert message.startswith(
        "classifiers/prose@2 failed ratchet_ranking (Compared with classifiers/prose@1, its last promoted version, "
        "classifiers/prose ranks the 73 documents that both were tested on with a correlation of -1.00"
    )
    assert made == {"classifiers/prose@2"}
    corpus.declare("scorers/prose.yaml", SWAPPED, RIGHT)
    assert corpus.make("scores/prose") == {"classifiers/prose@3"}


def test_a_classifier_of_labels_that_mean_nothing_stops_for_good(
    corpus: PlantedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.declare("scorers/prose.yaml", "positives: {sources: [wiki_wiki]}", "positives: {sources: [web_mirror]}")
    message, made = corpus.stopped(corpus.make, "scores/prose")
    assert message.startswith("classifiers/prose@2 failed separates_classes (auc is 0.")
    assert made == {"classifiers/prose@2"}
    assert main(["promote", "classifiers/prose", "--why", "it is mine"]) == 1
    assert "separates_classes" in (refusal := capsys.readouterr().err)
    assert "which nobody can accept" in refusal


def quote(corpus: PlantedCorpus, pages: Collection[int]) -> None:
    """Write the crawl anew, a record of the benchmark pasted into some of its pages."""
    record = prose("quiz1", "z", 6)
    texts = [prose(f"crawl{number}", "w") for number in range(NUM_PAGES)]
    write_pages(corpus.raw / "crawl", [f"{text}\n\n{record}" if n in pages else text for n, text in enumerate(texts)])


def test_a_benchmark_in_many_pages_stops_and_in_one_is_dropped_by_name(corpus: PlantedCorpus) -> None:
    quote(corpus, range(20, 44))
    message, made = corpus.stopped(corpus.make, "tokenizer")
    assert message.startswith(
        "corpus/contamination@2 failed ratchet_unchecked (Compared with corpus/contamination@1, its last promoted "
        "version, corpus/contamination leaves texts unchecked, of quiz 1 instead of 0, where 0 more are declared: a "
        "text that too many documents hold passes for boilerplate."
    )
    assert made == {f"{kind}/web_crawl/1@2" for kind in ("raw", "documents", "signatures")} | {
        "corpus/dedup@2",
        "corpus/contamination@2",
    }
    quote(corpus, [20])
    assert "corpus/contamination@3" in corpus.make("tokenizer")
    artifact = corpus.project().store.require("corpus/contamination")
    assert artifact.record.flows["documents"].dropped == {"contaminated_quiz": 2}
    hits = pq.read_table(artifact.folder / CONTAMINATION).to_pylist()
    assert sorted((hit["source"], hit["record"], hit["share"]) for hit in hits) == [
        ("web_crawl", "quiz.jsonl#1", 1.0),  # in quoting.html, which every miniature has
        ("web_crawl", "quiz.jsonl#2", 1.0),
    ]


def test_a_survivor_that_holds_a_benchmark_stops_the_corpus(
    corpus: PlantedCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop: Callable[[Path, pa.ChunkedArray, Path], None] = contamination.write_filtered

    def drop_nothing(rows: Path, is_wanted: pa.ChunkedArray, path: Path) -> None:
        drop(rows, pa.chunked_array([[True] * len(is_wanted)]), path)

    monkeypatch.setattr(contamination, "write_filtered", drop_nothing)
    corpus.declare("benchmarks.yaml", "matching: {", "matching: {min_share: 0.7, ")  # it is to be made again
    message, made = corpus.stopped(corpus.make, "tokenizer")
    assert message.startswith("corpus/contamination@2 failed documents_conserved (num_documents_lost is -1")
    assert "contamination_zero (num_contaminated_survivors is 1 (" in message
    assert made == {"corpus/contamination@2"}
    monkeypatch.setattr(contamination, "write_filtered", drop)
    assert corpus.make("tokenizer") == {"corpus/contamination@3"}
