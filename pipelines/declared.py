"""Declared things are YAML: read, validated, and refused with the file, the line, the field and the remedy."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.errors import PhaselineError


class Declared(BaseModel):
    """A declaration: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Declaration = TypeVar("Declaration", bound=Declared)


def read_declaration(path: Path, model: type[Declaration]) -> Declaration:
    """Read a YAML file as a declaration.

    Raises:
        PhaselineError: the file is missing, is not YAML, or does not fit the model.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise PhaselineError(f"there is no {path}", "write it, or name another") from None
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        value = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PhaselineError(f"{path}:{line}: not valid YAML: {error.problem}", "mend the syntax there") from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise PhaselineError("\n".join(describe(path, node, error)), "mend the fields named above") from error


def describe(path: Path, node: yaml.Node | None, error: ValidationError) -> list[str]:
    """One line for each fault: file, line, field, and what is wrong with it."""
    lines = []
    for fault in error.errors():
        field = ".".join(str(part) for part in fault["loc"]) or "the whole file"
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{path}:{line_of(node, fault['loc'])}: {field}: {message}")
    return lines


def line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int:
    """The line on which a field stands, or that of its nearest parent that exists."""
    if node is None:
        return 1
    line = node.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, child) for key, child in node.value if key.value == str(part)]
            if not pairs:
                continue  # a pydantic tag of a union, or a missing field
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
