"""The ``phaseline`` command."""

import argparse
import os
import sys
from collections.abc import Sequence

from assets.commands import corpus, doing, lineage, manifests, models, quality
from pipelines.errors import PhaselineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status. A failure that a user can mend is one message, without a traceback."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except PhaselineError as error:
        print(f"\nphaseline: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # what was interrupted has said what became of it
        return 130  # as shells report it
    except BrokenPipeError:  # who reads the output, head for one, has seen enough; there must be no second complaint
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="phaseline", description="From raw corpora to a trained model, with lineage.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for subject in (doing, manifests, lineage, models, corpus, quality):
        subject.add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
