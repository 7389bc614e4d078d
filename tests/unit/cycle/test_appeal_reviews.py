"""Remedies of appeals on the sample company with real scores: groups dropped or kept, data corrected, kills."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.values import Value
from huoban_perf.cycle.appeal_reviews import changed_lines
from huoban_perf.cycle.appeals import appeal
from huoban_perf.cycle.context import Process
from huoban_perf.sync.release import release
from huoban_perf.sync.rescore import Decision, rescore
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import Firm, codes
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import CYCLE, DECIDER, Office, copied, extract_map, seeded

SHEET = f"[{CYCLE}|E025]"
CASE = f"[{CYCLE}|E025|1]"


@pytest.fixture(scope="module")
def released_memory(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The sample company scored and released."""
    office = Office(seeded(), tmp_path_factory.mktemp("runs"))
    release(office.score(), app=office.app, decider=DECIDER)
    return office


def firm_of(office: Office, folder: Path) -> Firm:
    company = Firm(copied(office.memory), folder, process=Process(role_members={"executive": ("uE001", "uE003")}))
    company.on(date(2026, 10, 20))
    company.rescore = lambda decisions: rescore(
        company.app, extract_map=extract_map(), cycle=CYCLE, decisions=decisions
    )
    return company


@pytest.fixture
def company(released_memory: Office, tmp_path: Path) -> Firm:
    return firm_of(released_memory, tmp_path)


def case(company: Firm, **values: Value) -> Firm:
    """An appeal of E025 under examination, its limits set by an earlier run."""
    first: dict[str, Value | Refs] = {
        "status": "submitted",
        "appraisal": Refs("appraisal", (SHEET,)),
        "appellant": ("uE025",),
        "matter": "review",
        "reason": "同事评价与事实不符",
    }
    company.put("appeal", CASE, first)
    company.run("appeal", appeal, cycle=CYCLE)
    company.set("appeal", CASE, status="reviewing", handler=("uE008",), conclusion="核实", **values)
    return company


def result(company: Firm) -> dict[str, Value]:
    return company.rows("score_result")[SHEET]


def run(company: Firm) -> list[str]:
    return codes(company.run("appeal", appeal, cycle=CYCLE).notes)


def test_dropped_group_is_scored_again_and_explained_line_by_line(company: Firm) -> None:
    case(company, remedy="drop_group", relation="peer")
    run(company)
    row = result(company)
    lines = str(row["review_difference"]).splitlines()
    assert lines[0].startswith("剔除整组 同事: 得分 87.78 → ")
    assert row["reviewed_score"] != Decimal("87.78")
    assert any(line.startswith("原: 同事") for line in lines)
    assert any(line.startswith("现: ") for line in lines)
    appealed = company.rows("appeal")[CASE]
    assert appealed.get("reviewed_score") is None  # the appellant learns of it with the decision
    assert company.rows("appraisal")[SHEET]["released_score"] == Decimal("87.78")


def test_reviewed_score_is_that_of_the_engine_without_the_group(company: Firm) -> None:
    decision = Decision(kind="person", subject="E025", action="strike_group", relation="peer")
    found = rescore(company.app, extract_map=extract_map(), cycle=CYCLE, decisions=[decision])
    assert set(found) == {SHEET}
    assert found[SHEET].score.groups["peer"] is None
    case(company, remedy="drop_group", relation="peer")
    run(company)
    assert result(company)["reviewed_score"] == found[SHEET].score.result


def test_kept_group_confirms_the_result(company: Firm) -> None:
    case(company, remedy="keep_group", relation="peer")
    run(company)
    assert result(company)["review_difference"] == "保留整组 同事: 得分 87.78 → 87.78; 等级 A → A"


def test_corrected_data_count_and_others_stay_as_released(company: Firm) -> None:
    others = repr({key: row for key, row in company.rows("appraisal").items() if key != SHEET})
    case(company, remedy="correct_data")
    actual = next(
        key for key, row in sorted(company.rows("metric_actual").items()) if "|E025|" in key and row["actual_value"]
    )
    company.set("metric_actual", actual, actual_value=Decimal(1))
    run(company)
    assert str(result(company)["review_difference"]).startswith("更正数据: 得分 87.78 → ")
    company.set("appeal", CASE, status="awaiting_final", decider_action="adjust", final_decider=("uE003",))
    run(company)
    sheet, appealed = company.rows("appraisal")[SHEET], company.rows("appeal")[CASE]
    assert appealed["status"] == "adjusted"
    assert sheet["released_score"] == appealed["reviewed_score"] == result(company)["reviewed_score"]
    assert sheet["release_revision"] == Decimal(2)
    assert "申诉调整: 更正数据: 得分 87.78 → " in str(sheet["released_receipt"])
    assert appealed["difference_note"] == result(company)["review_difference"]
    assert repr({key: row for key, row in company.rows("appraisal").items() if key != SHEET}) == others


def test_grade_set_by_the_committee_stays_unless_a_score_is_decided(company: Firm) -> None:
    company.set("appraisal", SHEET, released_grade="s")
    record: dict[str, Value | Refs] = {
        "status": "approved",
        "kind": "calibration",
        "appraisal": Refs("appraisal", (SHEET,)),
        "old_grade": "a",
        "new_grade": "s",
    }
    company.put("calibration", f"[{CYCLE}|E025|calibration|1]", record)
    case(company, remedy="drop_group", relation="peer")
    assert "cycle.hand_set_grade_kept" in run(company)
    assert "等级 S → S" in str(result(company)["review_difference"])
    company.set("appeal", CASE, remedy="set_score", remedy_value="71")
    run(company)
    assert result(company)["review_difference"] == "裁定得分: 得分 87.78 → 71.00; 等级 S → B"


@pytest.mark.parametrize("values", [{"remedy": "drop_group"}, {"remedy": "set_score", "remedy_value": "很高"}])
def test_remedy_that_says_too_little_is_told(company: Firm, values: dict[str, Value]) -> None:
    case(company, **values)
    assert "cycle.no_reviewed_score" in run(company)
    assert result(company).get("reviewed_score") is None


def test_final_decider_had_no_part_in_the_case(company: Firm) -> None:
    case(company, remedy="keep_group", relation="peer")
    run(company)
    decider = company.rows("cycle")[CYCLE]["decider"]
    named = company.rows("appeal")[CASE]["final_decider"]
    assert named
    assert named != decider


def test_case_past_its_limit_is_listed(company: Firm) -> None:
    case(company)
    company.on(date(2026, 11, 20))
    assert "cycle.appeal_overdue" in run(company)


@pytest.mark.parametrize("before", [False, True])
def test_decision_killed_anywhere_ends_the_same(released_memory: Office, tmp_path: Path, *, before: bool) -> None:
    ends = set()
    for allowed in range(1, 9):
        company = case(firm_of(released_memory, tmp_path / str(allowed)), remedy="drop_group", relation="peer")
        company.set("appeal", CASE, status="awaiting_final", decider_action="adjust", final_decider=("uE003",))
        with dying(company, allowed, before=before) as died, contextlib.suppress(Died):
            run(company)
        for _ in range(2):
            run(company)
        rows = [company.rows("appraisal")[SHEET], company.rows("appeal")[CASE]]
        records = {
            key: {name: value for name, value in row.items() if name != "decided_on"}
            for key, row in company.rows("calibration").items()
        }
        ends.add(repr((rows, records, result(company).get("reviewed_score"))))
        if not died():
            break
    assert allowed >= 4
    assert len(ends) == 1


def test_lines_that_differ_stand_beside_each_other() -> None:
    before = ["结果 80", "同事 26", "上级 30", "加分 +1"]
    after = ["结果 82", "上级 56", "加分 +1"]
    assert changed_lines(before, after) == ["原: 结果 80", "原: 同事 26", "原: 上级 30", "现: 结果 82", "现: 上级 56"]
    assert changed_lines(before, before) == []
    assert changed_lines([str(n) for n in range(40)], [])[-1] == "另有 10 行不同"


def peers_of_the_appellant(company: Firm) -> list[str]:
    tasks = company.rows("review_task").items()
    return sorted(key for key, row in tasks if key.startswith(f"[{CYCLE}|E025|peer|") and row["status"] == "submitted")


def test_rating_that_changes_after_the_release_moves_nothing_in_an_appeal(company: Firm) -> None:
    """S4.7: group figures are those of the release; the late change is told, its rating cannot be worked out."""
    before = company.rows("appraisal")[SHEET]["released_score"]
    first, second, *_ = peers_of_the_appellant(company)
    task = company.rows("review_task")[first]
    criteria = [name for name, value in task.items() if value in {"g1", "g2", "g3", "g4", "g5"}]
    company.set("review_task", first, **dict.fromkeys(criteria, "g1"))
    company.set("review_task", second, status="expired")
    case(company, remedy="keep_group", relation="superior")
    run(company)
    row = result(company)
    assert row["reviewed_score"] == before
    lines = str(row["review_difference"]).splitlines()
    assert lines[0].startswith(f"保留整组 上级: 得分 {before} → {before}")
    assert "公布后有变动的评价仍按公布时的组分计算: 同事" in lines


def test_data_is_corrected_over_frozen_groups(company: Firm) -> None:
    """What is corrected counts, what changed beside it does not."""
    case(company, remedy="correct_data")
    run(company)
    plain = result(company)["reviewed_score"]
    for key in peers_of_the_appellant(company):
        company.set("review_task", key, status="expired")
    run(company)
    assert result(company)["reviewed_score"] == plain


def test_group_hidden_at_the_release_stays_hidden_when_a_late_rating_would_show_it(company: Firm) -> None:
    shown = result(company)["peer_score"]
    assert shown is not None
    company.set("score_result", SHEET, peer_score=None)
    case(company, remedy="keep_group", relation="superior")
    run(company)
    lines = str(result(company)["review_difference"]).splitlines()
    assert "公布后有变动的评价仍按公布时的组分计算: 同事" in lines
    assert any(line.startswith("原: 同事") for line in lines)
    assert not any(line.startswith("现: 同事") and "·" in line for line in lines)
