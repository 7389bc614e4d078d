"""The journal: a killed run's saves are all there, and nothing that was never saved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from huoban_perf.core.addresses import table_address
from huoban_perf.core.errors import StateFormatError
from huoban_perf.deploy import Origin, StateFile, StateObject, StateStore
from huoban_perf.deploy.journal import journal_path
from tests.unit.deploy.world import OWNER, START, Clock


def known(remote_id: str) -> StateObject:
    return StateObject(remote_id=remote_id, applied={"name": "表"}, origin=Origin.CREATED, at=START)


@pytest.fixture
def killed(tmp_path: Path) -> tuple[StateStore, StateFile]:
    """What a killed run leaves: the file of its first save and a journal of three more."""
    running, left = tmp_path / "running.json", tmp_path / "left.json"
    store = StateStore(running, host="here")
    with store.locked(clock=Clock()):
        state = store.save(StateFile.fresh(OWNER).with_object(table_address("a"), known("1")), clock=Clock())
        state = store.save(state.with_object(table_address("b"), known("2")), clock=Clock())
        state = store.save(state.with_object(table_address("a"), known("3")), clock=Clock())
        state = store.save(state.without(table_address("b")).model_copy(update={"plan_digest": "p"}), clock=Clock())
        for made in (running, journal_path(running)):
            shutil.copy(made, made.with_name(made.name.replace("running", "left")))
    assert not journal_path(running).exists()
    assert store.load(OWNER) == state
    return StateStore(left, host="here"), state


def test_what_was_saved_before_a_kill_is_loaded(killed: tuple[StateStore, StateFile]) -> None:
    store, state = killed
    assert store.load(OWNER) == state
    assert (state.serial, state.plan_digest) == (4, "p")
    assert journal_path(store.path).stat().st_mode & 0o777 == 0o600


def test_the_next_save_writes_the_file_whole(killed: tuple[StateStore, StateFile]) -> None:
    store, state = killed
    with store.locked(clock=Clock()):
        saved = store.save(state, clock=Clock())
        assert not journal_path(store.path).exists()
    assert store.load(OWNER) == saved
    assert saved.serial == 5


def test_a_line_that_was_cut_off_counts_for_nothing(killed: tuple[StateStore, StateFile]) -> None:
    store, state = killed
    journal = journal_path(store.path)
    journal.write_bytes(journal.read_bytes()[:-9])
    found = store.load(OWNER)
    assert (found.serial, found.plan_digest) == (3, "")
    assert found.objects.keys() == {table_address("a"), table_address("b")}
    assert found.lineage == state.lineage


def test_lines_that_the_file_holds_already_are_passed_over(killed: tuple[StateStore, StateFile]) -> None:
    store, state = killed
    lines = journal_path(store.path).read_bytes()
    saved = store.save(state, clock=Clock())
    journal_path(store.path).write_bytes(lines)
    assert store.load(OWNER) == saved


@pytest.mark.parametrize("spoil", ["edit", "gap", "noise", "list"])
def test_a_damaged_journal_is_named_with_its_line(killed: tuple[StateStore, StateFile], spoil: str) -> None:
    store, _ = killed
    journal = journal_path(store.path)
    first, *rest = journal.read_bytes().splitlines(keepends=True)
    spoiled = {
        "edit": first.replace(b'"2"', b'"9"', 1) + b"".join(rest),
        "gap": b"".join(rest),
        "noise": b"{\n" + first,
        "list": b"[]\n" + first,
    }
    journal.write_bytes(spoiled[spoil])
    with pytest.raises(StateFormatError) as caught:
        store.load(OWNER)
    assert caught.value.code == "state.damaged"
    assert caught.value.facts == {"file": str(journal), "place": "1"}


def test_a_run_that_fails_leaves_the_file_whole(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "little.json", host="here")

    def fail() -> None:
        with store.locked(clock=Clock()):
            state = store.save(StateFile.fresh(OWNER), clock=Clock())
            store.save(state.with_object(table_address("a"), known("1")), clock=Clock())
            raise ValueError("the platform went away")

    with pytest.raises(ValueError, match="went away"):
        fail()
    assert not journal_path(store.path).exists()
    assert store.load(OWNER).objects.keys() == {table_address("a")}


def test_a_save_among_many_writes_only_what_changed(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "large.json", host="here")
    state = StateFile.fresh(OWNER).with_objects({table_address(f"t{at}"): known(str(at)) for at in range(700)})
    with store.locked(clock=Clock()):
        state = store.save(state, clock=Clock())
        store.save(state.with_object(table_address("t7"), known("new")), clock=Clock())
        assert journal_path(store.path).stat().st_size * 50 < store.path.stat().st_size
