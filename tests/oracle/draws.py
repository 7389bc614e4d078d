"""What every generator needs: rules that are on, choices, numbers as text, and weight sets."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.oracle.numbers import text_of
from tests.oracle.words import Frames

T = TypeVar("T")
Document = dict[str, Any]

RULES = frozenset(
    {
        "absence",
        "anonymity",
        "appeals",
        "boundary",
        "bonus",
        "calibration",
        "coverage",
        "criteria",
        "departments",
        "dimensions",
        "distribution",
        "equal",
        "excluded",
        "formula",
        "goal_change",
        "goals",
        "grades",
        "item_sum",
        "limits",
        "linkage",
        "merge",
        "methods",
        "missing_group",
        "missing_item",
        "missing_part",
        "okr",
        "partial",
        "parts",
        "points",
        "pools",
        "prorate",
        "rater_weight",
        "raters",
        "relations",
        "rounding",
        "scale",
        "schemes",
        "severity",
        "short_segments",
        "threshold_unit",
        "ties",
        "transfers",
        "trim",
        "veto",
    }
)
"""Everything a cycle can exercise; a rule that is off leaves the book's default in force."""


@dataclass(frozen=True)
class Cycle:
    """One generated cycle: frames by file name and scheme documents by key."""

    frames: Frames
    schemes: Mapping[str, Document]


def decimal(value: Fraction) -> str:
    """A number as the shortest plain text."""
    text = text_of(value, 4)
    return text.rstrip("0").rstrip(".")


class Maker:
    """Draws choices, and knows which rules are on."""

    def __init__(self, draw: st.DrawFn, rules: frozenset[str]) -> None:
        """Keep the draw function.

        Args:
            draw: Hypothesis' own.
            rules: What the cycle may exercise.

        Raises:
            ValueError: A rule is unknown.
        """
        if rules - RULES:
            raise ValueError(f"unknown rules: {sorted(rules - RULES)}")
        self.draw = draw
        self.rules = rules

    def on(self, rule: str) -> bool:
        """Whether a rule may be exercised."""
        return rule in self.rules

    def maybe(self, rule: str) -> bool:
        """A coin that only falls when the rule is on."""
        return rule in self.rules and self.draw(st.booleans())

    def rarely(self, rule: str, odds: int = 8) -> bool:
        """A coin with odds of one in eight, or as told, that only falls when the rule is on."""
        return rule in self.rules and self.draw(st.integers(1, odds)) == odds

    def coin(self) -> bool:
        """A fair coin of no rule."""
        return self.draw(st.booleans())

    def pick(self, options: Sequence[T]) -> T:
        """One of several; the first is the simplest."""
        return self.draw(st.sampled_from(options))

    def choose(self, rule: str, options: Sequence[T]) -> T:
        """One of several when the rule is on, else the first."""
        return self.pick(options) if rule in self.rules else options[0]

    def whole(self, low: int, high: int) -> int:
        """A whole number."""
        return self.draw(st.integers(low, high))

    def number(self, low: int, high: int, places: int = 2) -> str:
        """A decimal between two bounds as text, round ones often."""
        used = self.pick((0, places))
        return decimal(Fraction(self.whole(low * 10**used, high * 10**used), 10**used))

    def scaled(self, low: int, high: int, scale: Fraction, places: int = 1) -> str:
        """A number of points, given on 0–100, in the scale of the scheme."""
        used = self.pick((0, places))
        return decimal(Fraction(self.whole(low * 10**used, high * 10**used), 10**used) * scale / 100)

    def subset(self, options: Sequence[T], least: int = 0) -> list[T]:
        """Some of several, in their order."""
        kept = [o for o in options if self.draw(st.booleans())]
        return kept if len(kept) >= least else list(options[:least])

    def weights(self, size: int, *, positive: bool = False) -> list[str]:
        """Weights that pass the check of a set: exact ones, or 99.999 in thirds."""
        if size == 3 and self.draw(st.integers(0, 5)) == 5:
            return ["33.333"] * 3
        least = 1 if positive else 0
        cuts = sorted(self.whole(0, 100 - least * size) for _ in range(size - 1))
        edges = [0, *cuts, 100 - least * size]
        return [decimal(Fraction(b - a + least)) for a, b in itertools.pairwise(edges)]

    def sibling_weights(self, size: int) -> list[str | None]:
        """Weights of siblings: all empty, or positive ones of any sum."""
        if self.draw(st.booleans()):
            return [None] * size
        return [self.number(1, 60) for _ in range(size)]
