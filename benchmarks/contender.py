"""Drives one contender in its own process: ``python -m benchmarks.contender MODULE INPUT NUM_PARTS ANSWER``.

A contender's module has ``prepare(path, num_parts)``, which reads the input into the form that its library takes, and
``run(prepared)``, which is timed and returns its output in JSON's types. Where the output is too large for that, it is
let go, and ``describe(prepared)`` makes it once more and says what is to be judged.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF

from benchmarks.memory import peak_bytes


def main() -> None:
    module, path, num_parts, answer = sys.argv[1:]
    contender = importlib.import_module(module)
    contender.run(contender.prepare(Path(path), 1))  # compiles, allocates, and fills caches
    prepared = contender.prepare(Path(path), int(num_parts))
    started, cpu_started = time.perf_counter(), processor_seconds()
    output = contender.run(prepared)
    wall_seconds, cpu_seconds = time.perf_counter() - started, processor_seconds() - cpu_started
    run = {"wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak_bytes()}
    if hasattr(contender, "describe"):
        output = contender.describe(prepared)
    Path(answer).write_text(json.dumps(run | {"output": output}))


def processor_seconds() -> float:
    """Of this process and of those that it has started and that have ended: datatrove extracts in a sandbox."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


main()
