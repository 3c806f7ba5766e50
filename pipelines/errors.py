"""The one exception for failures that a user can mend."""


class PhaselineError(Exception):
    """Something a user can mend: says what is wrong, names the thing, and gives the remedy.

    Args:
        what: what is wrong, naming the file, field, asset or process.
        remedy: what to do about it, as an instruction.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}\n  remedy: {remedy}")
        self.what = what
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["PhaselineError"], tuple[str, str]]:
        """Both parts, so that the error crosses from a worker process."""
        return type(self), (self.what, self.remedy)
