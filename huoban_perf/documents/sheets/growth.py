"""Strengths, what to work on, next goals: the talk's own words, else what the person's own figures say.

Drafts of a talk or of an improvement plan that the person has not seen yet are not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from huoban_perf.documents.labels import choice_label, lines_of, name_of
from huoban_perf.documents.sheets.model import Growth, Voice
from huoban_perf.sync.book import Row

_TALKED = frozenset({"awaiting_signature", "signed"})
"""States of 绩效面谈 in which the employee reads the minutes. Source: workflows.md §1."""

_KNOWN_PLANS = frozenset({"running", "awaiting_closure", "achieved", "not_achieved"})
_LISTED = 3
_HUNDREDTH = Decimal("0.01")


def growth_of(row: Row, voices: Sequence[Voice]) -> Growth:
    """Return strengths, weaknesses and what comes next.

    Args:
        row: The 绩效考核单.
        voices: What may be shown of the raters.

    Returns:
        The talk's words where it has been held; else the best and weakest figures and the person's own plan.
    """
    talks = list(row.book.of("interview", "appraisal", row)) if row.book.has("interview") else []
    talk = next((one for one in talks if one.text("status") in _TALKED), None)
    plans = list(row.book.of("improvement", "appraisal", row)) if row.book.has("improvement") else []
    plan = next((one for one in plans if one.text("status") in _KNOWN_PLANS), None)
    both = lines_of(row, "strengths_weaknesses")  # the small app keeps the talk on the sheet itself
    best, weakest = _from_figures(row, voices)
    next_goals = lines_of(talk, "agreements") or lines_of(row, "agreements") or _own_plan(row)
    return Growth(
        strengths=lines_of(talk, "strengths") or both or best,
        weaknesses=lines_of(talk, "weaknesses") or (() if both else weakest),
        next_goals=(*next_goals, *lines_of(plan, "objective")),
        support=lines_of(plan, "support"),
        talk="、".join(dict.fromkeys(choice_label(one, "status") for one in talks)),
        is_from_talk=bool(lines_of(talk, "strengths") or lines_of(talk, "weaknesses") or both),
    )


def _own_plan(row: Row) -> tuple[str, ...]:
    """Return the next goals that the person wrote in the self-review."""
    for task in row.book.of("review_task", "appraisal", row):
        if task.text("relation") == "self" and task.text("status") == "submitted":
            return lines_of(task, "next_goals")
    return ()


def _from_figures(row: Row, voices: Sequence[Voice]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the best and the weakest items by score; criteria only where every rater group shows them."""
    items = [
        (score, name_of(item))
        for item in (row.book.of("appraisal_item", "appraisal", row) if row.book.has("appraisal_item") else ())
        if (score := item.number("score")) is not None
    ]
    ranked = sorted(items, key=lambda pair: (-pair[0], pair[1]))
    criteria = [(mean, f"{name} ({voice.group}平均 {mean})") for voice in voices for name, mean in voice.criteria]
    marked = sorted((pair for pair in criteria if "自评" not in pair[1]), key=lambda pair: (-pair[0], pair[1]))
    half = min(_LISTED, len(ranked) // 2)
    best = [f"{name} (得分 {score.quantize(_HUNDREDTH)})" for score, name in ranked[:half]]
    weakest = [f"{name} (得分 {score.quantize(_HUNDREDTH)})" for score, name in ranked[::-1][:half]]
    if len(marked) > 1 and marked[0][0] > marked[-1][0]:
        best.append(marked[0][1])
        weakest.append(marked[-1][1])
    return tuple(best), tuple(weakest)
