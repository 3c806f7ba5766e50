"""The input: a small crawl, the model that tells its languages, and a tokenizer trained on its documents."""

import shutil
from pathlib import Path

from benchmarks.documents import ours as documents
from benchmarks.documents.archives import NUM_PARTS, model_file, write_archives
from benchmarks.raw_to_shards.layout import crawl_folder
from benchmarks.shards.corpus import write_tokenizer
from pipelines.store import Draft, Store

IDENTIFIER = "model/lid"


def write_corpus(path: Path) -> None:
    """Write the archives, and a store with both models."""
    path.mkdir()
    write_archives(crawl_folder(path))
    store = Store(path)

    def copy_model(draft: Draft) -> None:
        shutil.copy(model_file(crawl_folder(path)), draft.folder)

    store.ensure(IDENTIFIER, copy_model, code_version="1", parameters={})
    extracted = documents.prepare(crawl_folder(path), NUM_PARTS)
    documents.run(extracted)
    write_tokenizer(store, [text for _, text in documents.describe(extracted)])
