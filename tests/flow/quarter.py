"""A whole quarter under a fast clock: the service runs it, people act only through the workspace's rows."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from huoban_perf.automation import FiringState
from huoban_perf.cli.deployed import Wish
from huoban_perf.cli.serving import House
from huoban_perf.cli.workshop import Workshop
from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import UnreachableError
from huoban_perf.core.values import Value
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.context import Process
from huoban_perf.notices import Message, TextBook
from huoban_perf.profile import Profile, Site
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import State
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import Rounds, Tenant
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.timetable import TIMETABLE
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.cycle.dying import Died
from tests.unit.sync.company import schema, template

TABLES_COMPARED = (
    "cycle",
    "appraisal",
    "goal",
    "review_task",
    "score_result",
    "calibration",
    "interview",
    "appeal",
    "outcome",
)
# Moments, and the digest over inputs that holds one (提交时间).
# Moments, and the digest over inputs, which hold one (提交时间).
_WHEN = frozenset(
    "input_hash batch calculated_on released_on announced_on decided_on collected_on submitted_on".split()
)
HR, PAYROLL, EXECUTIVE = "uHR", "uPAY", "uE001"


class Way:
    """A channel that reaches everybody and keeps what it was given."""

    name = "way"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def reaches(self, receiver: str) -> bool:
        return True

    def send(self, message: Message) -> None:
        self.sent.append(message)


@dataclass
class Quarter:
    """The company, its service, and the faults that befall it.

    ``faults`` is None for a clean run, else the source of bad luck: writes that fail before or after their effect, and
    the service killed in the middle of one.
    """

    company: Firm
    faults: Random | None = None
    kills: int = 0
    failures: int = 0
    way: Way = field(default_factory=Way)

    def __post_init__(self) -> None:
        self.store = SqliteStore(self.company.folder / "service.sqlite")
        if self.faults is not None:
            self._disturb(self.faults)
        self.start()

    def start(self) -> None:
        """A new process of the service on the same state."""
        company, store = self.company, self.store
        outbox = Outbox(
            profile="p",
            store=store,
            clock=company.clock,
            calendar=WorkCalendar(),
            texts=TextBook(locale="zh"),
            channels=(self.way,),
        )
        criteria = {
            "self": {"expertise": Decimal(1)},
            "superior": {"expertise": Decimal(1)},
            "peer": {"expertise": Decimal(1)},
        }
        profile = Profile(name="p", home=company.folder / "home")
        shop = Workshop(
            site=Site(profile=profile, connection=company.memory.connection(), workspace=WorkspaceId("1")),
            wish=Wish(template=template(), schema=schema()),
            app=company.app,
            process=Process(
                criteria=criteria,
                role_members={"hr": (HR,), "payroll": (PAYROLL,), "executive": (EXECUTIVE,)},
                pass_grade=template_pass_grade(),
            ),
            calendar=WorkCalendar(),
            members={},
            secret=str,
            notices=outbox,
        )
        house = House(shop=shop, ledger=SqliteLedger(store, profile="p"), outbox=outbox, store=store, metrics=Metrics())
        self.ledger = house.ledger
        self.rounds = Rounds(
            tenants=(Tenant(profile="p", schedules=TIMETABLE, outbox=outbox, poll=timedelta(minutes=1)),),
            store=store,
            run_job=house.run,
            clock=company.clock,
            name="a",
        )

    def _disturb(self, luck: Random) -> None:
        memory = self.company.memory
        submit = memory.submit

        def unlucky(**asked: Any) -> Any:
            fate = luck.random()
            if fate < 0.02:
                self.failures += 1
                raise UnreachableError("platform.unreachable", endpoint="items")  # before the effect
            answer = submit(**asked)
            if fate < 0.04:
                self.failures += 1
                raise UnreachableError("platform.timeout", endpoint="items")  # after the effect
            if fate < 0.05:
                self.kills += 1
                raise Died
            return answer

        memory.submit = unlucky  # type: ignore[method-assign]

    # --- time --------------------------------------------------------------------------------------------------------

    def at(self, day: date, hour: int = 9, minute: int = 5) -> Quarter:
        """Move to a moment of a day in China and let the service settle."""
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(hours=8)
        self.company.clock.moment = max(moment, self.company.clock.moment + timedelta(seconds=1))
        return self.settle()

    def settle(self) -> Quarter:
        """Let the service run, a round every 75 s, until a round wrote nothing and nothing waits to be tried again."""
        for _ in range(40):
            self.company.clock.moment += timedelta(seconds=75)
            writes = self.company.memory.writes
            try:
                self.rounds.tick()
            except Died:
                self.company.clock.moment += timedelta(minutes=4)  # the dead one's lease ends
                self.start()
                continue
            counts = self.store.counts()
            waiting = counts[State.DUE] + counts[State.RUNNING] + len(self.ledger.listed(FiringState.PENDING))
            if writes == self.company.memory.writes and not waiting:
                return self
        raise AssertionError("the service does not come to rest")

    # --- people ------------------------------------------------------------------------------------------------------

    def pick(self, table: str, key: str, **values: Value) -> None:
        """A person changes a row."""
        self.company.memory.moment += 10
        self.company.set(table, key, **values)

    def make(self, table: str, **values: Value) -> str:
        """A person makes a row without a key; returns its item id."""
        self.company.memory.moment += 10
        return str(self.company.memory.put(schema().table(table), values))

    def item(self, table: str, key: str) -> tuple[str, ...]:
        """A relation's value."""
        key_field = schema().table(table).key_field or ""
        return next((item,) for item, (_, row) in self.company.memory.items[table].items() if row.get(key_field) == key)

    def keys(self, table: str, where: Callable[[dict[str, Value]], bool]) -> list[str]:
        return sorted(key for key, row in self.company.rows(table).items() if where(row))

    def world(self) -> dict[str, dict[str, dict[str, Value]]]:
        """What stands, by natural key, without moments and ids of made rows."""
        names = {
            table: {
                item: str(row.get(schema().table(table).key_field or "") or item) for item, (_, row) in rows.items()
            }
            for table, rows in self.company.memory.items.items()
        }

        def plain(table: str, name: str, value: Value) -> Value:
            target = schema().table(table).field(name).target
            if target is None or not isinstance(value, tuple):
                return value
            return tuple(names[target.key].get(part, part) for part in value)

        return {
            table: {
                key: {
                    name: plain(table, name, value)
                    for name, value in sorted(row.items())
                    if value is not None and name not in _WHEN
                }
                for key, row in sorted(self.company.rows(table).items())
            }
            for table in TABLES_COMPARED
        }

    def story(self) -> dict[str, Any]:
        """The quarter in numbers."""
        fired = Counter(state.value for _, _, _, state, _, _ in self.ledger.listed())
        return {
            "firings": dict(fired),
            "jobs": dict(Counter(job for _, job, _, _, _, _ in self.store.listed() if job != "events")),
            "messages": len(self.way.sent),
            "reads": self.company.memory.reads,
            "writes": self.company.memory.writes,
            "run_log": len(self.company.rows("run_log")),
            "failures": self.failures,
            "kills": self.kills,
        }


def template_pass_grade() -> str:
    from huoban_perf.sync.extract_map import extract_map_of

    return extract_map_of(template(), schema()).pass_grade


@contextlib.contextmanager
def quarter(folder: Path, *, seed: int | None = None) -> Iterator[Quarter]:
    """A quarter about to begin: cycle in 草稿, nobody has done anything."""
    folder.mkdir(parents=True, exist_ok=True)
    company = firm(folder).on(date(2026, 9, 22))
    stages = ("goal", "self", "peer", "calibration", "interview", "confirmation", "appeal", "outcome")
    company.set("cycle", CYCLE, enabled_stages=stages)
    company.set("department", "D30", head=("uE008",))
    found = Quarter(company, faults=None if seed is None else Random(seed))
    try:
        yield found
    finally:
        found.store.close()


def play(run: Quarter) -> None:
    """Live the quarter through, from 公示 to 归档."""
    goals(run)
    figures(run)
    reviews(run)
    decisions(run)
    feedback(run)
    end(run)


def _people(run: Quarter) -> list[str]:
    return [
        number for number, row in sorted(run.company.rows("employee").items()) if row["participation"] == "included"
    ]


def goals(run: Quarter) -> None:
    run.at(date(2026, 9, 23), 8)
    run.pick("cycle", CYCLE, hr_action="announce")
    run.settle()
    run.at(date(2026, 9, 27), 6).at(date(2026, 9, 28))
    for number in _people(run):
        sheet = f"[{CYCLE}|{number}]"
        run.make(
            "goal",
            name="内部满意度",
            level="person",
            kind="quantitative",
            cycle=run.item("cycle", CYCLE),
            employee=run.item("employee", number),
            appraisal=run.item("appraisal", sheet),
            metric=run.item("metric", "M07"),
            passing_value=Decimal(70),
            target_value=Decimal(85),
            excellent_value=Decimal(95),
            evidence="上季度问卷",
            start_date=date(2026, 10, 1),
            end_date=date(2026, 12, 31),
            weight=Decimal(90 if number == "E012" else 100),
        )
    run.at(date(2026, 9, 29), 6).at(date(2026, 9, 29))  # access-sync writes who may see what
    for number in _people(run):
        run.pick("appraisal", f"[{CYCLE}|{number}]", employee_action="submit_goals")
    run.settle()
    (wrong,) = run.keys("goal", lambda row: row.get("weight") == Decimal(90))
    run.pick("goal", wrong, weight=Decimal(100))
    run.pick("appraisal", f"[{CYCLE}|E012]", employee_action="submit_goals")
    run.at(date(2026, 9, 30))
    run.pick("appraisal", f"[{CYCLE}|E013]", manager_action="return_goals", action_reason="请写明数据来源")
    run.settle()
    run.pick("appraisal", f"[{CYCLE}|E013]", employee_action="submit_goals")
    run.settle()
    for key in run.keys("appraisal", lambda row: row["status"] == "goals_awaiting_confirmation"):
        run.pick("appraisal", key, manager_action="confirm_goals")
    run.settle()
    run.at(date(2026, 10, 13), 6)


def figures(run: Quarter) -> None:
    for month, day in ((11, date(2026, 11, 2)), (12, date(2026, 12, 2)), (1, date(2027, 1, 3))):
        run.at(day, 6).at(day)
        due = run.keys("metric_actual", lambda row: row["status"] == "to_fill" and row["period_end"] < day)  # noqa: B023
        for place, key in enumerate(due):
            run.pick("metric_actual", key, actual_value=Decimal(60 + (place * 7 + month) % 40))
        run.settle()
        for key in run.keys("metric_actual", lambda row: row["status"] == "to_verify"):
            run.pick("metric_actual", key, manager_action="verify")
        run.settle()


def reviews(run: Quarter) -> None:
    run.at(date(2027, 1, 4), 6).at(date(2027, 1, 4))
    (declined, *_) = run.keys("review_task", lambda row: row["relation"] == "peer")
    run.pick("review_task", declined, rater_action="decline", decline_reason="没有共事")
    run.settle()
    for key in run.keys("review_task", lambda row: row["status"] == "awaiting_acceptance"):
        run.pick("review_task", key, rater_action="accept")
    run.settle()
    _submit(run, lambda row: row["relation"] == "self" and "E015|" not in str(row["natural_key"]))
    run.at(date(2027, 1, 8), 6).at(date(2027, 1, 8))
    _submit(run, lambda row: row["relation"] in {"superior", "peer"})
    run.at(date(2027, 1, 11), 6).at(date(2027, 1, 12), 6)
    _submit(run, lambda row: row["relation"] == "superior")
    run.at(date(2027, 1, 13), 6)


def _submit(run: Quarter, where: Callable[[dict[str, Value]], bool]) -> None:
    options = ("g5", "g4", "g3", "g3", "g4", "g2")
    for place, key in enumerate(run.keys("review_task", lambda row: row["status"] == "to_review" and where(row))):
        answer = options[place % len(options)]
        run.pick(
            "review_task",
            key,
            expertise=answer,
            cooperation=answer,
            ownership=answer,
            extreme_evidence="客户来信" if answer == "g5" else None,
            rater_action="submit",
        )
    run.settle()


def decisions(run: Quarter) -> None:
    run.at(date(2027, 1, 13))
    run.pick("cycle", CYCLE, hr_action="end_reviews")
    run.settle()
    sheet = f"[{CYCLE}|E010]"
    before = run.company.rows("score_result")[sheet]["initial_grade"]
    wished = "a" if before != "a" else "b"
    run.pick("score_result", sheet, proposed_grade=wished, calibration_reason="季度内带新人两名")
    run.at(date(2027, 1, 14), 6).at(date(2027, 1, 14))
    for key in run.keys("calibration", lambda row: row["status"] == "pending"):
        run.pick("calibration", key, decider_action="approve")
    run.at(date(2027, 1, 15), 6).at(date(2027, 1, 15))
    run.pick("cycle", CYCLE, hr_action="finish_calibration")
    run.settle()
    run.at(date(2027, 1, 18))
    run.pick("cycle", CYCLE, decider_action="release")
    run.settle()


def feedback(run: Quarter) -> None:
    run.at(date(2027, 1, 19), 7).at(date(2027, 1, 19))
    held = datetime(2027, 1, 20, 2, tzinfo=UTC)
    for key in run.keys("interview", lambda row: row["status"] == "to_schedule"):
        run.pick("interview", key, scheduled_at=held, manager_action="schedule")
    run.settle()
    run.at(date(2027, 1, 20))
    minutes: dict[str, Value] = {
        "strengths": "稳",
        "weaknesses": "慢",
        "agreements": "每周一次",
        "strategy_alignment": "aligned",
    }
    for key in run.keys("interview", lambda row: row["status"] == "scheduled"):
        run.pick("interview", key, manager_action="hand_in", **minutes)
    run.settle()
    for key in run.keys("interview", lambda row: row["status"] == "awaiting_signature"):
        run.pick("interview", key, employee_signature=("f1",), employee_action="sign")
    run.at(date(2027, 1, 21), 7).at(date(2027, 1, 21))
    waiting = run.keys("appraisal", lambda row: row["status"] == "awaiting_confirmation")
    for key in waiting[:30]:
        run.pick("appraisal", key, employee_action="confirm")
    run.settle()
    run.make(
        "appeal",
        appraisal=run.item("appraisal", f"[{CYCLE}|E020]"),
        appellant=("uE020",),
        matter="data",
        reason="12月数据少记",
    )
    run.at(date(2027, 1, 22), 7).at(date(2027, 1, 22))
    (case,) = run.company.rows("appeal")
    run.pick("appeal", case, hr_action="accept")
    run.at(date(2027, 1, 25), 7).at(date(2027, 1, 25))
    run.pick(
        "appeal",
        case,
        procedure_checks=("data_verified",),
        remedy="set_score",
        remedy_value="88",
        conclusion="补记属实",
        final_decider=("uE003",),
        handler_action="conclude",
    )
    run.settle()
    run.pick("appeal", case, decider_action="adjust")
    run.settle()


def end(run: Quarter) -> None:
    run.at(date(2027, 1, 26), 8).at(date(2027, 1, 27), 8)
    run.at(date(2027, 2, 1), 8).at(date(2027, 2, 1))
    for key in run.keys("outcome", lambda row: row["status"] == "draft"):
        run.pick("outcome", key, hr_action="cancel", action_reason="并入年度安排")
    run.settle()
    run.pick("cycle", CYCLE, hr_action="archive")
    run.settle()
