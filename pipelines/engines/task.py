"""One task of a job: the steps for one rank, in whatever process an engine has started for it.

``python -m pipelines.engines.task FOLDER RANK`` runs one; its exit status is 0 where it has ended well.
"""

import sys
import traceback
from collections import deque
from pathlib import Path

from pipelines.engines.job import Failure, Job
from pipelines.engines.progress import progress_into
from pipelines.errors import PhaselineError


def run_task(folder: Path, rank: int) -> bool:
    """Run the steps in a job's folder for a rank; returns whether the task has ended well.

    An exception is written down in the folder, for the engine that waits, and goes no further.
    """
    from datatrove.utils.stats import PipelineStats

    job = Job(folder)
    try:
        with progress_into(job.progress_file(rank)):
            steps, num_tasks = job.load()
            documents = None
            for step in steps:
                documents = step(documents, rank, num_tasks)
            deque(documents or (), maxlen=0)
        job.complete(rank, PipelineStats(steps))
    except Exception as error:
        job.fail(rank, as_failure(error), "".join(traceback.format_exception(error)))
        return False
    return True


def as_failure(error: Exception) -> Failure:
    if isinstance(error, PhaselineError):
        return Failure(error.what, error.remedy)
    return Failure(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    sys.exit(0 if run_task(Path(sys.argv[1]), int(sys.argv[2])) else 1)
