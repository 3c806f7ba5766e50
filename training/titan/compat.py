"""Import first: lets torchtitan 0.3.0 run on torch 2.13, and on machines without an accelerator or triton.

torchtitan 0.3.0 was written against a nightly of torch 2.14. Nothing in it is edited; this module fills in what it
expects to find, before its other modules copy the names.
"""

import importlib.util
import os
import resource
import sys
import types
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import distributed_c10d


class CpuDevice:
    """``torch.cpu`` and the calls that torchtitan makes on any device module."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch.cpu, name)

    def set_device(self, device: torch.device) -> None:
        """There is one."""

    def current_device(self) -> int:
        return 0

    def device_count(self) -> int:
        return 1

    def get_device_name(self, _device: torch.device | None = None) -> str:
        return "cpu"

    def get_device_properties(self, _device: torch.device | None = None) -> types.SimpleNamespace:
        return types.SimpleNamespace(total_memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

    def memory_stats(self, _device: torch.device | None = None) -> dict[str, int]:
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"active_bytes.all.peak": peak_bytes, "reserved_bytes.all.peak": peak_bytes}

    def reset_peak_memory_stats(self) -> None:
        """The kernel counts the peak of the whole process."""

    def empty_cache(self) -> None:
        """There is none."""


def _stub_attribute(name: str) -> None:
    if name.startswith("__"):
        raise AttributeError(name)


if importlib.util.find_spec("triton") is None:  # imported at import time for kernels of expert parallelism alone
    kernels = types.ModuleType("torchtitan.distributed.minimal_async_ep.kernels")
    kernels.__getattr__ = _stub_attribute  # type: ignore[method-assign]
    sys.modules[kernels.__name__] = kernels

if not hasattr(dist, "set_timeout"):  # public from torch 2.14 on
    dist.set_timeout = distributed_c10d._set_pg_timeout  # type: ignore[attr-defined]

from torchtitan.tools import utils  # noqa: E402

if torch._utils._get_available_device_type() is None:
    utils.device_type, utils.device_module = "cpu", CpuDevice()

ON_CPU: bool = utils.device_type == "cpu"
