"""Suites of expectations as declarations, held against the schemas that Great Expectations publishes."""

import functools
import importlib.util
import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import jsonschema
from pydantic import Field, field_validator, model_validator

from pipelines.declared import Declared
from quality.validation.frames import FRAMES

COLUMN_ARGUMENTS = ("column", "column_A", "column_B")
SUBJECT = re.compile(r"^Expect(Column|Multicolumn|Table)(Pair)?(Values?)?")
WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class ExpectationDeclaration(Declared):
    """One expectation: its name among an asset's checks, its class in Great Expectations, and that class's arguments.

    A failure of severity ``error`` blocks everything downstream.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    expectation: str
    kwargs: dict[str, Any]
    severity: Literal["error", "warn"] = "error"

    @property
    def columns(self) -> list[str]:
        """The columns that it is about."""
        return [self.kwargs[name] for name in COLUMN_ARGUMENTS if name in self.kwargs]

    @property
    def bounds(self) -> str:
        """What it asks of its columns: its arguments but for them, or its name in words where it has no others."""
        arguments = {name: value for name, value in self.kwargs.items() if name not in COLUMN_ARGUMENTS}
        if arguments.keys() == {"min_value", "max_value"} and arguments["min_value"] == arguments["max_value"]:
            return str(arguments["min_value"])
        named = ", ".join(f"{name} {value}" for name, value in arguments.items())
        return named or WORD_START.sub(" ", SUBJECT.sub("", self.expectation)).lower()

    @field_validator("expectation")
    @classmethod
    def _exists(cls, expectation: str) -> str:
        if not schema_path(expectation).is_file():
            raise ValueError(f"Great Expectations has no {expectation}; name one like ExpectColumnValuesToBeUnique")
        return expectation

    @model_validator(mode="after")
    def _kwargs_fit(self) -> "ExpectationDeclaration":
        faults = []
        for error in validator_of(self.expectation).iter_errors(self.kwargs):
            place = ".".join(["kwargs", *(str(part) for part in error.absolute_path)])
            faults.append(f"{place} of {self.expectation}: {error.message}")
        if self.expectation.endswith("Between") and not {"min_value", "max_value"} & self.kwargs.keys():
            faults.append(f"kwargs of {self.expectation}: declare min_value, max_value or both")
        if faults:
            raise ValueError("; ".join(sorted(faults)))
        return self


class Suite(Declared):
    """What holds for the assets whose name matches one of ``applies_to``, by the frame that it is looked at in."""

    applies_to: tuple[str, ...] = Field(min_length=1)
    frames: dict[str, tuple[ExpectationDeclaration, ...]]

    @property
    def expectations(self) -> list[ExpectationDeclaration]:
        return [expectation for expectations in self.frames.values() for expectation in expectations]

    def holds_for(self, asset: str) -> bool:
        return any(fnmatchcase(asset, pattern) for pattern in self.applies_to)

    @field_validator("frames")
    @classmethod
    def _frames_exist(cls, frames: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(frames.keys() - FRAMES.keys()):
            raise ValueError(f"there is no frame {', '.join(unknown)}; name one of: {', '.join(FRAMES)}")
        return frames


def schema_path(expectation: str) -> Path:
    """Where an expectation's JSON schema would lie; found without the import of Great Expectations, which is slow."""
    package = importlib.util.find_spec("great_expectations")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "expectations/core/schemas" / f"{expectation}.json"


@functools.cache
def validator_of(expectation: str) -> jsonschema.Draft7Validator:
    schema = json.loads(schema_path(expectation).read_text())
    schema["properties"].get("mostly", {}).pop("multipleOf", None)  # 0.95 is no multiple of 0.01 in binary
    return jsonschema.Draft7Validator(schema)
