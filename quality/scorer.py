"""What every declared scorer has, whatever gives its scores."""

from pipelines.declared import Declared
from pipelines.sources import Name

SCORES, CLASSIFIERS = "scores/", "classifiers/"  # how the assets of scorers begin


class ScorerDeclaration(Declared):
    """A scorer of the documents of one domain; a higher score is better."""

    name: Name
    domain: Name
