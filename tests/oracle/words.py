"""Words of the files, Chinese or English, turned into the oracle's own."""

from __future__ import annotations

from datetime import date

from tests.oracle.numbers import BookError

Row = dict[str, str | None]
Frames = dict[str, list[Row]]

KINDS = {"个人": "person", "部门": "department"}
RELATIONS = {
    "自评": "self",
    "上级": "superior",
    "隔级上级": "upper",
    "虚线上级": "dotted",
    "同事": "peer",
    "下级": "subordinate",
    "客户": "customer",
}
METHODS = {
    "比率法(正向)": "linear",
    "比率法(反向)": "ratio",
    "差额法": "reflection",
    "区间法": "range",
    "插值法": "interpolate",
    "层差法(分档)": "steps",
    "层差法": "steps",
    "减分法": "deduct",
    "非此即彼法": "done",
    "人工评分": "manual",
    "进度": "progress",
}
DIRECTIONS = {"越大越好": "higher", "越小越好": "lower", "区间": "range"}
AGGREGATES = {"求和": "sum", "平均": "average", "mean": "average", "期末": "last", "最大": "max"}
VETOES = {"本项0": "item_zero", "总分0": "total_zero", "分数封顶": "score_cap", "等级封顶": "grade_cap"}
SCOPES = {"全周期": "cycle", "整个周期": "cycle", "本段": "segment", "whole_cycle": "cycle", "this_segment": "segment"}
POINTS = {"加分": "plus", "减分": "minus"}
GOAL_KINDS = {"目标": "goal", "o": "objective", "O": "objective", "KR": "kr"}
STATUSES = {
    "已核实": "verified",
    "已提交": "submitted",
    "已批": "approved",
    "已终止": "ended",
    "离职": "left",
    "停薪留职": "on_leave",
    "不参评": "excluded",
    "已婉拒": "declined",
    "已收回": "recalled",
    "提名待批": "nominated",
}
ACTIONS = {"保留整组": "keep", "剔除整组": "strike", "更正数据": "correct", "裁定得分": "decide"}
TRUE = frozenset({"是", "1", "true", "yes", "TRUE", "True"})
FALSE = frozenset({"否", "0", "false", "no", "FALSE", "False"})


def text(row: Row, column: str) -> str | None:
    """A cell without blanks around it, None when empty or absent."""
    value = (row.get(column) or "").strip()
    return value or None


def needed(row: Row, column: str) -> str:
    """A cell that may not be empty.

    Args:
        row: The row.
        column: Its column.

    Returns:
        The text.

    Raises:
        BookError: It is empty.
    """
    value = text(row, column)
    if value is None:
        raise BookError("cell_empty", column)
    return value


def word(row: Row, column: str, known: dict[str, str], default: str = "") -> str:
    """A cell in the oracle's own word; unknown words stay as they are."""
    value = text(row, column) or default
    return known.get(value, value)


def flag(row: Row, column: str, *, default: bool = False) -> bool:
    """A yes or no.

    Args:
        row: The row.
        column: Its column.
        default: What an empty cell means.

    Returns:
        The truth.

    Raises:
        BookError: It is neither.
    """
    value = text(row, column)
    if value is None:
        return default
    if value not in TRUE | FALSE:
        raise BookError("yes_or_no", column, value)
    return value in TRUE


def day(row: Row, column: str) -> date | None:
    """A date, None when empty."""
    value = text(row, column)
    return None if value is None else date.fromisoformat(value)
