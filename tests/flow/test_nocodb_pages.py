"""NocoDB's own web pages with our app in them, in a real browser: a kanban, a filtered grid, the customers' form.

With HUOBAN_PERF_PICTURES the pages are also kept as pictures in that folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from huoban_perf.cli.deployed import Wish, deployed_app, wish_of
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run
from huoban_perf.core.addresses import Address, ItemId
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.progress import silent
from huoban_perf.core.schema import Writer
from huoban_perf.core.values import Value, Values
from huoban_perf.platforms.nocodb import NocodbConnection, connect
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.profile import Profile, Site
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import read_table
from tests.nocodb_server import nocodb, skip_or_fail
from tests.unit.documents.browser import MISSING, PROGRAM

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]
CYCLE = "SEED-2026Q3"
PICTURES = os.environ.get("HUOBAN_PERF_PICTURES")


@dataclass
class Company:
    """The app on a live server, with a seeded company whose reviews are in."""

    server: LocalServer
    home: Path
    app: DeployedApp = field(init=False)
    wish: Wish = field(init=False)

    def settle_in(self, patch: pytest.MonkeyPatch) -> None:
        """Let commands work here."""
        patch.setenv("HUOBAN_PERF_HOME", str(self.home))
        patch.setenv("HUOBAN_PERF_PROFILE", "noco")
        patch.setenv("NOCODB_TOKEN", self.server.token)

    @property
    def connection(self) -> NocodbConnection:
        assert isinstance(self.app.connection, NocodbConnection)
        return self.app.connection

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


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Deploy and seed with the commands a person would use."""
    home = tmp_path_factory.mktemp("pages")
    with nocodb(home / "server") as server, requests.Session() as session, pytest.MonkeyPatch.context() as patch:
        connection = connect(url=server.url, token=server.token, session=session, clock=SystemClock())
        workspace = connection.bases.create("绩效管理").workspace_id
        entry = f"profiles:\n  noco: {{platform: nocodb, base_url: '{server.url}', workspace: {workspace}}}\n"
        (home / "profiles.yaml").write_text(entry, encoding="utf-8")
        found = Company(server=server, home=home)
        found.settle_in(patch)
        assert run(["apply", "--yes", "-o", "json"]) is Exit.MANUAL_STEPS  # what the server cannot compute or filter
        assert run(["seed", "--people", "12", "--yes", "-o", "json"]) is Exit.DONE
        profile = Profile(name="noco", platform="nocodb", base_url=server.url, home=home)
        site = Site(profile=profile, connection=connection, workspace=workspace)
        found.wish = wish_of(profile)
        found.app = deployed_app(site, found.wish, clock=SystemClock(), progress=silent)
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if PROGRAM is None:
        skip_or_fail(MISSING)
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@contextmanager
def page_of(browser: Browser, name: str) -> Iterator[Page]:
    """A page that waits patiently, and is kept as a picture when it is left."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="zh-CN")
    context.set_default_timeout(60_000)
    page = context.new_page()
    try:
        yield page
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"nocodb-{name}.png")
    finally:
        context.close()


def test_a_kanban_shows_its_stacks_with_their_cards(company: Company, browser: Browser) -> None:
    submitted = [row for row in company.rows("review_task").values() if row["status"] == "submitted"]
    with page_of(browser, "kanban") as page:
        page.goto(company.link("view:review_task.board", kind="kanban"))
        for key in ("to_review", "submitted", "declined"):
            expect(page.get_by_text(company.text(f"option:review_task.status.{key}"), exact=True).first).to_be_visible()
        expect(page.get_by_text(str(submitted[0]["name"]), exact=True).first).to_be_visible()
        expect(page.get_by_text(f"/{len(submitted)} record")).to_be_visible()


def test_an_employee_sees_the_filtered_rows_and_columns_only(company: Company, browser: Browser) -> None:
    view = next(one for one in company.wish.schema.views if str(one.address) == "view:survey.adopted")
    table = company.app.schema.table("survey")
    with page_of(browser, "grid") as page:
        with page.expect_response(lambda answer: "/shared-view/" in answer.url and "/rows" in answer.url) as sent:
            page.goto(company.link(str(view.address), kind="view"))
        shown = sent.value.json()["list"]
        page.wait_for_timeout(2_000)  # the grid is drawn on a canvas: nothing in the page says when it is done
    every = company.rows("survey")
    wanted = {id_ for id_, row in every.items() if row["status"] in {"adopted", "done"}}
    assert 0 < len(wanted) < len(every)
    said = table.field("suggestion").labels.zh
    assert sorted(row[said] for row in shown) == sorted(str(every[id_]["suggestion"]) for id_ in wanted)
    shown_labels = {table.field(field.key).labels.zh for field in view.fields}
    hidden = {one.labels.zh for one in table.fields} - shown_labels - {table.field(table.title).labels.zh}
    assert all(not hidden & set(row) for row in shown)


def test_a_customer_fills_in_the_form_and_the_next_job_scores_it(
    company: Company, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.settle_in(monkeypatch)
    answer = company.app.schema.table("external_review")
    asked = [one for one in answer.fields if one.options and one.writer is Writer.PEOPLE]
    task_id, task = next(
        (id_, row)
        for id_, row in company.rows("review_task").items()
        if row["relation"] == "customer" and CYCLE in str(row["natural_key"]) and row[asked[0].address.key] == "g4"
    )
    company.change("review_task", task_id, status="to_review", **{one.address.key: None for one in asked})
    assert run(["job", "run", "score", "--cycle", CYCLE, "--yes", "-o", "json"]) is Exit.DONE
    before = company.rows("score_result")
    form = next(one for one in company.wish.schema.forms if one.public and one.address.table.key == "external_review")
    answers = {one.address.key: one.options[-1 if one.options[-1].points else 0] for one in asked}
    with page_of(browser, "form-sent") as page:
        page.goto(company.link(str(form.address), kind="form"))
        expect(page.get_by_text(form.labels.zh, exact=True)).to_be_visible()
        code = answer.field("invite_code")
        page.get_by_test_id(f"nc-form-input-cell-{code.labels.zh}").locator("input").fill(str(task["invite_code"]))
        for question in asked:
            page.get_by_test_id(f"nc-form-input-cell-{question.labels.zh}").click()
            offered = page.locator(".ant-select-dropdown:visible .ant-select-item-option")
            offered.filter(has_text=answers[question.address.key].labels.zh).click()
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / "nocodb-form.png")
        page.get_by_test_id("shared-form-submit-button").click()
        assert form.thanks is not None
        expect(page.get_by_text(form.thanks.zh)).to_be_visible()
    assert run(["job", "run", "match-external", "--cycle", CYCLE, "--yes", "-o", "json"]) is Exit.DONE
    stands = company.rows("review_task")[task_id]
    assert stands["status"] == "submitted"
    assert {key: stands[key] for key in answers} == {key: one.address.key for key, one in answers.items()}
    assert [row["match_status"] for row in company.rows("external_review").values()] == ["matched"]
    assert run(["job", "run", "score", "--cycle", CYCLE, "--yes", "--allow-large-change", "-o", "json"]) is Exit.DONE
    changed = [row for id_, row in company.rows("score_result").items() if row != before[id_]]
    assert task["appraisal"] in [row["appraisal"] for row in changed]
