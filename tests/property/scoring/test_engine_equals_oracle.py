"""The engine and the independent oracle of the rule book say the same of generated cycles, rule by rule.

``HUOBAN_PERF_EXAMPLES=20`` draws twenty times as many cases.

Source: scoring.md S0-S13.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable
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

pytestmark = [pytest.mark.property, pytest.mark.filterwarnings("ignore:Generating overly large repr")]

TIMES = int(os.environ.get("HUOBAN_PERF_EXAMPLES", "1"))
EMPTY: frozenset[str] = frozenset()


def examples(count: int) -> settings:
    """So many cases, unshrunk: a case is read as it is drawn, and a rule names itself."""
    return settings(
        max_examples=count * TIMES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def has_work(cycle: Cycle) -> bool:
    """Whether there is anything to score."""
    return bool({"items", "forms", "goals"} & set(cycle.frames))


def valid(rules: frozenset[str], people: int = 5) -> st.SearchStrategy[Cycle]:
    """Cycles that the book accepts, under some rules."""
    return cycles(rules, people).filter(has_work)


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
    "okr": frozenset({"raters", "parts"}),
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
            marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=NOT_YET[rule])
            if rule in NOT_YET
            else (),
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
    @examples(2)
    def same(cycle: Cycle) -> None:
        agree(cycle)

    same()


def test_both_agree_on_everything_at_once() -> None:
    @given(valid(RULES - set(NOT_YET)))
    @examples(5)
    def same(cycle: Cycle) -> None:
        agree(cycle)

    same()


# Laws


BUSY = frozenset({"raters", "parts", "methods", "points", "schemes", "transfers", "distribution", "bonus"})


@given(valid(BUSY, 4), st.randoms(use_true_random=False))
@examples(2)
def test_neither_order_nor_threads_nor_ranges_change_a_bit(cycle: Cycle, shuffler: random.Random) -> None:
    whole = bits(run(cycle))
    mixed = {name: shuffler.sample(rows, len(rows)) for name, rows in cycle.frames.items()}
    assert bits(run(Cycle(mixed, cycle.schemes), threads=2)) == whole
    assert bits(run(cycle, range_size=1)) == whole
    assert bits(run(cycle, range_size=2)) == whole


SCORES = ("results", "grades", "pools", "checks", "bonus", "excluded")


@given(valid(BUSY | {"trim", "anonymity", "equal", "veto"} & RULES, 6))
@examples(6)
def test_leaving_out_receipts_and_rows_changes_no_score(cycle: Cycle) -> None:
    whole, bare = bits(run(cycle)), bits(run(cycle, is_shown=False))
    assert {name: bare[name] for name in SCORES} == {name: whole[name] for name in SCORES}


def bits(said: Said) -> dict[str, list[str]]:
    """Every row of every relation, in an order of its own."""
    return {name: sorted(str(sorted(row.items(), key=str)) for row in rows) for name, rows in said.tables.items()}


@given(valid(frozenset({"raters", "parts", "okr", "dimensions", "points", "limits", "rounding", "goal_change"})))
@examples(4)
def test_the_lines_of_a_receipt_add_up_exactly(cycle: Cycle) -> None:
    said = run(cycle)
    counted = 0
    for row in said.tables["results"]:
        if row["status"] != "已核算":
            continue
        lines = said.of("lines", (row["kind"], row["subject"]))
        whole = {0: row["unrounded"]} | {line["line_no"]: line["printed"] for line in lines}
        below: dict[int, list[Fraction]] = {}
        for line in lines:
            if line["printed"] is not None:
                below.setdefault(line["parent"], []).append(Fraction(line["printed"]))
        for parent, values in below.items():
            assert sum(values) == Fraction(whole[parent]), (row["subject"], parent)
            counted += 1
    assert counted or not any(row["status"] == "已核算" for row in said.tables["results"])


@given(valid(frozenset({"goals", "okr", "parts", "raters"})), st.data())
@examples(3)
def test_a_goal_without_weight_changes_nothing(cycle: Cycle, data: st.DataObject) -> None:
    goals = cycle.frames.get("goals", [])
    weighed = [row for row in goals if row["weight"] is not None]
    assume(weighed)
    sibling = data.draw(st.sampled_from(weighed))
    extra = {**sibling, "goal_no": "G-zero", "weight": "0", "progress": "37", "baseline": None, "target": None}
    extra["goal_kind"] = "objective" if sibling["goal_kind"] == "objective" else "goal"
    more = Cycle({**cycle.frames, "goals": [*goals, extra]}, cycle.schemes)
    assert bits(run(more))["results"] == bits(run(cycle))["results"]


RISING = ("linear", "reflection")


@given(valid(frozenset({"methods", "item_sum", "limits"})), st.data())
@examples(3)
def test_a_better_actual_never_lowers_the_score(cycle: Cycle, data: st.DataObject) -> None:
    metrics = {m["metric_code"]: m for m in cycle.frames.get("metrics", [])}
    items = cycle.frames.get("items", [])
    places = [i for i, row in enumerate(items) if row.get("actual") and _rises(metrics[row["metric_code"]], row)]
    assume(places)
    at = data.draw(st.sampled_from(places))
    step = data.draw(st.integers(1, 400))
    raised = [dict(row) for row in items]
    raised[at]["actual"] = str(int(Fraction(str(items[at]["actual"]))) + step)
    subject = ("person", str(items[at]["subject"]))
    before, after = run(cycle), run(Cycle({**cycle.frames, "items": raised}, cycle.schemes))
    low, high = before.one("results", subject), after.one("results", subject)
    assert low["status"] == high["status"]
    if low["status"] == "已核算":
        assert high["unrounded"] >= low["unrounded"]


def _rises(metric: Row, row: Row) -> bool:
    """Whether more is better, by the method's own parameters."""
    if metric.get("veto_action") or metric["method"] not in RISING or metric["direction"] != "higher":
        return False
    baseline, target = row.get("baseline"), row.get("target")
    return baseline is None or Fraction(str(target)) > Fraction(baseline)


# Both refuse


Spoil = Callable[[Cycle], Cycle | None]


def cell(frame: str, column: str, value: str | None, **where: str) -> Spoil:
    """Put one value into the first row of a frame that fits."""

    def spoil(cycle: Cycle) -> Cycle | None:
        rows = [dict(row) for row in cycle.frames.get(frame, [])]
        fitting = [row for row in rows if all(row.get(key) == wanted for key, wanted in where.items())]
        if not fitting:
            return None
        fitting[0][column] = value
        return Cycle({**cycle.frames, frame: rows}, cycle.schemes)

    return spoil


def option(block: str, key: str, value: object) -> Spoil:
    """Put one value into the first scheme."""

    def spoil(cycle: Cycle) -> Cycle | None:
        name, document = next(iter(cycle.schemes.items()))
        changed = {**document, block: {**document.get(block, {}), key: value}}
        return Cycle(cycle.frames, {**cycle.schemes, name: changed})

    return spoil


def twice(frame: str) -> Spoil:
    """Give the first row of a frame again, under another task."""

    def spoil(cycle: Cycle) -> Cycle | None:
        rows = cycle.frames.get(frame, [])
        sent = [row for row in rows if row.get("status") == "已提交" and not row.get("conflict")]
        if not sent:
            return None
        again: Row = {**sent[0], "task_no": "T-again"}
        return Cycle({**cycle.frames, frame: [*rows, again]}, cycle.schemes)

    return spoil


def circle(cycle: Cycle) -> Cycle | None:
    """Put the first goal below its own child."""
    rows = [dict(row) for row in cycle.frames.get("goals", [])]
    children = [row for row in rows if row["parent_no"]]
    if not children:
        return None
    parent = next(row for row in rows if row["goal_no"] == children[0]["parent_no"])
    parent["parent_no"] = children[0]["goal_no"]
    return Cycle({**cycle.frames, "goals": rows}, cycle.schemes)


def overlap(cycle: Cycle) -> Cycle | None:
    """Let a first assignment run to the end, where there is a second."""
    rows = [dict(row) for row in cycle.frames.get("assignments", [])]
    for one, other in itertools.pairwise(rows):
        if one["emp_no"] == other["emp_no"]:
            one["end"] = None
            return Cycle({**cycle.frames, "assignments": rows}, cycle.schemes)
    return None


def overlapping_grades(cycle: Cycle) -> Cycle:
    """Give every scheme grades whose bounds rise."""
    grades = [{"name": "A", "lower": "80"}, {"name": "B", "lower": "90"}, {"name": "C"}]
    return Cycle(cycle.frames, {key: {**document, "grades": grades} for key, document in cycle.schemes.items()})


SPOILS: dict[str, tuple[frozenset[str], Spoil]] = {
    "weights miss 100": (EMPTY, cell("items", "weight", "250")),
    "weight is negative": (EMPTY, cell("items", "weight", "-5")),
    "weight is no number": (EMPTY, cell("items", "weight", "NaN")),
    "weight is too fine": (EMPTY, cell("items", "weight", "33.33333")),
    "zero target": (EMPTY, cell("items", "target", "0")),
    "unknown metric": (EMPTY, cell("items", "metric_code", "M-none")),
    "criteria miss 100": (frozenset({"raters"}), cell("criteria", "weight", "7")),
    "rating above its scale": (frozenset({"raters"}), cell("ratings", "score", "1000")),
    "rated twice": (frozenset({"raters"}), twice("forms")),
    "self-rating by another": (frozenset({"raters"}), cell("forms", "rater", "E-other", relation="self")),
    "negative points": (frozenset({"points"}), cell("points", "points", "-1", status="已批")),
    "goal above itself": (frozenset({"goals"}), circle),
    "parts miss 100": (EMPTY, option("parts", "kpi_weight", "55")),
    "unknown policy": (EMPTY, option("items", "missing", "perhaps")),
    "formula with an unknown name": (EMPTY, option("parts", "formula", "kpi + luck")),
    "formula with an unguarded name": (EMPTY, option("parts", "formula", "kpi + okr")),
    "formula divides by zero": (EMPTY, option("parts", "formula", "if(missing(kpi), 1, 1) / (1 - 1)")),
    "grades overlap": (EMPTY, overlapping_grades),
    "end before start": (EMPTY, cell("cycle", "end", "2019-01-01")),
    "overlapping assignments": (frozenset({"transfers", "schemes"}), overlap),
}
"""What the book calls an error: the rules that show it, and how a valid cycle is spoiled."""


@pytest.mark.parametrize("name", sorted(SPOILS))
def test_both_refuse(name: str) -> None:
    rules, spoil = SPOILS[name]
    refused: list[HuobanPerfError] = []

    @given(valid(rules, 4))
    @examples(10)
    def judged(cycle: Cycle) -> None:
        if len(refused) >= TIMES:
            return
        spoiled = spoil(cycle)
        if spoiled is None:
            return
        by_book = refuses(spoiled)
        error = refusal(spoiled)
        assert by_book == (error is not None), f"oracle refuses: {by_book}; engine: {error}"
        if error is not None:
            assert error.problems or error.code.startswith("scoring.")
            refused.append(error)

    judged()
    assert refused


def refuses(cycle: Cycle) -> bool:
    """Whether the book, as the oracle reads it, calls the cycle an error."""
    try:
        score_cycle(cycle.frames, cycle.schemes)
    except BookError:
        return True
    return False
