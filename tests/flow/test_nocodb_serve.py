"""``serve`` beside a live NocoDB, with everything against it, ends in the world of the embedded workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from huoban_perf.platforms.nocodb.server import LocalServer
from tests.flow.lite_served import InProcess, on_nocodb
from tests.flow.lite_story import play
from tests.nocodb_server import nocodb

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on its embedded SQLite."""
    with nocodb(tmp_path_factory.mktemp("nocodb") / "serve") as running:
        yield running


@pytest.fixture(scope="module")
def wished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The same story on the embedded workspace, where nothing goes wrong."""
    run = InProcess(tmp_path_factory.mktemp("wished"))
    try:
        play(run)
        yield {"world": run.world(), "fired": run.fired(), "jobs": run.jobs()}
    finally:
        run.close()


@pytest.fixture(scope="module")
def lived(server: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("served")
    with on_nocodb(server, folder, bad=True) as run:
        play(run)
        yield {
            "world": run.world(),
            "fired": run.fired(),
            "jobs": run.jobs(),
            "parked": run.store.execute("SELECT job, outcome FROM occurrences WHERE state = 'parked'").fetchall(),
            "struck": run.luck.struck,
            "kills": run.kills,
            "code": run.close(),
            "said": run.nursery_errors(),
        }


def test_the_world_ends_as_on_the_embedded_workspace(wished: dict[str, Any], lived: dict[str, Any]) -> None:
    assert lived["world"] == wished["world"]
    (standing,) = lived["world"]["cycle"].values()
    assert standing["status"] == "archived"
