"""What a run was trained on, as stretches of token files: exactly the streams it reads."""

from pathlib import Path

import numpy as np
from made_streams import made_streams

from pipelines.shards import open_shards
from training.lineage.trained_on import trained_on
from training.runs.run import Run, RunDeclaration


def test_the_stretches_of_every_kind_of_source_are_its_stream(tmp_path: Path) -> None:
    made = made_streams(tmp_path)
    artifact = made.store.require("manifests/tried")
    run = Run(tmp_path, RunDeclaration(manifest=artifact.parent), artifact, made.manifest)
    texts = list(trained_on(made.store, run))
    assert [text.shards for text in texts] == [source.shards for source in made.manifest.sources]
    assert len(texts[2].starts) > 5
    for text, stream in zip(texts, made.streams, strict=True):
        tokens = open_shards(made.store.find(text.shards)).tokens
        parts = [tokens[start:end] for start, end in zip(text.starts, text.ends, strict=True)]
        assert np.concatenate(parts).tolist() == stream
