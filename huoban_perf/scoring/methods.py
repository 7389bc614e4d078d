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
        methods: Methods it serves.
        when: Condition on the item row beside the method.
        num: Numerator, grid units.
        den: Denominator; its sign may be negative and is moved to the numerator.
    """

    name: str
    methods: tuple[str, ...]
    when: str
    num: str
    den: str

    @property
    def condition(self) -> str:
        """The whole condition, as SQL."""
        return sql_condition(self.methods, self.when)


def sql_condition(methods: tuple[str, ...], when: str) -> str:
    """Write "one of these methods, and this".

    Args:
        methods: English keys of methods.
        when: Further condition, or an empty string.

    Returns:
        A boolean expression over an item row.
    """
    listed = ", ".join(f"'{method}'" for method in methods)
    return f"method IN ({listed})" + (f" AND ({when})" if when else "")


def _scaled(sum_of: str) -> str:
    return f"scale_n * ({sum_of})"


ARMS: Final[tuple[Arm, ...]] = (
    Arm(
        "item.linear",
        ("linear",),
        "",
        _scaled("x - coalesce(baseline, 0) * u"),
        "(target - coalesce(baseline, 0)) * u",
    ),
    Arm("item.ratio_zero", ("ratio",), "x = 0", "CAST(cap AS HUGEINT) * 100000", "1"),
    Arm("item.ratio", ("ratio",), "", _scaled("target * u"), "x"),
    Arm("item.reflection", ("reflection",), "", _scaled("base * u + sigma * (x - target * u)"), "base * u"),
    Arm(
        "item.range_low",
        ("range",),
        "x < lower * u",
        _scaled("greatest(tolerance * u - lower * u + x, 0)"),
        "tolerance * u",
    ),
    Arm(
        "item.range_high",
        ("range",),
        "x > upper * u",
        _scaled("greatest(tolerance * u - x + upper * u, 0)"),
        "tolerance * u",
    ),
    Arm("item.range_inside", ("range",), "", "scale_n", "1"),
    Arm("item.points_below", ("interpolate",), "has_points AND hit IS NULL", "coalesce(below, 0) * 100000", "1"),
    Arm("item.points_last", ("interpolate",), "has_points AND hit.nx IS NULL", "hit.y * 100000", "1"),
    Arm(
        "item.points_between",
        ("interpolate",),
        "has_points",
        "100000 * (hit.y * (hit.nx - hit.x) * u + (hit.ny - hit.y) * (x - hit.x * u))",
        "(hit.nx - hit.x) * u",
    ),
    Arm("item.three_below", ("interpolate",), "way * x < way * x1 * u", "coalesce(below, 0) * 100000", "1"),
    Arm("item.three_above", ("interpolate",), "way * x >= way * x3 * u", "y3 * 100000", "1"),
    Arm(
        "item.three_first",
        ("interpolate",),
        "way * x < way * x2 * u",
        "100000 * (y1 * (x2 - x1) * u + (y2 - y1) * (x - x1 * u))",
        "(x2 - x1) * u",
    ),
    Arm(
        "item.three_second",
        ("interpolate",),
        "",
        "100000 * (y2 * (x3 - x2) * u + (y3 - y2) * (x - x2 * u))",
        "(x3 - x2) * u",
    ),
    Arm("item.steps", ("steps", "done"), "has_steps AND step IS NOT NULL", "step * 100000", "1"),
    Arm("item.steps_else", ("steps", "done"), "has_steps", "coalesce(otherwise, 0) * 100000", "1"),
    Arm("item.done", ("done",), "x = 10000 * u", "scale_n", "1"),
    Arm("item.not_done", ("done",), "", "0", "1"),
    Arm(
        "item.deduct",
        ("deduct",),
        "",
        "10 * (coalesce(CAST(start AS HUGEINT), scale_n // 100000) * 10000 * u - unit * x)",
        "u",
    ),
    Arm("item.progress", ("progress",), "", "(scale_n // 100000) * x", "1000000 * u"),
    Arm("item.manual", ("manual",), "", "x * 100000", "u"),
)
"""In order; the first whose condition holds is used. ``steps`` on the rate have their hit found beforehand."""


def sql_arms(part: str, methods: frozenset[str]) -> str:
    """Write the CASE over the methods in use.

    Args:
        part: ``num`` or ``den``.
        methods: Methods that some item of the run may have.

    Returns:
        A HUGEINT expression over an item row.
    """
    arms = "\n".join(
        fill(
            "  WHEN $when THEN /*arm $name.$part*/ ($value) /*end*/",
            when=arm.condition,
            name=arm.name,
            part=part,
            value=getattr(arm, part),
        )
        for arm in ARMS
        if methods & set(arm.methods)
    )
    return f"CASE\n{arms}\n  ELSE CAST(NULL AS HUGEINT) END"


@dataclass(frozen=True, slots=True)
class ItemFault:
    """Why an item cannot be scored as given.

    Attributes:
        code: Message id after ``item.``.
        methods: Methods it concerns; empty = every item.
        when: Condition on the item row; a null condition is no fault.
        expected: What would be right.
    """

    code: str
    methods: tuple[str, ...]
    when: str
    expected: str


_RATE: Final = "on_rate AND has_steps AND "
FAULTS: Final[tuple[ItemFault, ...]] = (
    ItemFault("no_weight", (), "weight IS NULL", "权重"),
    ItemFault("no_target", ("linear", "ratio", "reflection"), "target IS NULL", "目标值"),
    ItemFault("no_target", ("steps",), _RATE + "target IS NULL", "目标值"),
    ItemFault("zero_span", ("linear",), "baseline IS NOT NULL AND target = baseline", "目标值 ≠ 起点值"),
    ItemFault("zero_span", ("steps",), _RATE + "target = baseline", "目标值 ≠ 起点值"),
    ItemFault("target_not_positive", ("linear",), "baseline IS NULL AND target <= 0", "目标值 > 0 / 起点值"),
    ItemFault("target_not_positive", ("steps",), _RATE + "baseline IS NULL AND target <= 0", "目标值 > 0 / 起点值"),
    ItemFault("target_not_positive", ("ratio",), "target <= 0", "目标值 > 0"),
    ItemFault("zero_target", ("reflection",), "target = 0 AND base_qty IS NULL", "基准量"),
    ItemFault("negative_actual", ("ratio", "deduct"), "x < 0", "实际值 ≥ 0"),
    ItemFault("not_yes_no", ("done",), "NOT has_steps AND x <> 0 AND x <> 10000 * u", "1 / 0"),
    ItemFault("out_of_bounds", ("manual",), "x < floor * u OR x > cap * u", "单项下限–单项上限"),
    ItemFault(
        "too_few_points",
        ("interpolate",),
        "NOT has_points AND (x1 IS NULL OR x3 IS NULL OR x1 = x3 AND x2 = x3)",
        "合格值、目标值、优秀值至少两个",
    ),
    ItemFault(
        "points_not_ordered",
        ("interpolate",),
        "NOT has_points AND (way * x1 >= way * x2 OR way * x2 > way * x3 OR x1 = x3"
        " OR x2 = x3 AND pass IS NOT NULL AND target IS NOT NULL AND excellent IS NOT NULL)",
        "合格值、目标值、优秀值依次递增或递减",
    ),
)


def sql_faults(methods: frozenset[str]) -> str:
    """Write the index of the first fault of an item row.

    Args:
        methods: Methods that some item of the run may have.

    Returns:
        An INTEGER expression: position in ``FAULTS`` from 0, or null.
    """
    arms = "\n".join(
        fill(
            "  WHEN $when THEN /*arm fault.$index*/ ($index) /*end*/",
            when=sql_condition(fault.methods, fault.when) if fault.methods else fault.when,
            index=str(index),
        )
        for index, fault in enumerate(FAULTS)
        if not fault.methods or methods & set(fault.methods)
    )
    return f"CASE\n{arms}\n  END"
