"""The seed in a workspace that holds a company's own rows: twice, killed anywhere, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.addresses import MemberId, WorkspaceId
from huoban_perf.core.errors import CycleError, UnsafePlanError
from huoban_perf.core.ports import Member
from huoban_perf.cycle.access_sync import access_sync
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import carry_out
from huoban_perf.demo.outline import SEED_CYCLE, is_seeded
from huoban_perf.demo.sample import sample_of
from huoban_perf.demo.seeding import remove_company, seed_company, seeded_rows
from huoban_perf.demo.stages import STAGES
from huoban_perf.profile import Profile, Site
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.score import run_score
from huoban_perf.template import compile_schema, load_template
from tests.unit.sync.company import Office, copied, extract_map, schema, template
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory

SAMPLE = sample_of(template(), people=12)


class Died(BaseException):
    """The process is gone."""


class People:
    """Invites people, as a site does where a program may."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.groups: dict[str, str] = {}

    def account(self, *, name: str, number: str) -> str:
        return f"{name}({number})"

    def invite(self, *, workspace: WorkspaceId, accounts: list[str]) -> None:
        self.names += accounts

    def join_group(self, member: MemberId, group: str) -> None:
        self.groups[member] = group


def site_of(office: Office, people: People | None) -> Site:
    class Listed:
        def members(self, *, workspace: WorkspaceId) -> Iterator[Member]:
            for name in people.names if people else ():
                yield Member(member_id=MemberId(f"u{name[-12:-1]}"), name=name)

    connection = replace(office.app.connection, member_source=Listed())
    return Site(profile=Profile(), connection=connection, workspace=WorkspaceId("1"), control=people)  # type: ignore[arg-type]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A company with rows of its own."""
    office = Office(Memory(), tmp_path)
    tables = schema()
    office.memory.put(tables.table("department"), {"code": "D00", "name": "真实公司"})
    office.memory.put(tables.table("employee"), {"emp_no": "E001", "name": "真人"})
    office.memory.put(tables.table("goal"), {"name": "还没有标识的目标"})
    office.memory.put(tables.table("external_review"), {"invite_code": "K7M2"})
    office.memory.put(tables.table("run_log"), {"batch": "20260101T000000-score-1"})
    return office


@contextmanager
def dying(memory: Memory, allowed: int) -> Iterator[None]:
    """Die after the effect of so many writes."""
    submit, count = memory.submit, 0

    def counted(**asked: Any) -> Any:
        nonlocal count
        answer = submit(**asked)
        count += 1
        if count > allowed:
            raise Died
        return answer

    memory.submit = counted  # type: ignore[method-assign]
    try:
        yield
    finally:
        memory.submit = submit  # type: ignore[method-assign]


def run(office: Office, *, apply: bool = True, people: People | None = None) -> int:
    return seed_company(site_of(office, people or People()), office.app, SAMPLE, apply=apply).seeded.written


def test_preview_counts_what_a_run_writes_and_sends_nothing(office: Office) -> None:
    people = People()
    pending = run(office, apply=False, people=people)
    assert (office.memory.writes, people.names) == (0, [])
    assert run(office, people=people) == pending > 400
    assert len(people.names) == 12


def test_a_second_run_writes_nothing_and_invites_nobody(office: Office) -> None:
    people = People()
    run(office, people=people)
    writes, names = office.memory.writes, list(people.names)
    assert run(office, people=people) == 0
    assert (office.memory.writes, people.names) == (writes, names)


def test_removal_takes_the_seed_out_and_leaves_every_other_row(office: Office) -> None:
    before = office.content()
    run(office)
    office.memory.put(schema().table("external_review"), {"invite_code": "SEEDC000011"})
    office.memory.put(schema().table("score_result"), {"natural_key": "[SEED-2026Q3|SEEDE000002]"})
    counted = remove_company(office.app, apply=False)
    assert sum(counted.values()) > 400
    assert remove_company(office.app, apply=True) == counted
    assert {table: rows for table, rows in office.content().items() if rows} == before
    writes = office.memory.writes
    assert remove_company(office.app, apply=True) == {}
    assert office.memory.writes == writes


@pytest.mark.parametrize("allowed", [0, 3, 17, 29])
def test_killed_seeds_and_removals_go_on_to_the_same_end(office: Office, allowed: int, tmp_path: Path) -> None:
    people = People()
    clean = Office(copied(office.memory), tmp_path)
    run(clean, people=people)
    with pytest.raises(Died), dying(office.memory, allowed):
        run(office, people=people)
    run(office, people=people)
    plain = {table: len(rows) for table, rows in office.content().items()}
    assert plain == {table: len(rows) for table, rows in clean.content().items()}
    assert run(office, people=people) == 0
    with pytest.raises(Died), dying(office.memory, min(allowed, 9)):
        remove_company(office.app, apply=True)
    remove_company(office.app, apply=True)
    assert seeded_rows(office.app) == {}
    assert sum(len(rows) for rows in office.memory.items.values()) == 5


def test_permission_columns_stand_as_the_job_would_fill_them(office: Office) -> None:
    run(office)
    report = carry_out("access-sync", access_sync, JobContext(book=Book(office.app)), apply=False)
    assert sum(count.unchanged for count in report.tables.values()) > 200
    assert report.changes == 0


def test_without_accounts_nobody_real_is_named(office: Office) -> None:
    report = seed_company(site_of(office, None), office.app, SAMPLE, apply=True)
    assert report.accounts.of == {}
    for table, rows in office.memory.items.items():
        members = [field.address.key for field in schema().table(table).fields if field.kind.value.startswith("member")]
        key_field = schema().table(table).key_field or "invite_code"
        for _, values in rows.values():
            if is_seeded(str(values.get(key_field))):
                assert [name for name in members if values.get(name)] == []
    assert "log" not in office.memory.items
    outcome = run_score(
        office.app, extract_map=extract_map(), cycle=SEED_CYCLE, runs=RunStore(folder=office.folder), apply=False
    )
    held = [score.subject for score in outcome.scores.subjects if score.result is None]
    head, director = (person.number for person in SAMPLE.company.people[:2])
    assert held == [head, director], "the head is not appraised, and nobody but the superior can rate the only director"
    raters = [values["external_rater"] for _, values in office.memory.items["review_task"].values()]
    assert len(raters) > 50
    assert all(is_seeded(str(rater)) for rater in raters)


def test_another_size_is_refused_before_anything_is_written(office: Office) -> None:
    run(office)
    writes = office.memory.writes
    with pytest.raises(UnsafePlanError) as caught:
        seed_company(site_of(office, People()), office.app, sample_of(template(), people=20), apply=True)
    assert caught.value.facts == {"standing": "示例公司(12人)", "asked": "示例公司(20人)"}
    assert office.memory.writes == writes


def test_an_app_that_lacks_the_tables_is_refused(tmp_path: Path) -> None:
    lite = compile_schema(load_template("performance-lite"))
    memory = Memory()
    app = DeployedApp(connection=memory.connection(), schema=lite, bindings=NO_BINDINGS, clock=Clock())
    with pytest.raises(CycleError) as caught:
        seed_company(site_of(Office(memory, tmp_path), People()), app, SAMPLE, apply=True)
    assert "department" in caught.value.facts["tables"]  # type: ignore[operator]
    assert memory.writes == 0


def test_the_command_line_offers_the_stages_there_are() -> None:
    from huoban_perf.cli.seed_commands import _STAGES

    assert tuple(STAGES) == _STAGES


def test_parameters_without_the_company_s_words_are_refused_with_all_that_lack(office: Office) -> None:
    tables = schema()
    position, family = tables.table("position"), tables.table("position").field("family")
    left = tuple(option for option in family.options if option.address.key == "management")
    fields = tuple(replace(field, options=left) if field is family else field for field in position.fields)
    poorer = tuple(replace(table, fields=fields) if table is position else table for table in tables.tables)
    app = replace(office.app, schema=replace(tables, tables=poorer))
    with pytest.raises(CycleError) as caught:
        seed_company(site_of(office, People()), app, SAMPLE, apply=True)
    assert {problem.facts["option"] for problem in caught.value.problems} == {"sales", "service", "professional"}
    assert office.memory.writes == 0
