"""``phaseline promote`` shows what is taken, asks why, and says what may be made now."""

from collections.abc import Callable
from getpass import getuser
from pathlib import Path

import pytest

from assets.promote import promote
from assets.step import Step
from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Draft, Store

PARAGRAPH = "Compared with documents/web/1@1, documents/web/1 keeps 400 documents instead of 800 (-50.0%)."
UNUSUAL = Check(name="ratchet_size", passed=False, detail=PARAGRAPH, promotable=True)
ASSET = "documents/web/1"

Said = Callable[[], list[str]]


def step(asset: str, *parents: str) -> Step:
    return Step(asset, group="web", description="", ensure=lambda _: pytest.fail("it is only named"), parents=parents)


STEPS = [
    step(ASSET),
    step("signatures/web/1", ASSET),
    step("corpus/dedup", ASSET, "signatures/web/1"),
    step("tokenizer"),
]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with two versions of one asset, the second of which waits for a promotion."""
    monkeypatch.setenv("DAGSTER_HOME", "")  # is set where the UI is told
    store = Store(tmp_path)
    for version, checks in enumerate([[], [UNUSUAL]]):

        def make(draft: Draft, checks: list[Check] = checks) -> None:
            draft.checks += checks

        store.ensure(ASSET, make, code_version=str(version), parameters={})
    return store


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def said() -> list[str]:
        return capsys.readouterr().out.splitlines()

    return said


def test_without_a_reason_it_shows_what_would_be_taken(store: Store, said: Said) -> None:
    promote(store, STEPS, ASSET, who=None, why=None)
    assert said() == [
        f"{ASSET}@2 failed",
        f"  ratchet_size: {PARAGRAPH}",
        f'nothing is promoted; to take it as it is, say why: phaseline promote {ASSET} --why "..."',
    ]
    assert store.require(ASSET).promotion() is None


@pytest.mark.parametrize("name", [ASSET, f"{ASSET}@2"])
def test_with_a_reason_it_promotes_and_says_what_may_be_made_now(store: Store, said: Said, name: str) -> None:
    promote(store, STEPS, name, who="ada", why="half of the site is gone")
    assert said() == [
        f"{ASSET}@2 failed",
        f"  ratchet_size: {PARAGRAPH}",
        f"ada promoted {ASSET}@2: half of the site is gone",
        f"recorded in {store.root}/artifacts/{ASSET}/2.promotion.json",
        "now may be made from it: signatures/web/1, corpus/dedup",
        "run the command that was stopped again",
    ]
    assert store.promoted(ASSET) == store.require(ASSET)


def test_who_promotes_is_who_is_logged_in(store: Store) -> None:
    promote(store, STEPS, ASSET, who=None, why="it is right")
    promotion = store.require(ASSET).promotion()
    assert promotion is not None
    assert promotion.who == getuser()


@pytest.mark.parametrize(
    ("name", "why", "message"),
    [
        (ASSET, " ", f"nobody says why {ASSET}@2 is taken"),
        (f"{ASSET}@1", "it is right", f"there is nothing to promote in {ASSET}@1: it failed no blocking check"),
        (f"{ASSET}@3", "it is right", f"there is no {ASSET}@3\n  remedy: name one of: {ASSET}@1, {ASSET}@2"),
        (f"{ASSET}@new", "it is right", f"there is no {ASSET}@new"),
        ("documents/web", "it is right", "documents/web has not been made in"),
    ],
)
def test_what_cannot_be_promoted_is_refused(store: Store, name: str, why: str, message: str) -> None:
    with pytest.raises(PhaselineError) as refusal:
        promote(store, STEPS, name, who="ada", why=why)
    assert str(refusal.value).startswith(message)
    assert store.require(ASSET).promotion() is None
