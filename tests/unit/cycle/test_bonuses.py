"""Bonus proposals follow scoring S12 to the cent, say their arithmetic, and never re-split what was promised."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import CycleError
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.outcomes import outcomes
from huoban_perf.cycle.quotas import over_quota
from huoban_perf.sync.book import Book
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, codes, firm
from tests.unit.cycle.test_after_release import released, reviewed
from tests.unit.sync.company import copied

AFTER = date(2027, 1, 30)
POOL = f"[{CYCLE}|company]"


@pytest.fixture(scope="module")
def released_memory(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return released(reviewed(firm(tmp_path_factory.mktemp("firm"))))


@pytest.fixture
def company(released_memory: Firm, tmp_path: Path) -> Firm:
    found = Firm(copied(released_memory.memory), tmp_path).on(AFTER)
    (scheme,) = found.rows("scheme")
    found.set("scheme", scheme, department_coefficient_use="none")
    return found


def complete(company: Firm, number: str, *, base: int | None = None, grade: str = "b", days: int | None = None) -> None:
    values: dict[str, Value] = {"status": "completed", "released_grade": grade}
    if days is not None:
        values["days_present"] = Decimal(days)
    company.set("appraisal", f"[{CYCLE}|{number}]", **values)
    if base is not None:
        company.put(
            "hr_private",
            f"[{number}|2026-01-01]",
            {
                "employee": Refs("employee", (number,)),
                "bonus_base": Decimal(base),
                "effective_on": date(2026, 1, 1),
            },
        )


def pool(company: Firm, amount: str, key: str = POOL, **values: Value) -> None:
    company.put("bonus_pool", key, {"cycle": Refs("cycle", (CYCLE,)), "amount": Decimal(amount), **values})


def bonuses(company: Firm) -> dict[str, dict[str, Value]]:
    return {key.split("|")[1]: row for key, row in company.rows("outcome").items() if row["kind"] == "bonus"}


def amounts(company: Firm) -> dict[str, str]:
    return {number: str(row["amount"]) for number, row in bonuses(company).items()}


def test_shares_add_up_to_the_pool_and_say_their_arithmetic(company: Firm) -> None:
    complete(company, "E010", base=8000)
    complete(company, "E011", base=9000, grade="a")
    complete(company, "E012", base=7000, days=46)
    complete(company, "E013", grade="d")
    pool(company, "10000.01")
    assert company.on(date(2027, 1, 29)).run("outcomes", outcomes).changes == 0
    report = company.on(AFTER).run("outcomes", outcomes)
    assert codes(report.notes) == ["cycle.no_bonus_base"]
    assert sum(row["amount"] for row in bonuses(company).values()) == Decimal("10000.01")  # type: ignore[misc]
    # raw: 8000·1.0·1 = 8000; 9000·1.2 = 10800; 7000·46/92 = 3500; Σ 22300
    assert amounts(company) == {"E010": "3587.45", "E011": "4843.05", "E012": "1569.51"}
    row = bonuses(company)["E012"]
    assert row["rule_basis"] == (
        "基数 7000 × 等级系数 1 (B) × 在岗 46/92 = 3500.000000; "
        "奖金包 10000.01 × 3500.000000 ÷ 22300.000000, 按最大余数分到分 = 1569.51"
    )
    assert row["coefficient"] == Decimal("1.0000")
    assert company.run("outcomes", outcomes).changes == 0


def test_department_coefficient_counts_where_the_scheme_says_bonus(company: Firm) -> None:
    (scheme,) = company.rows("scheme")
    company.set("scheme", scheme, department_coefficient_use="bonus")
    complete(company, "E010", base=8000)
    complete(company, "E008", base=8000)
    pool(company, "3000")
    departments = {str(row["emp_no"]): row["department"] for row in company.rows("employee").values()}
    codes_of = {item: str(row["code"]) for item, (_, row) in company.memory.items["department"].items()}
    root = next(str(row["code"]) for row in company.rows("department").values() if not row.get("parent"))
    own = codes_of[departments["E010"][0]]  # type: ignore[index]
    for code, grade in ((root, "b"), (own, "s")):
        appraised_department(company, code, status="completed", released_grade=grade)
    for grade, value in (("s", "1.2"), ("b", "1")):
        company.set("grade_band", f"[{scheme.strip('[]')}|{grade.upper()}]", department_coefficient=Decimal(value))
    company.run("outcomes", outcomes)
    assert "部门系数 1.2" in str(bonuses(company)["E010"]["rule_basis"])
    assert sum(row["amount"] for row in bonuses(company).values()) == Decimal(3000)  # type: ignore[misc]
    assert bonuses(company)["E010"]["amount"] > bonuses(company)["E008"]["amount"]  # type: ignore[operator]


def appraised_department(company: Firm, code: str, **values: Value) -> None:
    (scheme,) = company.rows("scheme")
    company.put(
        "appraisal",
        f"[{CYCLE}|D:{code}]",
        {
            "subject_kind": "department",
            "department": Refs("department", (code,)),
            "cycle": Refs("cycle", (CYCLE,)),
            "scheme": Refs("scheme", (scheme,)),
            **values,
        },
    )


def test_company_that_appraises_no_department_pays_with_the_shipped_scheme(company: Firm) -> None:
    """标准方案 says bonus: nothing appraised means a coefficient of 1, a forgotten grade means that nobody is paid."""
    (scheme,) = company.rows("scheme")
    company.set("scheme", scheme, department_coefficient_use="bonus")
    complete(company, "E010", base=8000)
    complete(company, "E011", base=8000)
    pool(company, "3000")
    company.run("outcomes", outcomes)
    assert amounts(company) == {"E010": "1500.00", "E011": "1500.00"}
    assert "部门系数 1 ×" in str(bonuses(company)["E010"]["rule_basis"])
    appraised_department(company, "D00", status="void")
    assert company.run("outcomes", outcomes).changes == 0
    appraised_department(company, "D12", status="calculating")
    with pytest.raises(CycleError) as caught:
        company.run("outcomes", outcomes)
    assert caught.value.code == "cycle.bonus_faulty"
    assert set(codes(caught.value.problems)) == {"department.no_grade"}


def test_pool_that_went_to_approval_is_never_split_again(company: Firm) -> None:
    complete(company, "E010", base=8000)
    pool(company, "1000")
    company.run("outcomes", outcomes)
    company.set("outcome", f"[{CYCLE}|E010|bonus]", status="awaiting_approval")
    complete(company, "E011", base=9000)
    report = company.run("outcomes", outcomes)
    assert codes(report.notes) == ["cycle.bonus_pool_split"]
    assert amounts(company) == {"E010": "1000.00"}


def test_draft_follows_who_is_settled_later_and_a_cancelled_one_takes_no_part(company: Firm) -> None:
    complete(company, "E010", base=8000)
    complete(company, "E011", base=8000)
    pool(company, "1000")
    company.run("outcomes", outcomes)
    assert amounts(company) == {"E010": "500.00", "E011": "500.00"}
    complete(company, "E012", base=8000)
    company.set("outcome", f"[{CYCLE}|E011|bonus]", status="cancelled")
    company.run("outcomes", outcomes)
    assert amounts(company) == {"E010": "500.00", "E011": "500.00", "E012": "500.00"}


def test_own_pool_comes_before_that_of_the_company_and_nobody_is_in_two(company: Firm) -> None:
    item = next(i for i, (_, row) in company.memory.items["employee"].items() if row["emp_no"] == "E010")
    home = company.memory.items["employee"][item][1]["department"]
    code = next(str(row["code"]) for i, (_, row) in company.memory.items["department"].items() if (i,) == home)
    option = str(company.app.schema.table("department").field("calibration_pool").options[0].address.key)
    company.set("department", code, calibration_pool=option)
    complete(company, "E010", base=8000)
    complete(company, "E050", base=8000)
    pool(company, "1000", f"[{CYCLE}|{option}]", calibration_pool=option)
    pool(company, "700", f"[{CYCLE}|all]")
    company.run("outcomes", outcomes)
    assert sum(Decimal(amount) for amount in amounts(company).values()) == Decimal(1700)
    assert amounts(company)["E010"] == "1000.00"


def test_person_without_any_pool_is_listed(company: Firm) -> None:
    complete(company, "E010", base=8000)
    option = str(company.app.schema.table("department").field("calibration_pool").options[-1].address.key)
    pool(company, "1000", f"[{CYCLE}|{option}]", calibration_pool=option)
    assert codes(company.run("outcomes", outcomes).notes) == ["cycle.no_bonus_pool"]
    assert bonuses(company) == {}


def test_faulty_money_refuses_everything_at_once(company: Firm) -> None:
    complete(company, "E010", base=-8000)
    complete(company, "E011", base=100)
    pool(company, "-5")
    writes = company.memory.writes
    with pytest.raises(CycleError) as caught:
        company.run("outcomes", outcomes)
    assert codes(caught.value.problems) == ["bonus.bad_amount", "bonus.bad_amount"]
    assert company.memory.writes == writes


def test_pool_nobody_shares_is_refused(company: Firm) -> None:
    complete(company, "E010", base=8000, grade="d")
    pool(company, "1000")
    with pytest.raises(CycleError) as caught:
        company.run("outcomes", outcomes)
    assert codes(caught.value.problems) == ["bonus.nobody_shares"]


# --- quotas: one rule book ------------------------------------------------------------------------------------------


def lines(company: Firm, *, binding_only: bool) -> list[str]:
    return over_quota(JobContext(book=Book(company.app), cycle_name=CYCLE), binding_only=binding_only)


def capped(company: Firm, *, control: str, least: int) -> None:
    (scheme,) = company.rows("scheme")
    company.set("scheme", scheme, distribution_control=control, distribution_minimum=Decimal(least))
    company.set("scheme", scheme, distribution_rules="S+A ≤ 30% 向下", quota_rounding="down")
    for grade, percent in (("S", 10), ("A", 20), ("B", 70)):
        company.set("grade_band", f"[{scheme.strip('[]')}|{grade}]", cap_percent=Decimal(percent))


def test_small_pools_join_their_parents_before_quotas_are_counted(company: Firm) -> None:
    capped(company, control="cap", least=1000)
    for key, row in company.rows("score_result").items():
        company.set("score_result", key, initial_grade="s" if row["status"] == "scored" else row["initial_grade"])
    assert lines(company, binding_only=True) == []  # a root that is still too small only advises
    grade, both, *_, check = lines(company, binding_only=False)
    people = len(company.rows("score_result"))
    assert grade.endswith(f"S 及以上 {people} 人, 名额 {people // 10}")
    assert both.endswith(f"A 及以上 {people} 人, 名额 {people // 10 + people // 5}")
    assert check.endswith(f"{people} 人, S+A <= 30% 不满足: {people} 人")


def test_quotas_bind_only_where_the_scheme_says_so(company: Firm) -> None:
    capped(company, control="cap", least=1)
    for key in company.rows("score_result"):
        company.set("score_result", key, initial_grade="s")
    assert lines(company, binding_only=True)
    capped(company, control="hint", least=1)
    assert lines(company, binding_only=True) == []
    assert lines(company, binding_only=False)
