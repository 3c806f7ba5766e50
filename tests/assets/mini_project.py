"""A whole project in miniature: made-up text in five domains with planted duplicates and bad records."""

import json
import random
import re
from pathlib import Path
from textwrap import dedent

import fasttext

from assets.project import Folders, Project
from pipelines.declared import read_declaration
from pipelines.fetch.model import CODE_VERSION, ensure_model
from pipelines.sources import ModelFile
from pipelines.store import Draft, Store

COMMON = re.findall(
    r"\w+",
    "the of and to in is that it was for on with as be by this have from or one had not but what all were when",
)
NUM_PAGES = 60
NUM_DOCUMENTS = 40


def sentence(draw: random.Random, topic: str) -> str:
    words = [topic + "".join(draw.choices("abcde", k=3)) for _ in range(6)]
    return " ".join(draw.choices(COMMON, k=8) + words).capitalize() + "."


def prose(seed: str, topic: str, num_sentences: int = 12) -> str:
    draw = random.Random(seed)
    return "\n\n".join(" ".join(sentence(draw, topic) for _ in range(3)) for _ in range(num_sentences // 3))


def page(text: str) -> str:
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n"))
    return f"<html><head><title>page</title></head><body><nav>Home | About</nav><main>{paragraphs}</main></body></html>"


def write_raw(folder: Path) -> None:
    """Raw files: 60 crawled pages, 10 of them mirrored, one more empty and one that quotes a benchmark; 40 documents of
    each other source, 1 record broken.
    """
    places = {name: folder / name for name in ("crawl", "mirror", "math", "code", "wiki", "qa", "quiz")}
    for place in places.values():
        place.mkdir(parents=True)
    for number in range(NUM_PAGES):
        (places["crawl"] / f"{number:03}.html").write_text(page(prose(f"crawl{number}", "w")))
    (places["crawl"] / "empty.html").write_text("<html><body></body></html>")
    for number in range(10):
        (places["mirror"] / f"copy{number}.html").write_text(page(prose(f"crawl{number}", "w")))
        (places["mirror"] / f"own{number}.html").write_text(page(prose(f"mirror{number}", "w")))
    for number in range(NUM_DOCUMENTS):
        (places["math"] / f"{number:03}.txt").write_text(prose(f"math{number}", "m"))
        (places["wiki"] / f"{number:03}.txt").write_text(prose(f"wiki{number}", "k"))
        draw = random.Random(number)
        lines = [f"def {sentence(draw, 'f').split()[-1][:-1]}(value):\n    return value + {n}\n" for n in range(12)]
        (places["code"] / f"module{number:03}.py").write_text("\n\n".join(lines))
    (places["quiz"] / "quiz.jsonl").write_text(
        "\n".join(json.dumps({"q": prose(f"quiz{n}", "z", 6)}) for n in range(3))
    )
    quoted = prose("quoting", "w") + "\n\n" + prose("quiz0", "z", 6)
    (places["crawl"] / "quoting.html").write_text(page(quoted))
    questions = [{"q": prose(f"q{n}", "q", 3), "a": prose(f"a{n}", "q", 3)} for n in range(NUM_DOCUMENTS)]
    records = [json.dumps(question) for question in questions]
    (places["qa"] / "questions.jsonl").write_text("\n".join([*records, "{not json"]))


def write_declarations(folder: Path, raw: Path) -> Folders:
    """The declarations of the miniature, as YAML."""
    sources = folder / "sources"
    scorers, buckets, recipes = folder / "scorers", folder / "buckets", folder / "recipes"
    for place in (sources, scorers, buckets, recipes):
        place.mkdir(parents=True)

    def declare(domain: str, names: list[tuple[str, str]]) -> None:
        languages = "" if domain == "code" else "languages: [en]\n"
        entries = "".join(
            f"  - name: {domain}_{name}\n    licence: CC0-1.0\n    reader: {{{reader}}}\n"
            f"    snapshots: {{'1': {{folder: {raw / name}}}}}\n"
            for name, reader in names
        )
        (sources / f"{domain}.yaml").write_text(f"domain: {domain}\n{languages}filters: {{}}\nsources:\n{entries}")

    html = "format: html, include: ['**/*.html']"
    text = "format: text, include: ['**/*.txt']"
    declare("web", [("crawl", html), ("mirror", html)])
    declare("math", [("math", text)])
    declare("wiki", [("wiki", text)])
    declare("code", [("code", "format: source_code, include: ['**/*.py']")])
    declare("qa", [("qa", "format: json_lines, include: ['*.jsonl'], template: 'Question: {{ q }}\\nAnswer: {{ a }}'")])
    (folder / "corpus.yaml").write_text(
        dedent("""\
        dedup: {max_removed_share_by_source: {web_mirror: 0.5}}
        priority: [wiki_wiki, math_math, qa_qa, code_code, web_crawl, web_mirror]
        held_out: {key: held-out, fraction: 0.2}
        tokenizer: {vocab_size: 384, sample_bytes_per_domain: 100000}
        evaluation: {max_tokens_per_domain: 500}
        """)
    )
    (folder / "benchmarks.yaml").write_text(
        dedent(f"""\
        matching: {{max_documents: 10}}
        held_out: {{max_documents: 10}}
        benchmarks:
          - name: quiz
            licence: CC0-1.0
            reader: {{format: json_lines, include: ["*.jsonl"], template: "{{{{ q }}}}"}}
            snapshots: {{"1": {{folder: {raw / "quiz"}}}}}
        """)
    )
    (scorers / "prose.yaml").write_text(
        dedent("""\
        kind: fasttext
        name: prose
        domain: web
        fit: 1
        positives: {sources: [wiki_wiki]}
        negatives: {sources: [web_crawl]}
        documents: {languages: [en], max_documents_per_source: 40, min_documents_per_side: 5, max_characters: 2000}
        num_folds: 3
        fasttext: {dim: 4, word_ngrams: 1, num_buckets: 1000, min_count: 1, num_epochs: 20, learning_rate: 0.5, seed: 1}
        threshold: 0.5
        """)
    )
    (buckets / "web.yaml").write_text(
        dedent("""\
        domain: web
        scorers: [prose]
        stratify_by: language
        fit: 1
        buckets: [{name: high, min_level: 12}, {name: low, min_level: 0}]
        """)
    )
    (recipes / "mini.yaml").write_text(
        dedent("""\
        name: mini
        title: Two phases in miniature
        seed: 7
        tokens: 8192
        sequence_length: 32
        global_batch_size: 8
        model: llama_test
        schedule:
          kind: wsd
          peak_lr: 3.0e-3
          final_lr_ratio: 0.1
          warmup: {fraction: 0.1}
          decay: {from_phase: late, shape: linear}
        phases:
          - {name: early, blend: {web_low: 0.5, web_high: 0.3, code: 0.2}, until: {fraction: 0.5}}
          - {name: late, blend: {web_high: 0.2, math: 0.2, code: 0.2, wiki: 0.2, qa: 0.2}}
        """)
    )
    (folder / "trainer.yaml").write_text("launch: {kind: local, num_processes: 1}\n")
    return Folders(
        sources=sources,
        corpus=folder / "corpus.yaml",
        benchmarks=folder / "benchmarks.yaml",
        scorers=scorers,
        buckets=buckets,
        recipes=recipes,
        trainer=folder / "trainer.yaml",
    )


def plant_identifier(store: Store, declared: ModelFile, scratch: Path) -> None:
    """The declared language identifier as if it had been fetched: one that takes all text for English."""

    def make(draft: Draft) -> None:
        lines = [f"__label__en {prose(f'lid{n}', 'w', 3)}".replace("\n", " ") for n in range(40)]
        lines += [f"__label__de {word} {word}" for word in ("haus", "garten")]
        (scratch / "lid.txt").write_text("\n".join(lines))
        model = fasttext.train_supervised(str(scratch / "lid.txt"), dim=4, epoch=20, thread=1, verbose=0)
        model.save_model(str(draft.folder / Path(declared.member).name))

    store.ensure(f"model/{declared.name}", make, code_version=CODE_VERSION, parameters=declared.model_dump(mode="json"))
    assert ensure_model(store, declared, print).changes == []


def mini_project(folder: Path) -> Project:
    """The miniature project in a folder: raw files, declarations, and a home with nothing made but the identifier."""
    write_raw(folder / "raw")
    folders = write_declarations(folder / "declared", folder / "raw")
    plant_identifier(Store(folder / "home"), read_declaration(folders.identifier, ModelFile), folder)
    return Project(folder / "home", folders)
