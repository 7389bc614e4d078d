"""A bench behind the spoiling proxy, on the server that the conformance suite uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from huoban_perf.platforms.huoban import HuobanOptions
from huoban_perf.platforms.nocodb import NocodbConnection, connect
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.nocodb.proxy import Proxy, proxy
from tests.contract.platform.probe import Bench, FastClock

BATCH = 10
"""Rows of a batch in these tests, so that a few rows make several batches."""


@dataclass(frozen=True)
class Raw:
    """The server's own routes, as somebody else uses them."""

    server: LocalServer

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"xc-token": self.server.token}
        answer = requests.request(method, self.server.url + path, json=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def second(self) -> str:
        """The server's time, to the second."""
        return requests.get(f"{self.server.url}/api/v1/health", timeout=30).headers["Date"]


@pytest.fixture(scope="session")
def raw(nocodb_sqlite: LocalServer) -> Raw:
    """What another client does."""
    return Raw(nocodb_sqlite)


@pytest.fixture(scope="session")
def spoiler(nocodb_sqlite: LocalServer) -> Iterator[Proxy]:
    """The proxy."""
    with proxy(nocodb_sqlite.url) as made:
        yield made


def fresh_bench(server: LocalServer, spoiler: Proxy, folder: object, session: requests.Session, name: str) -> Bench:
    """A bench with a base of its own; not deployed yet."""
    connection = connect(
        url=spoiler.url,
        token=server.token,
        session=session,
        clock=FastClock(),
        patience=HuobanOptions(rate_per_s=None, read_timeout_s=8),
    )
    small: NocodbConnection = replace(connection, capabilities=replace(connection.capabilities, batch_size=BATCH))
    workspace = connection.bases.create(name).workspace_id
    return Bench.of(small, workspace, clock=FastClock(), folder=folder, sink=connection.people)


@pytest.fixture(scope="session")
def desk(nocodb_sqlite: LocalServer, spoiler: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A deployed bench behind the proxy."""
    with requests.Session() as session:
        bench = fresh_bench(nocodb_sqlite, spoiler, tmp_path_factory.mktemp("spoilt"), session, "受扰")
        bench.apply()
        yield bench


@pytest.fixture(autouse=True)
def calm(request: pytest.FixtureRequest) -> None:
    """No test inherits another's faults."""
    if "spoiler" in request.fixturenames:
        request.getfixturevalue("spoiler").calm()
