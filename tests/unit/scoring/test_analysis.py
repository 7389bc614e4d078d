"""The relations an analysis leaves after a run (S5, S6, S14)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring import CycleFrames
from huoban_perf.scoring.analysis import (
    fit_severity,
    write_averages,
    write_fairness,
    write_reliability,
    write_severity,
    write_standardised,
)
from huoban_perf.scoring.scheme_document import parse_scheme
from tests.cases.scoring.harness import Run, score

DOCUMENT: dict[str, Any] = {
    "parts": {"kpi_weight": 0, "review_weight": 100},
    "raters": {"groups": [{"relation": "peer", "weight": 60, "threshold": 1}, {"relation": "superior", "weight": 40}]},
}
HEADER = "kind subject relation rater external status overall"


def rated(table: dict[str, dict[str, int]], relation: str = "同事", **document: Any) -> tuple[Run, dict[str, Any]]:
    """Score a table unit → rater → points."""
    forms = [
        f"个人 {unit} {relation} {rater} 是 已提交 {points}"
        for unit, by_rater in table.items()
        for rater, points in by_rater.items()
    ]
    run = score({"forms": [HEADER, *forms]}, {"s": DOCUMENT | document}, traced=False)
    assert run.error is None, run.error
    return run, {"s": parse_scheme({"key": "s", **DOCUMENT, **document})}


COMPLETE = {
    unit: dict(zip("123", row, strict=True))
    for unit, row in zip("abcde", ([85, 80, 88], [78, 70, 80], [92, 86, 90], [70, 66, 75], [88, 82, 91]), strict=True)
}


def test_s6_the_books_table_and_a_row_over_all_relations() -> None:
    run, _ = rated(COMPLETE)
    write_reliability(run.connection)
    (row,) = run.rows("out_reliability")
    assert [str(row[f"icc_{name}"]) for name in ("1_1", "2_1", "3_1", "1_k", "2_k", "3_k")] == [
        "0.750983", "0.767821", "0.963209", "0.900471", "0.908434", "0.987428",
    ]  # fmt: skip
    assert (row["relation"], row["dropped"], row["note"]) == ("peer", 0, "不足 10 人, 数据不够")


def agreement(table: dict[str, dict[str, int]]) -> str:
    run, _ = rated(table)
    write_reliability(run.connection)
    return str(run.rows("out_reliability")[0]["note"])


def test_s6_alpha_is_read_as_usable_tentative_or_not_for_pay() -> None:
    units = [f"u{at:02d}" for at in range(10)]
    apart = {unit: {"x": 80, "y": 80} for unit in units[7:]}
    assert "可用" in agreement({unit: {"x": 10 * at, "y": 10 * at + 1} for at, unit in enumerate(units)})
    near = {unit: {"x": 10 * at, "y": 10 * at + 36 * (at % 2)} for at, unit in enumerate(units[:7])}
    assert "勉强" in agreement(near | apart)
    assert "不宜" in agreement({unit: {"x": 10 * at, "y": 90 - 10 * at} for at, unit in enumerate(units)})
    assert "无法定义" in agreement({unit: {"x": at // 99, "y": 0} for at, unit in enumerate(units)})


def test_s6_different_raters_for_everybody_leave_two_forms_out() -> None:
    run, _ = rated({f"u{at}": {f"r{at}": 70 + at, f"s{at}": 72 + at} for at in range(4)})
    write_reliability(run.connection)
    (row,) = run.rows("out_reliability")
    assert row["icc_2_1"] is None
    assert "ICC(2) 和 ICC(3) 不适用" in row["note"]


def test_s6_the_ratio_level_is_left_out_of_large_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huoban_perf.scoring.analysis.MOST_VALUES", 3)
    run, _ = rated(COMPLETE)
    write_reliability(run.connection)
    assert run.rows("out_reliability")[0]["alpha_ratio"] is None


def test_s5_severity_of_the_books_chain() -> None:
    run, schemes = rated({"e1": {"A": 92}, "e2": {"A": 88, "B": 78}, "e3": {"B": 80}, "e4": {"B": 72}})
    write_severity(run.connection, fit_severity(run.connection, schemes))
    rows = {row["rater"]: row for row in run.rows("out_rater_severity")}
    assert {rater: row["additive"] for rater, row in rows.items()} == {"A": Decimal(5), "B": Decimal(-5)}
    assert rows["A"]["mean"] == 90


def test_s5_standardised_scores_of_the_books_two_teams() -> None:
    teams = {"A": (95, 92, 90, 88, 85, 90), "B": (82, 78, 75, 70, 65, 80)}
    run, _ = rated(
        {f"{rater}{at}": {rater: points} for rater, scores in teams.items() for at, points in enumerate(scores)}
    )
    write_standardised(run.connection)
    rows = {row["subject"]: (row["points"], str(row["standardised"])) for row in run.rows("out_standardised")}
    assert len(rows) == 12
    assert rows["person:A0"] == (95, "96.7408")
    assert rows["person:B0"] == (82, "93.0280")


def test_s5_a_fixed_lambda_needs_no_estimate() -> None:
    fixed = {"mode": "hint", "rater_lambda": "1.5", "subject_lambda": 0}
    run, schemes = rated({f"u{at}": {"J": 62, "K": 78} for at in range(2)}, severity=fixed)
    fit = fit_severity(run.connection, schemes)
    assert fit is not None
    assert fit.shrunk is not None
    assert fit.shrunk.raters["J"] == pytest.approx(-4.5714, abs=5e-5)


def test_s5_only_self_ratings_fit_nothing() -> None:
    run = score({"forms": [HEADER, "个人 a 自评 a - 已提交 80"]}, {"s": DOCUMENT}, traced=False)
    schemes = {"s": parse_scheme({"key": "s", **DOCUMENT})}
    assert fit_severity(run.connection, schemes) is None
    write_severity(run.connection, None)
    assert run.rows("out_rater_severity") == []


def test_s5_schemes_of_different_scales_cannot_be_fitted_together() -> None:
    documents = {"s": DOCUMENT, "t": {**DOCUMENT, "scale": 10}}
    frames = {
        "appraisals": ["kind subject scheme", "个人 a s", "个人 b t"],
        "forms": [HEADER, "个人 a 同事 x 是 已提交 8", "个人 b 同事 x 是 已提交 8"],
    }
    run = score(frames, documents, traced=False)
    assert run.error is None, run.error
    schemes = {key: parse_scheme({"key": key, **document}) for key, document in documents.items()}
    with pytest.raises(ScoringError, match="schemes_differ"):
        fit_severity(run.connection, schemes)


def test_s5_an_error_that_is_no_lack_of_data_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ScoringError("scoring.number_too_large")

    monkeypatch.setattr("huoban_perf.scoring.analysis.fit_shrunk", broken)
    run, schemes = rated(COMPLETE)
    with pytest.raises(ScoringError, match="number_too_large"):
        fit_severity(run.connection, schemes)


def grouped(south: int, north: int, *, lone: int = 0, loose: int = 0) -> list[dict[str, Any]]:
    """Thirty people of the south and twenty-five of the north, so many of each with a best grade."""
    people = [("南", at < south) for at in range(30)] + [("北", at < north) for at in range(25)]
    people += [("东", True)] * lone + [("", True)] * loose
    codes = [f"e{at:03d}" for at in range(len(people))]
    frames = {
        "items": ["kind subject item weight manual_score"]
        + [f"个人 {code} 1 100 {90 if best else 65}" for code, (_, best) in zip(codes, people, strict=True)],
        "fairness": ["emp_no field group"]
        + [f"{code} 地区 {group or '-'}" for code, (group, _) in zip(codes, people, strict=True)],
    }
    run = score(frames, {"s": {}}, traced=False)
    assert run.error is None, run.error
    schemes = {"s": parse_scheme({"key": "s"})}
    write_fairness(run.connection, frames=CycleFrames.discover(run.connection), schemes=schemes)
    return [row for row in run.rows("out_fairness") if row["outcome"] == "best"]


def test_s14_the_books_two_groups_are_flagged_but_not_robust() -> None:
    found = {row["group_name"]: row for row in grouped(12, 7)}
    assert found["南"]["role"] == "reference"
    assert (found["北"]["role"], str(found["北"]["ratio"])) == ("flagged", "0.700000")
    assert f"{found['北']['p_two_sided']:.3f}" == "0.404"
    assert "不稳健" in found["北"]["note"]


def test_s14_a_robust_gap_has_no_such_word_and_small_and_unknown_groups_are_named() -> None:
    rows = grouped(28, 2, lone=2, loose=3)
    found = {(row["role"], row["group_name"]): row for row in rows}
    assert ("hidden", "东") in found
    assert found["unknown", None]["n"] == 3
    rows = grouped(28, 2)
    assert "不稳健" not in next(row for row in rows if row["role"] == "flagged")["note"]
    assert next(row["role"] for row in grouped(12, 10) if row["group_name"] == "北") in {"compared", "reference"}


def test_s14_without_groups_it_is_refused() -> None:
    run, schemes = rated(COMPLETE)
    with pytest.raises(ScoringError, match="no_groups"):
        write_fairness(run.connection, frames=CycleFrames(relations={}), schemes=schemes)


def test_s5_both_estimates_can_be_proposed_unless_one_is_missing() -> None:
    run, schemes = rated(COMPLETE)
    fit = fit_severity(run.connection, schemes)
    assert fit is not None
    for level in ("l2", "l3"):
        assert abs(sum(entry.beta * entry.n for entry in fit.proposal(level))) < Decimal("0.01")
    run, schemes = rated({unit: {"only": 80} for unit in "abc"})
    lone = fit_severity(run.connection, schemes)
    assert lone is not None
    assert lone.sizes == {"raters": 1, "subjects": 3}
    assert [entry.rater for entry in lone.proposal("l2")] == ["only"]
    with pytest.raises(ScoringError, match="too_few"):
        lone.proposal("l3")


def test_s5_what_makes_figures_weaker_stands_in_the_note() -> None:
    run, schemes = rated({"e1": {"A": 92, "B": 88}, "e2": {"A": 80}, "f1": {"C": 70}, "f2": {"C": 75}})
    fit = fit_severity(run.connection, schemes)
    write_severity(run.connection, fit)
    notes = {row["rater"]: row["note"] for row in run.rows("out_rater_severity")}
    assert notes["C"] == "第 2 组, 与其他组不可比; 份数少于 5, 仅供参考"
    run, schemes = rated({unit: {"only": 80} for unit in "abcdef"})
    write_severity(run.connection, fit_severity(run.connection, schemes))
    assert run.rows("out_rater_severity")[0]["note"] == "未估计收缩值: 评价人或被评人不足两位"


def test_s16_averages_to_be_published_come_as_a_relation() -> None:
    run, schemes = rated({unit: {f"{unit}{at}": 80 + at for at in range(3)} for unit in "ab"})
    write_averages(run.connection, schemes)
    rows = {row["dept_code"]: row for row in run.rows("out_averages")}
    assert (rows[None]["people"], rows[None]["mean"]) == (2, Decimal(81))
    run, schemes = rated({"a": {"x": 80}})
    write_averages(run.connection, schemes)
    assert {row["note"] for row in run.rows("out_averages")} == {"人数太少或可被推算, 不显示"}
