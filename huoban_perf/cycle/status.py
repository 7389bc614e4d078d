"""Where a cycle stands and what blocks its next step: counts and names, nothing about results.

Each line of ``blocks`` is something a person can go and do. Source: issue 6 point 1; workflows.md §7 (HR sees who holds
the cycle up).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from huoban_perf.core.errors import Problem
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.improving import unagreed_plans
from huoban_perf.cycle.left_out import is_reviewed
from huoban_perf.cycle.lite.opening import is_lite, lite_faults
from huoban_perf.cycle.opening_checks import check_cycle, service_faults_of
from huoban_perf.cycle.work import note
from huoban_perf.sync.book import Row

STAGES = (
    "draft",
    "announced",
    "goal_setting",
    "running",
    "reviewing",
    "calibrating",
    "awaiting_release",
    "feedback",
    "archived",
)
_DATE_OF = {
    "announced": "goal_open_on",
    "goal_setting": "goal_due_on",
    "running": "review_start_on",
    "reviewing": "review_due_on",
    "calibrating": "calibration_on",
    "awaiting_release": "release_on",
    "feedback": "appeal_due_on",
}
"""State → the date field at which it should be left."""
_OPEN_TASKS = frozenset({"nomination_pending", "awaiting_acceptance", "to_review"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStatus:
    """One stage that is not over yet.

    Attributes:
        stage: Key of the cycle's state.
        ends_on: When it should be left, or None.
        days_late: Working days past it; 0 when in time.
        blocks: What keeps it from ending, one line a matter; of a stage ahead only what can be told already.
    """

    stage: str
    ends_on: date | None
    days_late: int
    blocks: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleStatus:
    """Where a cycle stands.

    Attributes:
        cycle: 周期名称.
        status: Key of its state.
        leaves_on: When it should leave that state, or None.
        days_late: Working days past it; 0 when in time.
        sheets: State of 考核单 → how many.
        tasks: 评价关系 → (submitted, all).
        results: State of 核算结果 → how many.
        stages: The present stage and those ahead, with what blocks each; none once it is archived or cancelled.
    """

    cycle: str
    status: str
    sheets: Mapping[str, int]
    tasks: Mapping[str, tuple[int, int]]
    results: Mapping[str, int]
    stages: tuple[StageStatus, ...]

    @property
    def leaves_on(self) -> date | None:
        """When it should leave its present state, or None."""
        return self.stages[0].ends_on if self.stages else None

    @property
    def days_late(self) -> int:
        """Working days past that; 0 when in time."""
        return self.stages[0].days_late if self.stages else 0

    @property
    def blocks(self) -> tuple[Problem, ...]:
        """Everything that blocks, the present stage first."""
        return tuple(problem for stage in self.stages for problem in stage.blocks)


def cycle_status(context: JobContext) -> CycleStatus:
    """Return where the context's cycle stands.

    Args:
        context: What stands.

    Returns:
        Counts and what blocks the next step.
    """
    book, cycle = context.book, context.cycle
    status = cycle.text("status")
    sheets = list(book.of("appraisal", "cycle", cycle))
    tasks: dict[str, list[Row]] = {}
    results: Counter[str] = Counter()
    for sheet in sheets:
        for task in book.of("review_task", "appraisal", sheet):
            if task.text("status") not in {"recalled", "declined"} and is_reviewed(sheet):
                tasks.setdefault(task.text("relation"), []).append(task)
        results.update(row.text("status") for row in book.of("score_result", "appraisal", sheet))
    return CycleStatus(
        cycle=cycle.key,
        status=status,
        sheets=Counter(sheet.text("status") for sheet in sheets),
        tasks={
            relation: (sum(task.text("status") == "submitted" for task in rows), len(rows))
            for relation, rows in sorted(tasks.items())
        },
        results=results,
        stages=tuple(_stages(context, status, sheets)),
    )


def _stages(context: JobContext, status: str, sheets: list[Row]) -> Iterator[StageStatus]:
    known = {option.address.key for option in context.cycle.rows.table.field("status").options}
    ahead = [one for one in (STAGES[STAGES.index(status) : -1] if status in STAGES else ()) if one in known]

    def foreseen(stage: str) -> Iterator[Problem]:
        return iter(()) if status == "draft" else _foreseen(context, stage)  # a draft's own check lists it all

    for stage in ahead:
        ends = context.cycle.day(_DATE_OF[stage]) if context.cycle.has(_DATE_OF.get(stage, "")) else None
        yield StageStatus(
            stage=stage,
            ends_on=ends,
            days_late=context.calendar.passed(ends, context.today) if ends else 0,
            blocks=tuple(_blocks(context, stage, sheets) if stage == status else foreseen(stage)),
        )


def _blocks(context: JobContext, status: str, sheets: list[Row]) -> Iterator[Problem]:
    match status:
        case "draft":
            yield from lite_faults(context) if is_lite(context.book) else check_cycle(context)
        case "goal_setting":
            yield from _foreseen(context, status)
            yield from _unconfirmed(sheets)
        case "running":
            yield from service_faults_of(context)
            yield from _figures(context)
        case "reviewing":
            yield from service_faults_of(context)
            yield from _open_reviews(context, sheets)
            yield from _figures(context)
        case "calibrating":
            yield from _undecided(context, sheets)
        case "awaiting_release":
            yield note("cycle.awaits_decider", names=_decider(context))
        case "feedback":
            yield from _unsettled(context, sheets)
        case _:
            return


def _foreseen(context: JobContext, stage: str) -> Iterator[Problem]:
    """What will block a stage that has not begun: people who cannot act, a decision nobody may take."""
    if stage == "goal_setting":
        for row in context.book.all("employee"):
            stays = row.text("employment_status") != "left" and row.text("participation") != "excluded"
            if stays and not row.has("account") and "no_account" in row.rows.columns and row["no_account"] is not True:
                yield note("cycle.cannot_act", address=f"{row.key} {row.text('name')}")
    cycle = context.cycle
    if stage == "awaiting_release" and "decider" in cycle.rows.columns and not cycle.has("decider"):
        yield note("cycle.decider_missing")


def _figures(context: JobContext) -> Iterator[Problem]:
    """Figures of the cycle's time that are overdue, by who fills them in, and those that wait for a check."""
    people = _people(context)
    start, end = context.cycle.day("start_date"), context.cycle.day("end_date")
    missing: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    for row in context.book.all("metric_actual"):
        first = row.day("period_start") if row.has("period_start") else None
        if first is None or (start and first < start) or (end and first > end):
            continue
        due = row.day("fill_due_on") if row.has("fill_due_on") else None
        if row.text("status") == "to_fill" and due is not None and due < context.today:
            missing[people.get(row.member("data_owner"), "") if row.has("data_owner") else ""] += 1
        elif row.text("status") == "to_verify":
            employee = row.related("employee")
            manager = employee.related("manager") if employee else None
            checks[manager.text("name") if manager else "-"] += 1
    for name, count in missing.most_common():
        code = "cycle.figures_missing" if name else "cycle.figures_ownerless"
        yield note(code, name=name, count=count)
    for name, count in checks.most_common():
        yield note("cycle.figures_to_check", name=name, count=count)


def _people(context: JobContext) -> dict[str, str]:
    """Member id → name."""
    return {row.member("account"): row.text("name") for row in context.book.all("employee") if row.has("account")}


def _by_superior(rows: list[Row]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for sheet in rows:
        employee = sheet.related("employee")
        manager = employee.related("manager") if employee else None
        counts[manager.text("name") if manager else "-"] += 1
    return dict(counts.most_common())


def _unconfirmed(sheets: list[Row]) -> Iterator[Problem]:
    waiting = [sheet for sheet in sheets if sheet.text("status") == "goals_awaiting_confirmation"]
    for superior, count in _by_superior(waiting).items():
        yield note("cycle.goals_wait_for", name=superior, count=count)
    missing = [sheet for sheet in sheets if sheet.text("status") == "goal_setting"]
    for superior, count in _by_superior(missing).items():
        yield note("cycle.goals_missing_under", name=superior, count=count)


def _open_reviews(context: JobContext, sheets: list[Row]) -> Iterator[Problem]:
    people = _people(context)
    waiting: Counter[str] = Counter()
    overdue: Counter[str] = Counter()
    for sheet in sheets:
        for task in context.book.of("review_task", "appraisal", sheet):
            if task.text("status") in _OPEN_TASKS and is_reviewed(sheet):
                name = people.get(task.member("rater"), task.text("external_rater") or "-")
                due = task.day("due_on")
                (overdue if due is not None and due < context.today else waiting)[name] += 1
    for name, count in overdue.most_common():
        yield note("cycle.reviews_overdue", name=name, count=count)
    for name, count in waiting.most_common():
        yield note("cycle.reviews_waiting", name=name, count=count)
    for sheet in sheets:
        for result in context.book.of("score_result", "appraisal", sheet):
            if result.text("status") in {"held", "awaiting_reviews"}:
                where = sheet.text("name") or sheet.key
                yield note("cycle.result_held", address=where, reason=result.text("missing_notes") or "-")


def _undecided(context: JobContext, sheets: list[Row]) -> Iterator[Problem]:
    for sheet in sheets:
        for record in context.book.of("calibration", "appraisal", sheet):
            if record.text("status") == "pending":
                yield note("cycle.calibration_waits", address=sheet.text("name") or sheet.key)
    yield note("cycle.awaits_hr")


def _decider(context: JobContext) -> str:
    names = _people(context)
    return "、".join(names.get(member, member) for member in context.cycle.members("decider")) or "-"


def _unsettled(context: JobContext, sheets: list[Row]) -> Iterator[Problem]:
    labels = {
        state.address.key: state.labels.zh for state in context.book.rows("appraisal").table.field("status").options
    }
    open_states = Counter(
        sheet.text("status") for sheet in sheets if sheet.text("status") not in {"completed", "not_appraised", "void"}
    )
    for state, count in open_states.most_common():
        yield note("cycle.sheets_open", state=labels.get(state, state), count=count)
    for table, code in (("appeal", "cycle.appeals_open"), ("outcome", "cycle.outcomes_open")):
        closed = {"upheld", "adjusted", "refused", "withdrawn", "executed", "cancelled"}
        rows = [row for sheet in sheets for row in context.book.of(table, "appraisal", sheet)]
        count = sum(row.text("status") not in closed for row in rows)
        if count:
            yield note(code, count=count)
    plans = sum(len(unagreed_plans(sheet)) for sheet in sheets)
    if plans:
        yield note("cycle.plans_unagreed", count=plans)
