"""A live NocoDB tells the service that something happened; what happened is read through the API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from huoban_perf.automation.events import look
from huoban_perf.core.clock import SystemClock
from huoban_perf.platforms.nocodb import NocodbConnection, connect
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.service.endpoint import Endpoint, create_endpoint, listening
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.store import SqliteStore
from tests.contract.platform.probe import ENTRY, Bench

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]
SECRET = "s3cret-path-of-thirty-two-characters"
HEARD_S = 20


@dataclass
class Service:
    """The receiving half of ``serve``."""

    url: str
    poked: threading.Event
    metrics: Metrics
    ledger: SqliteLedger

    def hints(self, verdict: str) -> float:
        return self.metrics.registry.get_sample_value("huoban_perf_callbacks_total", {"verdict": verdict}) or 0.0


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    store, metrics, poked = SqliteStore(folder / "service.sqlite"), Metrics(), threading.Event()
    endpoint = Endpoint(
        secret=SECRET, store=store, metrics=metrics, clock=SystemClock(), poke=poked.set, is_healthy=lambda: True
    )
    try:
        with listening(create_endpoint(endpoint), host="127.0.0.1", port=0) as url:
            yield Service(url, poked, metrics, SqliteLedger(store, profile="noco"))
    finally:
        store.close()


@pytest.fixture
def bench(nocodb_flow: LocalServer, tmp_path: Path) -> Iterator[Bench]:
    with requests.Session() as session:
        clock = SystemClock()
        connection = connect(url=nocodb_flow.url, token=nocodb_flow.token, session=session, clock=clock)
        workspace = connection.bases.create(tmp_path.name).workspace_id
        bench = Bench.of(connection, workspace, clock=clock, folder=tmp_path, sink=connection.people)
        bench.apply()
        yield bench


def test_a_change_is_hinted_at_and_read_through_the_api(bench: Bench, tmp_path: Path) -> None:
    connection = bench.connection
    assert isinstance(connection, NocodbConnection)
    hints, table_id = connection.hints, str(bench.bindings[ENTRY.address])
    assert hints is not None
    bench.write(ENTRY, {"[A]": {"number": Decimal(1)}, "[B]": {}})
    with service(tmp_path) as heard:
        url = f"{heard.url}/hook/{SECRET}"
        assert hints.tell(table_id=table_id, url=url)
        before = connection.traffic.traffic().writes
        assert not hints.tell(table_id=table_id, url=url)
        assert connection.traffic.traffic().writes == before
        first = look(bench.app(), ENTRY, ledger=heard.ledger)
        heard.ledger.note(ENTRY.key, cursor=first.cursor, seen=first.digests, firings=())
        assert not heard.poked.is_set()
        bench.write(ENTRY, {"[A]": {"number": Decimal(2)}, **{f"[N{n}]": {} for n in range(600)}})
        assert heard.poked.wait(HEARD_S)
        events = look(bench.app(), ENTRY, ledger=heard.ledger).events
        changed = {str(seen.item.values["code"]): seen for seen in events}
        assert len(changed) == 601
        assert changed["[A]"].changed == {"number"}
        assert not changed["[A]"].is_new
        assert changed["[N7]"].is_new
        assert heard.hints("accepted") >= 2
        assert heard.hints("replay") == 0


def test_a_hint_with_another_secret_is_not_heard_and_hushed_tables_give_none(bench: Bench, tmp_path: Path) -> None:
    hints, table_id = bench.connection.hints, str(bench.bindings[ENTRY.address])
    assert hints is not None
    with service(tmp_path) as heard:
        wrong = f"{heard.url}/hook/another-secret-of-thirty-two-chars"
        hints.tell(table_id=table_id, url=wrong)
        bench.write(ENTRY, {"[A]": {}})
        deadline = threading.Event()
        for _ in range(HEARD_S * 10):
            if heard.hints("unknown") or deadline.wait(0.1):
                break
        assert heard.hints("unknown") == 1
        assert not heard.poked.is_set()
        assert hints.tell(table_id=table_id, url=f"{heard.url}/hook/{SECRET}")
        assert not hints.is_told(table_id=table_id, url=wrong)
        assert hints.hush(table_id=table_id)
        assert not hints.hush(table_id=table_id)
        bench.write(ENTRY, {"[B]": {}})
        assert not heard.poked.wait(1)
