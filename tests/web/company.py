"""A small company on the full app, served to a browser; automations and jobs follow what people do there.

The clock of the workspace moves when told: a quarter takes as long as its pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from huoban_perf.cli.rehearsal import Rehearsal
from huoban_perf.demo.rows import Batch, batch, department_levels, scheme_batches
from huoban_perf.demo.seed import seed
from huoban_perf.sandbox import serve
from huoban_perf.sync.scheme_rows import scheme_key
from huoban_perf.sync.wanted import Refs
from tests.flow.deployed import Deployed

BOSS, LEAD, STAFF, PEER, MATE, HR = "总经理周正", "组长张强", "王芳", "李雷", "韩梅", "人事刘洋"
CYCLE = "2026Q4"
CUSTOMER = "客户甲"
_NUMBERS = {BOSS: "E001", LEAD: "E002", STAFF: "E003", PEER: "E004", MATE: "E005", HR: "E006"}
_MANAGERS = {LEAD: BOSS, STAFF: LEAD, PEER: LEAD, MATE: LEAD, HR: BOSS}


class Company(Deployed):
    """Six people of one department, with everything that an announcement asks for."""

    stores_permissions = True

    def __init__(self, folder: Path) -> None:
        super().__init__("performance", folder, people=tuple(_NUMBERS), groups={HR: "hr", BOSS: "executive"})
        self.control.set_mode("documented")
        seed(self._batches(), app=self.app)
        self.rehearsal = Rehearsal()
        self.rehearsal.follow(self.shop, self.store)
        self.url = ""

    def _batches(self) -> list[Batch]:
        template = self.wish.template
        grades = {option.zh: option.key for option in template.parameters.model.grades}
        scheme = template.scheme
        return [
            *department_levels([("D1", "明川科技", "")]),
            *scheme_batches(scheme, grade_keys=grades),
            batch("position", "code", [self._position(scheme)]),
            *(batch("employee", "emp_no", [self._employee(name)]) for name in _NUMBERS),
            batch("department", "code", [{"code": "D1", "head": (self.people[BOSS],)}]),
        ]

    @staticmethod
    def _position(scheme: Mapping[str, object]) -> dict[str, Any]:
        default = Refs("scheme", (scheme_key(scheme),))
        return {"code": "SALE", "name": "客户经理", "family": "sales", "default_scheme": default}

    def _employee(self, name: str) -> dict[str, Any]:
        boss = _MANAGERS.get(name)
        return {
            "employment_status": "active",
            "emp_no": _NUMBERS[name],
            "name": name,
            "account": (self.people[name],),
            "department": Refs("department", ("D1",)),
            "position": Refs("position", ("SALE",)),
            "manager": Refs("employee", (_NUMBERS[boss],)) if boss else None,
            "hire_date": date(2024, 1, 1),
            "participation": "included" if boss else "excluded",
        }

    def cell(self, table: str, item: str, field: str) -> Any:
        """A cell as the program sees it."""
        return self.rows(table)[item][field]

    def sheet(self, name: str) -> str:
        """Item id of a person's 绩效考核单."""
        (found,) = self.find("appraisal", lambda row: row["name"] == f"{name} {CYCLE}")
        return found

    def begin(self) -> None:
        """Announce the cycle, unless that has been done: from then on superiors have people of their own."""
        if self.rows("cycle"):
            return
        (scheme,) = self.rows("scheme")
        days = {"start_date": date(2026, 10, 1), "end_date": date(2026, 12, 31), "release_on": date(2027, 1, 12)}
        days |= {"goal_open_on": date(2026, 10, 1), "goal_due_on": date(2026, 10, 9)}
        days |= {"review_start_on": date(2027, 1, 4), "review_due_on": date(2027, 1, 8)}
        stages = ("goal", "peer")
        cycle = self.put(
            HR, "cycle", name=CYCLE, kind="quarter", schemes=(scheme,), decider=BOSS, enabled_stages=stages, **days
        )
        self.day(date(2026, 9, 28))
        self.change(HR, "cycle", cycle, hr_action="announce")
        self.settle()
        self.run("access-sync")

    def agree_on_goals(self, name: str, boss: str) -> None:
        """Somebody sets goals and has them confirmed, as those do whom the tests do not watch."""
        sheet = self.sheet(name)
        row = self.rows("appraisal")[sheet]
        dates = {"start_date": date(2026, 10, 1), "end_date": date(2026, 12, 31)}
        same = {"level": "person", "kind": "qualitative", "appraisal": (sheet,), "evidence": "有先例", **dates}
        for goal, weight in (("服务老客户", 60), ("整理资料", 40)):
            related = {"employee": row["employee"], "cycle": row["cycle"]}
            self.put(name, "goal", name=goal, weight=weight, **same, **related)
        self.settle()
        self.run("access-sync")
        for who, action in ((name, {"employee_action": "submit_goals"}), (boss, {"manager_action": "confirm_goals"})):
            self.change(who, "appraisal", sheet, **action)
            self.settle()
        assert self.cell("appraisal", sheet, "status") == "running", self.cell("appraisal", sheet, "action_result")

    def finish_reviews(self) -> None:
        """Everybody whom the tests do not watch rates; the program enters what goals are worth."""
        names = {member: name for name, member in self.people.items()}
        more = {"self": {"results": "完成", "next_goals": "继续"}, "superior": {"overall_comment": "好"}}
        for _ in range(2):  # superiors may rate once the self-review is in
            for item, row in self.rows("review_task").items():
                if row["status"] not in {"awaiting_acceptance", "to_review"} or row["relation"] == "customer":
                    continue
                rater = names[row["rater"][0]]
                if row["status"] == "awaiting_acceptance":
                    self.change(rater, "review_task", item, rater_action="accept")
                    self.settle()
                marks = {"expertise": "g4", "cooperation": "g4", "ownership": "g3"}
                self.change(rater, "review_task", item, **marks, **more.get(str(row["relation"]), {}))
                self.change(rater, "review_task", item, rater_action="submit")
            self.settle()
            self.run("open")
        for item in self.rows("appraisal_item"):
            self.change(None, "appraisal_item", item, manual_score=88)
        self.run("access-sync")

    def day(self, day: date) -> None:
        """A day passes: its schedules and jobs run, then the permission columns are filled."""
        self.on(day)
        self.run("open")
        self.settle()
        self.run("access-sync")


@contextmanager
def company_served(folder: Path) -> Iterator[Company]:
    """Serve the company on loopback for the length of a ``with`` block."""
    company = Company(folder)
    try:
        with serve(company.world, behaviour=company.rehearsal) as server:
            company.url = server.url
            yield company
    finally:
        company.close()
