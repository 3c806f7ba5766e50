"""Records rendered by templates that a source declares."""

import functools
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False)


@functools.cache
def compiled(template: str) -> Template:
    return ENVIRONMENT.from_string(template)


def check_template(template: str) -> str:
    """The template itself; raises ValueError where its syntax is wrong."""
    try:
        compiled(template)
    except TemplateSyntaxError as error:
        raise ValueError(f"not a Jinja template: {error.message}") from error
    return template


def render(template: str, fields: Mapping[str, Any]) -> str:
    """A record's text; raises jinja2.TemplateError or TypeError where the record does not fit the template."""
    return compiled(template).render(fields)
