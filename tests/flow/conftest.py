"""An embedded workspace in process, connected like any client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from huoban_perf.core.clock import SystemClock
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.profile import Profile, Site
from huoban_perf.sandbox import create_app, mount, open_world
from tests.embedded import BASE, embedded
from tests.flow.nocodb_company import Company, demo_company
from tests.nocodb_server import nocodb

SiteMaker = Callable[..., Site]


class FastClock(SystemClock):
    """Real time, but waiting costs nothing."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[SiteMaker]:
    """Return a maker of sites: ``planes`` and the sandbox's ``mode`` and ``switches`` may be chosen."""
    closing: list[Callable[[], None]] = []

    def make(*, planes: tuple[str, ...] = ("v1", "builder"), mode: str = "documented", **switches: object) -> Site:
        world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
        closing.append(world.close)
        session = requests.Session()
        mount(session, create_app(world), BASE)
        clock = FastClock()
        place = embedded(session, clock, mode=mode, **switches)
        profile = Profile(home=tmp_path / "home", planes=planes, rate_per_s=None)  # type: ignore[arg-type]
        connection = place.connection(planes=planes)
        return Site(profile=profile, connection=connection, workspace=place.space, control=place.control)

    yield make
    for close in closing:
        close()


@pytest.fixture(scope="session")
def nocodb_flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """NocoDB on its embedded SQLite, one for every test of the group ``nocodb-flow``."""
    with nocodb(tmp_path_factory.mktemp("nocodb") / "flow") as running:
        yield running


@pytest.fixture(scope="session")
def nocodb_company(nocodb_flow: LocalServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The demo's company of twelve, released; the files that use it go on from there."""
    with demo_company(nocodb_flow, tmp_path_factory.mktemp("company"), people=12) as company:
        yield company
