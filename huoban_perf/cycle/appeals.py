"""The job ``appeal``: puts sheets under appeal and back, sets limits, finds an impartial handler, applies decisions.

An adjustment changes one person's released figures and nobody else's: a new 公布版次 with an approved 校准记录
(申诉调整). Source: workflows.md §1 绩效申诉; scoring.md S10 (an appeal never moves others).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.guards_reviews import involved
from huoban_perf.cycle.moves import moved, picked
from huoban_perf.cycle.quotas import final_grade
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_OPEN = frozenset({"submitted", "accepted", "reviewing", "awaiting_final"})
_RELEASED = frozenset({"awaiting_interview", "awaiting_confirmation", "completed"})


def appeal(context: JobContext) -> Draft:
    """Say what the appeals of a released cycle call for.

    Args:
        context: What stands.

    Returns:
        Appeals with limits and handlers, decisions applied, sheets under appeal or back; the machine tells people.
    """
    if context.cycle.text("status") != "feedback":
        return Draft()
    work = _Appeals(context)
    for sheet in sorted(context.book.of("appraisal", "cycle", context.cycle), key=lambda row: row.key):
        rows = [row for row in context.book.of("appeal", "appraisal", sheet) if row.key and row.text("status")]
        work.sheet(sheet, rows)
    return work.draft()


class _Appeals:
    """Collects what a run of the job wants."""

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.appeals: list[WantedRow] = []
        self.decided: list[WantedRow] = []
        self.records: list[WantedRow] = []
        self.sheets: list[WantedRow] = []
        self.results: list[WantedRow] = []
        self.notes: list[Problem] = []

    def draft(self) -> Draft:
        return Draft(
            wishes=(
                Wish(table="appeal", rows=tuple(self.appeals)),
                Wish(table="calibration", rows=tuple(self.records)),
                Wish(table="score_result", rows=tuple(self.results)),
                Wish(table="appraisal", rows=tuple(self.sheets), by_people=True),
                Wish(table="appeal", rows=tuple(self.decided), by_people=True),
            ),
            notes=tuple(self.notes),
            audited=True,
        )

    def sheet(self, sheet: Row, rows: list[Row]) -> None:
        """Look at one sheet and its appeals."""
        deciding = next((row for row in rows if row.text("status") == "awaiting_final" and picked(row, "adjust")), None)
        if deciding is not None:
            self._adjust(sheet, deciding)
            return
        for row in rows:
            self._limits(sheet, row)
        is_open = any(row.text("status") in _OPEN for row in rows)
        if is_open and sheet.text("status") in _RELEASED:
            former = sheet.text("status")
            self.sheets.append(moved(sheet, "appealing", today=self.context.today, status_before_appeal=former))
        elif rows and not is_open and sheet.text("status") == "appealing":
            if any(row.text("status") == "adjusted" for row in rows):
                self.sheets.append(moved(sheet, "awaiting_confirmation", today=self.context.today))
            else:
                back = sheet.text("status_before_appeal") or "awaiting_confirmation"
                self.sheets.append(moved(sheet, back, today=self.context.today))

    def _limits(self, sheet: Row, row: Row) -> None:
        context = self.context
        values: dict[str, Value | Refs] = {"natural_key": row.key}
        status = row.text("status")
        if status in _OPEN and row.day("accept_by") is None:
            values |= {
                "accept_by": context.calendar.shift(context.today, context.process.appeal_workdays),
                "decide_by": context.calendar.shift(context.today, context.process.decide_workdays),
                "original_score": sheet["released_score"],
                "original_grade": sheet["released_grade"],
            }
        if status == "accepted":
            handler = row.member("handler") or self._handler(sheet)
            if handler:
                values |= {"handler": (handler,), "status": "reviewing"}
                for result in context.book.of("score_result", "appraisal", sheet):
                    seen: dict[str, Value | Refs] = {"natural_key": result.key, "appeal_handlers": (handler,)}
                    self.results.append(WantedRow(key=result.key, values=seen))
            else:
                self.notes.append(note("cycle.no_impartial_handler", address=sheet.text("name") or sheet.key))
        if len(values) > 1:
            self.appeals.append(WantedRow(key=row.key, values=values))

    def _handler(self, sheet: Row) -> str:
        """Return who may re-examine: heads and HRBP who had no part in it, those of other departments first."""
        barred = involved(sheet)
        home = sheet.related("department")
        departments = sorted(
            self.context.book.all("department"), key=lambda row: (home is not None and row.key == home.key, row.key)
        )
        for department in departments:
            for member in (*department.members("hrbp"), *department.members("head")):
                if member not in barred:
                    return member
        return ""

    def _adjust(self, sheet: Row, row: Row) -> None:
        """Carry a decision out whole: record, released figures, states; the appeal's own state last."""
        score = _decided_score(row)
        result = next(iter(self.context.book.of("score_result", "appraisal", sheet)), None)
        if score is None or result is None:
            self.notes.append(note("cycle.no_reviewed_score", address=sheet.text("name") or sheet.key))
            return
        grade = grade_of(sheet, score) or sheet.text("released_grade")
        before, after = (_label(sheet, one) for one in (sheet.text("released_grade"), grade))
        difference = f"得分 {sheet['released_score']} → {score}; 等级 {before} → {after}"
        standing = row.text("difference_note")
        difference = standing if standing and f"→ {score};" in standing else difference
        key = natural_key(*sheet.key.strip("[]").split("|"), "appeal", row.key.strip("[]").split("|")[-1])
        record: dict[str, Value | Refs] = {
            "natural_key": key,
            "status": "approved",
            "kind": "appeal",
            "appraisal": Refs("appraisal", (sheet.key,)),
            "old_grade": final_grade(result),
            "new_grade": grade,
            "old_score": sheet["released_score"],
            "new_score": score,
            "reason": row.text("conclusion") or "申诉调整",
            "proposer": row.members("handler") or None,
            "approver": row.members("final_decider") or None,
            "decided_on": self.context.book.app.clock.now(),
        }
        if self.context.book.find("calibration", key) is not None:
            record.pop("decided_on")
        self.records.append(WantedRow(key=key, values=record))
        self._release_again(sheet, score, grade, difference)
        done: dict[str, Value] = {
            "reviewed_score": score,
            "difference_note": difference,
            "notified_on": self.context.today,
        }
        emptied: dict[str, Value] = {
            column: None for column in row.rows.columns if column in {"decider_action", "action_reason"}
        }
        self.decided.append(moved(row, "adjusted", today=self.context.today, **done, **emptied))

    def _release_again(self, sheet: Row, score: Decimal, grade: str, difference: str) -> None:
        line = f"申诉调整: {difference}"
        receipt = sheet.text("released_receipt")
        applied = line in receipt
        revision = (sheet.number("release_revision") or Decimal(1)) + (0 if applied else 1)
        values: dict[str, Value] = {
            "released_score": score,
            "released_grade": grade,
            "released_receipt": receipt if applied else f"{receipt}\n{line}",
            "release_revision": revision,
        }
        state = "awaiting_confirmation" if self.context.stage_on("confirmation") else "completed"
        self.sheets.append(moved(sheet, state, today=self.context.today, **values))


def _decided_score(row: Row) -> Decimal | None:
    """Return the score a decision gives: 决定值 of 裁定得分, else the re-computed 复核得分."""
    if row.text("remedy") == "set_score":
        try:
            return Decimal(row.text("remedy_value").strip()).quantize(Decimal("0.01"))
        except InvalidOperation:
            return None
    return row.number("reviewed_score")


def grade_of(sheet: Row, score: Decimal) -> str:
    """Return the grade whose lower bound a score reaches, by the sheet's own scheme; empty without a scheme."""
    scheme = sheet.related("scheme")
    bands = list(sheet.book.of("grade_band", "scheme", scheme)) if scheme else []
    reached = [band for band in bands if (bound := band.number("lower_bound")) is None or score >= bound]
    reached.sort(key=lambda band: band.number("lower_bound") or Decimal(-100_000))
    return reached[-1].text("grade") if reached else ""


def _label(sheet: Row, grade: str) -> str:
    options = sheet.rows.table.field("released_grade").options
    return next((option.labels.zh for option in options if option.address.key == grade), grade or "-")
