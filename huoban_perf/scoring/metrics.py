"""The metric library of a cycle: each metric's method with its parameters read and checked.

Source: scoring.md S2, S7 (veto); score-files.md (``params``, ``veto_when``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.scoring.rounding import parse_d4
from huoban_perf.scoring.workbench import Workbench, sql_values

Pairs = tuple[tuple[int, int], ...]

_NUMBERS: Final = ("base_qty", "below", "else", "lower", "upper", "tolerance", "start", "unit")
_VETO = re.compile(r"\s*(<=|>=|<|>|=|≤|≥)\s*([+-]?[0-9.]+)\s*")
_ENTRY = re.compile(r"\s*(?:≥|>=)?\s*([+-]?[0-9.]+)\s*(?:→|->|:)\s*([+-]?[0-9.]+)\s*")
_SIGNS: Final = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, numbers in ten-thousandths.

    Attributes:
        code: Business code.
        name: Name shown in receipts.
        method: English key of the method.
        direction: ``higher``, ``lower`` or ``range``.
        agg: How several periods become one actual.
        prorate: Additive and prorated by eligible days.
        numbers: Parameters by name.
        points: Interpolation points in the given order.
        steps: Lower bounds and scores, ascending.
        on: Steps look at the ``actual`` or the completion ``rate``.
        floor_d4: Own floor, or None for the scheme's.
        cap_d4: Own cap, or None for the scheme's.
        veto_when: Comparison and number, or None for the default condition.
        veto_action: What a hit does, or None when the metric has no veto.
        veto_value: Cap in ten-thousandths, or a grade's name.
    """

    code: str
    name: str
    method: str
    direction: str
    agg: str
    prorate: bool
    numbers: Mapping[str, int] = field(default_factory=dict)
    points: Pairs = ()
    steps: Pairs = ()
    on: str = "actual"
    floor_d4: int | None = None
    cap_d4: int | None = None
    veto_when: tuple[str, int] | None = None
    veto_action: str | None = None
    veto_value: int | str | None = None


def load_metrics(bench: Workbench, *, grades: frozenset[str]) -> tuple[Metric, ...]:
    """Read the typed metrics and check each one's parameters; faults go to the workbench.

    Args:
        bench: The workbench with ``t_metrics``.
        grades: Names of the grades of all schemes, for grade caps.

    Returns:
        The metrics, by code.

    Source: scoring.md S2, S7.
    """
    rows = bench.rows(
        "SELECT metric_code, name, method, direction, agg, prorate, params, floor_d4, cap_d4, veto_when, veto_action,"
        " veto_value FROM t_metrics ORDER BY metric_code"
    )
    metrics = []
    for row in rows:
        metric, faults = _read(row)
        faults += list(_method_faults(metric)) + list(_veto_faults(metric, grades))
        bench.problems += [_problem(metric.code, code, facts) for code, facts in faults]
        metrics.append(metric)
    return tuple(metrics)


Faults = list[tuple[str, dict[str, FactValue]]]


def _problem(code: str, fault: str, facts: Mapping[str, FactValue]) -> Problem:
    return Problem(code=f"metric.{fault}", facts={"metric": code, **facts}, file="指标", address=f"metrics:{code}")


def _read(row: tuple[object, ...]) -> tuple[Metric, Faults]:
    code, name, method, direction, agg, prorate, params, floor, cap, veto_when, veto_action, veto_value = row
    faults: Faults = []
    pairs = dict(_pairs(str(params or ""), faults))
    metric = Metric(
        code=str(code),
        name=str(name or code),
        method=str(method or "manual"),
        direction=str(direction or "higher"),
        agg=str(agg or "sum"),
        prorate=bool(prorate),
        numbers={key: value for key in _NUMBERS if (value := _number(pairs, key, faults)) is not None},
        points=_entries(pairs.get("points", ""), faults),
        steps=_entries(pairs.get("steps", ""), faults),
        on=pairs.get("on", "actual"),
        floor_d4=None if floor is None else int(str(floor)),
        cap_d4=None if cap is None else int(str(cap)),
        veto_when=_veto_when(veto_when, faults),
        veto_action=None if veto_action is None else str(veto_action),
        veto_value=_veto_value(veto_action, veto_value, faults),
    )
    return metric, faults


def _pairs(params: str, faults: Faults) -> Iterator[tuple[str, str]]:
    for part in re.split(r"[;；\n]", params):
        key, sign, value = (text.strip() for text in part.partition("="))
        if not part.strip():
            continue
        if not sign or key not in {*_NUMBERS, "points", "steps", "on"}:
            faults.append(("unknown_parameter", {"value": part.strip()}))
        else:
            yield key, value


def _number(pairs: Mapping[str, str], key: str, faults: Faults) -> int | None:
    if key not in pairs:
        return None
    try:
        return parse_d4(pairs[key])
    except ValueError:
        faults.append(("not_a_number", {"parameter": key, "value": pairs[key]}))
        return None


def _entries(text: str, faults: Faults) -> Pairs:
    found = []
    for part in filter(None, re.split(r"[,，]", text)):
        entry = _exact_pair(_ENTRY.fullmatch(part))
        if entry is None:
            faults.append(("bad_entry", {"value": part.strip()}))
        else:
            found.append(entry)
    return tuple(found)


def _veto_when(text: object, faults: Faults) -> tuple[str, int] | None:
    if text is None:
        return None
    match = _VETO.fullmatch(str(text))
    bound = None if match is None else _exact(match[2])
    if match is None or bound is None:
        faults.append(("bad_veto_condition", {"value": str(text)}))
        return None
    return _SIGNS.get(match[1], match[1]), bound


def _exact(text: str) -> int | None:
    """Return ten-thousandths, or None when the text is no exact number."""
    try:
        return parse_d4(text)
    except ValueError:
        return None


def _exact_pair(match: re.Match[str] | None) -> tuple[int, int] | None:
    """Return both numbers of an entry, or None when either is no exact number."""
    if match is None:
        return None
    first, second = _exact(match[1]), _exact(match[2])
    return None if first is None or second is None else (first, second)


def _veto_value(action: object, value: object, faults: Faults) -> int | str | None:
    if action != "score_cap":
        return None if value is None else str(value)
    try:
        return parse_d4(value)
    except ValueError:
        faults.append(("bad_veto_value", {"value": str(value)}))
        return None


def _veto_faults(metric: Metric, grades: frozenset[str]) -> Iterator[tuple[str, dict[str, FactValue]]]:
    if metric.veto_action == "grade_cap" and metric.veto_value not in grades:
        yield "unknown_grade", {"value": str(metric.veto_value), "allowed": ", ".join(sorted(grades))}
    if metric.veto_when is not None and metric.veto_action is None:
        yield "veto_without_action", {}


def _method_faults(metric: Metric) -> Iterator[tuple[str, dict[str, FactValue]]]:
    if metric.floor_d4 is not None and metric.cap_d4 is not None and metric.floor_d4 > metric.cap_d4:
        yield "floor_above_cap", {}
    if metric.on not in {"actual", "rate"}:
        yield "unknown_policy", {"value": metric.on, "allowed": "actual, rate"}
    if metric.numbers.get("base_qty", 1) <= 0:
        yield "base_not_positive", {}
    check = _CHECKS.get(metric.method)
    if check is not None:
        yield from ((code, {}) for code in check(metric))


def _range_faults(metric: Metric) -> Iterator[str]:
    numbers = metric.numbers
    if not {"lower", "upper", "tolerance"} <= numbers.keys():
        yield "range_incomplete"
    elif numbers["tolerance"] <= 0 or numbers["lower"] > numbers["upper"]:
        yield "range_empty"


def _point_faults(metric: Metric) -> Iterator[str]:
    xs = [x for x, _ in metric.points]
    if len(xs) == 1:
        yield "too_few_points"
    rises = {left < right for left, right in pairwise(xs)}
    if len(rises) > 1 or len(set(xs)) < len(xs):
        yield "points_not_ordered"


def _step_faults(metric: Metric) -> Iterator[str]:
    bounds = [bound for bound, _ in metric.steps]
    if not bounds and metric.method == "steps":
        yield "no_steps"
    if bounds != sorted(set(bounds)):
        yield "steps_not_ascending"


def _deduct_faults(metric: Metric) -> Iterator[str]:
    if metric.numbers.get("unit", 0) <= 0:
        yield "no_unit_price"


_CHECKS: Final[dict[str, Callable[[Metric], Iterator[str]]]] = {
    "range": _range_faults,
    "interpolate": _point_faults,
    "steps": _step_faults,
    "done": _step_faults,
    "deduct": _deduct_faults,
}

_METRIC_COLUMNS: Final = (
    "metric_code VARCHAR, metric_name VARCHAR, method VARCHAR, sigma BIGINT, agg VARCHAR, prorate BOOLEAN,"
    " base_qty_d4 BIGINT, below_d4 BIGINT, else_d4 BIGINT, lower_d4 BIGINT, upper_d4 BIGINT, tolerance_d4 BIGINT,"
    " start_d4 BIGINT, unit_d4 BIGINT, has_points BOOLEAN, has_steps BOOLEAN, on_rate BOOLEAN, floor_d4 BIGINT,"
    " cap_d4 BIGINT, veto_sign VARCHAR, veto_d4 BIGINT, veto_action VARCHAR, veto_cap_d4 BIGINT, veto_grade VARCHAR"
)


def store_metrics(bench: Workbench, metrics: tuple[Metric, ...]) -> None:
    """Create the small relations the item stage joins.

    Args:
        bench: The workbench.
        metrics: The checked metrics.

    Makes ``s_metric`` (a row a metric), ``s_point`` (metric × k: this point and the next; ``sigma`` +1 when the points
    rise) and ``s_step`` (metric × bound).
    """
    bench.run(
        "CREATE OR REPLACE TEMP TABLE s_metric AS $rows", rows=sql_values([_row(m) for m in metrics], _METRIC_COLUMNS)
    )
    bench.run(
        "CREATE OR REPLACE TEMP TABLE s_point AS $rows",
        rows=sql_values(
            [row for metric in metrics for row in _point_rows(metric)],
            "metric_code VARCHAR, k BIGINT, sigma BIGINT, x BIGINT, y BIGINT, nx BIGINT, ny BIGINT",
        ),
    )
    bench.run(
        "CREATE OR REPLACE TEMP TABLE s_step AS $rows",
        rows=sql_values(
            [(metric.code, bound, score) for metric in metrics for bound, score in metric.steps],
            "metric_code VARCHAR, bound BIGINT, y BIGINT",
        ),
    )


def _row(metric: Metric) -> tuple[object, ...]:
    numbers = metric.numbers
    sign, bound = metric.veto_when or (None, None)
    is_cap = metric.veto_action == "score_cap"
    return (
        metric.code,
        metric.name,
        metric.method,
        -1 if metric.direction == "lower" or metric.method == "ratio" else 1,
        metric.agg,
        metric.prorate,
        *(numbers.get(key) for key in _NUMBERS),
        bool(metric.points),
        bool(metric.steps),
        metric.on == "rate",
        metric.floor_d4,
        metric.cap_d4,
        sign,
        bound,
        metric.veto_action,
        metric.veto_value if is_cap else None,
        metric.veto_value if metric.veto_action == "grade_cap" else None,
    )


def _point_rows(metric: Metric) -> Iterator[tuple[object, ...]]:
    points = metric.points
    rises = len(points) < 2 or points[0][0] < points[1][0]
    for k, (x, y) in enumerate(points):
        following = points[k + 1] if k + 1 < len(points) else (None, None)
        yield metric.code, k, 1 if rises else -1, x, y, *following
