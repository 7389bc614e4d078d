"""S7: the formula of a composite: a recursive descent over + − × ÷ and the functions of the book."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from tests.oracle.numbers import BookError, Grid, mean, round_to

NAMES = ("kpi", "okr", "mr", "self", "superior", "upper", "peer", "subordinate", "customer")
FUNCTIONS = ("min", "max", "abs", "round", "mean", "if", "missing")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([a-z_]+)|(<=|>=|==|!=|[-+*/×÷−(),<>=≤≥≠]))")
_SAME = {"×": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "==": "="}
_TESTS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
}
Scope = Mapping[str, Fraction | None]
Value = Callable[[Scope], Fraction]
Test = Callable[[Scope], bool]


def tokens(text: str) -> list[str]:
    """Cut a formula into its words.

    Args:
        text: The formula.

    Returns:
        Its words, with operators in one spelling.

    Raises:
        BookError: Something is no word of the language.
    """
    words: list[str] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise BookError("formula_text", text[position:])
        words.append(_SAME.get(match[0].strip(), match[0].strip()))
        position = match.end()
    return words


class Formula:
    """A parsed formula; each ÷ and each mean is a point of the grid."""

    def __init__(self, text: str, grid: Grid) -> None:
        """Parse it.

        Args:
            text: The formula.
            grid: Rounding of the scheme.

        Raises:
            BookError: It is no formula.
        """
        self._words = [*tokens(text), ""]
        self._at = 0
        self._grid = grid
        self.names: set[str] = set()
        self.value = self._sum()
        if self._peek():
            raise BookError("formula_rest", self._peek())

    def _peek(self) -> str:
        return self._words[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _expect(self, word: str) -> None:
        found = self._next()
        if found != word:
            raise BookError("formula_expected", word, found)

    def _sum(self) -> Value:
        left = self._product()
        while self._peek() in {"+", "-"}:
            left = _add(left, self._product()) if self._next() == "+" else _subtract(left, self._product())
        return left

    def _product(self) -> Value:
        left = self._unary()
        while self._peek() in {"*", "/"}:
            left = _multiply(left, self._unary()) if self._next() == "*" else self._divide(left, self._unary())
        return left

    def _divide(self, left: Value, right: Value) -> Value:
        def value(scope: Scope) -> Fraction:
            under = right(scope)
            if under == 0:
                raise BookError("formula_division")
            return self._grid.at("formula", left(scope) / under)

        return value

    def _unary(self) -> Value:
        if self._peek() == "-":
            self._next()
            inner = self._unary()
            return lambda scope: -inner(scope)
        return self._atom()

    def _atom(self) -> Value:
        word = self._next()
        if word == "(":
            inner = self._sum()
            self._expect(")")
            return inner
        if word in FUNCTIONS:
            return self._call(word)
        if word in NAMES:
            self.names.add(word)
            return lambda scope: _known(scope, word)
        if not word or not word[0].isdigit():
            raise BookError("formula_word", word)
        number = Fraction(word)
        return lambda _: number

    def _call(self, name: str) -> Value:
        self._expect("(")
        if name == "if":
            return self._choice()
        arguments = [self._sum()]
        while self._peek() == ",":
            self._next()
            arguments.append(self._sum())
        self._expect(")")
        return self._function(name, arguments)

    def _function(self, name: str, arguments: list[Value]) -> Value:
        match name:
            case "min":
                return lambda scope: min(a(scope) for a in arguments)
            case "max":
                return lambda scope: max(a(scope) for a in arguments)
            case "mean":
                return lambda scope: self._grid.at("formula", mean([a(scope) for a in arguments]) or Fraction(0))
            case "abs" if len(arguments) == 1:
                return lambda scope: abs(arguments[0](scope))
            case "round" if len(arguments) == 1:
                return lambda scope: round_to(arguments[0](scope), 0)
            case "round" if len(arguments) == 2:
                return lambda scope: round_to(arguments[0](scope), int(arguments[1](scope)))
            case _:
                raise BookError("formula_arguments", name)

    def _choice(self) -> Value:
        test = self._test()
        self._expect(",")
        yes = self._sum()
        self._expect(",")
        no = self._sum()
        self._expect(")")
        return lambda scope: yes(scope) if test(scope) else no(scope)

    def _test(self) -> Test:
        if self._peek() == "missing":
            self._next()
            self._expect("(")
            name = self._next()
            if name not in NAMES:
                raise BookError("formula_word", name)
            self._expect(")")
            self.names.add(name)
            return lambda scope: scope.get(name) is None
        left = self._sum()
        compare = _TESTS.get(self._next())
        if compare is None:
            raise BookError("formula_test")
        right = self._sum()
        return lambda scope: compare(left(scope), right(scope))


def _known(scope: Scope, name: str) -> Fraction:
    value = scope.get(name)
    if value is None:
        raise BookError("formula_missing", name)
    return value


def _add(left: Value, right: Value) -> Value:
    return lambda scope: left(scope) + right(scope)


def _subtract(left: Value, right: Value) -> Value:
    return lambda scope: left(scope) - right(scope)


def _multiply(left: Value, right: Value) -> Value:
    return lambda scope: left(scope) * right(scope)
