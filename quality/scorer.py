"""What every declared scorer has, whatever gives its scores."""

from typing import Annotated

from pydantic import Field

from pipelines.declared import Declared

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class ScorerDeclaration(Declared):
    """A scorer of the documents of one domain; a higher score is better."""

    name: Name
    domain: Name
