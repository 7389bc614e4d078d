from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.errors import AmbiguousRowError, ProfileError
from huoban_perf.demo.accounts import Accounts, accounts_of
from huoban_perf.demo.company import sample_company
from huoban_perf.demo.life_rows import organisation_life
from huoban_perf.demo.rows import batch
from huoban_perf.demo.sample import sample_of
from huoban_perf.demo.script import _grades, demo_profile, people_of
from huoban_perf.demo.seed import seed
from huoban_perf.demo.stages import StoryClock
from huoban_perf.profile import Profile, Site
from huoban_perf.template import load_template
from tests.unit.sync.company import Office, company_batches, schema
from tests.unit.sync.memory import Memory


def test_demo_never_runs_in_a_real_workspace() -> None:
    with pytest.raises(ProfileError) as caught:
        demo_profile(Profile(name="production", platform="huoban"), data="company")
    assert caught.value.facts == {"profile": "production"}


def test_real_ratings_live_in_a_workspace_of_their_own(tmp_path: Path) -> None:
    profile = Profile(home=tmp_path)
    assert demo_profile(profile, data="company") == profile
    assert demo_profile(profile, data="insteval").world_file == tmp_path / "insteval" / "sandbox" / "world.sqlite"


def test_seeding_twice_writes_once(tmp_path: Path) -> None:
    office = Office(Memory(), tmp_path)
    first = seed(company_batches(), app=office.app)
    second = seed(company_batches(), app=office.app)
    assert first.written == sum(len(part.rows) for part in company_batches()) > 1500
    assert second.written == 0
    assert (sum(first.rows_read), sum(second.rows_read)) == (0, first.written)


def test_seeding_stops_at_a_repeated_key(tmp_path: Path) -> None:
    office = Office(Memory(), tmp_path)
    for _ in range(2):
        office.memory.put(schema().table("department"), {"code": "D00"})
    with pytest.raises(AmbiguousRowError):
        seed([batch("department", "code", [{"code": "D99", "name": "新"}])], app=office.app)
    assert office.memory.writes == 0


def test_every_grade_is_counted_when_nobody_has_a_score() -> None:
    assert _grades((), schema()) == {"S": 0, "A": 0, "B": 0, "C": 0, "D": 0}


def test_workspace_without_builder_gets_no_members(tmp_path: Path) -> None:
    connection = Office(Memory(), tmp_path).app.connection
    site = Site(profile=Profile(), connection=connection, workspace=WorkspaceId("1"))
    assert accounts_of(site, sample_company(criteria=1).people) == Accounts(of={}, invited=0)


def test_a_company_is_as_large_as_asked_and_two_hundred_on_a_server(tmp_path: Path) -> None:
    here, there = Profile(home=tmp_path), Profile(home=tmp_path, platform="nocodb")
    assert people_of(here, data="company", asked=None) is None
    assert people_of(there, data="company", asked=None) == 200
    assert people_of(there, data="insteval", asked=None) is None
    assert [people_of(one, data="company", asked=30) for one in (here, there)] == [30, 30]


def test_before_the_story_begins_everybody_stands_where_the_employee_table_says() -> None:
    sample = sample_of(load_template("performance"), people=60)
    begun = StoryClock(SystemClock()).moment.date()
    records = next(part for part in organisation_life(sample.life({})) if part.table == "assignment")
    moved = [row for row in records.rows if row.values["reason"] == "transfer"]
    assert moved
    assert all(row.values["start_date"] < begun for row in moved)
    department = {person.number: person.department for person in sample.company.people}
    for row in moved:
        (number,) = row.values["employee"].keys
        assert row.values["department"].keys == (department[number],)
