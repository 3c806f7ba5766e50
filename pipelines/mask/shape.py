"""The shape of a text, in which fixed strings find what may be a number."""

_LETTERS = bytes(range(ord("A"), ord("Z") + 1))
_TABLE = bytes.maketrans(
    b"123456789" + b" ./)\xa0" + _LETTERS,
    b"000000000" + b"-----" + _LETTERS.lower(),
)


def shape(text: str) -> bytes:
    """A byte for each character: ``0`` for a digit, ``-`` for what stands between digits, small letters for letters.

    A character beyond Latin-1 is a question mark. Takes a millisecond for a megabyte.
    """
    return text.encode("latin-1", "replace").translate(_TABLE)
