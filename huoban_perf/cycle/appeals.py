"""The job ``appeal``: puts sheets under appeal and back, sets limits, finds an impartial handler, applies decisions.

While a case is examined, what its remedy comes to stands in 核算结果 for those who decide (``appeal_reviews``). An
adjustment changes one person's released figures and nobody else's: a new 公布版次 with an approved 校准记录
(申诉调整). Source: workflows.md §1 绩效申诉; scoring.md S10 (an appeal never moves others).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.appeal_reviews import ADJUSTED, Reviewed, review_remedies
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.guards_reviews import involved
from huoban_perf.cycle.moves import moved, picked
from huoban_perf.cycle.quotas import over_quota
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
    cases: list[tuple[Row, list[Row]]] = []
    for sheet in sorted(context.book.of("appraisal", "cycle", context.cycle), key=lambda row: row.key):
        rows = [row for row in context.book.of("appeal", "appraisal", sheet) if row.key and row.text("status")]
        cases.append((sheet, rows))
    remedied = [(sheet, row) for sheet, rows in cases for row in rows if _has_remedy(row)]
    work = _Appeals(context, review_remedies(context, remedied) if remedied else {})
    for sheet, rows in cases:
        work.sheet(sheet, rows)
    if any(row.text("status") == "adjusted" for _, rows in cases for row in rows):
        work.notes += [note("cycle.over_quota", address=line) for line in over_quota(context, binding_only=False)]
    return work.draft()


def _has_remedy(row: Row) -> bool:
    return row.text("status") in {"reviewing", "awaiting_final"} and row.has("remedy")


class _Appeals:
    """Collects what a run of the job wants."""

    def __init__(self, context: JobContext, reviewed: Mapping[str, Reviewed]) -> None:
        self.context, self.reviewed = context, reviewed
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
                Wish(table="calibration", rows=tuple(self.records), first_only=frozenset({"decided_on"})),
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
            self._adjust(sheet, deciding, self.reviewed.get(deciding.key))
            return
        for row in rows:
            self._limits(sheet, row)
            self._draft_review(sheet, row)
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
        if status in {"accepted", "reviewing", "awaiting_final"} and not row.member("final_decider"):
            decider = self._decider(sheet, row, values.get("handler"))
            if decider:
                values["final_decider"] = (decider,)
            else:
                self.notes.append(note("cycle.no_impartial_decider", address=sheet.text("name") or sheet.key))
        self._overdue(sheet, row)
        if len(values) > 1:
            self.appeals.append(WantedRow(key=row.key, values=values))

    def _overdue(self, sheet: Row, row: Row) -> None:
        """Tell of a limit that has passed."""
        limit = row.day("accept_by") if row.text("status") == "submitted" else row.day("decide_by")
        if row.text("status") in _OPEN and limit is not None and self.context.today > limit:
            facts = {"day": limit.isoformat()}
            self.notes.append(note("cycle.appeal_overdue", address=sheet.text("name") or sheet.key, **facts))

    def _draft_review(self, sheet: Row, row: Row) -> None:
        """Lay the remedy's result out for whoever handles and decides; the appellant sees it with the decision."""
        reviewed = self.reviewed.get(row.key)
        if _has_remedy(row) and reviewed is None:
            self.notes.append(note("cycle.no_reviewed_score", address=sheet.text("name") or sheet.key))
        if reviewed is None:
            return
        if reviewed.keeps_hand_set:
            self.notes.append(note("cycle.hand_set_grade_kept", address=sheet.text("name") or sheet.key))
        for result in self.context.book.of("score_result", "appraisal", sheet):
            values: dict[str, Value | Refs] = {
                "natural_key": result.key,
                "reviewed_score": reviewed.score,
                "review_difference": reviewed.difference,
            }
            self.results.append(WantedRow(key=result.key, values=values))

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

    def _decider(self, sheet: Row, row: Row, handler: Value | Refs) -> str:
        """Return an executive who may decide: no part in the case, and not its handler."""
        barred = involved(sheet) | set(row.members("handler")) | set(handler if isinstance(handler, tuple) else ())
        executives = self.context.process.role_members.get("executive", ())
        return next((member for member in executives if member not in barred), "")

    def _adjust(self, sheet: Row, row: Row, reviewed: Reviewed | None) -> None:
        """Carry a decision out whole: record, released figures, states; the appeal's own state last."""
        result = next(iter(self.context.book.of("score_result", "appraisal", sheet)), None)
        if reviewed is None or result is None:
            self.notes.append(note("cycle.no_reviewed_score", address=sheet.text("name") or sheet.key))
            return
        key = natural_key(*sheet.key.strip("[]").split("|"), "appeal", row.key.strip("[]").split("|")[-1])
        self.records.append(WantedRow(key=key, values=self._record(key, sheet, row, reviewed)))
        self._release_again(sheet, reviewed)
        done: dict[str, Value] = {
            "reviewed_score": reviewed.score,
            "difference_note": reviewed.difference,
            "notified_on": self.context.today,
        }
        emptied: dict[str, Value] = {
            column: None for column in row.rows.columns if column in {"decider_action", "action_reason"}
        }
        self.decided.append(moved(row, "adjusted", today=self.context.today, **done, **emptied))

    def _record(self, key: str, sheet: Row, row: Row, reviewed: Reviewed) -> dict[str, Value | Refs]:
        """Return the 校准记录; what it was before comes from the appeal, which kept it when it was handed in."""
        return {
            "natural_key": key,
            "status": "approved",
            "kind": "appeal",
            "appraisal": Refs("appraisal", (sheet.key,)),
            "old_grade": row.text("original_grade") or sheet.text("released_grade"),
            "new_grade": reviewed.grade,
            "old_score": row["original_score"] if row.has("original_score") else sheet["released_score"],
            "new_score": reviewed.score,
            "reason": row.text("conclusion") or "申诉调整",
            "proposer": row.members("handler") or None,
            "approver": row.members("final_decider") or None,
            "decided_on": self.context.book.app.clock.now(),
        }

    def _release_again(self, sheet: Row, reviewed: Reviewed) -> None:
        line = f"{ADJUSTED}{reviewed.difference.splitlines()[0]}"
        receipt = sheet.text("released_receipt")
        applied = line in receipt.splitlines()
        revision = (sheet.number("release_revision") or Decimal(1)) + (0 if applied else 1)
        values: dict[str, Value] = {
            "released_score": reviewed.score,
            "released_grade": reviewed.grade,
            "released_receipt": receipt if applied else f"{receipt}\n{line}",
            "release_revision": revision,
        }
        state = "awaiting_confirmation" if self.context.stage_on("confirmation") else "completed"
        self.sheets.append(moved(sheet, state, today=self.context.today, **values))
