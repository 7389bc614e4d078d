"""The servers that several folders of tests share; tests of one server stand in one xdist group."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from huoban_perf.platforms.nocodb.server import LocalServer
from tests.nocodb_server import nocodb, postgres


@pytest.fixture(scope="session")
def nocodb_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on its embedded SQLite."""
    with nocodb(tmp_path_factory.mktemp("nocodb") / "sqlite") as server:
        yield server


@pytest.fixture(scope="session")
def nocodb_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on PostgreSQL."""
    with postgres() as database, nocodb(tmp_path_factory.mktemp("nocodb") / "postgres", database=database) as server:
        yield server
