"""The rehearsal behind the pages: connected as ``sandbox serve`` does it, on the workspace's own clock."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from huoban_perf.cli.deployed import owner_of, store_of
from huoban_perf.cli.rehearsal import Rehearsal, WorldClock
from huoban_perf.cli.session import Settings
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import StateError
from huoban_perf.profile import Profile, Site
from huoban_perf.service.store import SqliteStore
from tests.web.company import HR, Company

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("web")]


def site_of(company: Company, home: Path) -> Site:
    """The company's workspace under a profile whose bindings stand where the command looks for them."""
    site = replace(company.shop.site, profile=Profile(name="p", home=home, template="performance"))
    state = store_of(site, company.wish).path
    state.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(company.folder / "state.json", state)
    assert owner_of(site, company.wish).workspace == company.space
    return site


def test_app_that_is_not_deployed_is_not_put_to_work(company: Company, tmp_path: Path) -> None:
    site = replace(company.shop.site, profile=Profile(name="p", home=tmp_path, template="performance"))
    settings = Settings(environ={}, locale="zh", profile_name=None, clock=SystemClock())
    store = SqliteStore(tmp_path / "service.sqlite")
    rehearsal = Rehearsal()
    with pytest.raises(StateError):
        rehearsal.put_to_work(settings, site, store)
    store.close()
    assert rehearsal.governs("appraisal") == frozenset()
    assert rehearsal.offers("appraisal", {"status": "running"}) == ()
    rehearsal.settle(table="appraisal", item="1")
    rehearsal.press("automation:appraisal.mark_rules_read", item="1", member="1")


def test_what_people_do_is_followed_on_the_workspaces_own_clock(company: Company, tmp_path: Path) -> None:
    company.begin()
    site = site_of(company, tmp_path / "home")
    clock = WorldClock(site, SystemClock())
    assert clock.now() > company.clock.now()  # the workspace moves with every write
    settings = Settings(environ={}, locale="zh", profile_name=None, clock=SystemClock())
    store = SqliteStore(tmp_path / "service.sqlite")
    rehearsal = Rehearsal()
    rehearsal.put_to_work(settings, site, store)
    assert "hr_action" in rehearsal.governs("cycle")
    offers = rehearsal.offers("appraisal", {"status": "running"})
    assert {offer.option for offer in offers if "hr" in offer.roles} >= {"exclude", "void"}
    sheet = company.sheet(HR)
    rehearsal.press("automation:appraisal.mark_rules_read", item=sheet, member=company.people[HR])
    rehearsal.settle(table="appraisal", item=sheet)
    store.close()
    read_on = company.cell("appraisal", sheet, "rules_read_on")
    assert read_on is not None
    assert read_on.date() == clock.now().date()
