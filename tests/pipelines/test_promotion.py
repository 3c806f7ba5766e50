"""A person may take what failed a check on what is unusual, with a reason, and nothing else."""

import json
from pathlib import Path

import pytest

from pipelines.artifact import promotable_failures
from pipelines.errors import PhaselineError
from pipelines.promotion import promotion_path
from pipelines.record import Check
from pipelines.store import Artifact, Draft, NotCurrentError, Store

UNUSUAL = Check(name="ratchet_size", passed=False, detail="half is missing", promotable=True)
WRONG = Check(name="unique_ids", passed=False, detail="3 ids twice")
SOUND = Check(name="ratchet_size", passed=True, detail="as before", promotable=True)


def made(
    store: Store, *checks: Check, text: str = "x", asset: str = "a", parents: tuple[Artifact, ...] = ()
) -> Artifact:
    def make(draft: Draft) -> None:
        (draft.folder / "text").write_text(text)
        draft.checks += checks

    return store.ensure(asset, make, code_version="1", parameters={"text": text}, parents=parents).artifact


def test_a_promoted_artifact_is_sound_and_its_record_says_who_and_why(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = made(store, UNUSUAL)
    with pytest.raises(PhaselineError, match=r"a@1 failed ratchet_size \(half is missing\)") as refusal:
        made(store, asset="b", parents=(artifact,))
    assert 'phaseline promote a --why "..."' in refusal.value.remedy
    promotion = store.promote(artifact, who="ada", why=" the source was cut in two ")
    assert made(store, asset="b", parents=(artifact,)).name == "b@1"
    written = json.loads((tmp_path / "artifacts/a/1.promotion.json").read_text())
    assert (written["who"], written["why"]) == ("ada", "the source was cut in two")
    assert (written["asset"], written["version"], written["digest"]) == ("a", 1, artifact.digest)
    assert written["accepted"] == [UNUSUAL.model_dump()]
    assert promotion == artifact.promotion()
    assert store.get("a", 1) == artifact  # the folder and its record are what they were


def test_what_is_wrong_cannot_be_promoted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = made(store, UNUSUAL, WRONG)
    with pytest.raises(PhaselineError, match=r"a@1 failed unique_ids \(3 ids twice\), which nobody can accept"):
        store.promote(artifact, who="ada", why="because")
    assert not promotion_path(artifact.folder).exists()
    with pytest.raises(PhaselineError, match=r"failed ratchet_size .*, unique_ids") as refusal:
        made(store, asset="b", parents=(artifact,))
    assert "phaseline promote" not in refusal.value.remedy


def test_a_promotion_that_was_edited_to_accept_what_is_wrong_accepts_nothing_more(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = made(store, UNUSUAL, WRONG)
    other = made(store, UNUSUAL, asset="b")
    store.promote(other, who="ada", why="because")
    edited = json.loads(promotion_path(other.folder).read_text())
    edited |= {"asset": "a", "accepted": [UNUSUAL.model_dump(), WRONG.model_dump()]}
    promotion_path(artifact.folder).write_text(json.dumps(edited))
    assert artifact.failures() == [WRONG]


@pytest.mark.parametrize("why", ["", "  "])
def test_a_reason_is_asked_for(tmp_path: Path, why: str) -> None:
    store = Store(tmp_path)
    with pytest.raises(PhaselineError, match="nobody says why a@1 is taken"):
        store.promote(made(store, UNUSUAL), who="ada", why=why)


def test_there_is_nothing_to_promote_in_what_is_sound(tmp_path: Path) -> None:
    store = Store(tmp_path)
    warned = Check(name="ratchet_size", passed=False, severity="warn", promotable=True)
    with pytest.raises(PhaselineError, match="nothing to promote in a@1: it failed no blocking check"):
        promotable_failures(made(store, SOUND, warned))
    unusual = made(store, UNUSUAL, asset="b")
    store.promote(unusual, who="ada", why="it was cut")
    with pytest.raises(PhaselineError, match="nothing to promote in b@1: ada promoted it: it was cut"):
        store.promote(unusual, who="bob", why="me too")


def test_the_promoted_version_is_the_newest_sound_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.promoted("a") is None
    first = made(store, SOUND, text="1")
    second = made(store, UNUSUAL, text="2")
    third = made(store, WRONG, text="3")
    assert [artifact.name for artifact in (first, second, third)] == ["a@1", "a@2", "a@3"]
    assert store.promoted("a") == first
    store.promote(second, who="ada", why="it was cut")
    assert store.promoted("a") == second


def test_what_waits_for_a_promotion_is_not_made_again_until_something_changes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    waiting = made(store, UNUSUAL)
    again = store.ensure("a", pytest.fail, code_version="1", parameters={"text": "x"})
    assert (again.artifact, again.changes) == (waiting, [])
    with pytest.raises(NotCurrentError, match="a@1 waits for a promotion"):
        Store(tmp_path, only_look=True).ensure("a", pytest.fail, code_version="1", parameters={"text": "x"})
    assert made(store, SOUND, text="mended").name == "a@2"


def test_what_failed_for_good_is_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made(store, UNUSUAL, WRONG)
    assert made(store, UNUSUAL).name == "a@2"


def test_what_was_fitted_and_waits_is_fitted_again_from_other_parents(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fitted(parent: Artifact, check: Check) -> Artifact:
        def make(draft: Draft) -> None:
            draft.checks.append(check)

        return store.ensure("a", make, code_version="1", parameters={}, parents=[parent], keep=True).artifact

    first, second = (made(store, asset="parent", text=text) for text in ("spam", "mended"))
    assert fitted(first, UNUSUAL).name == "a@1"
    assert fitted(second, SOUND).name == "a@2"
    assert fitted(first, SOUND).name == "a@2"


def test_a_promotion_of_another_content_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = made(store, UNUSUAL, text="1")
    store.promote(first, who="ada", why="it was cut")
    second = made(store, UNUSUAL, text="2")
    promotion_path(first.folder).rename(promotion_path(second.folder))
    with pytest.raises(PhaselineError, match=f"promotes a@1 with content {first.digest[:12]}, but .* is a@2"):
        made(store, asset="b", parents=(second,))


def test_a_promotion_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = made(store, UNUSUAL)
    promotion_path(artifact.folder).write_text("{}")
    with pytest.raises(PhaselineError, match=r"1\.promotion\.json is not a promotion"):
        made(store, asset="b", parents=(artifact,))


def test_nobody_promotes_what_is_being_made(tmp_path: Path) -> None:
    store = Store(tmp_path)
    artifact = made(store, UNUSUAL)

    def make(_: Draft) -> None:
        store.promote(artifact, who="ada", why="it was cut")

    with pytest.raises(PhaselineError, match="is being made by process"):
        store.ensure("a", make, code_version="2", parameters={})
