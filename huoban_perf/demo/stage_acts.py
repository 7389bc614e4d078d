"""What the people of a seeded company do in each stage, and which jobs run when; dates are those of the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.cycle.moves import cycle_step, moved
from huoban_perf.demo import texts
from huoban_perf.demo.access_rows import with_access
from huoban_perf.demo.company import Form
from huoban_perf.demo.company_rows import contract_batches, criterion_answers
from huoban_perf.demo.goal_rows import department_goals, personal_goals
from huoban_perf.demo.life_rows import quarter_life
from huoban_perf.demo.rows import Batch
from huoban_perf.demo.sample import Sample, criteria_asked
from huoban_perf.demo.seed import seed
from huoban_perf.demo.stage_moves import (
    Which,
    agree_plans,
    appeal_row,
    confirm_results,
    everybody,
    hold_talks,
    leave_out_unscored,
    middling,
    propose,
    run_on,
    sheets_of,
    submitted,
    write_rows,
)
from huoban_perf.demo.stages import Act, Machinery
from huoban_perf.sync.wanted import WantedRow, natural_key

CYCLE_DATES: Mapping[str, Value] = {
    "goal_open_on": date(2026, 6, 29),
    "goal_due_on": date(2026, 7, 10),
    "review_start_on": date(2026, 10, 9),
    "data_due_on": date(2026, 10, 12),
    "self_due_on": date(2026, 10, 13),
    "review_due_on": date(2026, 10, 16),
    "calibration_on": date(2026, 10, 20),
    "release_on": date(2026, 10, 22),
    "interview_due_on": date(2026, 11, 3),
    "confirm_due_on": date(2026, 10, 30),
    "appeal_due_on": date(2026, 11, 4),
    "min_days": Decimal(30),
    "enabled_stages": (
        *("goal", "self", "peer", "customer", "calibration", "interview", "confirmation", "appeal", "outcome"),
    ),
}
"""What the cycle's row says besides name, kind and period."""

_AUGUST = 8


@dataclass(frozen=True, kw_only=True)
class Troupe:
    """Plays the people of one company.

    Attributes:
        sample: The company.
        account_of: 工号 → member id; everybody has one.
    """

    sample: Sample
    account_of: Mapping[str, str]

    def acts(self) -> dict[str, Act]:
        """Return what happens in each state of the cycle."""
        acts = (
            Act(
                state="draft",
                begin=self._goals_of_departments,
                finish=lambda m: run_on(m, date(2026, 6, 24), "open", announce="yes"),
            ),
            Act(state="announced", finish=lambda m: run_on(m, date(2026, 6, 29), "open")),
            Act(state="goal_setting", begin=self._first_goals, finish=self._all_goals),
            Act(state="running", begin=self._first_months, finish=self._last_month),
            Act(state="reviewing", begin=self._first_reviews, finish=self._all_reviews),
            Act(state="calibrating", begin=propose, finish=self._decide),
            Act(state="awaiting_release", finish=self._release),
            Act(state="feedback", begin=self._first_talks, finish=self._settle),
            Act(state="archived", begin=lambda m: run_on(m, date(2026, 11, 9), "review-process")),
        )
        return {act.state: act for act in acts}

    # --- 目标 ------------------------------------------------------------------------------------------------------

    def _goals_of_departments(self, machinery: Machinery) -> None:
        machinery.clock.on(date(2026, 6, 24))
        self._seed(machinery, department_goals(self.sample.company, self.account_of))

    def _first_goals(self, machinery: Machinery) -> None:
        """A third has its goals confirmed, a third handed in, a third is still writing."""
        machinery.clock.on(date(2026, 7, 2))
        goals = personal_goals(self.sample.company, self.account_of, status="draft")
        self._seed(machinery, [goals])
        self._hand_in(machinery, handed_in=lambda place: place % 3 != 0, confirmed=lambda place: place % 3 == 2)

    def _all_goals(self, machinery: Machinery) -> None:
        machinery.clock.on(date(2026, 7, 9))
        self._hand_in(machinery, handed_in=everybody, confirmed=everybody)
        run_on(machinery, date(2026, 7, 13), "open")

    def _hand_in(self, machinery: Machinery, *, handed_in: Which, confirmed: Which) -> None:
        context = machinery.context()
        today = context.today
        goals: list[WantedRow] = []
        sheets: list[WantedRow] = []
        for place, sheet in sheets_of(context):
            is_open = sheet.text("status") in {"goal_setting", "goals_awaiting_confirmation"}
            if not is_open or not handed_in(place):
                continue
            done = confirmed(place)
            goals.extend(
                moved(goal, "confirmed" if done else "awaiting_confirmation", today=today)
                for goal in context.book.of("goal", "appraisal", sheet)
            )
            sheets.append(moved(sheet, "running" if done else "goals_awaiting_confirmation", today=today))
        write_rows(context, "goal", goals)
        write_rows(context, "appraisal", sheets)

    # --- 执行 ------------------------------------------------------------------------------------------------------

    def _first_months(self, machinery: Machinery) -> None:
        """Mid-August: July's figures are in, August's are to be filled."""
        run_on(machinery, date(2026, 8, 20), "collect")
        self._figures(machinery, before=_AUGUST)
        life = self.sample.life(self.account_of)
        self._seed(machinery, [part for part in quarter_life(life) if part.table != "points_entry"])
        machinery.run("progress")

    def _last_month(self, machinery: Machinery) -> None:
        machinery.clock.on(date(2026, 10, 9))
        self._figures(machinery, before=12)
        machinery.run("progress")
        machinery.run("open")

    def _figures(self, machinery: Machinery, *, before: int) -> None:
        """Fill the rows that the job made, as a system would: its figures count as verified."""
        context = machinery.context()
        code = self.sample.company.outline.code
        rows = []
        for actual in self.sample.company.actuals:
            key = natural_key(code(actual.metric), actual.person, actual.start.isoformat())
            row = context.book.find("metric_actual", key) if actual.start.month < before else None
            if row is not None and row.text("status") == "to_fill":
                rows.append(
                    moved(
                        row,
                        "verified",
                        today=context.today,
                        actual_value=actual.value,
                        source_system="示例系统",
                        collected_on=context.book.app.clock.now(),
                    )
                )
        write_rows(context, "metric_actual", rows)

    # --- 评价 ------------------------------------------------------------------------------------------------------

    def _first_reviews(self, machinery: Machinery) -> None:
        """Two thirds of the self-reviews and half of the peers' are in; customers have answered."""
        machinery.clock.on(date(2026, 10, 13))
        self._customers(machinery)
        self._answer(machinery, "self", lambda place: place % 3 != 0)
        machinery.run("open")
        self._answer(machinery, "peer", lambda place: place % 2 == 0)
        machinery.run("score")
        machinery.run("progress")

    def _all_reviews(self, machinery: Machinery) -> None:
        run_on(machinery, date(2026, 10, 14), "open")
        self._answer(machinery, "self", lambda place: place % 17 != 0)
        for relation in ("peer", "superior"):
            self._answer(machinery, relation, everybody)
        machinery.clock.on(date(2026, 10, 19))
        machinery.run("score")
        leave_out_unscored(machinery)
        for job in ("open", "progress"):  # what nobody needs any more is closed before it is counted
            machinery.run(job)
        machinery.run("calibrate", end_reviews="yes")

    def _customers(self, machinery: Machinery) -> None:
        criteria = criteria_asked(self.sample.template)
        batches = contract_batches(self.sample.company, criteria_by_relation=criteria, account_of=self.account_of)
        context = machinery.context()
        open_sheets = {sheet.key for _, sheet in sheets_of(context) if sheet.text("status") == "reviewing"}
        forms = next(part for part in batches if part.table == "review_task")
        rows = tuple(
            WantedRow(key=row.key, values={**row.values, "submitted_on": datetime(2026, 10, 12, 6, tzinfo=UTC)})
            for row in forms.rows
            if row.values["relation"] == "customer" and natural_key(*row.key.strip("[]").split("|")[:2]) in open_sheets
        )
        self._seed(machinery, [Batch(table="review_task", rows=rows, first_only=frozenset({"status", "review_score"}))])

    def _answer(self, machinery: Machinery, relation: str, answers: Which) -> None:
        """Submit the open tasks of a relation: the generator's form where there is one, else a middling one."""
        context = machinery.context()
        asked = criteria_asked(self.sample.template)[relation]
        forms = {
            natural_key(self.sample.company.outline.cycle, form.subject, form.relation, form.rater): form
            for form in self.sample.company.forms
        }
        rows = []
        tasks = sorted(context.book.all("review_task"), key=lambda row: row.key)
        for place, task in enumerate(row for row in tasks if row.text("relation") == relation):
            if task.text("status") in {"to_review", "awaiting_acceptance"} and answers(place):
                form = forms.get(task.key) or Form("", relation, "", False, middling(place))
                rows.append(submitted(context, task, criterion_answers(form, asked)))
        write_rows(context, "review_task", rows)

    # --- 校准、公布、反馈 --------------------------------------------------------------------------------------------

    def _decide(self, machinery: Machinery) -> None:
        machinery.clock.on(date(2026, 10, 21))
        context = machinery.context()
        decider = (self._top(),)
        approved = [
            moved(row, "approved", today=context.today, approver=decider, decided_on=context.book.app.clock.now())
            for row in context.book.all("calibration")
            if row.text("status") == "pending" and row.key.startswith(f"[{context.cycle_name}|")
        ]
        write_rows(context, "calibration", approved)
        machinery.run("calibrate")
        context = machinery.context()
        write_rows(context, "cycle", [cycle_step(context, "awaiting_release")])

    def _top(self) -> str:
        return self.account_of[self.sample.company.people[0].number]

    def _release(self, machinery: Machinery) -> None:
        machinery.clock.on(date(2026, 10, 22))
        machinery.run("publish", decider=self._top())

    def _first_talks(self, machinery: Machinery) -> None:
        """Half of the talks are signed, some have confirmed, two people appeal."""
        machinery.clock.on(date(2026, 10, 26))
        machinery.run("interview")
        hold_talks(machinery, lambda place: place % 2 == 0)
        machinery.run("interview")
        confirm_results(machinery, lambda place: place % 3 == 0)
        machinery.run("improve")
        self._appeal(machinery)
        machinery.run("appeal")

    def _appeal(self, machinery: Machinery) -> None:
        company = self.sample.company
        book = machinery.context().book
        rows = []
        for place, person in enumerate(company.people[1:]):
            if place % 45 == 7:
                matter, reason = texts.APPEALS[place // 45 % len(texts.APPEALS)]
                key = natural_key(company.outline.cycle, person.number, "1")
                sheet = book.find("appraisal", natural_key(company.outline.cycle, person.number))
                if sheet is not None and sheet.has("released_score"):
                    rows.append(appeal_row(key, sheet, self.account_of[person.number], matter, reason))
        self._seed(machinery, [Batch(table="appeal", rows=tuple(rows), first_only=frozenset({"status"}))])

    def _settle(self, machinery: Machinery) -> None:
        machinery.clock.on(date(2026, 11, 3))
        hold_talks(machinery, everybody)
        context = machinery.context()
        upheld = [
            moved(
                row, "upheld", today=context.today, conclusion="已核对原始凭证, 维持原结果", notified_on=context.today
            )
            for row in context.book.all("appeal")
            if row.text("status") in {"submitted", "accepted", "reviewing", "awaiting_final"}
        ]
        write_rows(context, "appeal", upheld)
        for job in ("appeal", "interview"):
            machinery.run(job)
        confirm_results(machinery, everybody)
        run_on(machinery, date(2026, 11, 5), "outcomes")
        context = machinery.context()
        proposals = (row for row in context.book.of("outcome", "cycle", context.cycle) if row.text("status") == "draft")
        executed = [moved(row, "executed", today=context.today, approver=(self._top(),)) for row in proposals]
        write_rows(context, "outcome", executed)
        agree_plans(machinery)
        run_on(machinery, date(2026, 11, 6), "archive", archive="yes")

    def _seed(self, machinery: Machinery, batches: list[Batch]) -> None:
        app = machinery.context().book.app
        seed(with_access(batches, self.sample.life(self.account_of), app.schema), app=app)
