"""What a run prints on the terminal: one line of progress after another, each behind the name of its asset."""

import logging
import sys

import dagster as dg

PROGRESS = "progress"  # the logger's name in a run's configuration


class ProgressHandler(logging.Handler):
    """Prints what assets report; Dagster's own events and messages stay in its UI."""

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        if meta.get("dagster_event") is not None or record.levelno != logging.INFO:
            return
        step = (meta.get("step_key") or "").replace("__", "/")
        print(f"{step:<34} {meta.get('orig_message', record.getMessage())}", file=sys.stdout, flush=True)


@dg.logger({}, "Progress lines on standard output.")
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("phaseline", logging.INFO)
    logger.addHandler(ProgressHandler())
    return logger
