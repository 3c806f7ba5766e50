"""Drives one contender in its own process: ``python -m benchmarks.contender MODULE INPUT NUM_PARTS ANSWER``.

A contender's module has ``prepare(path, num_parts)``, which reads the input into the form that its library takes, and
``run(prepared)``, which is timed and returns its output in JSON's types. Where the output is too large for that, it is
let go, and ``describe(prepared)`` makes it once more and says what is to be judged.
"""

import importlib
import json
import sys
import time
from pathlib import Path

from benchmarks.memory import peak_bytes


def main() -> None:
    module, path, num_parts, answer = sys.argv[1:]
    contender = importlib.import_module(module)
    contender.run(contender.prepare(Path(path), 1))  # compiles, allocates, and fills caches
    prepared = contender.prepare(Path(path), int(num_parts))
    started, cpu_started = time.perf_counter(), time.process_time()
    output = contender.run(prepared)
    wall_seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    run = {"wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak_bytes()}
    if hasattr(contender, "describe"):
        output = contender.describe(prepared)
    Path(answer).write_text(json.dumps(run | {"output": output}))


main()
