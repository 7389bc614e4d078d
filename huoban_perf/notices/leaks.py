"""The last look before a text leaves: a push shows no score, grade, amount or rater, nor the fact of an appeal.

The texts are written without them; this guards against facts and automations that slip them in. A text that is refused
is parked and told to an admin by its event, not by its content. Source: workflows.md §6, last sentence.
"""

from __future__ import annotations

import re

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "score",
        re.compile(
            r"(得分|分数|总分|score)\D{0,8}[-+]?\d|[-+]?\d+(?:\.\d+)?\s*(分(?!钟|之|\w*店)|points?\b)", re.IGNORECASE
        ),
    ),
    (
        "grade",
        re.compile(
            r"(等级|评级|绩效(结果)?为|grade)\s*[为是::]?\s*['\"「]?\s*(?:[SABCDE][+-]?(?![A-Za-z])|优秀|良好|合格|待改进|不合格)|"
            r"(?<![A-Za-z])[SABCDE][+-]?\s*(级|等)",
            re.IGNORECASE,
        ),
    ),
    (
        "amount",
        re.compile(r"[¥￥$]\s*\d|\d[\d,.]*\s*(元|万元|块|CNY|RMB|yuan)|(奖金|调薪|薪资|bonus)\D{0,8}\d", re.IGNORECASE),
    ),
    (
        "rater",
        re.compile(r"(?<!另找)(?<!更换)(?<!其他)(评价人|评分人|打分人|rater|rated by)\s*[::为是]\s*\S", re.IGNORECASE),
    ),
    ("appeal", re.compile(r"申诉|复核得分|\bappeal", re.IGNORECASE)),
)


def leaks_in(text: str) -> tuple[str, ...]:
    """Return what a text gives away.

    Args:
        text: A whole message.

    Returns:
        Any of score, grade, amount, rater, appeal; empty for a text that may leave.
    """
    return tuple(kind for kind, pattern in _PATTERNS if pattern.search(text))
