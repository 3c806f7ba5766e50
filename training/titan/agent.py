"""The torchrun that started this process, if one did: to end with it, to be started again by it, or to end it."""

import os
import signal
import time

SECONDS_BETWEEN_LOOKS = 1.0


def is_below_torchrun() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ


def end_with_torchrun() -> None:
    """End this process when torchrun is gone: nobody else would, and it holds the run."""
    torchrun = os.getppid()
    while os.getppid() == torchrun:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def kill_torchrun() -> None:
    """Let nothing of this host go on."""
    os.environ["TORCHELASTIC_MAX_RESTARTS"] = "0"
    os.kill(os.getppid(), signal.SIGKILL)


def restart_is_left() -> bool:
    """Whether torchrun starts this process again when it fails."""
    done, most = (int(os.environ.get(f"TORCHELASTIC_{name}", "0")) for name in ("RESTART_COUNT", "MAX_RESTARTS"))
    return done < most


def refuse_restart() -> None:
    """Let torchrun end, where it would start this process again after a failure that would come again."""
    if restart_is_left():
        os.kill(os.getppid(), signal.SIGTERM)
