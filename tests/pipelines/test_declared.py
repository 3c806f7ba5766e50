"""A bad declaration is refused with file, line, field and remedy."""

from pathlib import Path

import pytest

from pipelines.declared import Declared, read_declaration
from pipelines.errors import PhaselineError


class Rule(Declared):
    name: str
    minimum: int


class Rules(Declared):
    rules: list[Rule]


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(PhaselineError) as error:
        read_declaration(path, Rules)
    return error.value.what.replace(f"{tmp_path}/", "")


def test_every_fault_is_named_by_line_and_field(tmp_path: Path) -> None:
    text = "rules:\n  - name: words\n    minimum: ten\n  - name: lines\n    minimun: 3\n"
    assert refusal(tmp_path, text).splitlines() == [
        "rules.yaml:3: rules.0.minimum: Input should be a valid integer, unable to parse string as an integer",
        "rules.yaml:4: rules.1.minimum: Field required",
        "rules.yaml:5: rules.1.minimun: Extra inputs are not permitted",
    ]


def test_broken_yaml_is_named_by_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "rules:\n  - [name\n").startswith("rules.yaml:3: not valid YAML")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "").startswith("rules.yaml:1: the whole file")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhaselineError, match="there is no"):
        read_declaration(tmp_path / "none.yaml", Rules)
