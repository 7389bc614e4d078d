"""Every way of turning an actual into a score, as one exact quotient each.

Quantities of the metric's own unit are compared as ``quantity · u`` against ``x``, where the actual is ``an ÷ ad``
(exact) and proration by eligible days multiplies the actual by D and every other quantity by d: ``x = an · D``,
``u = ad · d``. A score is ``num ÷ den`` in grid units; ``scale_n`` stands for the 100 of the book.

Source: scoring.md S2 (formulas), S11 (proration), S0 (one division a score).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.workbench import fill


@dataclass(frozen=True, slots=True)
class Arm:
    """One method.

    Attributes:
        name: Id of the arm.
        when: Condition on the item row.
        num: Numerator, grid units.
        den: Denominator; its sign may be negative and is moved to the numerator.
    """

    name: str
    when: str
    num: str
    den: str


def _scaled(sum_of: str) -> str:
    return f"scale_n * ({sum_of})"


ARMS: Final[tuple[Arm, ...]] = (
    Arm("item.linear", "method = 'linear'", _scaled("x - coalesce(baseline, 0) * u"), "(target - coalesce(baseline, 0)) * u"),
    Arm("item.ratio_zero", "method = 'ratio' AND x = 0", "cap * 100000", "1"),
    Arm("item.ratio", "method = 'ratio'", _scaled("target * u"), "x"),
    Arm("item.reflection", "method = 'reflection'", _scaled("base * u + sigma * (x - target * u)"), "base * u"),
    Arm("item.range_low", "method = 'range' AND x < lower * u", _scaled("tolerance * u - lower * u + x"), "tolerance * u"),
    Arm("item.range_high", "method = 'range' AND x > upper * u", _scaled("tolerance * u - x + upper * u"), "tolerance * u"),
    Arm("item.range_inside", "method = 'range'", "scale_n", "1"),
    Arm("item.points_below", "has_points AND method = 'interpolate' AND hit IS NULL", "coalesce(below, 0) * 100000", "1"),
    Arm("item.points_last", "has_points AND method = 'interpolate' AND hit.nx IS NULL", "hit.y * 100000", "1"),
    Arm(
        "item.points_between",
        "has_points AND method = 'interpolate'",
        "100000 * (hit.y * (hit.nx - hit.x) * u + (hit.ny - hit.y) * (x - hit.x * u))",
        "(hit.nx - hit.x) * u",
    ),
    Arm("item.three_below", "method = 'interpolate' AND way * x < way * x1 * u", "coalesce(below, 0) * 100000", "1"),
    Arm("item.three_above", "method = 'interpolate' AND way * x >= way * x3 * u", "y3 * 100000", "1"),
    Arm(
        "item.three_first",
        "method = 'interpolate' AND way * x < way * x2 * u",
        "100000 * (y1 * (x2 - x1) * u + (y2 - y1) * (x - x1 * u))",
        "(x2 - x1) * u",
    ),
    Arm(
        "item.three_second",
        "method = 'interpolate'",
        "100000 * (y2 * (x3 - x2) * u + (y3 - y2) * (x - x2 * u))",
        "(x3 - x2) * u",
    ),
    Arm("item.steps", "has_steps AND step IS NOT NULL", "step * 100000", "1"),
    Arm("item.steps_else", "has_steps OR method = 'steps'", "coalesce(otherwise, 0) * 100000", "1"),
    Arm(
        "item.deduct",
        "method = 'deduct'",
        "10 * (coalesce(CAST(start AS HUGEINT), scale_n // 100000) * 10000 * u - unit * x)",
        "u",
    ),
    Arm("item.done", "method = 'done' AND x = 10000 * u", "scale_n", "1"),
    Arm("item.not_done", "method = 'done'", "0", "1"),
    Arm("item.progress", "method = 'progress'", "(scale_n // 100000) * x", "1000000 * u"),
    Arm("item.manual", "method = 'manual'", "x * 100000", "u"),
)
"""In order; the first whose condition holds is used. ``steps`` on the rate have their hit found beforehand."""


def sql_arms(part: str) -> str:
    """Write the CASE over all methods.

    Args:
        part: ``num`` or ``den``.

    Returns:
        A HUGEINT expression over an item row.
    """
    arms = "\n".join(
        fill(
            "  WHEN $when THEN /*arm $name.$part*/ ($value) /*end*/",
            when=arm.when,
            name=arm.name,
            part=part,
            value=getattr(arm, part),
        )
        for arm in ARMS
    )
    return f"CASE\n{arms}\n  END"


FAULTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("no_weight", "weight IS NULL", "权重"),
    ("no_target", "method IN ('linear', 'ratio', 'reflection') AND target IS NULL", "目标值"),
    ("no_target", "method = 'steps' AND on_rate AND target IS NULL", "目标值"),
    ("zero_span", "method = 'linear' AND baseline IS NOT NULL AND target = baseline", "目标值 ≠ 起点值"),
    ("zero_span", "method = 'steps' AND on_rate AND target = baseline", "目标值 ≠ 起点值"),
    ("target_not_positive", "method = 'linear' AND baseline IS NULL AND target <= 0", "目标值 > 0 / 起点值"),
    ("target_not_positive", "method = 'steps' AND on_rate AND baseline IS NULL AND target <= 0", "目标值 > 0 / 起点值"),
    ("target_not_positive", "method = 'ratio' AND target <= 0", "目标值 > 0"),
    ("zero_target", "method = 'reflection' AND target = 0 AND base_qty IS NULL", "基准量"),
    ("negative_actual", "method IN ('ratio', 'deduct') AND x < 0", "实际值 ≥ 0"),
    ("not_yes_no", "method = 'done' AND NOT has_steps AND x <> 0 AND x <> 10000 * u", "1 / 0"),
    ("out_of_bounds", "method = 'manual' AND (x < floor * u OR x > cap * u)", "单项下限–单项上限"),
    ("too_few_points", "method = 'interpolate' AND NOT has_points AND (x1 IS NULL OR x3 IS NULL OR x1 = x3 AND x2 = x3)", "合格值、目标值、优秀值至少两个"),
    ("points_not_ordered", "method = 'interpolate' AND NOT has_points AND (way * x1 >= way * x2 OR way * x2 > way * x3 OR x2 = x3 AND pass IS NOT NULL AND target IS NOT NULL AND excellent IS NOT NULL OR x1 = x3)", "合格值、目标值、优秀值依次递增或递减"),
)
"""Code, condition on an item row, what would be right. A null condition is no fault."""


def sql_faults() -> str:
    """Write the index of the first fault of an item row.

    Returns:
        An INTEGER expression: position in ``FAULTS`` from 0, or null.
    """
    arms = "\n".join(
        fill("  WHEN $when THEN /*arm fault.$index*/ ($index) /*end*/", when=when, index=str(index))
        for index, (_, when, _) in enumerate(FAULTS)
    )
    return f"CASE\n{arms}\n  END"
