"""The engine and the independent oracle of the rule book say the same of generated cycles, rule by rule.

``HUOBAN_PERF_EXAMPLES=20`` draws twenty times as many cases.

Source: scoring.md S0-S13.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from huoban_perf.core.errors import HuobanPerfError
from tests.oracle.cycle import score_cycle
from tests.oracle.draws import RULES, Cycle
from tests.oracle.generate import cycles
from tests.oracle.numbers import BookError
from tests.oracle.words import Row
from tests.property.scoring.compare import differences
from tests.property.scoring.engine import Said, refusal, run

pytestmark = pytest.mark.property

TIMES = int(os.environ.get("HUOBAN_PERF_EXAMPLES", "1"))
EMPTY: frozenset[str] = frozenset()


def examples(count: int) -> settings:
    """So many cases, unshrunk: a case is read as it is drawn, and a rule names itself."""
    return settings(
        max_examples=count * TIMES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def complete(cycle: Cycle) -> Cycle:
    """Give everyone an appraisal where anyone has one, and nobody without a result a decision.

    The book is silent on both: who is left out by a file of appraisals, and a decision on somebody without a result.
    """
    frames = dict(cycle.frames)
    assume({"items", "forms", "goals"} & set(frames))
    listed = frames.get("appraisals", [])
    have = {row["subject"] for row in listed}
    if listed:
        bare: list[Row] = [
            {"kind": "个人", "subject": person["emp_no"]} for person in frames["people"] if person["emp_no"] not in have
        ]
        frames["appraisals"] = listed + bare
    if "calibration" in frames:
        known = score_cycle(frames, cycle.schemes)
        rated = {subject[1] for subject, found in known.items() if found.state == "scored"}
        frames["calibration"] = [row for row in frames["calibration"] if row["subject"] in rated]
        if not frames["calibration"]:
            del frames["calibration"]
    return Cycle(frames, cycle.schemes)


def valid(rules: frozenset[str], people: int = 5) -> st.SearchStrategy[Cycle]:
    """Cycles that the book accepts, under some rules."""
    return cycles(rules, people).map(complete)


def agree(cycle: Cycle, **options: Any) -> Said:
    """Score by both, and insist that they say the same.

    Args:
        cycle: The cycle.
        **options: Options of the engine's run.

    Returns:
        What the engine says.
    """
    want = score_cycle(cycle.frames, cycle.schemes)
    said = run(cycle, **options)
    found = differences(said, cycle, want)
    assert not found, "\n".join(str(difference) for difference in found[:20])
    return said


# Rule by rule


WITH: dict[str, frozenset[str]] = {
    "anonymity": frozenset({"raters", "parts"}),
    "appeals": frozenset({"raters", "parts"}),
    "coverage": frozenset({"raters", "parts"}),
    "criteria": frozenset({"raters"}),
    "equal": frozenset({"raters", "okr", "dimensions", "parts"}),
    "formula": frozenset({"raters", "okr", "parts"}),
    "goals": frozenset({"methods"}),
    "limits": frozenset({"methods"}),
    "linkage": frozenset({"departments", "distribution"}),
    "merge": frozenset({"raters", "anonymity"}),
    "missing_group": frozenset({"raters", "parts"}),
    "missing_item": frozenset({"methods"}),
    "missing_part": frozenset({"raters", "okr", "parts"}),
    "okr": frozenset({"parts"}),
    "pools": frozenset({"distribution", "transfers"}),
    "prorate": frozenset({"methods", "partial", "transfers"}),
    "rater_weight": frozenset({"raters"}),
    "relations": frozenset({"raters", "parts"}),
    "rounding": frozenset({"raters", "okr", "dimensions", "parts"}),
    "scale": frozenset({"raters", "methods", "veto"}),
    "severity": frozenset({"raters", "parts"}),
    "short_segments": frozenset({"transfers", "goal_change"}),
    "threshold_unit": frozenset({"raters", "criteria", "anonymity"}),
    "ties": frozenset({"distribution"}),
    "transfers": frozenset({"schemes"}),
    "trim": frozenset({"raters"}),
    "veto": frozenset({"methods"}),
}
"""Rules that need others to show."""

NOT_YET: dict[str, str] = {}
"""Rules on which engine and book differ today, with the reason (see the findings)."""


def rule_cases() -> list[Any]:
    """Every rule of the generator, and no rule at all."""
    return [
        pytest.param(
            WITH.get(rule, EMPTY) | {rule},
            id=rule,
            marks=pytest.mark.xfail(strict=True, reason=NOT_YET[rule]) if rule in NOT_YET else (),
        )
        for rule in sorted(RULES)
    ]


def test_without_rules_both_agree() -> None:
    @given(valid(EMPTY))
    @examples(4)
    def same(cycle: Cycle) -> None:
        agree(cycle)

    same()


@pytest.mark.parametrize("rules", rule_cases())
def test_both_agree_on_the_rule(rules: frozenset[str]) -> None:
    @given(valid(rules))
    @examples(3)
    def same(cycle: Cycle) -> None:
        agree(cycle)

    same()
