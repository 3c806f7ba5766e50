"""Blends are declared as weights or by one operator, and refused with the file, the line, the field and what to do."""

from pathlib import Path

import pytest

from pipelines.declared import Declared, read_declaration
from pipelines.errors import PhaselineError
from training.declared.blend import (
    Blend,
    BlendOrName,
    Derived,
    Natural,
    Temperature,
    To,
    UniMax,
    Within,
    given_names,
    names_in,
)


class Blends(Declared):
    blends: dict[str, Blend]
    phase: BlendOrName = "base"


def read(folder: Path, *lines: str) -> Blends:
    path = folder / "recipe.yaml"
    path.write_text("blends:\n" + "".join(f"  {line}\n" for line in lines))
    return read_declaration(path, Blends)


def test_every_form_is_read_and_written_back_the_same(tmp_path: Path) -> None:
    declared = read(
        tmp_path,
        "base: {web: 0.7, code: 0.3}",
        "natural: {natural: all}",
        "equal: {uniform: [web, code]}",
        "flatter: {temperature: 3.0, over: [web, code]}",
        "spread: {unimax: 4, over: all}",
        "late: {from: base, scale: {code: 2}, replace: {web: web_high}, drop: [wiki], redistribute: {within: curated}}",
        "later: {from: late, drop: [code], redistribute: {to: math}}",
    )
    blends = declared.blends
    assert blends["base"] == {"web": 0.7, "code": 0.3}
    assert blends["natural"] == Natural(natural="all")
    assert blends["flatter"] == Temperature(temperature=3, over=("web", "code"))
    assert blends["spread"] == UniMax(unimax=4, over="all")
    late, later = blends["late"], blends["later"]
    assert isinstance(late, Derived)
    assert isinstance(later, Derived)
    assert (late.base, late.scale, late.replace, late.drop) == ("base", {"code": 2.0}, {"web": "web_high"}, ("wiki",))
    assert (late.redistribute, later.redistribute) == (Within(within="curated"), To(to="math"))
    assert Blends.model_validate(declared.model_dump(mode="json")) == declared
    assert set().union(*map(given_names, blends.values())) == {"web", "code", "web_high", "math"}
    assert names_in(late) == {"web", "code", "web_high", "wiki", "curated"}


def test_a_phase_names_a_blend_or_declares_its_own() -> None:
    assert Blends.model_validate({"blends": {}, "phase": "late"}).phase == "late"
    assert Blends.model_validate({"blends": {}, "phase": {"web": 1}}).phase == {"web": 1.0}
    assert Blends.model_validate({"blends": {}, "phase": {"natural": ["web"]}}).phase == Natural(natural=("web",))


@pytest.mark.parametrize(
    ("blend", "message"),
    [
        ("{web: 0.7, code: 0.2}", "blends.b: the weights sum to 0.9; change them so that they sum to 1"),
        ("{web: 0.999997, code: 1.0e-6}", "blends.b: the weights sum to 0.999998; change"),
        ("{web: 1, code: 0}", "blends.b.code: Input should be greater than 0"),
        ("{web: 1.5}", "blends.b.web: Input should be less than or equal to 1"),
        ("{web: .nan, code: 1}", "blends.b.web: Input should be a finite number"),
        ("{}", "blends.b: the weights sum to 0"),
        ("3", "blends.b: this is no blend; give weights that sum to 1, or one of the operators natural, uniform"),
        ("base", "blends.b: this is no blend"),
        ("{unifrom: [web]}", "blends.b: there is no operator in unifrom; give weights"),
        ("{natural: [web], uniform: [web]}", "blends.b: natural and uniform are several operators; give one"),
        ("{natural: web}", "blends.b.natural: give a list of names, or all"),
        ("{natural: []}", "blends.b.natural: give a list of names, or all"),
        ("{uniform: [web, code, web]}", "blends.b.uniform: a name stands twice in web, code, web; name each once"),
        ("{natural: [web], over: [web]}", "blends.b.over: Extra inputs are not permitted"),
        ("{temperature: 0.5, over: [web]}", "blends.b.temperature: Input should be greater than or equal to 1"),
        ("{temperature: 2}", "blends.b.over: Field required"),
        ("{unimax: 0, over: [web]}", "blends.b.unimax: Input should be greater than 0"),
        ("{from: base}", "blends.b: nothing is changed; give scale, replace or drop"),
        ("{from: base, scale: {web: -1}}", "blends.b.scale.web: Input should be greater than 0"),
        ("{from: base, drop: [web], redistribute: nowhere}", "blends.b.redistribute: give everywhere, {within: GROUP}"),
        ("{from: base, drop: [web], redistribute: {to: a, within: b}}", "blends.b.redistribute: give everywhere"),
        ("{from: base, scale: {a: 2}, redistribute: {to: a}}", "blends.b: redistribute places what is dropped"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, blend: str, message: str) -> None:
    with pytest.raises(PhaselineError) as refused:
        read(tmp_path, "sound: {web: 1}", f"b: {blend}")
    assert refused.value.what.startswith(f"{tmp_path}/recipe.yaml:3: {message}")
    assert "\n" not in refused.value.what
