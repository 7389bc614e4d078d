"""The book's examples of S12 on grades that are final, and that pools add up exactly."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huoban_perf.core.errors import ScoringInputError
from huoban_perf.scoring import Scheme, parse_scheme
from huoban_perf.scoring.paying import Paid, Payee, Piece, pay_released
from huoban_perf.scoring.pools import Department

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
PIECE = Piece(starts=FIRST, ends=LAST, dept_code="D1")


def scheme(**departments: object) -> Scheme:
    return parse_scheme({"key": "s", "name": "s", "departments": departments or {"use": "none"}})


def pay(
    people: list[Payee],
    *,
    pools: dict[str, Decimal] | None = None,
    own: Scheme | None = None,
    grades: dict[str, tuple[str, str]] | None = None,
) -> list[Paid]:
    with duckdb.connect() as connection:
        return pay_released(
            connection,
            people=people,
            pools=pools or {},
            departments=[Department(code="D0", parent=None, pool=None), Department(code="D1", parent="D0", pool=None)],
            department_grades=grades or {},
            schemes={"s": own or scheme()},
        )


def payee(
    number: str, base: str, grade: str, *, pool: str | None = None, eligible: int = 90, piece: Piece = PIECE
) -> Payee:
    return Payee(
        emp_no=number,
        scheme="s",
        grade=grade,
        base=Decimal(base),
        pool=pool,
        eligible=eligible,
        cycle_days=90,
        pieces=(piece,),
    )


def test_book_example_without_a_pool() -> None:
    (one,) = pay(
        [payee("E1", "8000", "A", eligible=45)], own=scheme(use="bonus"), grades={"D0": ("s", "A")}
    )  # the nearest graded department is the parent
    assert (one.grade_factor, one.prorate, one.raw) == ("6/5", "45/90", Decimal(5280))
    assert one.amount == Decimal("5280.00")


def test_book_example_of_a_pool() -> None:
    grades = {f"D{place}": ("s", grade) for place, grade in ((0, "B"), (1, "A"))}
    there, here = Piece(starts=FIRST, ends=LAST, dept_code="D0"), PIECE
    people = [
        payee("E1", "20000", "A", pool="P", piece=here),
        payee("E2", "15000", "B", pool="P", piece=there),
        payee("E3", "10000", "C", pool="P", piece=there),
    ]
    paid = pay(people, pools={"P": Decimal(100000)}, own=scheme(use="bonus"), grades=grades)
    raws = [one.raw for one in paid]
    assert raws == [Decimal(26400), Decimal(15000), Decimal(8000)]
    assert [one.amount for one in paid] == [Decimal("53441.30"), Decimal("30364.37"), Decimal("16194.33")]


def test_ties_of_the_last_cent_go_by_staff_number() -> None:
    people = [payee(number, "100", "B", pool="P") for number in ("E3", "E1", "E2")]
    paid = pay(people, pools={"P": Decimal("0.01")})
    assert {one.emp_no: one.amount for one in paid} == {"E1": Decimal("0.01"), "E2": Decimal(0), "E3": Decimal(0)}


@pytest.mark.parametrize(
    ("people", "pools", "code"),
    [
        ([payee("E1", "-1", "B")], {}, "bonus.bad_amount"),
        ([payee("E1", "1.23456", "B")], {}, "bonus.bad_amount"),
        ([payee("E1", "1", "B", pool="P")], {"P": Decimal(-1)}, "bonus.bad_amount"),
        ([payee("E1", "1", "D", pool="P")], {"P": Decimal(1)}, "bonus.nobody_shares"),
        ([payee("E1", "1", "B", pool="P")], {"P": Decimal("1.001")}, "bonus.finer_than_currency"),
    ],
)
def test_faulty_money_is_refused(people: list[Payee], pools: dict[str, Decimal], code: str) -> None:
    with pytest.raises(ScoringInputError) as caught:
        pay(people, pools=pools)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_department_without_a_grade_is_refused_unless_the_scheme_says_one() -> None:
    with pytest.raises(ScoringInputError) as caught:
        pay([payee("E1", "100", "B")], own=scheme(use="bonus"))
    assert [problem.code for problem in caught.value.problems] == ["department.no_grade"]
    (one,) = pay([payee("E1", "100", "B")], own=scheme(use="bonus", no_grade="one"))
    assert one.amount == Decimal(100)


@settings(max_examples=25)
@given(
    st.decimals("0.01", "999999", places=2),
    st.lists(st.decimals("0", "99999", places=2), min_size=1, max_size=8),
)
def test_parts_of_a_pool_add_up_exactly_and_stay_near_their_share(pool: Decimal, bases: list[Decimal]) -> None:
    people = [payee(f"E{place}", str(base), "B", pool="P") for place, base in enumerate(bases)]
    total = sum(bases, Decimal(0))
    if not total:
        with pytest.raises(ScoringInputError):
            pay(people, pools={"P": pool})
        return
    paid = pay(people, pools={"P": pool})
    assert sum((one.amount or Decimal(0)) for one in paid) == pool
    for one, base in zip(paid, bases, strict=True):
        assert one.amount is not None
        assert abs(one.amount - pool * base / total) <= Decimal("0.01")
