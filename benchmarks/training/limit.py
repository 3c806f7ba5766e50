"""What the device allows: ``python -m benchmarks.training.limit`` prints a ``Limit`` as JSON.

The matrix product is in float32 on one thread of a CPU, in bfloat16 on a GPU.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT

REPEATS = 10


@dataclass(frozen=True)
class Limit:
    """FLOP/s of the fastest of a few large matrix products, and what the device's maker declares, if that is known."""

    device: str
    matrix_product: float
    declared: float | None


def measure_limit(variables: dict[str, str]) -> Limit:
    """The limit, measured in a process of its own with these environment variables."""
    command = [sys.executable, "-m", "benchmarks.training.limit"]
    done = subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.PIPE)
    return Limit(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    from training.titan.compat import ON_CPU  # first: torchtitan imports only after it

    # isort: split
    import torch
    from torchtitan.tools.utils import get_peak_flops

    if ON_CPU:
        print(json.dumps(asdict(Limit(processor(), matrix_product(2048, torch.float32, "cpu"), None))))
    else:
        device = torch.cuda.get_device_name()
        product = matrix_product(8192, torch.bfloat16, "cuda")
        print(json.dumps(asdict(Limit(device, product, get_peak_flops(device)))))


def matrix_product(size: int, dtype: Any, device: str) -> float:
    """FLOP/s of the fastest of a few products of two square matrices, by processor time on a CPU."""
    import torch

    clock = time.perf_counter if device == "cuda" else time.process_time
    left, right, product = torch.randn(3, size, size, dtype=dtype, device=device)
    seconds = []
    for _ in range(REPEATS):
        started = clock()
        torch.mm(left, right, out=product)
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(clock() - started)
    return 2 * size**3 / min(seconds)


def processor() -> str:
    """The name of the CPU."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "CPU")


if __name__ == "__main__":
    main()
