"""Records become text by the template of their source, or are refused."""

import json

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from pipelines.extract.template import TooLongError, check_template, render, template_fields

CHOICES = "Question: {{ input[1].content }}\nAnswer:"


def test_a_question_and_its_answer_are_rendered_apart() -> None:
    record = {"input": [{"content": "Be brief."}, {"content": "Why?"}], "ideal": ["So.", "Thus."]}
    assert render(CHOICES, record) == "Question: Why?\nAnswer:"
    assert render("{{ ideal if ideal is string else ideal | first }}", record) == "So."


def test_a_record_without_a_field_of_the_template_is_refused() -> None:
    with pytest.raises(UndefinedError, match="has no element 1"):
        render(CHOICES, {"input": [{"content": "Why?"}]})
    with pytest.raises(UndefinedError, match="'input' is undefined"):
        render(CHOICES, {"inputs": []})


@pytest.mark.parametrize("line", ["[1, 2]", '"text"', "7", "null"])
def test_a_record_that_is_no_object_is_refused(line: str) -> None:
    with pytest.raises(TypeError, match="object with fields"):
        render(CHOICES, json.loads(line))


@pytest.mark.parametrize(
    ("template", "message"),
    [("{{ question", "not a Jinja template"), ("{{ a | no_such_filter }}", "not a Jinja template"), ("Q:", "field")],
)
def test_a_template_that_cannot_be_meant_is_refused_where_it_is_declared(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_template(template)


def test_a_template_names_the_fields_it_asks_for() -> None:
    assert template_fields("{% set asked = input | last %}{{ asked.content }} {{ ideal }}") == {"input", "ideal"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ text * 100000000 }}",
        "{{ 100000000 * text }}",
        "{{ number ** number ** number }}",
        "{% for _ in range(99999) %}{{ text * 999 }}{% endfor %}",
    ],
)
def test_a_text_without_bound_is_refused(template: str) -> None:
    with pytest.raises(TooLongError):
        render(template, {"text": "abc", "number": 9999})


def test_a_template_reaches_nothing_but_its_record() -> None:
    with pytest.raises(SecurityError):
        render("{{ text.__class__.__mro__[1].__subclasses__() }}", {"text": "a"})
    with pytest.raises(TypeError, match="no loader"):
        render("{% include '/etc/passwd' %}{{ text }}", {"text": "a"})
    with pytest.raises(SecurityError):
        render("{{ parts.append(1) }}", {"parts": []})
