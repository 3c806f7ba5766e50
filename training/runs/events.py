"""How a training process tells its launcher what happens: lines of JSON among those of its log."""

import json
from typing import Any, Literal, get_args

PREFIX = "phaseline "

EventKind = Literal["metrics", "note", "stopped", "failure"]


def emit(kind: EventKind, value: Any) -> None:
    """Print an event: a step's metrics, a sentence for people, the step of the checkpoint with which training stopped
    because it was told to, or ``[what, remedy]`` of a failure.
    """
    print(f"{PREFIX}{json.dumps({kind: value})}", flush=True)


def parse_event(line: str) -> tuple[EventKind, Any] | None:
    """The event that a line of the log holds, or None for any other line.

    Processes share a log: what another one prints may stand before an event or after it, and an event that it tears in
    two is none.
    """
    _, prefix, rest = line.partition(f"{PREFIX}{{")
    try:
        event, _ = json.JSONDecoder().raw_decode(f"{{{rest}" if prefix else "")
    except json.JSONDecodeError:
        return None
    for kind in get_args(EventKind):
        if kind in event:
            return kind, event[kind]
    return None
