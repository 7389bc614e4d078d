"""InstEval through the jobs: students answer the public form, the service runs the cycle from 公示 to 公布.

The whole wire in this process (no socket), a fast clock. HR announces, imports the invitations, ends the reviews; the
decider releases; everything else is the service's: sheets, stages, matching answers to invitations, scores, results.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import requests

from huoban_perf.automation import FiringState
from huoban_perf.cli.deployed import Wish
from huoban_perf.cli.serving import House
from huoban_perf.cli.workshop import Workshop, process_of
from huoban_perf.core.addresses import MemberId
from huoban_perf.core.items import ItemQuery, ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.progress import silent
from huoban_perf.core.values import Value, Values
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.demo.insteval import Mark, insteval_marks
from huoban_perf.demo.insteval_rows import CRITERION, insteval_batches
from huoban_perf.demo.rows import Batch, batch
from huoban_perf.demo.script import _deploy, _template
from huoban_perf.demo.seed import seed
from huoban_perf.notices import TextBook
from huoban_perf.platforms.huoban import ControlPlane, HuobanOptions, connect
from huoban_perf.platforms.huoban.bound import BoundTable
from huoban_perf.profile import Profile, Site
from huoban_perf.sandbox import create_app, mount, open_world
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import State
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import Rounds, Tenant
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.timetable import TIMETABLE
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key
from huoban_perf.template import compile_schema
from tests.embedded import BASE
from tests.unit.sync.memory import Clock

CYCLE = "评教2026"
DATES: Mapping[str, Value] = {
    "start_date": date(2026, 3, 1),
    "end_date": date(2026, 8, 31),
    "review_start_on": date(2026, 9, 1),
    "review_due_on": date(2026, 9, 11),
    "release_on": date(2026, 9, 14),
}
START = datetime(2026, 2, 20, 1, tzinfo=UTC)


def means(marks: Iterable[Mark]) -> dict[str, Fraction]:
    """Lecturer → plain mean of the marks, exact."""
    given: dict[str, list[int]] = defaultdict(list)
    for mark in marks:
        given[mark.lecturer].append(mark.value)
    return {lecturer: Fraction(sum(values), len(values)) for lecturer, values in given.items()}


@dataclass
class Teaching:
    """A university in the workspace and the service beside it."""

    marks: Sequence[Mark]
    app: DeployedApp
    control: ControlPlane
    session: requests.Session
    key: str
    members: Mapping[str, str]
    store: SqliteStore
    ledger: SqliteLedger
    rounds: Rounds
    clock: Clock

    def at(self, day: date, hour: int = 9) -> None:
        """Move to a moment of a day in China and let the service settle."""
        moment = datetime(day.year, day.month, day.day, hour, 5, tzinfo=UTC) - timedelta(hours=8)
        self.control.advance(max(1, int((moment - self.clock.moment).total_seconds())))
        self.clock.moment = max(moment, self.clock.moment)
        self.settle()

    def settle(self) -> None:
        for _ in range(40):
            self.clock.moment += timedelta(seconds=75)
            writes = self.app.connection.traffic.traffic().writes
            self.rounds.tick()
            counts = self.store.counts()
            waiting = counts[State.DUE] + counts[State.RUNNING] + len(self.ledger.listed(FiringState.PENDING))
            if writes == self.app.connection.traffic.traffic().writes and not waiting:
                return
        raise AssertionError("the service does not come to rest")

    def rows(self, table: str) -> dict[str, Values]:
        """Natural key → values."""
        spec = self.app.schema.table(table)
        pages = self.app.connection.item_source.scan(query=ItemQuery(table=spec), bindings=self.app.bindings)
        key_field = spec.key_field
        return {
            str(item.values.get(key_field) if key_field else item.item_id): item.values
            for page in pages
            for item in page.items
        }

    def pick(self, **values: Value) -> None:
        """Somebody picks an action on the cycle."""
        spec = self.app.schema.table("cycle")
        pages = self.app.connection.item_source.scan(query=ItemQuery(table=spec), bindings=self.app.bindings)
        (item,) = [item for page in pages for item in page.items]
        row = ItemWrite(key=CYCLE, item_id=item.item_id, values=values)
        batch_ = WriteBatch(table=spec, mode=WriteMode.UPDATE, rows=(row,))
        self.app.connection.item_sink.submit(batch=batch_, bindings=self.app.bindings)
        self.control.advance(1)
        self.settle()

    def invite(self) -> None:
        """HR imports one invitation a student and lecturer."""
        rows = [
            WantedRow(
                key=key,
                values={
                    "natural_key": key,
                    "name": f"讲师{mark.lecturer}",
                    "status": "to_review",
                    "appraisal": Refs("appraisal", (natural_key(CYCLE, mark.lecturer),)),
                    "relation": "customer",
                    "external_rater": mark.student,
                    "invite_code": f"K{mark.row}",
                },
            )
            for mark in self.marks
            for key in [natural_key(CYCLE, mark.lecturer, "customer", str(mark.row))]
        ]
        sheets = [WantedRow(key=key, values={"natural_key": key}) for key in self.rows("appraisal")]
        seed([Batch(table="appraisal", rows=tuple(sheets)), Batch(table="review_task", rows=tuple(rows))], app=self.app)

    def answer(self, *, twice: int = 0, made_up: int = 0) -> None:
        """Students fill in the public form; some send it twice, some use a code nobody gave them."""
        table = BoundTable(self.app.schema.table("external_review"), self.app.bindings)
        answers: list[Values] = [{"invite_code": f"K{m.row}", CRITERION: f"g{m.value}"} for m in self.marks]
        again: list[Values] = [{"invite_code": f"K{m.row}", CRITERION: "g1"} for m in self.marks[:twice]]
        invented: list[Values] = [{"invite_code": f"X{number}", CRITERION: "g1"} for number in range(made_up)]
        everything = [*answers, *again, *invented]
        for start in range(0, len(everything), 100):
            some = everything[start : start + 100]
            items = [{"fields": table.encode(values, key="")} for values in some]
            answer = self.session.post(
                f"{BASE}/openapi/v1/items",
                json={"table_id": table.table_id, "items": items},
                headers={"Open-Authorization": f"Bearer {self.key}"},
            ).json()
            assert answer["code"] == 0, answer
        self.control.advance(1)


def play(run: Teaching, *, after: Callable[[str], None] = lambda _: None) -> None:
    """From 公示 to 公布.

    Args:
        run: The university.
        after: Told the name of each part once it is over.
    """
    parts: tuple[tuple[str, Callable[[], None]], ...] = (
        ("announced", lambda: _announce(run)),
        ("running", lambda: run.at(date(2026, 3, 2))),
        ("reviewing", lambda: run.at(date(2026, 9, 1))),
        ("invited", run.invite),
        ("answered", lambda: run.answer(twice=5, made_up=3)),
        ("matched", lambda: run.at(date(2026, 9, 2))),
        ("overdue", lambda: run.at(date(2026, 9, 12))),
        ("ended", lambda: run.pick(hr_action="end_reviews")),
        ("calibrated", lambda: run.at(date(2026, 9, 14))),
        ("released", lambda: run.pick(decider_action="release")),
    )
    for name, part in parts:
        part()
        after(name)


def _announce(run: Teaching) -> None:
    run.at(date(2026, 2, 23))
    run.pick(hr_action="announce")


@contextlib.contextmanager
def teaching(folder: Path, *, departments: frozenset[str] | None, most: int = 10_000) -> Iterator[Teaching]:
    """A university before its cycle is announced.

    Args:
        folder: For the service's state.
        departments: Which take part; None takes all.
        most: How many lecturers at most.
    """
    marks = [mark for mark in insteval_marks() if departments is None or mark.department in departments]
    lecturers = sorted({mark.lecturer for mark in marks})[:most]
    marks = [mark for mark in marks if mark.lecturer in lecturers]
    template = _template("insteval")
    schema = compile_schema(template)
    clock = Clock()
    clock.moment = START
    world = open_world(None, start=START, seed=1)
    with requests.Session() as session:
        mount(session, create_app(world), BASE)
        control = ControlPlane(control_url=f"{BASE}/_sandbox", session=session, clock=clock)
        control.limit_rate(None)
        workspace = control.build_workspace("评教")
        key = control.mint_key(workspace)
        connection = connect(
            options=HuobanOptions(base_url=f"{BASE}/openapi/v1", planes=("v1", "builder"), rate_per_s=None),
            api_key=key,
            session=session,
            clock=clock,
            control_url=f"{BASE}/_sandbox",
        )
        profile = Profile(name="p", home=folder / "home", planes=("v1", "builder"), rate_per_s=None)
        site = Site(profile=profile, connection=connection, workspace=workspace, control=control)
        _, app = _deploy(site, schema, clock=clock, progress=silent)
        members = {name: str(control.build_member(workspace, name=name)) for name in ("HR", "校长")}
        rows = _before(marks, template.scheme, _grades(template), decider=MemberId(members["校长"]))
        seed(rows, app=app)
        store = SqliteStore(folder / "service.sqlite")
        outbox = Outbox(profile="p", store=store, clock=clock, calendar=WorkCalendar(), texts=TextBook(locale="zh"))
        wish = Wish(template=template, schema=schema)
        roles = {"hr": (members["HR"],), "executive": (members["校长"],)}
        shop = Workshop(
            site=site,
            wish=wish,
            app=app,
            process=replace(process_of(wish, {}), role_members=roles),
            calendar=WorkCalendar(),
            members={},
            secret=str,
            notices=outbox,
        )
        ledger = SqliteLedger(store, profile="p")
        house = House(shop=shop, ledger=ledger, outbox=outbox, store=store, metrics=Metrics())
        tenant = Tenant(profile="p", schedules=TIMETABLE, outbox=outbox, poll=timedelta(minutes=1))
        rounds = Rounds(tenants=(tenant,), store=store, run_job=house.run, clock=clock, name="a")
        yield Teaching(marks, app, control, session, key, members, store, ledger, rounds, clock)
        store.close()
    world.close()


def _grades(template: Any) -> dict[str, str]:
    return {option.zh: option.key for option in template.parameters.model.grades}


def _before(
    marks: Sequence[Mark], scheme: Mapping[str, object], grades: Mapping[str, str], *, decider: str
) -> list[Batch]:
    """Departments, lecturers under a dean each, the scheme, and a cycle in 草稿; no sheet, no form."""
    base = insteval_batches(marks, scheme=scheme, grade_keys=grades)
    kept = [part for part in base if part.table not in {"cycle", "appraisal", "review_task", "employee"}]
    (people,) = [part for part in base if part.table == "employee"]
    (key,) = [part.rows[0].key for part in base if part.table == "scheme"]
    (position,) = [row.key for part in base if part.table == "position" for row in part.rows]
    departments = sorted({mark.department for mark in marks})
    deans = [
        {
            "emp_no": f"DEAN-{code}",
            "name": f"{code} 院长",
            "employment_status": "active",
            "department": Refs("department", (code,)),
            "position": Refs("position", (position,)),
            "hire_date": date(2020, 1, 1),
            "participation": "excluded",
            "no_account": True,
        }
        for code in departments
    ]
    home = {mark.lecturer: mark.department for mark in marks}
    lecturers = [
        replace(
            row,
            values={**row.values, "manager": Refs("employee", (f"DEAN-{home[row.key]}",)), "no_account": True},
        )
        for row in people.rows
    ]
    cycle: dict[str, Value | Refs] = {
        "name": CYCLE,
        "status": "draft",
        "kind": "half_year",
        "schemes": Refs("scheme", (key,)),
        "decider": (decider,),
        "enabled_stages": ("customer",),
        **DATES,
    }
    return [
        *kept,
        batch("employee", "emp_no", deans),
        replace(people, rows=tuple(lecturers)),
        batch("cycle", "name", [cycle]),
    ]
