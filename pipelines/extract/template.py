"""Records rendered by templates that a source declares.

A template sees the fields of one record and nothing else (https://jinja.palletsprojects.com/en/stable/sandbox). A field
that the record lacks is an error, never an empty text.
"""

import functools
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

MOST_CHARACTERS = 16_000_000  # of a record's text; more comes of a template that repeats itself


class TooLongError(TemplateError):
    """A record's text would have more than ``MOST_CHARACTERS``."""


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which no text and no number grows without bound: what multiplies is checked first."""

    intercepted_binops = frozenset(("*", "**"))

    @override
    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """A product of numbers; raises TooLongError for a repeated text or list that is too long, and for powers."""
        if operator == "**":
            raise TooLongError("a template cannot raise to a power")
        for repeated, times in ((left, right), (right, left)):
            if (
                isinstance(repeated, (str, list, tuple))
                and isinstance(times, int)
                and len(repeated) * times > MOST_CHARACTERS
            ):
                raise TooLongError(f"a text of {len(repeated) * times:,} characters")
        return super().call_binop(context, operator, left, right)


ENVIRONMENT = BoundedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False)


@functools.cache
def compiled(template: str) -> Template:
    return ENVIRONMENT.from_string(template)


def check_template(template: str) -> str:
    """The template itself; raises ValueError where its syntax is wrong or it asks for no field."""
    try:
        compiled(template)
    except TemplateSyntaxError as error:
        raise ValueError(f"not a Jinja template: {error.message}") from error
    if not template_fields(template):
        raise ValueError("a template without a field of the record")
    return template


@functools.cache
def template_fields(template: str) -> frozenset[str]:
    """The names of the fields that a template asks a record for."""
    return frozenset(meta.find_undeclared_variables(ENVIRONMENT.parse(template)))


def render(template: str, fields: Mapping[str, Any]) -> str:
    """A record's text.

    Raises:
        jinja2.TemplateError: the record lacks a field that the template asks for, or the text would be too long.
        TypeError: a field is of another kind than the template expects, or the record is no mapping.
    """
    if not isinstance(fields, Mapping):
        raise TypeError(f"a record is an object with fields, not {type(fields).__name__}")
    pieces = []
    num_characters = 0
    for piece in compiled(template).generate(fields):
        num_characters += len(piece)
        if num_characters > MOST_CHARACTERS:
            raise TooLongError(f"more than {MOST_CHARACTERS:,} characters")
        pieces.append(piece)
    return "".join(pieces)
