"""From one raw record to text."""

from pipelines.extract.docstrings import docstring_documents
from pipelines.extract.outline import outline_text


def test_docstrings_come_by_module_and_class() -> None:
    code = '''
r"""Theory of $\\mu$."""

def alpha(x, y=1):
    """Add.

        indented

    End.
    """

def silent(x):
    return x

class Beta(Base):
    """A class."""

    async def run(self):
        """Run it."""

    class Inner:
        """Inside."""

class Bare:
    pass
'''
    assert list(docstring_documents(code)) == [
        ("", "Theory of $\\mu$.\n\nalpha(x, y=1)\n\nAdd.\n\n    indented\n\nEnd."),
        ("Beta", "class Beta\n\nA class.\n\nBeta.run(self)\n\nRun it.\n\nclass Beta.Inner\n\nInside."),
    ]


def test_an_outline_becomes_sections_and_lines() -> None:
    outline = {
        "Geography": {
            "Location": {"text": "Central <em>Europe</em>"},
            "Area": {"total ": {"text": "7 km"}, "land": {"text": "5&nbsp;km"}, "note": "<strong>note:</strong> old"},
        },
        "People": {"text": "one<br>two"},
    }
    assert outline_text("Land", outline) == (
        "Land\n\nGeography\n\nLocation: Central Europe\nArea: total: 7 km; land: 5 km; note: old\n\nPeople\n\none two"
    )
