"""Drives one contender in its own process: ``python -m benchmarks.contender MODULE INPUT NUM_PARTS ANSWER``.

A contender's module has ``prepare(path, num_parts)``, which reads the input into the form that its library takes, and
``run(prepared)``, which is timed and returns its output in JSON's types.
"""

import importlib
import json
import sys
import time
from pathlib import Path


def main() -> None:
    module, path, num_parts, answer = sys.argv[1:]
    contender = importlib.import_module(module)
    contender.run(contender.prepare(Path(path), 1))  # compiles, allocates, and fills caches
    prepared = contender.prepare(Path(path), int(num_parts))
    started, cpu_started = time.perf_counter(), time.process_time()
    output = contender.run(prepared)
    wall_seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    run = {"wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak_bytes(), "output": output}
    Path(answer).write_text(json.dumps(run))


def peak_bytes() -> int:
    """The most memory this process has held; getrusage would count the parent that started it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


main()
