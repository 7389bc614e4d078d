"""What the service remembers of an old place, in the ids of a new one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from huoban_perf.automation import Firing
from huoban_perf.core.notices import Notice
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices import TextBook
from huoban_perf.service.handover import Desk, HandedOver, Sight, hand_over
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.store import SqliteStore
from tests.unit.sync.memory import Clock

NOW = datetime(2026, 10, 8, 1, tzinfo=UTC)


@pytest.fixture
def desks() -> Iterator[tuple[Desk, Desk]]:
    stores = SqliteStore(None), SqliteStore(None)
    yield Desk(store=stores[0], profile="old"), Desk(store=stores[1], profile="new")
    for store in stores:
        store.close()


def ledger(desk: Desk) -> SqliteLedger:
    return SqliteLedger(desk.store, profile=desk.profile)


def looked(desk: Desk, **seen: dict[str, str]) -> None:
    ledger(desk).note("goal", cursor=NOW, seen=seen, firings=[])


def sight(old_id: str, new_id: str, old: str = "", new: str = "", *, picks: str = "") -> Sight:
    """Fields as ``name=digest`` words."""
    words = [dict(pair.split("=") for pair in text.split()) for text in (old, new)]
    return Sight(old_id=old_id, new_id=new_id, old=words[0], new=words[1], picks=frozenset(picks.split()))


def test_what_was_seen_stays_seen_and_an_unseen_change_stays_unseen(desks: tuple[Desk, Desk]) -> None:
    old, new = desks
    looked(old, a={"owner": "x", "state": "1"}, b={"owner": "y"})
    sights = [
        sight("a", "1", "owner=x state=2 note=n", "owner=X state=2 note=n"),  # a relation has another id there
        sight("b", "2", "owner=y", "owner=Y"),
        sight("c", "3", "owner=z", "owner=Z"),  # made since the last look
        sight("", "4", "", "owner=W"),  # somebody else's
    ]
    came = hand_over(old, new, sights={"goal": sights}, people={})
    assert came == HandedOver(rows=3)
    assert dict(ledger(new).seen("goal", ["1", "2", "3", "4"])) == {
        "1": {"owner": "X", "state": "1"},
        "2": {"owner": "Y"},
        "4": {"owner": "W"},
    }
    cursor = ledger(new).cursor("goal")
    assert cursor is not None
    assert cursor < NOW - timedelta(days=365)
    assert hand_over(old, new, sights={"goal": sights}, people={}) == HandedOver()


def test_where_only_the_new_place_was_looked_at_moved_rows_are_known_but_for_what_is_picked(
    desks: tuple[Desk, Desk],
) -> None:
    _, new = desks
    looked(new, **{"9": {"state": "1"}})
    sights = [sight("a", "1", "", "state=1 action=go", picks="action"), sight("", "9", "", "state=2")]
    assert hand_over(None, new, sights={"goal": sights}, people={}) == HandedOver(rows=1)
    assert dict(ledger(new).seen("goal", ["1", "9"])) == {"1": {"state": "1"}, "9": {"state": "1"}}
    assert ledger(new).cursor("goal") == NOW


def test_where_no_service_ever_ran_the_first_look_is_still_to_come(desks: tuple[Desk, Desk]) -> None:
    old, new = desks
    assert hand_over(old, new, sights={"goal": [sight("a", "1", "s=1", "s=1")]}, people={}) == HandedOver()
    assert ledger(new).cursor("goal") is None


def test_firings_notices_and_times_under_way_come_along_once(desks: tuple[Desk, Desk]) -> None:
    old, new = desks
    looked(old)
    firing = Firing(
        key="action:goal|a|stamp", automation="action:goal", table="goal", item="a", cause="c", chain=("x@a", "y@b")
    )
    gone = Firing(key="action:goal|z|stamp", automation="action:goal", table="goal", item="z", cause="c")
    ledger(old).enqueue([firing, gone])
    outbox = Outbox(profile="old", store=old.store, clock=Clock(), calendar=WorkCalendar(), texts=TextBook(locale="zh"))
    notice = Notice(receiver="m1", event="job_failed", object="score", day=date(2026, 10, 8), facts={"job": "score"})
    outbox.put([notice])
    outbox.note_mirrored({notice.key: "waiting"})
    old.store.add(profile="old", job="score", due=NOW)
    ledger(old).note("schedule:automation:goal.remind", cursor=NOW, seen={}, firings=())
    people = {"m1": "u7"}
    sights = {"goal": [sight("a", "1", "s=1", "s=1")]}
    assert hand_over(old, new, sights=sights, people=people) == HandedOver(rows=0, firings=1, notices=1, schedules=2)
    (moved,) = ledger(new).pending(now=NOW)
    assert (moved.key, moved.item, moved.chain) == ("action:goal|1|stamp", "1", ("x@1", "y@b"))
    fresh = Outbox(profile="new", store=new.store, clock=Clock(), calendar=WorkCalendar(), texts=TextBook(locale="zh"))
    assert fresh.unlike_mirrored(limit=9) == []
    (waiting,) = fresh._waiting(NOW)
    assert (waiting.notice.receiver, waiting.notice.key) == ("u7", "[u7|job_failed|score|2026-10-08]")
    assert [(job, state.value) for _, job, _, state, _, _ in new.store.listed()] == [("score", "due")]
    assert new.store.seen_until(profile="new", job="score", now=NOW + timedelta(days=1)) == NOW
    assert ledger(new).cursor("schedule:automation:goal.remind") == NOW
    assert hand_over(old, new, sights=sights, people=people) == HandedOver()


def test_a_service_that_just_looked_or_holds_a_lease_counts_as_running(desks: tuple[Desk, Desk]) -> None:
    old, _ = desks
    assert not old.remembered(now=NOW).is_running
    old.store.add(profile="old", job="events", due=NOW)
    assert not old.remembered(now=NOW).is_running
    claim = old.store.claim(worker="w", now=NOW, lease=timedelta(minutes=3))
    assert claim is not None
    assert old.remembered(now=NOW + timedelta(minutes=2)).is_running
    old.store.done(claim, outcome="-")
    assert old.remembered(now=NOW + timedelta(minutes=1)).is_running
    assert not old.remembered(now=NOW + timedelta(minutes=3)).is_running
