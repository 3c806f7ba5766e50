"""Artifacts appear whole or not at all, are made again only for a stated reason, and are refused when unsound."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import PhaselineError
from pipelines.record import Check
from pipelines.store import Draft, NotCurrentError, Store


def write(text: str):
    def make(draft: Draft) -> None:
        (draft.folder / "text").write_text(text)

    return make


def ensure(store: Store, asset: str = "a", text: str = "x", **changes):
    arguments = {"code_version": "1", "parameters": {"threshold": {"low": 1}}, "parents": []} | changes
    return store.ensure(asset, write(text), **arguments)


def test_a_current_artifact_is_not_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = ensure(store)
    again = store.ensure("a", pytest.fail, code_version="1", parameters={"threshold": {"low": 1}})
    assert first.changes == ["it did not exist"]
    assert again.changes == []
    assert again.artifact == first.artifact
    assert first.artifact.name == "a@1"


def test_a_new_version_says_what_changed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parent = ensure(store, "parent", "p").artifact
    ensure(store, parents=[parent])
    parent = ensure(store, "parent", "q", parameters={"threshold": {"low": 2}}).artifact
    made = ensure(store, parents=[parent], code_version="2", parameters={"threshold": {"low": 3}})
    assert made.artifact.name == "a@2"
    assert made.changes[:2] == ["code version 1 → 2", "threshold.low 1 → 3"]
    assert made.changes[2].startswith("parent ")
    assert store.versions("a") == [1, 2]


def test_an_equal_parent_does_not_make_its_children_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = ensure(store, "parent", "same").artifact
    ensure(store, parents=[first])
    second = ensure(store, "parent", "same", code_version="2").artifact
    assert (first.record.version, second.record.version) == (1, 2)
    assert ensure(store, parents=[second]).changes == []


def test_what_was_fitted_is_kept_until_a_person_changes_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = ensure(store, "parent", "p").artifact
    ensure(store, parents=[first], keep=True)
    second = ensure(store, "parent", "q", parameters={}).artifact
    kept = ensure(store, parents=[second], keep=True)
    assert (kept.artifact.name, kept.changes) == ("a@1", [])
    assert kept.newer_parents == [f"parent {first.digest[:12]} → {second.digest[:12]}"]
    again = ensure(store, parents=[second], keep=True, parameters={"fit": 2})
    assert again.artifact.name == "a@2"
    assert again.artifact.record.parents == [second.parent]
    assert again.newer_parents == []


class Overtaken(Store):
    """A store in which another process makes an asset just before this one locks it."""

    @contextmanager
    def _locked(self, asset: str) -> Iterator[None]:
        if not self.versions(asset):
            ensure(Store(self.root), asset, keep=True)
        with super()._locked(asset):
            yield


def test_what_another_process_has_just_made_is_not_made_again(tmp_path: Path) -> None:
    assert ensure(Overtaken(tmp_path), keep=True).changes == []
    assert Store(tmp_path).versions("a") == [1]


def test_a_folder_without_a_record_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "artifacts/a/3").mkdir(parents=True)
    assert ensure(Store(tmp_path)).artifact.name == "a@4"
    assert Store(tmp_path).versions("a") == [4]


def test_parameters_are_compared_as_a_record_holds_them(tmp_path: Path) -> None:
    parameters = {"pair": (1, 2), "by_number": {1: "one"}}
    ensure(Store(tmp_path), parameters=parameters)
    assert ensure(Store(tmp_path), parameters=parameters).changes == []


class Expecting:
    """A validator that expects nothing, and says that it does so in some way."""

    def __init__(self, way: str) -> None:
        self.way = way

    def checks(self, _asset: str) -> dict[str, bool]:
        return {}

    def digest(self, _asset: str) -> str:
        return self.way

    def validate(self, _asset: str, _draft: Draft) -> list[Check]:
        return []


def test_what_was_fitted_is_kept_while_other_things_are_expected_of_it(tmp_path: Path) -> None:
    before, after = Store(tmp_path, Expecting("a" * 64)), Store(tmp_path, Expecting("b" * 64))
    ensure(before, "fitted", keep=True)
    ensure(before, "other")
    assert ensure(after, "fitted", keep=True).changes == []
    assert ensure(after, "other").changes == [f"expectations {'a' * 12} → {'b' * 12}"]


def test_the_digest_is_of_names_and_bytes_alone(tmp_path: Path) -> None:
    one = ensure(Store(tmp_path / "one"), "a", "same").artifact
    other = ensure(Store(tmp_path / "other"), "b", "same", code_version="7").artifact
    different = ensure(Store(tmp_path / "other"), "c", "different").artifact
    assert one.digest == other.digest != different.digest


def test_a_store_that_only_looks_says_what_would_be_made_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotCurrentError) as stop:
        ensure(Store(tmp_path / "home", only_look=True))
    assert (stop.value.asset, stop.value.changes) == ("a", ["it did not exist"])
    assert not (tmp_path / "home").exists()
    made = ensure(Store(tmp_path / "home")).artifact
    assert ensure(Store(tmp_path / "home", only_look=True)).artifact == made


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fail(draft: Draft) -> None:
        (draft.folder / "half").write_text("half")
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        store.ensure("a", fail, code_version="1", parameters={})
    assert store.latest("a") is None
    assert [path.name for path in store.folder("a").iterdir()] == [".lock"]


def die_while_making(root: Path) -> None:
    def make(draft: Draft) -> None:
        (draft.folder / "half").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    Store(root).ensure("a", make, code_version="1", parameters={})


def test_a_killed_process_leaves_nothing_visible(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=die_while_making, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    store = Store(tmp_path)
    assert store.latest("a") is None
    made = ensure(store).artifact
    assert [file.path for file in made.record.files] == ["text"]
    assert not (store.folder("a") / ".draft").exists()


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def make(draft: Draft) -> None:
        with pytest.raises(PhaselineError, match=f"is being made by process {os.getpid()} on") as refusal:
            ensure(Store(tmp_path))
        assert "wait until it ends" in refusal.value.remedy
        write("x")(draft)

    store.ensure("a", make, code_version="1", parameters={})


def count_up(draft: Draft) -> int:
    """The number of attempts that the work folder has seen, this one included."""
    draft.work.mkdir(exist_ok=True)
    (draft.work / f"{len(list(draft.work.iterdir()))}").touch()
    return len(list(draft.work.iterdir()))


def die_at_the_first_attempt(root: Path) -> None:
    def make(draft: Draft) -> None:
        count_up(draft)
        os.kill(os.getpid(), signal.SIGKILL)

    Store(root).ensure("a", make, code_version="1", parameters={})


def test_work_outlives_failed_and_killed_attempts_and_goes_with_the_artifact(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=die_at_the_first_attempt, args=(tmp_path,))
    process.start()
    process.join()
    store = Store(tmp_path)

    def fail(draft: Draft) -> None:
        assert count_up(draft) == 2
        draft.add(draft.work.iterdir())
        raise RuntimeError("after the files were added")

    def make(draft: Draft) -> None:
        assert count_up(draft) == 3
        draft.add(draft.work.iterdir())

    with pytest.raises(RuntimeError, match="after the files"):
        store.ensure("a", fail, code_version="1", parameters={})
    artifact = store.ensure("a", make, code_version="1", parameters={}).artifact
    assert [file.path for file in artifact.record.files] == ["0", "1", "2"]
    assert sorted(path.name for path in store.folder("a").iterdir()) == [".lock", "1"]


@pytest.mark.parametrize("change", ["code_version", "parameters", "parents"])
def test_work_for_something_else_is_removed(tmp_path: Path, change: str) -> None:
    store = Store(tmp_path)
    same = {"code_version": "1", "parameters": {"low": 1}, "parents": []}
    other = {"code_version": "2", "parameters": {"low": 2}, "parents": [ensure(store, "parent").artifact]}

    def fail(draft: Draft) -> None:
        raise RuntimeError(f"attempt {count_up(draft)}")

    for arguments, attempt in ((same, 1), (same, 2), (same | {change: other[change]}, 1), (same, 1)):
        with pytest.raises(RuntimeError, match=f"attempt {attempt}"):
            store.ensure("a", fail, **arguments)


def fill_the_disk(root: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        ensure(Store(root), text="x" * 2000)
    except PhaselineError as error:
        os._exit(0 if "is full; a was not made" in error.what else 1)
    os._exit(2)


def test_a_full_disk_is_one_message_and_nothing_half_written(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=fill_the_disk, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert [path.name for path in Store(tmp_path).folder("a").iterdir()] == [".lock"]


def test_nothing_is_made_from_what_failed_a_blocking_check(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def make(draft: Draft) -> None:
        write("x")(draft)
        draft.checks.append(Check(name="unique_ids", passed=False, detail="3 ids twice"))
        draft.checks.append(Check(name="lengths", passed=False, severity="warn", detail="short"))

    unsound = store.ensure("a", make, code_version="1", parameters={}).artifact
    with pytest.raises(PhaselineError, match=r"a@1 failed unique_ids \(3 ids twice\)"):
        ensure(store, "b", parents=[unsound])


def test_a_parent_whose_content_changed_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    parent = ensure(store, "parent").artifact.parent
    with pytest.raises(PhaselineError, match="was 000000 when it was used"):
        store.find(parent.model_copy(update={"digest": "000000"}))


def test_a_missing_or_broken_record_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    folder = ensure(store).artifact.folder
    (folder / "record.json").write_text("{")
    with pytest.raises(PhaselineError, match="is not a record"):
        store.latest("a")
    with pytest.raises(PhaselineError, match="there is no artifact"):
        store.get("a", 9)
    with pytest.raises(PhaselineError, match="b has not been made"):
        store.require("b")
