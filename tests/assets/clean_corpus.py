"""Planted documents through dedup and decontamination, by the real steps, against a benchmark named quiz."""

from collections.abc import Mapping, Sequence

from pipelines.contamination.declaration import Benchmarks
from pipelines.contamination.step import ensure_contamination
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.signatures import ensure_signatures
from pipelines.dedup.step import ensure_dedup
from pipelines.engines import Engine
from pipelines.held_out import HeldOut
from pipelines.store import Artifact, Store

QUIZ = {"name": "quiz", "licence": "MIT", "reader": {"format": "text", "include": ["*"]}}
DECLARED = Benchmarks.model_validate(
    {
        "matching": {"max_documents": 10},
        "held_out": {"max_documents": 10},
        "benchmarks": [QUIZ | {"snapshots": {"1": {"folder": "quiz"}}}],
    }
)


def clean_corpus(
    store: Store,
    documents: Sequence[Artifact],
    benchmarks: Artifact,
    parameters: DedupParameters,
    domains: Mapping[str, str],
    held_out: HeldOut,
    engine: Engine,
) -> Artifact:
    """The artifact of decontamination; sources are preferred in the order of ``domains``."""
    signatures = [
        ensure_signatures(store, artifact, parameters, engine=engine, report=ignore).artifact for artifact in documents
    ]
    dedup = ensure_dedup(
        store, documents, signatures, parameters, list(domains), domains, held_out, engine=engine, report=ignore
    ).artifact
    return ensure_contamination(store, DECLARED, benchmarks, dedup, documents, engine=engine, report=ignore).artifact


def ignore(_line: str) -> None:
    """Where progress goes."""
