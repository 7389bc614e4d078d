"""What the remedy of an appeal comes to: the re-scored result, its grade, and the difference explained line by line.

A whole rater group is kept or dropped, data is corrected in its own table, or a score is decided. A grade that the
committee set by hand stays unless a score was decided; nobody else's result moves. Source: scoring.md S4.7, S10;
data-model.md §2 绩效申诉.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher

from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.reviewers import relation_labels
from huoban_perf.cycle.rulebook import grade_names
from huoban_perf.sync.book import Row
from huoban_perf.sync.rescore import Decision, Rescored

ADJUSTED = "申诉调整: "
"""Begins the line that an adjustment adds to a released receipt."""
_ACTIONS = {"drop_group": "strike_group", "keep_group": "keep_group", "correct_data": "correct_data"}
_MOST_LINES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What a remedy comes to.

    Attributes:
        score: The result, two decimals.
        grade: Option key of its grade.
        difference: What changed, in Chinese, line by line.
        keeps_hand_set: Whether the grade is one that the committee set and the remedy leaves.
    """

    score: Decimal
    grade: str
    difference: str
    keeps_hand_set: bool = False


def review_remedies(context: JobContext, cases: Sequence[tuple[Row, Row]]) -> Mapping[str, Reviewed]:
    """Work out the remedies of appeals.

    Args:
        context: What stands, and how a cycle is scored again.
        cases: Sheet and appeal; the appeal names a remedy.

    Returns:
        Key of the appeal → what it comes to; left out where nothing can be said: a decided value that is no number, no
        result, or an app that cannot score again.

    Raises:
        HuobanPerfError: Scoring refuses; nothing was written.
    """
    decided = {row.key: (sheet, row, _decision(sheet, row)) for sheet, row in cases if row.text("remedy") in _ACTIONS}
    scores: Mapping[str, Rescored] = {}
    decisions = [decision for _, _, decision in decided.values() if decision is not None]
    if decisions and context.rescore is not None:
        scores = context.rescore(decisions)
    found: dict[str, Reviewed] = {}
    for sheet, row in cases:
        reviewed = _set(sheet, row) if row.text("remedy") == "set_score" else _scored(sheet, row, scores.get(sheet.key))
        if reviewed is not None:
            found[row.key] = reviewed
    return found


def _decision(sheet: Row, row: Row) -> Decision | None:
    """Return the decision as scoring reads it; dropping a group needs its relation."""
    employee, department = sheet.related("employee"), sheet.related("department")
    is_department = sheet.text("subject_kind") == "department"
    subject = department if is_department else employee
    action = _ACTIONS[row.text("remedy")]
    relation = row.text("relation")
    if subject is None or (action == "strike_group" and not relation):
        return None
    kind = "department" if is_department else "person"
    return Decision(kind=kind, subject=subject.key, action=action, relation=relation)


def _set(sheet: Row, row: Row) -> Reviewed | None:
    """Return the decided score of 裁定得分."""
    try:
        score = Decimal(row.text("remedy_value").strip()).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    grade = grade_of(sheet, score) or sheet.text("released_grade")
    return Reviewed(score=score, grade=grade, difference=_head(sheet, row, score, grade))


def _scored(sheet: Row, row: Row, rescored: Rescored | None) -> Reviewed | None:
    score = rescored.score if rescored is not None else None
    if rescored is None or score is None or score.result is None:
        return None
    options = {name: key for key, name in grade_names(sheet.book).items()}
    hand_set = any(
        record.text("kind") == "calibration" and record.text("status") == "approved"
        for record in sheet.book.of("calibration", "appraisal", sheet)
    )
    grade = options.get(score.grade) or grade_of(sheet, score.result)
    keeps = hand_set and grade != _original_grade(sheet, row)
    grade = _original_grade(sheet, row) if keeps else grade
    lines = [_head(sheet, row, score.result, grade)]
    if keeps:
        lines.append("等级由校准会确定, 复核不改")
    if rescored.held:
        relations = relation_labels(sheet.book)
        held = "、".join(relations.get(one, one) for one in rescored.held)
        lines.append(f"公布后有变动的评价仍按公布时的组分计算: {held}")
    lines += changed_lines(_receipt(sheet), score.receipt_text.splitlines())
    return Reviewed(score=score.result, grade=grade, difference="\n".join(lines), keeps_hand_set=keeps)


def _head(sheet: Row, row: Row, score: Decimal, grade: str) -> str:
    options = {option.address.key: option.labels.zh for option in row.rows.table.field("remedy").options}
    relations = relation_labels(sheet.book)
    remedy = options.get(row.text("remedy"), "-")
    if row.text("remedy") in {"drop_group", "keep_group"} and row.text("relation"):
        remedy = f"{remedy} {relations[row.text('relation')]}"
    names = grade_names(sheet.book)
    before = row["original_score"] if row.has("original_score") else sheet["released_score"]
    was, now = (names.get(one, one or "-") for one in (_original_grade(sheet, row), grade))
    return f"{remedy}: 得分 {before} → {score}; 等级 {was} → {now}"


def _original_grade(sheet: Row, row: Row) -> str:
    return row.text("original_grade") or sheet.text("released_grade")


def _receipt(sheet: Row) -> list[str]:
    """Return the receipt as it was released first, without what calibration and appeals added."""
    lines = sheet.text("released_receipt").splitlines()
    return [line for line in lines if not line.startswith((ADJUSTED, "校准: "))]


def changed_lines(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the lines of two receipts that differ, old and new beside each other.

    Args:
        before: Lines of the released receipt.
        after: Lines of the new one.

    Returns:
        ``原: …`` and ``现: …``, at most thirty; empty when nothing differs.
    """
    found: list[str] = []
    for tag, i, j, k, m in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag != "equal":
            found += _marked("原", before[i:j])
            found += _marked("现", after[k:m])
    return found if len(found) <= _MOST_LINES else [*found[:_MOST_LINES], f"另有 {len(found) - _MOST_LINES} 行不同"]


def _marked(mark: str, lines: Iterable[str]) -> list[str]:
    return [f"{mark}: {line.strip()}" for line in lines if line.strip()]


def grade_of(sheet: Row, score: Decimal) -> str:
    """Return the grade whose lower bound a score reaches, by the sheet's own scheme; empty without a scheme."""
    scheme = sheet.related("scheme")
    bands = list(sheet.book.of("grade_band", "scheme", scheme)) if scheme else []
    reached = [band for band in bands if (bound := band.number("lower_bound")) is None or score >= bound]
    reached.sort(key=lambda band: band.number("lower_bound") or Decimal(-100_000))
    return reached[-1].text("grade") if reached else ""
