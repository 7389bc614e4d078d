from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.errors import SchemeError
from huoban_perf.core.values import Value
from huoban_perf.scoring import parse_scheme
from huoban_perf.sync.scheme import TABLES, scheme_documents
from huoban_perf.sync.snapshot import read_table
from tests.unit.sync.company import Office, schema, template

KEY = "[标准方案|1]"


def documents(office: Office) -> dict[str, dict[str, Any]]:
    tables = {table: read_table(office.app, table=schema().table(table)) for table in TABLES}
    return scheme_documents(tables, schema=schema())


def change(office: Office, **values: Value) -> None:
    office.row("scheme", KEY).update(values)


def test_seeded_tables_give_the_template_scheme_back(office: Office) -> None:
    found = documents(office)
    assert list(found) == [KEY]
    live = parse_scheme(found[KEY])
    written = parse_scheme({**template().scheme, "key": KEY})
    assert live.grades == written.grades
    assert sorted(live.raters.groups, key=str) == sorted(written.raters.groups, key=str)
    assert (live.parts, live.total) == (written.parts, written.total)


def test_empty_cells_are_left_out_so_that_defaults_hold(office: Office) -> None:
    change(office, score_cap=None, missing_policy=None, okr_weight=None)
    document = documents(office)[KEY]
    assert document["total"] == {"floor": "0"}
    assert document["parts"] == {"kpi_weight": "70", "review_weight": "30"}
    assert document["items"] == {"mode": "total"}


def test_zero_is_kept(office: Office) -> None:
    change(office, okr_weight=Decimal(0))
    assert documents(office)[KEY]["parts"]["okr_weight"] == "0"


def test_dimension_lines_are_a_name_and_a_weight(office: Office) -> None:
    change(office, dimensions="业绩 70\n\n 客户 服务 30 \n缺权重")
    assert documents(office)[KEY]["items"]["dimensions"] == (
        {"name": "业绩", "weight": "70"},
        {"name": "客户 服务", "weight": "30"},
        {"name": "缺权重", "weight": ""},
    )


def test_advanced_switches_reach_the_scheme(office: Office) -> None:
    change(
        office,
        adjustment_cap=Decimal(5),
        distribution_control="cap",
        quota_rounding="up",
        tie_policy="upper",
        distribution_minimum=Decimal(8),
        distribution_rules="S+A ≤ 30% 向下\n\n D >= 5 ",
        department_coefficient_use="score",
        severity_mode="adopt",
    )
    best = next(values for _, values in office.memory.items["grade_band"].values() if values["grade"] == "s")
    best.update(cap_percent=Decimal(10), linkage_percent=Decimal(40), department_coefficient=Decimal("1.2"))
    live = parse_scheme(documents(office)[KEY])
    assert (live.total.adjustment_cap_d4, live.departments.use, live.severity.mode) == (50_000, "score", "adopt")
    rules = live.distribution
    assert (rules.control, rules.rounding, rules.ties, rules.min_n) == ("cap", "up", "upper", 8)
    assert [(check.grades, check.sign, check.percent_d4, check.rounding) for check in rules.checks] == [
        (("S", "A"), "<=", 300_000, "down"),
        (("D",), ">=", 50_000, "down"),
    ]
    assert (live.grades[0].cap_percent_d4, live.grades[0].linkage_percent_d4) == (100_000, 400_000)
    assert live.grades[0].department_coefficient_d4 == 12_000


def test_a_quota_rule_that_is_none_is_named_by_the_scheme_check(office: Office) -> None:
    change(office, distribution_rules="S 不超过三成")
    with pytest.raises(SchemeError) as caught:
        parse_scheme(documents(office)[KEY])
    assert [problem.facts.get("value") for problem in caught.value.problems] == ["S 不超过三成"]


def test_rows_of_another_scheme_do_not_mix_in(office: Office) -> None:
    other = office.memory.put(schema().table("scheme"), {"natural_key": "[另一个|1]", "name": "另一个", "version": "1"})
    group = {"natural_key": "[另一个|1|customer]", "scheme": (other,), "relation": "customer", "weight": Decimal(100)}
    office.memory.put(schema().table("rater_group"), group)
    office.memory.put(
        schema().table("grade_band"), {"natural_key": "[另一个|1|S]", "scheme": (other,), "grade": "unheard_of"}
    )
    found = documents(office)
    assert found["[另一个|1]"]["raters"] == {"groups": [{"relation": "customer", "weight": "100"}]}
    assert found["[另一个|1]"]["grades"] == [{}]
    assert len(found[KEY]["raters"]["groups"]) == 4


def test_grades_run_from_the_best_and_the_one_without_bound_is_last(office: Office) -> None:
    assert [grade["name"] for grade in documents(office)[KEY]["grades"]] == ["S", "A", "B", "C", "D"]


def test_scheme_that_contradicts_itself_is_refused_by_its_check(office: Office) -> None:
    change(office, kpi_weight=Decimal(60))
    with pytest.raises(SchemeError) as caught:
        parse_scheme(documents(office)[KEY])
    assert caught.value.problems


def test_rules_are_the_same_where_no_switch_is_ever_empty(office: Office) -> None:
    """NocoDB reads an empty switch as off; the rules, and so their hash, must not depend on the platform."""
    before = documents(office)
    for _, row in office.memory.items["rater_group"].values():
        row["required"] = bool(row.get("required"))
    assert documents(office) == before


def test_superiors_who_need_not_answer_are_said(office: Office) -> None:
    for _, row in office.memory.items["rater_group"].values():
        row["required"] = False
    groups = {group["relation"]: group for group in documents(office)[KEY]["raters"]["groups"]}
    assert groups["superior"]["required"] is False
    assert not any("required" in group for relation, group in groups.items() if relation != "superior")
