"""The state file: atomic, guarded, owned, locked."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.addresses import table_address
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import StateError, StateFormatError, StateLockedError, StateSerialError
from huoban_perf.deploy import LockOwner, Origin, StateFile, StateObject, StateStore, bindings_of, state_path
from huoban_perf.deploy.store import state_text, upgraded
from tests.unit.deploy.world import OWNER, START, Clock


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "state" / "little.json", host="here")


def state_with(count: int) -> StateFile:
    state = StateFile.fresh(OWNER)
    for number in range(count):
        known = StateObject(
            remote_id=str(number), applied={"name": f"表{number}", "many": True}, origin=Origin.CREATED, at=START
        )
        state = state.with_object(table_address(f"t{number}"), known)
    return state


def test_load_without_file_returns_fresh_state_and_writes_nothing(store: StateStore) -> None:
    assert store.load(OWNER) == StateFile.fresh(OWNER)
    assert not store.path.parent.exists()


def test_save_then_load_round_trips_with_next_serial_and_lineage(store: StateStore) -> None:
    saved = store.save(state_with(3), clock=Clock())
    assert saved.serial == 1
    assert len(saved.lineage) == 16
    assert store.load(OWNER) == saved
    again = store.save(saved, clock=Clock())
    assert (again.serial, again.lineage) == (2, saved.lineage)
    assert bindings_of(again)[table_address("t2")] == "2"


def test_file_is_private_sorted_one_object_a_line_and_leaves_no_temporary(store: StateStore) -> None:
    store.save(state_with(12), clock=Clock())
    text = store.path.read_text(encoding="utf-8")
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.path.parent.stat().st_mode & 0o777 == 0o700
    assert sum(line.startswith('    "table:') for line in text.splitlines()) == 12
    raw = json.loads(text)
    assert list(raw) == sorted(raw)
    assert list(raw["objects"]) == sorted(raw["objects"])
    assert sorted(entry.name for entry in store.path.parent.iterdir()) == ["little.json", "little.json.lock"]


def test_equal_states_have_equal_texts() -> None:
    assert state_text(state_with(5)) == state_text(state_with(5))
    assert '"objects": {}' in state_text(state_with(0))


def test_without_drops_one_object_and_tolerates_a_stranger() -> None:
    state = state_with(2)
    assert list(state.without(table_address("t0")).objects) == [table_address("t1")]
    assert state.without(table_address("t9")) == state


def test_save_after_another_save_is_refused(store: StateStore) -> None:
    first = store.save(state_with(1), clock=Clock())
    store.save(first, clock=Clock())
    with pytest.raises(StateSerialError) as caught:
        store.save(first, clock=Clock())
    assert caught.value.facts["expected"] == 1
    assert caught.value.facts["found"] == "2"


def test_save_after_the_file_vanished_is_refused(store: StateStore) -> None:
    first = store.save(state_with(1), clock=Clock())
    store.path.unlink()
    with pytest.raises(StateSerialError):
        store.save(first, clock=Clock())


def test_save_over_a_state_born_meanwhile_is_refused(store: StateStore) -> None:
    store.save(state_with(1), clock=Clock())
    with pytest.raises(StateSerialError):
        store.save(state_with(1), clock=Clock())


def test_hand_edited_file_is_refused_on_load_and_save(store: StateStore) -> None:
    saved = store.save(state_with(1), clock=Clock())
    store.path.write_text(store.path.read_text(encoding="utf-8").replace("表0", "表1"), encoding="utf-8")
    with pytest.raises(StateFormatError) as caught:
        store.load(OWNER)
    assert caught.value.code == "state.edited"
    with pytest.raises(StateFormatError):
        store.save(saved, clock=Clock())


@pytest.mark.parametrize(
    ("content", "place"),
    [(b"{\n  oops", "2"), (b"[]", "1"), (b"\xff\xfe", "UTF-8")],
)
def test_damaged_file_is_refused_with_its_place(store: StateStore, content: bytes, place: str) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(content)
    with pytest.raises(StateFormatError) as caught:
        store.load(OWNER)
    assert (caught.value.code, caught.value.facts["place"]) == ("state.damaged", place)


def write_raw(store: StateStore, **changes: Any) -> None:
    raw = {**StateFile.fresh(OWNER).model_dump(mode="json"), **changes}
    store.path.parent.mkdir(parents=True, exist_ok=True)
    store.path.write_text(json.dumps({**raw, "digest": digest(raw)}), encoding="utf-8")


def test_file_with_unknown_or_wrong_parts_is_damaged(store: StateStore) -> None:
    write_raw(store, serial="one")
    with pytest.raises(StateFormatError) as caught:
        store.load(OWNER)
    assert caught.value.facts["place"] == "serial"


@pytest.mark.parametrize("form", [2, 0, "1", None])
def test_file_of_another_form_is_refused(store: StateStore, form: Any) -> None:
    write_raw(store, format=form)
    with pytest.raises(StateFormatError) as caught:
        store.load(OWNER)
    assert caught.value.code == "state.format"


def test_older_forms_are_upgraded_step_by_step() -> None:
    steps = {1: lambda raw: {**raw, "two": True}, 2: lambda raw: {**raw, "three": True}}
    raised = upgraded({"format": 1}, file="f", upgrades=steps, current=3)
    assert raised == {"format": 3, "two": True, "three": True}


@pytest.mark.parametrize("values", [{"app": "other"}, {"platform": "nocodb"}, {"workspace": "5"}])
def test_state_of_another_owner_is_refused(store: StateStore, values: dict[str, Any]) -> None:
    store.save(state_with(1), clock=Clock())
    with pytest.raises(StateError) as caught:
        store.load(replace(OWNER, **values))
    assert caught.value.code == "state.other_owner"


def test_another_locale_is_the_same_owner(store: StateStore) -> None:
    store.save(state_with(1), clock=Clock())
    assert store.load(replace(OWNER, locale="en")).locale == "zh"


def test_state_path_names_app_platform_and_workspace(tmp_path: Path) -> None:
    assert state_path(tmp_path, OWNER) == tmp_path / "little.memory.4000000000000001.json"


def test_second_holder_is_refused_with_owner_and_age(store: StateStore) -> None:
    clock = Clock()
    other = StateStore(store.path, host="here")
    with store.locked(clock=clock):
        clock.sleep(90)
        with pytest.raises(StateLockedError) as caught, other.locked(clock=clock):
            raise AssertionError("locked twice")
        with pytest.raises(StateLockedError):
            other.save(state_with(1), clock=clock)
    assert caught.value.code == "state.locked"
    assert caught.value.facts["pid"] == os.getpid()
    assert caught.value.facts["host"] == "here"
    assert caught.value.facts["age_s"] == 91
    with other.locked(clock=clock) as left_behind:
        assert left_behind is None


def test_lock_is_released_when_the_block_fails(store: StateStore) -> None:
    with pytest.raises(RuntimeError), store.locked(clock=Clock()):
        raise RuntimeError
    with store.locked(clock=Clock()) as left_behind:
        assert left_behind is None


def test_lock_left_on_another_host_is_a_matter_for_a_person(store: StateStore) -> None:
    store.path.parent.mkdir(parents=True)
    left = LockOwner(pid=12, host="elsewhere", since=None)
    store.lock_path.write_text(left.text(), encoding="utf-8")
    with pytest.raises(StateLockedError) as caught, store.locked(clock=Clock()):
        raise AssertionError("locked")
    assert caught.value.code == "state.locked_elsewhere"
    assert caught.value.facts["age_s"] == 0


def test_lock_with_unreadable_text_is_nobodys(store: StateStore) -> None:
    store.path.parent.mkdir(parents=True)
    store.lock_path.write_text("not a lock", encoding="utf-8")
    with store.locked(clock=Clock()) as left_behind:
        assert left_behind is None
    assert LockOwner.parse("[]") is None


def test_held_lock_with_unreadable_text_still_refuses(store: StateStore) -> None:
    with store.locked(clock=Clock()):
        store.lock_path.write_text("", encoding="utf-8")
        with pytest.raises(StateLockedError) as caught, StateStore(store.path).locked(clock=Clock()):
            raise AssertionError("locked twice")
    assert caught.value.facts["host"] == "?"


HOLDER = """
import sys, time
from pathlib import Path
from huoban_perf.core.clock import SystemClock
from huoban_perf.deploy import StateStore
with StateStore(Path(sys.argv[1])).locked(clock=SystemClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lock_of_a_killed_process_is_recognised_and_named(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    try:
        assert holder.stdout.readline() == "held\n"
        store = StateStore(path)
        with pytest.raises(StateLockedError) as caught, store.locked(clock=Clock()):
            raise AssertionError("locked twice")
        assert caught.value.facts["pid"] == holder.pid
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        holder.stdin.close()
    with store.locked(clock=Clock()) as left_behind:
        assert left_behind is not None
        assert left_behind.pid == holder.pid


def test_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    store = StateStore(tmp_path / "state" / "little.json")
    with pytest.raises(StateError) as caught:
        store.save(state_with(1), clock=Clock())
    assert caught.value.code == "state.unusable"
    with pytest.raises(StateError):
        store.load(OWNER)


def test_file_that_cannot_be_replaced_is_a_clear_error(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    saved = store.save(state_with(1), clock=Clock())
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateError) as caught:
        store.save(saved, clock=Clock())
    assert caught.value.facts["reason"] == "No space left on device"
    assert store.load(OWNER) == saved


def test_disk_without_locks_is_a_clear_error(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(handle: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unable)
    with pytest.raises(StateError) as caught:
        store.save(state_with(1), clock=Clock())
    assert caught.value.facts["reason"] == "No locks available"


def test_a_state_never_saved_begins_with_what_a_smaller_app_left(tmp_path: Path) -> None:
    left = state_with(2).objects
    store = StateStore(tmp_path / "large.json", host="here", inherited=lambda: left)
    begun = store.load(OWNER)
    assert (begun.serial, begun.objects) == (0, left)
    store.save(begun.without(table_address("t1")), clock=Clock())
    assert set(store.load(OWNER).objects) == {table_address("t0")}, "once saved, the file alone counts"
