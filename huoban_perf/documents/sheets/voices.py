"""What raters said, as far as it may be shown to the person they rated.

A group is shown when it counts in the released result and has at least the scheme's number of counted raters; its
criteria only when each was answered by that many, so that nothing hidden can be found by subtraction; its free texts
with it, in an order made from the texts themselves. Single forms never leave this module.

Source: scoring.md S4.1 (a form that counts has a score), S4.6, S4.7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from huoban_perf.core.schema import FieldSpec
from huoban_perf.documents.labels import text_of
from huoban_perf.documents.sheets.model import Voice
from huoban_perf.sync.book import Row
from huoban_perf.sync.extract import criterion_fields

_LEAST: Mapping[str, int] = {"peer": 3, "subordinate": 3, "customer": 3}
"""Raters a group needs where the scheme states no number; others need one. Source: scoring.md S4.6."""

_NAMED = frozenset({"self", "superior", "upper", "dotted"})
"""Groups whose member the person knows anyway; only their evidence for extremes is passed on beside the comment."""

_TEN = Decimal("0.1")


def voices_of(sheet: Row, result: Row | None) -> tuple[Voice, ...]:
    """Return what each group said.

    Args:
        sheet: The 绩效考核单.
        result: Its 核算结果, or None where the app keeps none.

    Returns:
        One entry a 评价关系 that was asked, in the order of its options; hidden ones without figures and words.
    """
    if "review_score" not in sheet.book.rows("review_task").columns:  # an app that does not say which forms count
        return ()
    forms: dict[str, list[Row]] = {}
    for task in sheet.book.of("review_task", "appraisal", sheet):
        if task.text("status") == "submitted" and task.number("review_score") is not None:
            forms.setdefault(task.text("relation"), []).append(task)
    if not forms:
        return ()
    options = sheet.book.app.schema.table("review_task").field("relation").options
    least = _thresholds(sheet)
    return tuple(
        _voice(option.labels.zh, key, forms.get(key, []), least=least.get(key, _LEAST.get(key, 1)), result=result)
        for option in options
        if (key := option.address.key) in forms or key in least
    )


def _thresholds(sheet: Row) -> dict[str, int]:
    scheme = sheet.related("scheme") if "scheme" in sheet.rows.columns else None
    if scheme is None:
        return {}
    groups = scheme.book.of("rater_group", "scheme", scheme)
    return {
        row.text("relation"): int(row.number("anonymity_minimum") or _LEAST.get(row.text("relation"), 1))
        for row in groups
    }


def _voice(group: str, relation: str, forms: Sequence[Row], *, least: int, result: Row | None) -> Voice:
    if not forms:
        return Voice(group=group, raters=0, mean=None, hidden="没有计入的评价")
    column = f"{relation}_score"
    mean = result.number(column) if result is not None and column in result.rows.columns else None
    if len(forms) < least:
        return Voice(group=group, raters=0, mean=None, hidden=f"人数不足 {least} 人, 为保护评价人不显示")
    if mean is None:
        return Voice(group=group, raters=0, mean=None, hidden="没有单独计入结果, 不显示")
    return Voice(
        group=group,
        raters=len(forms),
        mean=mean,
        criteria=tuple(_criteria(forms, least)),
        comments=_comments(forms, with_evidence=relation in _NAMED and relation != "self"),
    )


def _criteria(forms: Sequence[Row], least: int) -> Iterator[tuple[str, Decimal]]:
    """Yield the mean of each criterion that was asked, or nothing when one of them has too few answers."""
    answered: list[tuple[FieldSpec, list[Decimal]]] = []
    for field in criterion_fields(forms[0].rows.table):
        points = {option.address.key: option.points for option in field.options}
        given = [form.text(field.address.key) for form in forms if form.has(field.address.key)]
        marks = [Decimal(str(mark)) for key in given if (mark := points.get(key)) is not None]
        if given:
            answered.append((field, marks))
    if any(len(marks) < least for _, marks in answered):
        return
    for field, marks in answered:
        yield field.labels.zh, (sum(marks, Decimal(0)) / len(marks)).quantize(_TEN)


def _comments(forms: Sequence[Row], *, with_evidence: bool) -> tuple[str, ...]:
    columns = ("overall_comment", "extreme_evidence") if with_evidence else ("overall_comment",)
    texts = {text for form in forms for column in columns if (text := text_of(form, column))}
    return tuple(sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest()))
