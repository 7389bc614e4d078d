"""A small company that the demo put into a live NocoDB, and what a person with a browser does there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from huoban_perf.cli.deployed import Wish, deployed_app, wish_of
from huoban_perf.core.addresses import Address, ItemId
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.personal import StandingView
from huoban_perf.core.progress import silent
from huoban_perf.core.values import Value, Values
from huoban_perf.cycle.personal import Arranged, Asked, arrange_personal
from huoban_perf.demo import DemoReport, run_demo
from huoban_perf.demo.script import demo_profile
from huoban_perf.platforms.nocodb import NocodbConnection
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.profile import Site, connect, load_profile
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import read_table
from tests.nocodb_server import skip_or_fail
from tests.unit.documents.browser import MISSING, PROGRAM

CYCLE = "SEED-2026Q3"
_PATIENCE_MS = 60_000
"""A busy machine draws a page slowly."""


@dataclass(kw_only=True)
class Company:
    """The demo's company on a live server, its cycle released."""

    server: LocalServer
    home: Path
    people: int
    site: Site
    wish: Wish
    app: DeployedApp
    report: DemoReport

    @property
    def environ(self) -> dict[str, str]:
        """What commands need to work here."""
        return environ_of(self.home, self.server)

    def settle_in(self, patch: pytest.MonkeyPatch) -> None:
        """Let commands work here."""
        for name, value in self.environ.items():
            patch.setenv(name, value)

    @property
    def connection(self) -> NocodbConnection:
        assert isinstance(self.app.connection, NocodbConnection)
        return self.app.connection

    def demo(self) -> DemoReport:
        """Run the demo once more."""
        clock = SystemClock()
        with connect(self.site.profile, clock=clock, environ=self.environ) as site:
            return run_demo(site, data="company", people=self.people, clock=clock, progress=silent)

    def share(self, *people: str, view: str = "", remove: bool = False) -> Arranged:
        """Give people a view of their own."""
        sink = self.connection.personal
        assert sink is not None
        asked = Asked(people=people, views=(view,) if view else (), remove=remove)
        return arrange_personal(self.app, sink, asked, locale="zh", apply=True)

    def link(self, address: str, *, kind: str) -> str:
        """Share a view and return its page."""
        uuid = self.connection.views.share(str(self.app.bindings[Address.parse(address)]))
        return f"{self.server.url}/dashboard/#/nc/{kind}/{uuid}"

    def rows(self, table: str) -> dict[str, Values]:
        """Item id → values."""
        rows = read_table(self.app, table=self.app.schema.table(table))
        return {str(rows.item_id(row)): {key: rows.value(row, key) for key in rows.columns} for row in rows}

    def change(self, table: str, item_id: str, **values: Value) -> None:
        row = ItemWrite(key=item_id, values=values, item_id=ItemId(item_id))
        batch = WriteBatch(table=self.app.schema.table(table), mode=WriteMode.UPDATE, rows=(row,))
        self.connection.item_sink.submit(batch=batch, bindings=self.app.bindings)

    def text(self, address: str) -> str:
        """The text of an option."""
        return next(one.labels.zh for one in self.app.schema.options() if str(one.address) == address)

    def team(self, person: str) -> set[str]:
        """Titles of the open sheets of a superior's people."""
        employees = self.rows("employee")
        leader = next(id_ for id_, row in employees.items() if row["emp_no"] == person)
        own = {id_ for id_, row in employees.items() if row["manager"] == (leader,)}
        closed = {"completed", "not_appraised", "void"}
        sheets = [row for row in self.rows("appraisal").values() if row["status"] not in closed]
        return {str(row["name"]) for row in sheets if set(row["employee"] or ()) & own}  # type: ignore[arg-type]


def environ_of(home: Path, server: LocalServer) -> dict[str, str]:
    return {"HUOBAN_PERF_HOME": str(home), "HUOBAN_PERF_PROFILE": "noco", "NOCODB_TOKEN": server.token}


@contextmanager
def demo_company(server: LocalServer, home: Path, *, people: int) -> Iterator[Company]:
    """Run the demo and stay connected."""
    entry = f"profiles:\n  noco: {{platform: nocodb, base_url: '{server.url}', workspace: 绩效管理演示}}\n"
    (home / "profiles.yaml").write_text(entry, encoding="utf-8")
    environ, clock = environ_of(home, server), SystemClock()
    profile = demo_profile(load_profile("noco", environ=environ), data="company")
    with connect(profile, clock=clock, environ=environ, create=True) as site:
        report = run_demo(site, data="company", people=people, clock=clock, progress=silent)
        wish = wish_of(profile)
        app = deployed_app(site, wish, clock=clock, progress=silent)
        yield Company(server=server, home=home, people=people, site=site, wish=wish, app=app, report=report)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    if PROGRAM is None:
        skip_or_fail(MISSING)
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@contextmanager
def page_of(browser: Browser, picture: Path | None = None) -> Iterator[Page]:
    """A page that waits patiently, and is kept as a picture when it is left."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    try:
        yield page
        if picture is not None:
            page.screenshot(path=picture)
    finally:
        context.close()


def unlock(page: Page, view: StandingView) -> None:
    """Open a link and give its password."""
    page.goto(view.link)
    page.locator("input[type=password]").fill(view.password)
    page.get_by_test_id("nc-shared-view-password-submit-btn").click()
