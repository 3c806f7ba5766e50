"""The input: documents of generated words in two registers, and a classifier that tells them apart.

Words are in lower case, with no marks between them: all contenders see the same words, whatever they make of text.
"""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.classifier.layout import NUM_PARTS, classifier_folder, documents_file
from benchmarks.dedup.corpus import VOCABULARY, vocabulary
from benchmarks.processes import ROOT
from pipelines.declared import read_declaration
from pipelines.digests import document_id
from quality.classifier.declaration import FastTextScorer
from quality.classifier.normalise import normalise
from quality.classifier.split import folds_of
from quality.classifier.step import cross_fit

SEED = 20260401
DOCUMENTS_PER_PART = 1500
TRAINING_DOCUMENTS = 1000
OWN_WORDS = 200  # of each register; every tenth word of a text is one of them
TO_THE_END = 10**9  # characters
NUM_EPOCHS = 25

Text = tuple[int, str]  # the register, 0 or 1, and the text


def declared() -> FastTextScorer:
    """The default classifier of web, but reading texts to their end, and trained until the registers part."""
    scorer = read_declaration(ROOT / "quality/scorers/web_prose.yaml", FastTextScorer)
    documents = scorer.documents.model_copy(update={"max_characters": TO_THE_END})
    fasttext = scorer.fasttext.model_copy(update={"num_epochs": NUM_EPOCHS})
    return scorer.model_copy(update={"documents": documents, "fasttext": fasttext})


def write_corpus(path: Path) -> None:
    """Write the classifier, and the documents of each part."""
    texts = generated_texts(random.Random(SEED))
    write_classifier(path, list(itertools.islice(texts, TRAINING_DOCUMENTS)))
    for part in range(NUM_PARTS):
        pq.write_table(documents_table(itertools.islice(texts, DOCUMENTS_PER_PART)), documents_file(path, part))


def generated_texts(rng: random.Random) -> Iterator[Text]:
    """Texts whose words follow Zipf's law; the median has 360 words."""
    words = vocabulary(rng)
    cumulative = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    for register in itertools.cycle((0, 1)):
        length = min(max(int(rng.lognormvariate(5.9, 0.9)), 40), 20_000)
        chosen = rng.choices(words, cum_weights=cumulative, k=length)
        chosen[::10] = rng.choices(words[register : 2 * OWN_WORDS : 2], k=len(chosen[::10]))
        chosen[80::90] = [f"{word}\n\n" for word in chosen[80::90]]
        yield register, " ".join(chosen)


def documents_table(texts: Iterator[Text]) -> pa.Table:
    """Documents with columns id, text, words (normalised) and label (the register)."""
    labels, column = zip(*texts, strict=True)
    text = pa.array(column, pa.large_string())
    ids = [document_id(one) for one in column]
    return pa.table(
        {"id": ids, "text": text, "words": normalise(text, TO_THE_END), "label": pa.array(labels, pa.int8())}
    )


def write_classifier(path: Path, texts: list[Text]) -> None:
    """Train as the pipeline does."""
    scorer = declared()
    table = documents_table(iter(texts)).drop_columns(["text"])
    folds = folds_of(table["id"].to_pylist(), scorer.num_folds)
    classifier_folder(path).mkdir(parents=True)
    cross_fit(scorer, table.append_column("fold", pa.array(folds)), classifier_folder(path), lambda _line: None)
