from __future__ import annotations

from datetime import date

import pytest

from huoban_perf.core.addresses import MemberId, field_address
from huoban_perf.core.filters import All, AnyOf, Condition, Operator
from huoban_perf.core.rules import ALWAYS, NEVER, Every, FieldOf, Me, Moment, Rule, Some, Test, Today, as_filter, holds
from huoban_perf.core.values import Values

OWNER, DUE, SPENT = field_address("t", "owner"), field_address("t", "due"), field_address("t", "spent")
BUDGET, STATE = field_address("t", "budget"), field_address("t", "state")
MOMENT = Moment(today=date(2026, 7, 1), me=MemberId("m1"), row={"budget": 10, "due": None})  # type: ignore[dict-item]
NOBODY = Moment(today=date(2026, 7, 1))


def test_as_filter_puts_values_in_place_of_words() -> None:
    rule = Every((Test(OWNER, Operator.EQUALS, Me()), Some((Test(DUE, Operator.AT_MOST, Today(3)),))))
    assert as_filter(rule, moment=MOMENT) == All(
        (
            Condition("owner", Operator.ANY_OF, ("m1",)),
            AnyOf((Condition("due", Operator.AT_MOST, date(2026, 7, 4)),)),
        )
    )


@pytest.mark.parametrize(
    ("rule", "row", "expected"),
    [
        (Test(OWNER, Operator.EQUALS, Me()), {"owner": ("m2", "m1")}, True),
        (Test(OWNER, Operator.EQUALS, Me()), {"owner": ("m2",)}, False),
        (Test(OWNER, Operator.DIFFERS, Me()), {"owner": ("m2", "m1")}, False),
        (Test(OWNER, Operator.DIFFERS, Me()), {"owner": ()}, True),
        (Test(SPENT, Operator.GREATER, FieldOf((BUDGET,))), {"spent": 11}, True),
        (Test(SPENT, Operator.GREATER, FieldOf((BUDGET,))), {"spent": 10}, False),
        (Test(STATE, Operator.ANY_OF, ("open", "late")), {"state": "late"}, True),
        (ALWAYS, {}, True),
        (NEVER, {}, False),
    ],
)
def test_holds_reads_the_row_tested_and_the_row_at_hand(rule: Rule, row: Values, expected: bool) -> None:
    assert holds(rule, row, moment=MOMENT) is expected


@pytest.mark.parametrize(("operator", "expected"), [(Operator.EQUALS, False), (Operator.DIFFERS, True)])
@pytest.mark.parametrize("operand", [Me(), FieldOf((DUE,)), FieldOf((OWNER, DUE))])
def test_word_without_value_equals_nothing(operator: Operator, operand: Me | FieldOf, expected: bool) -> None:
    assert holds(Test(OWNER, operator, operand), {"owner": ("m1",)}, moment=NOBODY) is expected


@pytest.mark.parametrize(
    ("operator", "state", "expected"),
    [
        (Operator.ANY_OF, "met", True),
        (Operator.ANY_OF, "not_met", False),
        (Operator.ANY_OF, None, False),
        (Operator.NONE_OF, "met", False),
        (Operator.NONE_OF, "not_met", True),
        (Operator.NONE_OF, None, True),
    ],
)
def test_option_is_never_taken_for_a_part_of_another(operator: Operator, state: str | None, expected: bool) -> None:
    rule = Test(STATE, operator, ("met",), is_choice=True)
    assert holds(rule, {"state": state}, moment=MOMENT) is expected
    assert rule == Test(STATE, operator, ("met",))
