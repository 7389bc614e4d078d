"""Looking for events on a live server: ties, pages, changes it does not stamp, deletions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from huoban_perf.automation.events import Look, look
from huoban_perf.automation.noticing import Noticing
from huoban_perf.core.addresses import field_address
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.book import Book
from tests.contract.nocodb.conftest import Raw
from tests.contract.nocodb.proxy import Proxy
from tests.contract.platform.probe import ENTRY, UNIT, Bench

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]
ROWS = 1_100
"""More than one page of the server's largest."""


@pytest.fixture
def ledger() -> Iterator[SqliteLedger]:
    store = SqliteStore(None)
    yield SqliteLedger(store, profile="p")
    store.close()


def seen_now(desk: Bench, ledger: SqliteLedger) -> Look:
    """Look, keep what was seen, return it."""
    found = look(desk.app(), ENTRY, ledger=ledger)
    ledger.note(ENTRY.key, cursor=found.cursor, seen=found.digests, firings=())
    return found


def changed(found: Look) -> set[str]:
    return {str(seen.item.values["code"]) for seen in found.events if not seen.is_new}


def created(found: Look) -> set[str]:
    return {str(seen.item.values["code"]) for seen in found.events if seen.is_new}


def records(desk: Bench, table: str = "entry") -> str:
    return f"/api/v2/tables/{desk.bindings[ENTRY.address if table == 'entry' else UNIT.address]}/records"


def emptied(desk: Bench, raw: Raw) -> None:
    """Delete a thousand at a time."""
    ids = [{"Id": int(item.item_id)} for item in desk.read(ENTRY)]
    for start in range(0, len(ids), 1_000):
        raw.call("DELETE", records(desk), ids[start : start + 1_000])


def test_no_event_is_missed_at_ties_and_across_pages_and_none_is_told_twice(
    desk: Bench, raw: Raw, ledger: SqliteLedger
) -> None:
    """Everything here happens in a few seconds of a server that stamps seconds, most of it in one."""
    emptied(desk, raw)
    raw.call("POST", records(desk), [{"编码": f"t{number:04}"} for number in range(ROWS)])
    assert seen_now(desk, ledger).events == ()
    ids = {str(item.values["code"]): int(item.item_id) for item in desk.read(ENTRY)}
    for value in (1, 2):  # the second in the same second as the look at the first
        raw.call("PATCH", records(desk), [{"Id": ids["t0549"], "数值": value}])
        assert changed(seen_now(desk, ledger)) == {"t0549"}
    raw.call("PATCH", records(desk), [{"Id": id_, "数值": 3} for id_ in ids.values()])
    raw.call("POST", records(desk), [{"编码": f"u{number:04}"} for number in range(60)])
    found = seen_now(desk, ledger)
    assert changed(found) == set(ids)
    assert created(found) == {f"u{number:04}" for number in range(60)}
    assert seen_now(desk, ledger).events == ()
    emptied(desk, raw)


def test_a_quiet_look_asks_for_two_small_pages(desk: Bench, raw: Raw, spoiler: Proxy, ledger: SqliteLedger) -> None:
    emptied(desk, raw)
    raw.call("POST", records(desk), [{"编码": f"q{number:03}"} for number in range(300)])
    seen_now(desk, ledger)
    spoiler.calm()
    quiet = look(desk.app(), ENTRY, ledger=ledger)
    assert (quiet.total, quiet.events) == (300, ())
    asked = [path for method, path in spoiler.seen if method == "GET" and path.endswith("/records")]
    assert asked.count(records(desk)) <= 4  # both orders; a second page each while everything is seconds old
    emptied(desk, raw)


def test_a_link_made_from_the_other_side_and_a_deleted_parent_are_found_by_a_whole_look(
    desk: Bench, raw: Raw, ledger: SqliteLedger
) -> None:
    """The server leaves the child's time of last change as it was."""
    desk.clear(ENTRY)
    desk.clear(UNIT)
    desk.write(UNIT, {"u1": {}})
    desk.write(ENTRY, {"child": {}})
    (unit,) = desk.ids(UNIT, ["u1"])
    seen_now(desk, ledger)
    before = desk.one(ENTRY, "child")
    children = raw.call("GET", f"/api/v2/meta/tables/{desk.bindings[UNIT.address]}")["columns"]
    one = desk.bindings[field_address("entry", "unit")]
    relation = raw.call("GET", f"/api/v2/meta/columns/{one}")["colOptions"]["fk_child_column_id"]
    mirror = next(
        column["id"]
        for column in children
        if column["uidt"] == "Links" and column["colOptions"].get("fk_child_column_id") == relation
    )
    path = f"/api/v2/tables/{desk.bindings[UNIT.address]}/links/{mirror}/records/{unit}"
    raw.call("POST", path, [{"Id": int(before.item_id)}])
    after = desk.one(ENTRY, "child")
    assert (after.values["unit"], after.updated_on) == ((unit,), before.updated_on)  # a fact of the server
    assert changed_fields(desk, ledger) == {"unit"}
    raw.call("DELETE", records(desk, "unit"), [{"Id": int(unit)}])
    assert desk.one(ENTRY, "child").values["unit"] is None
    assert changed_fields(desk, ledger) == {"unit"}


def changed_fields(desk: Bench, ledger: SqliteLedger) -> set[str]:
    """What a whole look finds changed of the one row, which is then kept."""
    found = look(desk.app(), ENTRY, ledger=ledger, whole=True)
    assert found.is_whole
    ledger.note(ENTRY.key, cursor=found.cursor, seen=found.digests, firings=())
    (seen,) = found.events
    return set(seen.changed)


def test_deleted_items_are_noted_and_nothing_else(desk: Bench, ledger: SqliteLedger) -> None:
    desk.clear(ENTRY)
    desk.write(ENTRY, {f"d{number}": {"number": Decimal(number)} for number in range(5)})
    noticing = Noticing(app=desk.app(), ledger=ledger)
    noticing.look_at("entry", book=Book(noticing.app))
    gone = [item for item in desk.read(ENTRY) if item.values["code"] in {"d1", "d3"}]
    rows = tuple(ItemWrite(key=item.item_id, values={}, item_id=item.item_id) for item in gone)
    desk.connection.item_sink.submit(
        batch=WriteBatch(table=ENTRY, mode=WriteMode.DELETE, rows=rows), bindings=desk.bindings
    )
    desk.write(ENTRY, {"d9": {}})
    noticing.look_at("entry", book=Book(noticing.app))
    assert ledger.known("entry") == {item.item_id for item in desk.read(ENTRY)}
