"""Drives one starter at one size: ``python -m benchmarks.growth.starter MODULE FOLDER NUM_SAMPLES LIMIT ANSWER``.

Its module has ``write_input(folder, num_samples)``, and ``start(folder)``, which reads what was written there and
returns what gives the batch of 64 samples from any sample on. Neither imports nor the writing are timed. After LIMIT
seconds of processor time the process is ended by SIGXCPU.
"""

import importlib
import json
import math
import resource
import sys
import time
from pathlib import Path

from benchmarks.memory import forget_peak, peak_bytes


def main() -> None:
    module, folder, num_samples, limit, answer = sys.argv[1:]
    starter = importlib.import_module(module)
    starter.write_input(Path(folder), int(num_samples))
    end_after(int(limit))
    forget_peak()
    started = time.process_time()
    batch_from = starter.start(Path(folder))
    batch_from(0)
    at_start = time.process_time()
    batch_from(int(num_samples) // 2)
    at_middle = time.process_time()
    seconds = {"start_seconds": at_start - started, "seek_seconds": at_middle - at_start}
    Path(answer).write_text(json.dumps(seconds | {"peak_bytes": peak_bytes()}))


def end_after(seconds: int) -> None:
    """Let the operating system end this process after so many more seconds of processor time."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, hard))


main()
