"""Single moves of the story: what one kind of person does with the rows of one table, written as a client would."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.improving import unagreed_plans
from huoban_perf.cycle.moves import moved
from huoban_perf.demo import texts
from huoban_perf.demo.stages import Machinery
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key
from huoban_perf.sync.write_back import compare, write

Which = Callable[[int], bool]
"""Says which of the rows, counted in order of their keys, take part."""


def everybody(place: int) -> bool:
    """Return true for every row."""
    del place
    return True


def run_on(machinery: Machinery, day: date, job: str, **options: str) -> None:
    """Run a job on a day of the story."""
    machinery.clock.on(day)
    machinery.run(job, **options)


def write_rows(context: JobContext, table: str, rows: Sequence[WantedRow]) -> None:
    """Write what differs of some rows; relations in them point to rows of tables already read."""
    standing = context.book.rows(table)
    write(compare(wanted=rows, standing=standing, tables=context.book.tables), app=context.book.app, standing=standing)


def sheets_of(context: JobContext) -> Iterator[tuple[int, Row]]:
    """Yield the cycle's appraisals with their place in order of their keys."""
    yield from enumerate(sorted(context.book.of("appraisal", "cycle", context.cycle), key=lambda row: row.key))


def submitted(context: JobContext, task: Row, answers: Mapping[str, Value]) -> WantedRow:
    """Return a review task handed in; the top and bottom option come with evidence, a self-review with results."""
    is_extreme = any(answer in {"g5", "g1"} for answer in answers.values())
    values: dict[str, Value | Refs] = {
        **answers,
        "extreme_evidence": "见过程记录: 本期至少一件具体事例" if is_extreme else None,
        "submitted_on": context.book.app.clock.now(),
    }
    if task.text("relation") == "self":
        values |= {
            "results": "1. 主要指标按月达成; 2. 完成一项流程改进; 3. 带教一名新同事",
            "next_goals": "把薄弱的一项指标提到目标值; 按月复盘",
        }
    return moved(task, "submitted", today=context.today, **values)


def leave_out_unscored(machinery: Machinery) -> None:
    """HR takes out, with a reason, whoever cannot be scored because too few have rated him."""
    context = machinery.context()
    sheets: list[WantedRow] = []
    results: list[WantedRow] = []
    for _, sheet in sheets_of(context):
        for result in context.book.of("score_result", "appraisal", sheet):
            if result.text("status") in {"held", "awaiting_reviews"}:
                reason = "评价人数不足, 经 HR 确认本期不参评"
                sheets.append(moved(sheet, "not_appraised", today=context.today, exclusion_reason=reason))
                results.append(moved(result, "void", today=context.today))
    write_rows(context, "score_result", results)
    write_rows(context, "appraisal", sheets)


def propose(machinery: Machinery) -> None:
    """The committee asks for another grade for every fortieth result, one up; the job makes records of it."""
    machinery.clock.on(date(2026, 10, 20))
    context = machinery.context()
    order = [
        option.address.key for option in context.book.app.schema.table("score_result").field("initial_grade").options
    ]
    rows = []
    for place, sheet in sheets_of(context):
        for result in context.book.of("score_result", "appraisal", sheet):
            grade = result.text("initial_grade")
            if place % 40 != 10 or grade not in order[1:] or result.text("status") != "scored":
                continue
            values: dict[str, Value | Refs] = {
                "natural_key": result.key,
                "proposed_grade": order[order.index(grade) - 1],
                "calibration_reason": "季度内带新人两名并承担跨部门专项, 委员会一致同意",
            }
            rows.append(WantedRow(key=result.key, values=values))
    write_rows(context, "score_result", rows)
    machinery.run("calibrate")


def hold_talks(machinery: Machinery, which: Which) -> None:
    """Talks are held, minuted and signed."""
    context = machinery.context()
    rows = []
    for place, sheet in sheets_of(context):
        for talk in context.book.of("interview", "appraisal", sheet):
            if talk.text("status") in {"to_schedule", "scheduled", "awaiting_signature"} and which(place):
                minutes: dict[str, Value | Refs] = {
                    "scheduled_at": context.book.app.clock.now() - timedelta(days=1),
                    "mode": "in_person",
                    "strengths": texts.STRENGTHS[place % len(texts.STRENGTHS)],
                    "weaknesses": texts.WEAKNESSES[place % len(texts.WEAKNESSES)],
                    "agreements": texts.AGREEMENTS[place % len(texts.AGREEMENTS)],
                    "strategy_alignment": "aligned",
                }
                rows.append(moved(talk, "signed", today=context.today, **minutes))
    write_rows(context, "interview", rows)


def confirm_results(machinery: Machinery, which: Which) -> None:
    """People confirm that they have read their result."""
    context = machinery.context()
    rows = [
        moved(sheet, "completed", today=context.today, confirmation_kind="self")
        for place, sheet in sheets_of(context)
        if sheet.text("status") == "awaiting_confirmation" and which(place)
    ]
    write_rows(context, "appraisal", rows)


def agree_plans(machinery: Machinery) -> None:
    """Superiors complete the improvement plans that were drafted, each with a task; people agree to them."""
    context = machinery.context()
    tasks: list[WantedRow] = []
    plans: list[WantedRow] = []
    for _, sheet in sheets_of(context):
        for plan in unagreed_plans(sheet):
            key = natural_key(*plan.key.strip("[]").split("|"), "T1")
            task: dict[str, Value | Refs] = {
                "natural_key": key,
                "status": "doing",
                "name": texts.PLAN_TASK,
                "kind": "improvement",
                "improvement": Refs("improvement", (plan.key,)),
                "owner": sheet.members("p_self"),
                "planned_start": plan.day("start_date"),
                "planned_end": plan.day("end_date"),
                "frequency": "weekly",
            }
            tasks.append(WantedRow(key=key, values=task))
            said = {"gap": texts.GAPS, "objective": texts.OBJECTIVES, "support": texts.SUPPORT}
            plans.append(
                moved(plan, "running", today=context.today, employee_confirmed_on=context.book.app.clock.now(), **said)
            )
    context.book.rows("plan_task")
    write_rows(context, "plan_task", tasks)
    write_rows(context, "improvement", plans)


def appeal_row(key: str, sheet: Row, appellant: str, matter: str, reason: str) -> WantedRow:
    """Return an appeal as a person hands it in."""
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "status": "submitted",
        "appraisal": Refs("appraisal", (sheet.key,)),
        "appellant": (appellant,),
        "matter": matter,
        "reason": reason,
    }
    return WantedRow(key=key, values=values)


def middling(place: int) -> tuple[int, ...]:
    """Return the answers of a form that the generator has not drawn: mostly 良好 and 合格."""
    return tuple((4, 3, 4, 3, 3, 5)[(place + step) % 6] for step in range(12))
