"""Composite formulas as exact SQL: sums and products stay exact, each ÷ and mean is one quantisation.

A value is an integer expression and the number of decimals it carries; null means missing (or divided by zero) and
spreads, except through ``if`` and ``missing``.

Source: scoring.md S7, S0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from huoban_perf.scoring.formula import Call, Expression, Name, Number
from huoban_perf.scoring.rounding import GRID, Rounding, sql_half_away, sql_quantise

COLUMNS: Final = {
    "kpi": "kpi_n", "okr": "okr_n", "mr": "review_n", "self": "self_n", "superior": "superior_n", "upper": "upper_n",
    "peer": "peer_n", "subordinate": "subordinate_n", "customer": "customer_n",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """An exact value: ``sql ÷ 10^digits``."""

    sql: str
    digits: int

    def at(self, digits: int) -> str:
        """Return the integer with more decimals.

        Args:
            digits: At least the value's own.

        Returns:
            SQL.
        """
        return self.sql if digits == self.digits else f"({self.sql} * CAST({10 ** (digits - self.digits)} AS HUGEINT))"


def sql_formula(expression: Expression, *, division: Rounding | None, composite: Rounding | None) -> str:
    """Write a formula as a grid value.

    Args:
        expression: The parsed formula.
        division: The scheme's rounding of each ÷ and mean.
        composite: The scheme's rounding of the composite.

    Returns:
        A BIGINT expression over the columns ``kpi_n`` … ``customer_n``; null when a needed name is missing or a divisor
        is zero.
    """
    value = _Writer(division).number(expression)
    return sql_quantise(f"{value.sql} * {GRID}", str(10**value.digits), rounding=composite)


class _Writer:
    """Writes sub-expressions; keeps the rounding of divisions."""

    def __init__(self, division: Rounding | None) -> None:
        self._division = division

    def number(self, expression: Expression) -> Value:
        if isinstance(expression, Number):
            return Value(f"CAST({expression.value_d4} AS HUGEINT)", 4)
        if isinstance(expression, Name):
            return Value(f"CAST({COLUMNS[expression.name]} AS HUGEINT)", 9)
        args = expression.args
        match expression.op:
            case "*":
                first, second = self.number(args[0]), self.number(args[1])
                return Value(f"({first.sql} * {second.sql})", first.digits + second.digits)
            case "/":
                return self._divided(self.number(args[0]), self.number(args[1]))
            case "mean":
                values, digits = self._aligned(args)
                total = Value(f"({' + '.join(values)})", digits)
                return self._divided(total, Value(f"CAST({len(args)} AS HUGEINT)", 0))
            case "if":
                (first_sql, second_sql), digits = self._aligned(args[1:])
                test = self.condition(args[0])  # a condition on a missing name is neither true nor false
                return Value(f"(CASE WHEN {test} THEN {first_sql} WHEN NOT {test} THEN {second_sql} END)", digits)
            case "round":
                return self._rounded(args)
            case op:
                values, digits = self._aligned(args)
                return Value(self._plain(op, values), digits)

    def condition(self, expression: Expression) -> str:
        call = cast(Call, expression)  # the type check of formula.py leaves nothing else where a condition stands
        match call.op:
            case "missing":
                return f"({COLUMNS[cast(Name, call.args[0]).name]} IS NULL)"  # checked when the call was built
            case "not":
                return f"(NOT {self.condition(call.args[0])})"
            case "and" | "or":
                return "(" + f" {call.op} ".join(self.condition(arg) for arg in call.args) + ")"
            case sign:
                (left, right), _ = self._aligned(call.args)
                return f"({left} {'<>' if sign == '!=' else sign} {right})"

    def _aligned(self, args: tuple[Expression, ...]) -> tuple[list[str], int]:
        values = [self.number(arg) for arg in args]
        digits = max(value.digits for value in values)
        return [value.at(digits) for value in values], digits

    def _plain(self, op: str, values: list[str]) -> str:
        if op == "negate":
            return f"(-{values[0]})"
        if op == "abs":
            return f"abs({values[0]})"
        if op in {"min", "max"}:
            some_missing = " OR ".join(f"{value} IS NULL" for value in values)
            pick = "least" if op == "min" else "greatest"  # both skip nulls
            return f"(CASE WHEN {some_missing} THEN NULL ELSE {pick}({', '.join(values)}) END)"
        return f"({values[0]} {op} {values[1]})"

    def _divided(self, top: Value, bottom: Value) -> Value:
        num = f"{top.sql} * CAST({GRID * 10**bottom.digits} AS HUGEINT) * sign({bottom.sql})"
        den = f"nullif(abs({bottom.sql}) * CAST({10**top.digits} AS HUGEINT), 0)"
        return Value(f"CAST({sql_quantise(num, den, rounding=self._division)} AS HUGEINT)", 9)

    def _rounded(self, args: tuple[Expression, ...]) -> Value:
        value = self.number(args[0])
        digits = args[1].value_d4 // 10_000 if len(args) == 2 and isinstance(args[1], Number) else 0
        if digits >= value.digits:
            return value
        return Value(sql_half_away(value.sql, str(10 ** (value.digits - digits))), digits)
