"""A small company's workspace grows from the lite app to the full one: same rows, same scores, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.cli.deployed import Wish, deployed_app, store_of
from huoban_perf.cli.workshop import Request, Workshop, members_of, process_of
from huoban_perf.core.errors import CycleError
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.progress import silent
from huoban_perf.core.values import Value
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.work import JobReport
from huoban_perf.demo.rows import Row, batch
from huoban_perf.demo.seed import seed
from huoban_perf.deploy import DeployTarget, StateOwner, apply_plan, make_plan
from huoban_perf.profile import Site
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.score import ScoreOutcome, run_score
from huoban_perf.sync.wanted import Refs
from huoban_perf.template import compile_schema, find_template, load_template
from huoban_perf.template.growth import read_growth
from tests.flow.conftest import FastClock, SiteMaker

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("growth")]

CYCLE, LIVE = "2026Q2", "2026Q3"
PEOPLE = ("E01", "E02", "E03", "E04", "E05")
CLOCK = FastClock()


@dataclass
class Place:
    """A workspace, and the app that is worked with in it."""

    site: Site
    shop: Workshop

    @property
    def app(self) -> DeployedApp:
        return self.shop.app

    def run(self, job: str, *, apply: bool = True, cycle: str = "") -> JobReport:
        (report,) = self.shop.run(Request(job=job, apply=apply, cycle=cycle))
        return report

    def score(self, cycle: str) -> ScoreOutcome:
        return run_score(
            self.app,
            extract_map=self.shop.wish.extract_map,
            cycle=cycle,
            runs=RunStore(folder=self.site.profile.runs_dir),
            apply=False,
        )

    def rows(self, table: str) -> dict[str, dict[str, Value]]:
        return {row.key: row.values for row in Book(self.app).all(table)}


def deploy(site: Site, template: str) -> Place:
    loaded = load_template(template)
    wish = Wish(template=loaded, schema=compile_schema(loaded))
    store = store_of(site, wish)
    owner = StateOwner(app=wish.schema.app, platform="sandbox", workspace=site.workspace)
    target = DeployTarget(connection=site.connection, owner=owner, clock=CLOCK)
    schema = replace(wish.schema, views=(), forms=(), permissions=(), pages=(), automations=())
    observed = target.observe()
    plan = make_plan(
        desired=schema,
        observed=observed,
        state=store.load(owner),
        capabilities=site.connection.capabilities,
        clock=CLOCK,
    )
    apply_plan(plan=plan, desired=schema, target=target, store=store)
    app = deployed_app(site, wish, clock=CLOCK, progress=silent)
    members = members_of(site)
    shop = Workshop(
        site=site,
        wish=wish,
        app=app,
        process=process_of(wish, members),
        calendar=WorkCalendar(),
        members=members,
        secret=str,
    )
    return Place(site, shop)


def lite_rows(accounts: dict[str, str]) -> list[Any]:
    """Two cycles, one archived and one in review; every field of the lite app holds something somewhere."""
    people: list[Row] = [
        {
            "employment_status": "active",
            "emp_no": number,
            "name": f"员工{number}",
            "account": (accounts[number],),
            "department_name": ("sales", "product")[place % 2],
            "position_name": ("manager", "engineer")[place > 0],
            "manager_account": (accounts["E01"],) if place else (),
            "hire_date": date(2024, 3, 1),
            "participation": "included" if place else "excluded",
        }
        for place, number in enumerate(PEOPLE)
    ]
    cycles: list[Row] = [
        {
            "name": name,
            "status": status,
            "start_date": date(2026, month, 1),
            "end_date": date(2026, month + 2, 30),
            "goal_due_on": date(2026, month, 10),
            "review_due_on": date(2026, month + 3, 8),
            "release_on": date(2026, month + 3, 10),
            "appeal_due_on": date(2026, month + 3, 20),
            "decider": (accounts["E01"],),
        }
        for name, status, month in ((CYCLE, "archived", 4), (LIVE, "reviewing", 7))
    ]
    sheets: list[Row] = []
    goals: list[Row] = [
        {
            "natural_key": "[2026Q3|D:company|top]",
            "status": "confirmed",
            "name": "全年增长两成",
            "level": "company",
            "kind": "quantitative",
            "target_value": Decimal(20),
            "weight": Decimal(100),
            "end_date": date(2026, 9, 30),
        }
    ]
    personal: list[Row] = []
    tasks: list[Row] = []
    for place, number in enumerate(PEOPLE[1:], start=1):
        for cycle, due in ((CYCLE, date(2026, 6, 30)), (LIVE, date(2026, 9, 30))):
            sheet = f"[{cycle}|{number}]"
            sheets.append(sheet_row(sheet, number, cycle, place))
            personal += goal_rows(sheet, accounts[number], place, due)
            tasks += task_rows(sheet, number, accounts, place)
    logs: list[Row] = [
        {
            "natural_key": f"[{number}|{number}|2026-08-0{place + 1}|{kind}]",
            "kind": kind,
            "employee": Refs("employee", (number,)),
            "goal": Refs("goal", (f"[{LIVE}|{number}|G1]",)),
            "author": (accounts[number],),
            "date": date(2026, 8, place + 1),
            "content": f"{kind}: 八月的事",
            "visibility": "subject",
        }
        for place, (number, kind) in enumerate((("E02", "progress"), ("E03", "goal_change"), ("E04", "coaching")))
    ]
    appeals: list[Row] = [
        {
            "natural_key": f"[{CYCLE}|E02|1]",
            "status": "upheld",
            "appraisal": Refs("appraisal", (f"[{CYCLE}|E02]",)),
            "appellant": (accounts["E02"],),
            "matter": "data",
            "reason": "少记一笔",
            "handler": (accounts["E05"],),
            "decide_by": date(2026, 7, 20),
            "reviewed_score": Decimal(88),
            "conclusion": "核对无误",
        }
    ]
    return [
        batch("employee", "emp_no", people),
        batch("cycle", "name", cycles),
        batch("appraisal", "natural_key", sheets),
        batch("goal", "natural_key", goals),
        batch("goal", "natural_key", personal),
        batch("review_task", "natural_key", tasks),
        batch("log", "natural_key", logs),
        batch("appeal", "natural_key", appeals),
    ]


def sheet_row(key: str, number: str, cycle: str, place: int) -> Row:
    row: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": f"员工{number} {cycle}",
        "status": "completed" if cycle == CYCLE else "reviewing",
        "employee": Refs("employee", (number,)),
        "cycle": Refs("cycle", (cycle,)),
    }
    if cycle == CYCLE:
        row |= {
            "released_score": Decimal(80 + place),
            "released_grade": "b",
            "released_receipt": "逐行明细",
            "interview_date": date(2026, 7, 12),
            "strengths_weaknesses": f"优点{place}; 不足{place}",
            "agreements": "每周五前交报表",
            "confirmation_kind": "self",
            "employee_comment": "同意",
            "improvement_plan": "三个月内报表不迟交" if place == 1 else None,
            "improve_by": date(2026, 10, 12) if place == 1 else None,
            "improvement_result": "achieved" if place == 1 else None,
            "outcome_kinds": ("training", "bonus") if place == 2 else (),
            "outcome_comment": "参加谈判培训" if place == 2 else None,
        }
    return row


def goal_rows(sheet: str, account: str, place: int, due: date) -> Iterator[Row]:
    parts = sheet.strip("[]")
    shared: dict[str, Value | Refs] = {
        "status": "confirmed",
        "level": "person",
        "appraisal": Refs("appraisal", (sheet,)),
        "parent": Refs("goal", ("[2026Q3|D:company|top]",)),
        "end_date": due,
        "p_self": (account,),
    }
    yield {
        **shared,
        "natural_key": f"[{parts}|G1]",
        "name": "新签客户",
        "kind": "quantitative",
        "passing_value": Decimal(6),
        "target_value": Decimal(10),
        "excellent_value": Decimal(12),
        "weight": Decimal(60),
        "actual_value": Decimal(7 + place),
        "support": "两场客户活动, 预算一万",
    }
    yield {
        **shared,
        "natural_key": f"[{parts}|G2]",
        "name": "投诉次数",
        "kind": "quantitative",
        "passing_value": Decimal(5),
        "target_value": Decimal(2),
        "excellent_value": Decimal(0),
        "weight": Decimal(20),
        "actual_value": Decimal(place),
    }
    yield {**shared, "natural_key": f"[{parts}|G3]", "name": "整理话术", "kind": "qualitative", "weight": Decimal(20)}


def task_rows(sheet: str, number: str, accounts: dict[str, str], place: int) -> Iterator[Row]:
    parts = sheet.strip("[]")
    peers = [("peer", one) for one in PEOPLE[1:] if one != number]
    for order, (relation, rater) in enumerate([("self", number), ("superior", "E01"), *peers]):
        grade = f"g{2 + (place + order) % 4}"
        row: dict[str, Value | Refs] = {
            "natural_key": f"[{parts}|{relation}|{rater}]",
            "name": f"员工{number} · {relation}",
            "status": "submitted",
            "appraisal": Refs("appraisal", (sheet,)),
            "relation": relation,
            "rater": (accounts[rater],),
            **dict.fromkeys(("expertise", "cooperation", "ownership"), grade),
            "evidence_and_advice": "季度里带新人两名",
            "process_satisfaction": Decimal(1 + order) if order < 2 else None,
        }
        if relation == "superior":
            row["goal_rating"] = "g4"
        if relation == "self":
            row |= {"results": "三件事", "next_goals": "下一步"}
        yield row


@contextmanager
def small_company(make_site: SiteMaker) -> Iterator[Place]:
    site = make_site(required="ignore")
    sink = site.member_sink
    assert sink is not None
    sink.invite(workspace=site.workspace, accounts=list(PEOPLE))
    place = deploy(site, "performance-lite")
    accounts = {name: member for name, member in place.shop.members.items() if name in PEOPLE}
    seed(lite_rows(accounts), app=place.app)
    yield place


def settled(outcome: ScoreOutcome) -> dict[str, tuple[Any, ...]]:
    return {
        score.natural_key(outcome.cycle.name): (
            score.result,
            tuple(sorted(score.groups.items())),
            sorted(score.receipt_text.splitlines()),
        )
        for score in outcome.scores.subjects
    }


def test_growing_keeps_every_cell_and_every_score(make_site: SiteMaker) -> None:
    with small_company(make_site) as lite:
        before = {table.key: lite.rows(table.key) for table in lite.app.schema.tables}
        scores = {cycle: settled(lite.score(cycle)) for cycle in (CYCLE, LIVE)}
        assert len(scores[LIVE]) == 4
        full = deploy(lite.site, "performance")
        preview = full.run("grow", apply=False)
        assert {note.facts.get("cycle") for note in preview.notes} == {LIVE}
        grown = full.run("grow")
        assert grown.changes == preview.changes > 100
        assert full.run("grow").changes == 0
        assert_nothing_lost(full, before)
        for cycle in (CYCLE, LIVE):
            assert settled(full.score(cycle)) == scores[cycle]
        assert full.run("access-sync").changes > 0
        assert full.run("grow").changes == 0


def assert_nothing_lost(full: Place, before: dict[str, dict[str, dict[str, Value]]]) -> None:
    """Every cell of the lite app stands in the full one: in place, or where growth.yaml says."""
    growth = read_growth(find_template("performance-lite"))
    becomes = {address: option.becomes for address, option in growth.options.items() if option.becomes}
    after = {table.key: full.rows(table.key) for table in full.app.schema.tables}
    for table, rows in before.items():
        for key, values in rows.items():
            for field, value in values.items():
                if value in (None, "", ()) or f"{table}.{field}" in growth.fields:
                    continue
                wanted = becomes.get(f"{table}.{field}.{value}", value)
                assert after[table][key][field] == wanted, (table, key, field)
    sheet = after["interview"][f"[{CYCLE}|E03|1]"]
    assert (sheet["status"], sheet["strengths"], sheet["agreements"]) == ("signed", "优点2; 不足2", "每周五前交报表")
    assert str(sheet["scheduled_at"]).startswith("2026-07-12")
    assert len(after["interview"]) == 4
    (plan,) = after["improvement"].values()
    assert (plan["status"], plan["objective"]) == ("achieved", "三个月内报表不迟交")
    assert plan["end_date"] == date(2026, 10, 12)
    assert {row["kind"] for row in after["outcome"].values()} == {"training", "bonus"}
    assert {row["rule_basis"] for row in after["outcome"].values()} == {"参加谈判培训"}
    assert after["appraisal"][f"[{CYCLE}|E03]"]["outcome_note"] == "参加谈判培训"
    (strategy,) = after["strategy"].values()
    assert strategy["name"] == "全年增长两成"
    top = after["goal"]["[2026Q3|D:company|top]"]
    assert (top["level"], top["strategy"] is not None) == ("department", True)
    assert {row["name"] for row in after["metric"].values()} == {"新签客户", "投诉次数", "整理话术"}
    figures = {row["actual_value"] for row in after["metric_actual"].values()}
    assert figures == {Decimal(n) for n in (8, 9, 10, 11, 1, 2, 3, 4)}
    assert {row["material_need"] for row in after["plan_task"].values()} == {"两场客户活动, 预算一万"}
    (change,) = after["goal_change"].values()
    assert change["reason"] == "goal_change: 八月的事"
    assert sorted(str(row["satisfaction"]) for row in after["survey"].values()) == ["1"] * 8 + ["2"] * 8
    assert {row["extreme_evidence"] for row in after["review_task"].values()} == {"季度里带新人两名"}
    people = after["employee"]
    assert all(row["department"] and row["position"] for row in people.values())
    assert [number for number, row in people.items() if not row["manager"]] == ["E01"]
    assert len(after["assignment"]) == len(PEOPLE)


def test_killed_growing_goes_on_to_the_same_end(make_site: SiteMaker) -> None:
    class Died(BaseException):
        """The process is gone."""

    with small_company(make_site) as lite:
        full = deploy(lite.site, "performance")
        sink = full.app.connection.item_sink
        count = kills = 0

        class Deadly:
            def submit(self, **asked: Any) -> Any:
                nonlocal count, kills
                answer = sink.submit(**asked)
                count += 1
                if count % 4 == 0:
                    kills += 1
                    raise Died
                return answer

        deadly = replace(full.shop, app=replace(full.app, connection=replace(full.app.connection, item_sink=Deadly())))
        for _ in range(20):
            try:
                deadly.run(Request(job="grow", apply=True))
            except Died:
                continue
            break
        assert kills >= 4
        assert full.run("grow").changes == 0
        counts = {key: len(full.rows(key)) for key in ("interview", "appraisal_item", "metric", "survey", "assignment")}
        assert counts == {"interview": 4, "appraisal_item": 24, "metric": 3, "survey": 16, "assignment": 5}


def test_a_workspace_without_lite_app_does_not_grow(make_site: SiteMaker) -> None:
    full = deploy(make_site(), "performance")
    with pytest.raises(CycleError) as caught:
        full.run("grow")
    assert caught.value.code == "cycle.nothing_to_grow"


def test_company_goals_without_a_key_are_given_one(make_site: SiteMaker) -> None:
    with small_company(make_site) as lite:
        goals = Book(lite.app).rows("goal")
        top = goals.row_of_key("[2026Q3|D:company|top]")
        assert top is not None
        bare = ItemWrite(key="-", values={"natural_key": None}, item_id=goals.item_id(top))
        batch_of_one = WriteBatch(table=goals.table, mode=WriteMode.UPDATE, rows=(bare,))
        lite.app.connection.item_sink.submit(batch=batch_of_one, bindings=lite.app.bindings)
        full = deploy(lite.site, "performance")
        preview = full.run("grow", apply=False)
        assert "cycle.rows_without_key" in {note.code for note in preview.notes}
        full.run("grow")
        (strategy,) = full.rows("strategy").values()
        assert strategy["name"] == "全年增长两成"
        assert full.run("grow").changes == 0


def test_every_lite_field_and_option_has_a_place_or_a_reason() -> None:
    lite, full = (compile_schema(load_template(name)) for name in ("performance-lite", "performance"))
    growth = read_growth(find_template("performance-lite"))
    theirs = {table.key: {field.address.key: field for field in table.fields} for table in full.tables}
    for table in lite.tables:
        for field in table.fields:
            place = f"{table.key}.{field.address.key}"
            same = theirs[table.key].get(field.address.key)
            assert (same is None) == (place in growth.fields), place
            if same is None:
                target, _, column = growth.fields[place].to.partition(".")
                assert column in theirs[target], place
                continue
            known = {option.address.key for option in same.options}
            for option in field.options:
                named = f"{place}.{option.address.key}"
                assert (option.address.key in known) == (named not in growth.options), named
    for named, option in growth.options.items():
        table_key, field_key, _ = named.split(".")
        if option.becomes:
            assert option.becomes in {o.address.key for o in theirs[table_key][field_key].options}, named
    places = {f"{t.key}.{f.address.key}" for t in lite.tables for f in t.fields}
    assert set(growth.fields) <= places


def test_files_are_where_they_are_looked_for() -> None:
    assert (Path(find_template("performance-lite")) / "growth.yaml").is_file()
    assert load_template("performance").app.model.grows_from == ("performance_lite",)
