"""A small company's cycle on the lite app, told once: nobody runs a job, people change rows and time passes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol

from huoban_perf.core.values import Value

CYCLE = "2026Q4"
BOSS, LEAD, STAFF, HR, AUDITOR = "老板周正", "组长张强", ("王芳", "李雷", "韩梅"), "HR刘洋", "外审孙宁"
APPRAISED = (LEAD, *STAFF, HR)
PEOPLE = (BOSS, *APPRAISED, AUDITOR)
Row = Mapping[str, Value]


class Stage(Protocol):
    """A workspace with people in it and the service beside it; items are named by id."""

    def on(self, day: date, hour: int = 9) -> None:
        """Move to an hour of a day in China, let the jobs of that day run and the service settle."""
        ...

    def settle(self) -> object:
        """Let the service run until nothing is left to do."""
        ...

    def rows(self, table: str) -> Mapping[str, Row]:
        """Item → values as they stand."""
        ...

    def put(self, who: str, table: str, /, **values: Value) -> str:
        """A person makes a row; people stand in values by name."""
        ...

    def change(self, who: str | None, table: str, item: str, /, **values: Value) -> None:
        """A person (None: a program) changes a row."""
        ...

    def name_of(self, member: str) -> str:
        """Whose account it is."""
        ...


def find(run: Stage, table: str, where: Callable[[Row], bool]) -> list[str]:
    """Items that satisfy a condition, by natural key."""
    rows = run.rows(table)
    found = (item for item, row in rows.items() if where(row))
    return sorted(found, key=lambda item: str(rows[item].get("natural_key")))


def sheet(run: Stage, name: str) -> str:
    """Somebody's appraisal."""
    (found,) = find(run, "appraisal", lambda row: row["name"] == f"{name} {CYCLE}")
    return found


def cycle(run: Stage) -> str:
    """The cycle."""
    (found,) = run.rows("cycle")
    return found


def boss_of(name: str) -> str:
    """Somebody's superior."""
    return LEAD if name in STAFF else BOSS


def hire(run: Stage) -> None:
    """The company and a cycle in 草稿; the service has looked at the empty tables."""
    run.settle()
    for number, name in enumerate((BOSS, *APPRAISED), start=1):
        run.put(
            HR,
            "employee",
            employment_status="active",
            emp_no=f"E{number:03}",
            name=name,
            account=(name,),
            department_name="sales",
            position_name="sales",
            manager_account=(boss_of(name),),
            hire_date=date(2024, 1, 1),
            participation="excluded" if name == BOSS else "included",
        )
    run.put(
        HR,
        "cycle",
        name=CYCLE,
        start_date=date(2026, 10, 1),
        end_date=date(2026, 12, 31),
        goal_due_on=date(2026, 10, 9),
        review_due_on=date(2027, 1, 8),
        release_on=date(2027, 1, 12),
        appeal_due_on=date(2027, 1, 22),
        decider=(BOSS,),
    )
    run.on(date(2026, 9, 28))


def announce(run: Stage) -> None:
    """HR announces, once; everybody has a sheet."""
    if run.rows("cycle")[cycle(run)]["status"] == "draft":
        run.change(HR, "cycle", cycle(run), hr_action="announce")
    run.settle()


def goals(run: Stage) -> None:
    """Everybody sets two goals, one wrongly; one is sent back; all are confirmed and the contract is made."""
    for name in APPRAISED:
        target = {"passing_value": Decimal(6), "target_value": Decimal(10), "excellent_value": Decimal(12)}
        numbers: dict[str, Value] = {"kind": "quantitative", "weight": Decimal(60), **target}
        words: dict[str, Value] = {"kind": "qualitative", "weight": Decimal(30 if name == "王芳" else 40)}
        for goal, values in (("新签客户 (家)", numbers), ("整理销售话术", words)):
            mine = (sheet(run, name),)
            run.put(name, "goal", name=goal, level="person", appraisal=mine, end_date=date(2026, 12, 31), **values)
    run.settle()
    run.on(date(2026, 9, 29))  # access-sync writes who may see what
    for name in APPRAISED:
        run.change(name, "appraisal", sheet(run, name), employee_action="submit_goals")
    run.settle()
    (wrong,) = find(run, "goal", lambda row: row["weight"] == Decimal(30))
    run.change("王芳", "goal", wrong, weight=Decimal(40))
    run.change("王芳", "appraisal", sheet(run, "王芳"), employee_action="submit_goals")
    run.change(LEAD, "appraisal", sheet(run, "李雷"), manager_action="return_goals", action_reason="写明数据来源")
    run.settle()
    run.change("李雷", "appraisal", sheet(run, "李雷"), employee_action="submit_goals")
    run.settle()
    for name in APPRAISED:
        run.change(boss_of(name), "appraisal", sheet(run, name), manager_action="confirm_goals")
    run.settle()
    run.on(date(2026, 10, 10))


def reviews(run: Stage) -> None:
    """Figures come in; all tasks but one are handed in and scored by the schedule; HR ends the reviews."""
    for goal in find(run, "goal", lambda row: row["kind"] == "quantitative"):
        run.change(None, "goal", goal, actual_value=Decimal(10))
    run.on(date(2027, 1, 1))
    tasks = run.rows("review_task")
    late = find(run, "review_task", lambda row: row["name"] == "韩梅 · 同事")[0]
    for task in find(run, "review_task", lambda row: row["status"] == "to_review"):
        if task != late:
            grade = {"goal_rating": "g4"} if tasks[task]["relation"] == "superior" else {}
            answers: dict[str, Value] = {**dict.fromkeys(("expertise", "cooperation", "ownership"), "g3"), **grade}
            (rater,) = tasks[task]["rater"]  # type: ignore[misc]
            run.change(run.name_of(rater), "review_task", task, **answers, rater_action="submit")
    run.settle()
    run.on(date(2027, 1, 4))
    run.change(HR, "cycle", cycle(run), hr_action="end_reviews")
    run.settle()


def release(run: Stage) -> None:
    """HR calibrates one, first without a reason; released."""
    (changed,) = find(run, "score_result", lambda row: row["name"] == f"李雷 {CYCLE}")
    run.change(HR, "score_result", changed, proposed_grade="b")
    run.on(date(2027, 1, 12))
    run.change(HR, "cycle", cycle(run), hr_action="release")
    run.settle()
    run.change(HR, "score_result", changed, calibration_reason="两次迟交报表")
    run.change(HR, "cycle", cycle(run), hr_action="release")
    run.settle()


def feedback(run: Stage) -> None:
    """Talks are held, one confirms, one appeals and is heard."""
    for name in APPRAISED:
        said = {"strengths_weaknesses": "客户信任; 报表常迟交", "agreements": "每周五前交报表"}
        talk: dict[str, Value] = {"interview_date": date(2027, 1, 14), **said, "manager_action": "talk_done"}
        run.change(boss_of(name), "appraisal", sheet(run, name), **talk)
    run.settle()
    run.change("王芳", "appraisal", sheet(run, "王芳"), employee_action="confirm")
    mine = (sheet(run, "李雷"),)
    case = run.put("李雷", "appeal", appraisal=mine, appellant=("李雷",), matter="grade", reason="报表只迟交一次")
    run.settle()
    run.change(HR, "appeal", case, handler=(AUDITOR,), hr_action="accept")
    run.on(date(2027, 1, 18))
    run.change(AUDITOR, "appeal", case, reviewed_score=Decimal(90), conclusion="记录显示只迟交一次, 并有说明")
    run.change(HR, "appeal", case, hr_action="adjust")
    run.settle()


def end(run: Stage) -> None:
    """Who said nothing is held to have read; HR files the cycle."""
    run.change(HR, "cycle", cycle(run), hr_action="archive")
    run.settle()
    run.on(date(2027, 1, 25))
    run.change(HR, "cycle", cycle(run), hr_action="archive")
    run.settle()


ACTS = (announce, goals, reviews, release, feedback, end)
"""From 公示 to 归档, after ``hire``."""
