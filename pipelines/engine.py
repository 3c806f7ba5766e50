"""Where steps run: datatrove's executors behind one small configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # datatrove takes a second to import, and most commands run nothing
    from datatrove.pipeline.base import PipelineStep
    from datatrove.utils.stats import PipelineStats


@dataclass(frozen=True)
class Engine:
    """The machine's own processes.

    Args:
        workers: how many tasks run at once. Results do not depend on it.
    """

    workers: int = 1

    def run(self, steps: Sequence["PipelineStep"], num_tasks: int, logging_folder: Path) -> "PipelineStats":
        """Run a list of steps for each task and return their statistics, summed over tasks.

        Task ``rank`` of ``num_tasks`` sees the steps' ``run(data, rank, num_tasks)``; what belongs to a rank is decided
        by the data alone. One task, or one worker, runs in this process.
        """
        from datatrove.executor.local import LocalPipelineExecutor
        from loguru import logger

        logger.disable("datatrove")  # every task would narrate itself here; its own log files say the same
        executor = LocalPipelineExecutor(
            pipeline=list(steps),
            tasks=num_tasks,
            workers=min(self.workers, num_tasks),
            logging_dir=str(logging_folder),
        )
        return executor.run()
