"""One bench a platform: the same app on the embedded workspace in every mode, and on NocoDB over both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from huoban_perf.platforms.nocodb import connect as connect_nocodb
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.sandbox import create_app, mount, open_world, serve
from tests.contract.platform.probe import Bench, FastClock
from tests.embedded import embedded

PLATFORMS = (
    "sandbox-in-process",
    "sandbox-socket-documented",
    "sandbox-socket-strict",
    "sandbox-socket-awkward",
    "nocodb-sqlite",
    "nocodb-postgres",
)

GAPS = {
    "nocodb": {
        "test_an_empty_switch_differs_from_one_that_is_off": "a switch with a third state",
        "test_numbers_of_eighteen_digits_are_exact": "numbers beyond 15 significant digits",
        "test_a_required_field_is_seen": "required as a mark of a column (it is one of a form)",
        "test_an_attribute_that_forbids_doubles_is_kept": "unique columns",
    },
    "sandbox": {
        "test_a_receipt_names_the_items": "receipts that name items (batches are applied later)",
        "test_an_attribute_that_forbids_doubles_is_kept": "a read that shows whether a field is unique",
        "test_a_relation_to_nothing_is_refused": "a refusal of relations to items that do not exist",
    },
}
"""Platform → test → the capability that is missing: a strict expected failure."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test of this folder on every platform; all tests of one platform share one process and one server."""
    if "bench" in metafunc.fixturenames:
        marked = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in PLATFORMS]
        metafunc.parametrize("bench", marked, indirect=True, scope="session")


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The probe on one platform, deployed once."""
    folder = tmp_path_factory.mktemp("platform")
    with ExitStack() as stack:
        if request.param.startswith("nocodb"):
            made = _nocodb(request.getfixturevalue(request.param.replace("-", "_")), folder, stack)
        else:
            made = _sandbox(request.param, folder, stack)
        report = made.apply()
        assert not report.pending
        assert not report.unsettled
        yield made


@pytest.fixture(autouse=True)
def gaps(request: pytest.FixtureRequest) -> None:
    """Expect the failures of what a platform lacks, strictly."""
    if "bench" not in request.fixturenames:
        return
    platform = str(request.node.callspec.params["bench"]).split("-", maxsplit=1)[0]
    missing = GAPS[platform].get(request.node.originalname)
    if missing is not None:
        request.applymarker(pytest.mark.xfail(reason=f"{platform} lacks: {missing}", strict=True))


def _sandbox(name: str, folder: Path, stack: ExitStack) -> Bench:
    world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
    stack.callback(world.close)
    session = stack.enter_context(requests.Session())
    if name == "sandbox-in-process":
        url, mode = "http://workspace.test", "documented"
        mount(session, create_app(world), url)
    else:
        url, mode = stack.enter_context(serve(world)).url, name.rsplit("-", maxsplit=1)[-1]
    clock = FastClock()
    place = embedded(session, clock, url=url, name="试验", mode=mode)
    return Bench.of(place.connection(), place.space, clock=clock, folder=folder, sink=place.control)


def _nocodb(server: LocalServer, folder: Path, stack: ExitStack) -> Bench:
    session = stack.enter_context(requests.Session())
    clock = FastClock()
    connection = connect_nocodb(url=server.url, token=server.token, session=session, clock=clock)
    workspace = connection.bases.create("试验").workspace_id
    return Bench.of(connection, workspace, clock=clock, folder=folder, sink=connection.people)
