"""Requests to stop, which all ranks hear at the same step."""

import signal
from types import FrameType

import torch
import torch.distributed as dist

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopRequest:
    """SIGTERM or SIGINT to any rank, instead of its end.

    The ranks' answers are combined while the next step is computed, over a group of their own, so that no rank waits
    for another and nothing waits for a device.
    """

    def __init__(self) -> None:
        self.signalled = False
        self.group = dist.new_group(backend="gloo")
        self.answer = torch.zeros(1, dtype=torch.int32)
        self.combining: dist.Work | None = None
        self.handlers = {number: signal.signal(number, self._take_note) for number in SIGNALS}

    def _take_note(self, _signal: int, _frame: FrameType | None) -> None:
        self.signalled = True

    def heard(self) -> bool:
        """Whether any rank was signalled before it last asked; every rank has to ask once a step."""
        heard = False
        if self.combining is not None:
            self.combining.wait()
            heard = bool(self.answer.item())
        self.answer.fill_(self.signalled)
        self.combining = dist.all_reduce(self.answer, dist.ReduceOp.MAX, self.group, async_op=True)
        return heard

    def close(self) -> None:
        """Leave signals to whoever had them before."""
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
