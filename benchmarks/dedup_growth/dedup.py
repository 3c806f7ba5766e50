"""The work whose growth is measured: ``python -m benchmarks.dedup_growth.dedup FOLDER``.

Signs and deduplicates the corpus in the store in FOLDER, one task at a time, and shows the progress.
"""

import sys
import time
from pathlib import Path

from benchmarks.dedup_growth.corpus import SOURCES
from pipelines.dedup.parameters import DedupParameters
from pipelines.dedup.signatures import ensure_signatures
from pipelines.dedup.step import ensure_dedup
from pipelines.engines import LocalEngine
from pipelines.held_out import HeldOut
from pipelines.store import Store


def main(folder: Path) -> None:
    store, engine, parameters = Store(folder), LocalEngine(workers=1), DedupParameters()
    documents = [store.require(f"documents/{source}/1") for source in SOURCES]
    signatures = [
        ensure_signatures(store, artifact, parameters, engine=engine, report=report).artifact for artifact in documents
    ]
    domains = dict.fromkeys(SOURCES, "web")
    held_out = HeldOut(key="held-out", fraction=0.02)
    ensure_dedup(store, documents, signatures, parameters, SOURCES, domains, held_out, engine=engine, report=report)


def report(line: str) -> None:
    print(f"{time.perf_counter() - STARTED:8.1f} s  {line}", flush=True)


STARTED = time.perf_counter()

if __name__ == "__main__":
    main(Path(sys.argv[1]))
