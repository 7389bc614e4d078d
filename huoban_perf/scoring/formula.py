"""The small expression language of composite formulas: parsed by a grammar, typed, never evaluated as Python.

``0.6 * kpi + 0.4 * if(missing(peer), superior, mean(superior, peer))``. Names are part and group scores; ``+ - * /`` (also
``− × ÷``), comparisons, ``and or not``, ``min max abs round mean if missing``.

Source: scoring.md S7 (``composite``), S0 (each ÷ and mean is a quantisation point).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.scoring.rounding import parse_d4

NAMES: Final = ("kpi", "okr", "mr", "self", "superior", "upper", "peer", "subordinate", "customer")
LONGEST: Final = 2000
_GRAMMAR: Final = r"""
?start: choice
?choice: both ("or" both)*
?both: negated ("and" negated)*
?negated: "not" negated -> not_ | compared
?compared: sum (COMPARE sum)?
?sum: product (ADD product)*
?product: signed (MUL signed)*
?signed: ADD signed -> sign | atom
?atom: NUMBER -> number | call | NAME -> name | "(" choice ")"
call: FUNCTION "(" choice ("," choice)* ")"
FUNCTION.2: /(if|missing|min|max|abs|round|mean)(?=\s*\()/
COMPARE: "<=" | ">=" | "!=" | "==" | "<" | ">" | "="
ADD: "+" | "-"
MUL: "*" | "/"
NUMBER: /[0-9]+(\.[0-9]+)?/
NAME: /(?!(and|or|not)\b)[a-z_][a-z_0-9]*/
%ignore /\s+/
"""
_SPELLINGS: Final = str.maketrans(
    {"−": "-", "×": "*", "÷": "/", "（": "(", "）": ")", "，": ",", "≤": "\u0001", "≥": "\u0002"}
)


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, ten-thousandths."""

    value_d4: int


@dataclass(frozen=True, slots=True)
class Name:
    """A part or group score."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function over its arguments; ``op`` is the sign or the function's name."""

    op: str
    args: tuple[Expression, ...]


Expression = Number | Name | Call
_LOGICAL: Final = {"and", "or", "not", "<", "<=", "=", "!=", ">=", ">", "missing"}
_COUNTS: Final = {
    "if": (3, 3),
    "missing": (1, 1),
    "abs": (1, 1),
    "round": (1, 2),
    "min": (1, 99),
    "max": (1, 99),
    "mean": (1, 99),
}


class FormulaError(ValueError):
    """The text is not a formula of this language.

    Attributes:
        code: Message id after ``formula.``.
        facts: Placeholders of the message.
    """

    def __init__(self, code: str, **facts: FactValue) -> None:
        """Keep the facts.

        Args:
            code: Message id after ``formula.``.
            facts: Placeholders of the message.
        """
        super().__init__(code)
        self.code = code
        self.facts = facts


def parse_formula(text: str) -> Expression:
    """Parse and type-check a formula.

    Args:
        text: The formula.

    Returns:
        Its expression tree, a number.

    Raises:
        FormulaError: Wrong syntax (with the position), unknown names (all of them) or functions, a wrong number of arguments, a
            condition where a number is needed or the reverse.

    Source: scoring.md S7.
    """
    import lark  # only schemes with a formula pay for the parser

    if len(text) > LONGEST:
        raise FormulaError("too_long", length=len(text), longest=LONGEST)
    spelled = text.translate(_SPELLINGS).replace("\u0001", "<=").replace("\u0002", ">=")
    try:
        tree = lark.Lark(_GRAMMAR, parser="lalr").parse(spelled)
    except lark.exceptions.UnexpectedInput as error:
        raise FormulaError("syntax", position=error.column, near=text[max(error.column - 1, 0) :][:12]) from error
    unknown = {str(node.children[0]) for node in tree.find_data("name")} - set(NAMES)
    if unknown:
        listed = ", ".join(sorted(unknown, key=spelled.index))
        raise FormulaError("unknown_name", value=listed, allowed=", ".join(NAMES))
    expression = _build(tree)
    _need_number(expression)
    return expression


def formula_problems(text: str) -> Iterator[Problem]:
    """Yield the fault of a scheme's formula.

    Args:
        text: The formula; empty = none.

    Yields:
        One problem when the text is not a formula.
    """
    if text:
        try:
            parse_formula(text)
        except FormulaError as error:
            yield Problem(code=f"formula.{error.code}", facts=error.facts, address="parts.formula")
        except RecursionError:
            yield Problem(code="formula.too_deep", address="parts.formula")


def names_of(expression: Expression) -> frozenset[str]:
    """Return the names a formula reads.

    Args:
        expression: The formula.

    Returns:
        Names, including those only tested with ``missing``.
    """
    match expression:
        case Name(name):
            return frozenset({name})
        case Call(_, args):
            return frozenset().union(*(names_of(arg) for arg in args))
        case _:
            return frozenset()


def _build(node: Any) -> Expression:
    """Turn lark's tree (untyped) into our own expression."""
    builders: dict[str, Callable[[list[Any]], Expression]] = {
        "number": lambda parts: _literal(str(parts[0])),
        "name": lambda parts: Name(str(parts[0])),
        "call": lambda parts: _call(str(parts[0]), tuple(_build(part) for part in parts[1:])),
        "sign": lambda parts: _signed(str(parts[0]), _build(parts[1])),
        "not_": lambda parts: Call("not", (_condition(_build(parts[0])),)),
        "choice": lambda parts: Call("or", tuple(_condition(_build(part)) for part in parts)),
        "both": lambda parts: Call("and", tuple(_condition(_build(part)) for part in parts)),
        "compared": _chain,
        "sum": _chain,
        "product": _chain,
    }
    return builders[str(node.data)](node.children)


def _literal(text: str) -> Number:
    try:
        return Number(parse_d4(text))
    except ValueError as error:
        raise FormulaError("bad_number", value=text) from error


def _call(function: str, args: tuple[Expression, ...]) -> Call:
    low, high = _COUNTS[function]
    if not low <= len(args) <= high:
        raise FormulaError("argument_count", function=function, count=len(args))
    if function == "missing":
        if not isinstance(args[0], Name):
            raise FormulaError("missing_needs_name")
        return Call(function, args)
    if function == "round" and len(args) == 2:
        digits = args[1]
        if not isinstance(digits, Number) or digits.value_d4 not in {10_000 * count for count in range(7)}:
            raise FormulaError("round_decimals")
    if function == "if":
        _condition(args[0])
        numbers = args[1:]
    else:
        numbers = args
    for arg in numbers:
        _need_number(arg)
    return Call(function, args)


def _signed(sign: str, value: Expression) -> Expression:
    _need_number(value)
    return value if sign == "+" else Call("negate", (value,))


def _chain(parts: list[Any]) -> Expression:
    """Fold ``a + b - c`` from the left."""
    left = _build(parts[0])
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        right = _build(part)
        _need_number(left)
        _need_number(right)
        left = Call("=" if str(sign) == "==" else str(sign), (left, right))
    return left


def _is_condition(expression: Expression) -> bool:
    return isinstance(expression, Call) and expression.op in _LOGICAL


def _condition(expression: Expression) -> Expression:
    if not _is_condition(expression):
        raise FormulaError("condition_needed")
    return expression


def _need_number(expression: Expression) -> None:
    if _is_condition(expression):
        raise FormulaError("number_needed")
