"""Cut connections, silence after the effect, 5xx: nothing is lost and nothing is made twice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from huoban_perf.core.errors import UnfinishedApplyError, UnreachableError
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.values import Values
from huoban_perf.platforms.nocodb import connect, keys
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.nocodb.conftest import BATCH, fresh_bench
from tests.contract.nocodb.proxy import KINDS, Asked, Choose, Kind, Proxy
from tests.contract.platform.probe import ENTRY, UNIT, Bench, FastClock

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]

ROWS: dict[str, Values] = {f"r{number:02}": {"number": Decimal(number)} for number in range(BATCH + 3)}

ONCE = Counter(ROWS.keys())


def at_number(number: int) -> Choose:
    return lambda asked: asked.number == number


def standing(desk: Bench) -> Counter[str]:
    return Counter(str(item.values["code"]) for item in desk.read(ENTRY))


@pytest.mark.parametrize("kind", KINDS)
def test_each_creation_spoilt_once_makes_each_item_once(desk: Bench, spoiler: Proxy, kind: Kind) -> None:
    desk.clear(ENTRY)
    spoiler.strike(kind, lambda asked: asked.method == "POST" and asked.path.endswith("/records"), times=2)
    desk.write(ENTRY, ROWS)
    assert spoiler.times == 0
    assert standing(desk) == ONCE


@pytest.mark.parametrize("kind", ["cut before", "502 after"])
def test_every_request_spoilt_in_turn_ends_in_the_same_world(desk: Bench, spoiler: Proxy, kind: Kind) -> None:
    spoiler.calm()
    desk.clear(ENTRY)
    spoiler.calm()
    desk.write(ENTRY, ROWS)
    requests_of_a_run = len(spoiler.seen)
    assert requests_of_a_run >= 8
    for spoilt in range(1, requests_of_a_run + 1):
        desk.clear(ENTRY)
        spoiler.strike(kind, at_number(spoilt))
        desk.write(ENTRY, ROWS)
        assert standing(desk) == ONCE, f"request {spoilt}"


def test_a_server_that_stays_away_ends_the_run_and_the_next_goes_on(desk: Bench, spoiler: Proxy) -> None:
    desk.clear(ENTRY)
    spoiler.strike("502 before", lambda asked: asked.number > 4, times=10**6)
    with pytest.raises(UnreachableError):
        desk.write(ENTRY, ROWS)
    spoiler.calm()
    assert 0 < sum(standing(desk).values()) < len(ROWS)
    desk.write(ENTRY, ROWS)
    assert standing(desk) == ONCE


@pytest.mark.parametrize("kind", ["cut before", "cut after", "502 after"])
def test_changes_and_deletions_spoilt_once_happen_once(desk: Bench, spoiler: Proxy, kind: Kind) -> None:
    desk.clear(ENTRY)
    desk.write(ENTRY, ROWS)
    spoiler.strike(kind, lambda asked: asked.method == "PATCH", times=2)
    desk.write(ENTRY, {key: {"number": Decimal(-1)} for key in ROWS})
    assert {item.values["number"] for item in desk.read(ENTRY)} == {Decimal(-1)}
    doomed = tuple(ItemWrite(key=item.item_id, values={}, item_id=item.item_id) for item in desk.read(ENTRY)[:BATCH])
    spoiler.strike(kind, lambda asked: asked.method == "DELETE")
    batch = WriteBatch(table=ENTRY, mode=WriteMode.DELETE, rows=doomed)
    desk.connection.item_sink.submit(batch=batch, bindings=desk.bindings)
    assert sum(standing(desk).values()) == len(ROWS) - BATCH


@pytest.mark.parametrize(("kind", "at"), [("cut after", 2), ("502 after", 6)])
def test_a_deployment_cut_at_a_write_is_finished_by_the_same_command(
    nocodb_sqlite: LocalServer, spoiler: Proxy, tmp_path: Path, kind: Kind, at: int
) -> None:
    with requests.Session() as session:
        bench = fresh_bench(nocodb_sqlite, spoiler, tmp_path, session, f"断 {kind} {at}")
        writes = {"POST", "PATCH"}

        def spoil(asked: Asked) -> bool:
            return asked.method in writes and sum(seen in writes for seen, _ in spoiler.seen) == at

        spoiler.strike(kind, spoil)
        with suppress(UnfinishedApplyError, UnreachableError):  # a change is repeated at once, a creation is not
            bench.apply()
        assert spoiler.times == 0
        spoiler.calm()
        report = bench.apply()
        assert not report.unsettled
        assert bench.plan().is_empty
        tables = bench.target().observe().tables
        assert sorted(table.name for table in tables) == sorted([UNIT.labels.zh, ENTRY.labels.zh])
        names = Counter(field.name for table in tables for field in table.fields if table.name == ENTRY.labels.zh)
        assert names == Counter(field.labels.zh for field in ENTRY.fields)


def test_a_server_that_gives_few_rows_a_page_loses_nothing_and_makes_nothing_twice(
    nocodb_sqlite: LocalServer, desk: Bench, spoiler: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the server may set DB_QUERY_LIMIT_MAX; asked for a thousand rows it then gives so many."""
    desk.clear(ENTRY)
    desk.clear(UNIT)
    spoiler.most = 3
    units = [f"u{number}" for number in range(8)]
    desk.write(UNIT, {key: {} for key in units})
    ids = tuple(desk.ids(UNIT, units))
    rows = {key: {**values, "unit": (ids[place % 8],)} for place, (key, values) in enumerate(ROWS.items())}
    desk.write(ENTRY, rows)
    monkeypatch.setattr(keys, "_FULL_READ", 0)  # what stands is asked for by key, not read whole
    with requests.Session() as session:
        connection = connect(url=spoiler.url, token=nocodb_sqlite.token, session=session, clock=FastClock())
        other = replace(desk, connection=connection)
        other.write(ENTRY, rows)
        assert standing(other) == ONCE
        some = other.read(ENTRY, Condition("number", Operator.GREATER, Decimal(1)))
        assert len(some) == len(ROWS) - 2
        for linked in (ids, ids[5:]):
            other.write(ENTRY, {"r00": {"units": linked}})
            assert other.one(ENTRY, "r00").values["units"] == linked
