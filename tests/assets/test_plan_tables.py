"""What a plan prints: every number whole, and every number's evidence."""

import pytest
from hand_made import HandMadePhase, hand_made, source

from assets.plan import console, duration, print_differences, print_plan
from pipelines.evidence import Evidence
from training.planning.cost import read_hardware
from training.planning.plan import Plan, make_plan

LONG_NAME = "web_medium[quadrant=high_ppl_high_pd]"


def long_plan(*evidence: Evidence) -> Plan:
    """15 trillion tokens of sources with long names."""
    steps = 600_000
    sources = [source("code[quadrant=low_ppl_low_pd]", 9_000_000_000_001, 8192), source(LONG_NAME, 10**9 + 1, 8192)]
    taken = {"code[quadrant=low_ppl_low_pd]": steps * 3071, LONG_NAME: steps}
    phase = HandMadePhase("low_ppl_low_pd", steps, taken, length=8192, batch=3072)
    manifest = hand_made(sources, [phase], model="llama_100m")
    available = {source.asset: source.num_tokens for source in manifest.sources}
    return make_plan(manifest, available, read_hardware(), title="Long", evidence=evidence, notes=["[caps] were met"])


def printed(plan: Plan) -> str:
    with console.capture() as capture:
        print_plan(plan)
    return capture.get()


def test_no_number_and_no_name_is_cut() -> None:
    plan = long_plan()
    text = printed(plan)
    assert "…" not in text
    for entry in plan.phases[0].sources:
        assert f"{entry.source} " in text
        assert f" {entry.samples:,} " in text
        assert f" {entry.tokens:,} " in text
    assert " 15,099,494,400,000 " in text
    assert " 9,000,000,000,001 " in text


def test_warnings_notes_and_the_cost_s_evidence_are_shown() -> None:
    lines = [line.strip() for line in printed(long_plan()).splitlines()]
    assert lines[lines.index("Compiled so") + 1] == "[caps] were met"
    assert lines[lines.index("Warnings") + 1].startswith(f"{LONG_NAME} is read 4.9 times, more than 4")
    assert any(line.startswith("4 H100 SXM") and " derived " in line for line in lines)
    assert "Evidence" not in lines


def test_each_number_of_the_recipe_is_shown_with_its_label() -> None:
    text = printed(
        long_plan(
            Evidence(field="phases", label="unverified", says="remembered"),
            Evidence(field="seed", label="own", says="chosen [here]"),
        )
    )
    rows = [line.split() for line in text.partition("Evidence")[2].splitlines()]
    assert ["unverified", "phases", "remembered"] in rows
    assert ["own", "seed", "chosen", "[here]"] in rows


@pytest.mark.parametrize(
    ("hours", "said"), [(0.01, "36 s"), (0.5, "30 min"), (5.25, "5.2 h"), (71.0, "71.0 h"), (2400.0, "100 days")]
)
def test_durations_in_the_unit_that_a_person_would_use(hours: float, said: str) -> None:
    assert duration(hours) == said


def test_differences_are_printed_whole_and_equality_is_said() -> None:
    sentence = "phase low, web[language=en]: " + "long " * 40
    with console.capture() as capture:
        print_differences([sentence])
        print_differences([])
    assert capture.get().splitlines() == [sentence, "they are equal"]
