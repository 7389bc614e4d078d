"""A transfer in mid-cycle: org-sync, opening, answers, scoring; both stretches count, and add up."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import CycleError, ScoringInputError
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext, Process
from huoban_perf.cycle.opening import days_present, open_cycle
from huoban_perf.cycle.status import cycle_status
from huoban_perf.exchange.score_folder import Request, score_folder
from huoban_perf.scoring import parse_scheme
from huoban_perf.sync.book import Book
from huoban_perf.sync.results import SubjectScore
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.score import ScoreOutcome, run_score
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, codes, firm
from tests.unit.cycle.test_org_sync import people, sync
from tests.unit.sync.company import copied, extract_map

MOVED = "E010"
SALES, ACCOUNTS = "[标准方案|1]", "[大客户方案|1]"
MOVE_ON = "2026-11-11"
FIRST, SECOND = 41, 51
"""Days from 2026-10-01 to 11-10, and from 11-11 to 12-31."""


def second_scheme(company: Firm) -> None:
    """A position with a scheme and standards of its own; both schemes apply in the cycle."""
    rows = {table: company.rows(table) for table in ("scheme", "rater_group", "grade_band")}
    (item,) = (item for item, (_, row) in company.memory.items["scheme"].items() if row["natural_key"] == SALES)
    for table, standing in rows.items():
        for key, row in list(standing.items()):
            if table != "scheme" and row["scheme"] != (item,):
                continue
            fresh: dict[str, Value | Refs] = {name: cell for name, cell in row.items() if name != "natural_key"}
            if table == "scheme":
                fresh |= {"name": "大客户方案", "kpi_weight": Decimal(40), "review_weight": Decimal(60)}
            else:
                fresh["scheme"] = Refs("scheme", (ACCOUNTS,))
            company.put(table, key.replace("标准方案", "大客户方案"), fresh)
    position: dict[str, Value | Refs] = {
        "name": "大客户经理",
        "family": "sales",
        "default_scheme": Refs("scheme", (ACCOUNTS,)),
        "status": "active",
    }
    company.put("position", "KEY", position)
    for code, metric in (("SALE", "M01"), ("KEY", "M02")):
        standard: dict[str, Value | Refs] = {
            "position": Refs("position", (code,)),
            "metric": Refs("metric", (metric,)),
            "weight": Decimal(100),
            "target_value": Decimal(100),
            "passing_value": Decimal(60),
            "excellent_value": Decimal(120),
        }
        company.put("position_standard", f"[{code}|{metric}]", standard)
    company.put("cycle", CYCLE, {"schemes": Refs("scheme", (SALES, ACCOUNTS))})


def opened(company: Firm, day: date, **options: str) -> None:
    company.on(day).run("open", open_cycle, **options)


def transferred(company: Firm) -> Firm:
    """The whole way to the last answer of the person who moved."""
    company.process = Process(pass_grade="B")
    second_scheme(company)
    sync(company.on(date(2026, 9, 20)), people(company))
    opened(company, date(2026, 9, 23), announce="yes")
    opened(company, date(2026, 9, 28))
    opened(company, date(2026, 10, 13))
    rows = people(company)
    next(row for row in rows if row["工号"] == MOVED).update(岗位编码="KEY", 部门编码="D12", 上级工号="E005")
    rows = [{**row, "生效日期": MOVE_ON if row["工号"] == MOVED else ""} for row in rows]
    sync(company.on(date(2026, 11, 17)), rows)
    opened(company, date(2027, 1, 4))
    opened(company, date(2027, 1, 8))
    grades = {"self": "g4", "superior|E004": "g5", "superior|E005": "g3", "peer": "g4"}
    for key in list(company.rows("review_task")):
        if key.startswith(f"[{CYCLE}|{MOVED}|"):
            grade = next(value for part, value in grades.items() if part in key)
            answers = dict.fromkeys(("expertise", "cooperation", "responsibility"), grade)
            company.set("review_task", key, status="submitted", **answers)
    for metric, value in (("M01", 90), ("M02", 110)):
        for month, last in ((10, 31), (11, 30), (12, 31)):
            actual: dict[str, Value | Refs] = {
                "status": "verified",
                "metric": Refs("metric", (metric,)),
                "employee": Refs("employee", (MOVED,)),
                "period_start": date(2026, month, 1),
                "period_end": date(2026, month, last),
                "actual_value": Decimal(value),
            }
            company.put("metric_actual", f"[{metric}|{MOVED}|2026-{month}-01]", actual)
    return company


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return transferred(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def company(moved: Firm, tmp_path: Path) -> Firm:
    return Firm(copied(moved.memory), tmp_path).on(date(2027, 1, 13))


@pytest.fixture(scope="module")
def scored(moved: Firm, tmp_path_factory: pytest.TempPathFactory) -> tuple[Firm, ScoreOutcome]:
    """A copy in which the results are written; tests that change it copy it."""
    done = Firm(copied(moved.memory), tmp_path_factory.mktemp("scored")).on(date(2027, 1, 13))
    return done, score(done, apply=True)


def own_score(outcome: ScoreOutcome) -> SubjectScore:
    return next(one for one in outcome.scores.subjects if one.subject == MOVED)


def score(company: Firm, *, apply: bool = False) -> ScoreOutcome:
    store = RunStore(folder=company.folder)
    return run_score(company.app, extract_map=extract_map(), cycle=CYCLE, runs=store, apply=apply)


def changed(company: Firm, key: str, **values: Value) -> Firm:
    company.set("assignment", key, **values)
    return company


def faults(company: Firm) -> list[tuple[str, str | None, object]]:
    with pytest.raises(ScoringInputError) as caught:
        score(company)
    assert caught.value.code == "sync.service_broken"
    return [(one.code, one.address, one.facts.get("start")) for one in caught.value.problems]


def lines_of(outcome: ScoreOutcome) -> list[str]:
    return list(outcome.scores.receipt_lines(MOVED))


def printed(line: str) -> Decimal:
    """The figure of a receipt line: its label, then the points."""
    return Decimal(line.split("  (", maxsplit=1)[0].rsplit(maxsplit=1)[-1])


# --- both stretches count -------------------------------------------------------------------------------------------


Scored = tuple[Firm, ScoreOutcome]


def test_both_stretches_count_with_their_own_scheme_and_items_and_add_up(scored: Scored) -> None:
    company, outcome = scored
    lines = lines_of(outcome)
    first, second = (line for line in lines if line.startswith("  第"))
    assert first.startswith("  第1段")
    assert f"2026-10-01 至 2026-11-10, 在岗 {FIRST} 天, 占 {FIRST}/92" in first
    assert second.startswith("  第2段")
    assert f"2026-11-11 至 2026-12-31, 在岗 {SECOND} 天, 占 {SECOND}/92" in second
    at = lines.index(second)
    assert any("销售收入" in line for line in lines[:at])
    assert not any("回款率" in line for line in lines[:at])
    assert any("回款率" in line for line in lines[at:])
    assert not any("销售收入" in line for line in lines[at:])
    assert any("权重 70 ÷ 100" in line for line in lines[:at])
    assert any("权重 40 ÷ 100" in line for line in lines[at:])
    own = own_score(outcome)
    assert printed(first) + printed(second) == own.unrounded
    assert own.scheme == ACCOUNTS  # the home scheme: that of the stretch at the cycle's end
    receipt = str(company.rows("score_result")[f"[{CYCLE}|{MOVED}]"]["receipt_draft"])
    assert receipt.splitlines() == lines


def test_both_superiors_rate_and_weigh_by_their_days(scored: Scored) -> None:
    company, outcome = scored
    tasks = company.rows("review_task")
    weights = {key: row.get("rater_weight") for key, row in tasks.items() if f"|{MOVED}|superior|" in key}
    assert weights == {
        f"[{CYCLE}|{MOVED}|superior|E004]": Decimal(FIRST),
        f"[{CYCLE}|{MOVED}|superior|E005]": Decimal(SECOND),
    }
    superior = own_score(outcome).groups["superior"]
    assert superior is not None
    exact = (FIRST * Decimal(100) + SECOND * Decimal(75)) / (FIRST + SECOND)
    assert abs(superior - exact) < Decimal("0.000000001")
    others = [row.get("rater_weight") for key, row in tasks.items() if "|superior|" in key and MOVED not in key]
    assert len(others) > 50
    assert set(others) == {None}


def test_same_data_as_files_gives_the_same_results(scored: Scored, tmp_path: Path) -> None:
    company, outcome = scored
    schemes = {key: parse_scheme(document) for key, document in outcome.schemes.items()}
    score_folder(company.folder / outcome.run / "extract", schemes=schemes, out=tmp_path / "out", request=Request())
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = {row["subject"]: row for row in csv.DictReader(stream)}
    for one in outcome.scores.subjects:
        given = rows[one.subject]
        unrounded = Decimal(given["unrounded"]) if given["unrounded"] else None
        assert (given["grade"] or "", unrounded) == (one.grade, one.unrounded), one.subject


def test_what_happens_after_the_cycle_changes_nothing_in_it_and_a_second_run_writes_nothing(
    scored: Scored, tmp_path: Path
) -> None:
    company = Firm(copied(scored[0].memory), tmp_path).on(date(2027, 1, 20))
    rows = people(company)
    next(row for row in rows if row["工号"] == MOVED).update(部门编码="D11", 上级工号="E004")
    assert codes(sync(company, rows).notes) == ["cycle.person_moved"]
    assert score(company).pending == 0


def test_days_absent_are_taken_off_whichever_stretch_they_are_in(company: Firm) -> None:
    extract = company.folder / score(changed(company, f"[{MOVED}|{MOVE_ON}]", absence_days=Decimal(40))).run / "extract"
    with (extract / "assignments.csv").open(encoding="utf-8", newline="") as stream:
        own = [row for row in csv.DictReader(stream) if row["emp_no"] == MOVED]
    assert [(row["start"], row["end"], row["scheme"], row["absent_days"]) for row in own] == [
        (own[0]["start"], "2026-11-10", SALES, ""),
        (MOVE_ON, "", ACCOUNTS, "40"),
    ]
    company.set("scheme", ACCOUNTS, absence_above=Decimal(30))
    company.set("scheme", SALES, absence_above=Decimal(30))
    company.set("cycle", CYCLE, announced_hash=None, min_days=Decimal(83))
    (own_sheet,) = (row for row in Book(company.app).all("appraisal") if row.key == f"[{CYCLE}|{MOVED}]")
    assert days_present(own_sheet) == 82
    out = next(one for one in score(company).scores.subjects if one.subject == MOVED)
    assert (out.status, out.notes) == ("不参评", "在岗 82 天, 少于 83 天")
    assert {row["scheme"] for row in appraisals(extract) if row["subject"] == MOVED} == {""}
    assert {row["scheme"] for row in appraisals(extract) if row["subject"] != MOVED} == {SALES}


def appraisals(extract: Path) -> list[dict[str, str]]:
    with (extract / "appraisals.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_scheme_written_on_a_record_counts_for_that_stretch(company: Firm) -> None:
    (sales,) = (item for item, (_, row) in company.memory.items["scheme"].items() if row["natural_key"] == SALES)
    lines = lines_of(score(changed(company, f"[{MOVED}|{MOVE_ON}]", scheme=(sales,))))
    assert sum("权重 70 ÷ 100" in line for line in lines) == 2


# --- what is checked first ------------------------------------------------------------------------------------------


def test_gap_overlap_and_dates_are_named_at_once_and_nothing_is_scored(company: Firm) -> None:
    first = next(key for key in company.rows("assignment") if key.startswith(f"[{MOVED}|") and MOVE_ON not in key)
    other = next(key for key in company.rows("assignment") if key.startswith("[E011|"))
    changed(company, first, end_date=date(2026, 11, 5))
    changed(company, other, end_date=date(2026, 12, 20))
    writes = company.memory.writes
    name = {key: f"{key} {row['name']}" for key, row in company.rows("employee").items()}
    assert faults(company) == [
        ("sync.service_gap", name[MOVED], "2026-11-06"),
        ("sync.service_gap", name["E011"], "2026-12-21"),
    ]
    context = JobContext(book=Book(company.app), cycle_name=CYCLE, process=company.process)
    assert codes(cycle_status(context).blocks)[:2] == ["sync.service_gap"] * 2
    changed(company, first, end_date=date(2026, 11, 15))
    changed(company, other, end_date=date(2020, 1, 1))
    assert faults(company)[0] == ("sync.service_overlap", name[MOVED], MOVE_ON)
    assert faults(company)[1][0] == "sync.service_dates"
    assert company.memory.writes == writes


def test_stretch_by_a_scheme_the_cycle_does_not_name_is_refused(company: Firm) -> None:
    (sales,) = (item for item, (_, row) in company.memory.items["scheme"].items() if row["natural_key"] == SALES)
    company.set("position", "KEY", default_scheme=None)
    assert [code for code, _, _ in faults(company)] == ["sync.service_scheme"]
    changed(company, f"[{MOVED}|{MOVE_ON}]", scheme=(sales,))
    score(company)


def test_person_without_any_record_is_taken_from_the_employee_table(scored: Scored, company: Firm) -> None:
    before = {one.subject: one.unrounded for one in scored[1].scores.subjects}
    for item, (_, row) in list(company.memory.items["assignment"].items()):
        if str(row["natural_key"]).startswith("[E012|"):
            del company.memory.items["assignment"][item]
    assert {one.subject: one.unrounded for one in score(company).scores.subjects} == before


def test_announcement_waits_for_complete_records_that_agree_with_the_employee_table(tmp_path: Path) -> None:
    company = firm(tmp_path)
    sync(company.on(date(2026, 9, 20)), people(company))
    records = {key.split("|")[0].strip("["): key for key in company.rows("assignment")}
    changed(company, records["E010"], start_date=date(2026, 10, 9))
    changed(company, records["E011"], end_date=date(2026, 11, 30))
    (service,) = (item for item, (_, row) in company.memory.items["department"].items() if row["code"] == "D30")
    changed(company, records["E012"], department=(service,))
    writes = company.memory.writes
    with pytest.raises(CycleError) as caught:
        opened(company, date(2026, 9, 23), announce="yes")
    found = [(one.code, str(one.address).split()[0], one.facts.get("start")) for one in caught.value.problems]
    assert found == [
        ("sync.service_gap", "E010", "2026-10-01"),
        ("sync.service_gap", "E011", "2026-12-01"),
        ("sync.service_differs", "E012", str(company.rows("assignment")[records["E012"]]["start_date"])),
    ]
    assert company.memory.writes == writes


# --- contracts and raters -------------------------------------------------------------------------------------------


def test_items_follow_a_transfer_that_is_dated_anew_and_a_second_run_writes_nothing(company: Firm) -> None:
    first = next(key for key in company.rows("assignment") if key.startswith(f"[{MOVED}|") and MOVE_ON not in key)
    company.on(date(2027, 1, 9))
    changed(company, first, end_date=date(2026, 11, 19))
    changed(company, f"[{MOVED}|{MOVE_ON}]", start_date=date(2026, 11, 20))
    company.run("open", open_cycle)
    own = {
        key: (row["valid_from"], row["valid_to"]) for key, row in company.rows("appraisal_item").items() if MOVED in key
    }
    assert own == {
        f"[{CYCLE}|{MOVED}|KPI|M01|2026-10-01]": (date(2026, 10, 1), date(2026, 11, 19)),
        f"[{CYCLE}|{MOVED}|KPI|M02|{MOVE_ON}]": (date(2026, 11, 20), date(2026, 12, 31)),
    }
    assert company.run("open", open_cycle).changes == 0


def test_items_split_by_a_transfer_that_was_undone_are_told(company: Firm) -> None:
    (sales,) = (item for item, (_, row) in company.memory.items["position"].items() if row["code"] == "SALE")
    changed(company, f"[{MOVED}|{MOVE_ON}]", position=(sales,))
    report = company.on(date(2027, 1, 9)).run("open", open_cycle, apply=False)
    (told,) = (one for one in report.notes if one.code == "cycle.position_undone")
    assert (str(told.address).split()[0], told.facts["start"]) == (MOVED, MOVE_ON)


def test_contract_with_personal_goals_is_left_to_people(company: Firm) -> None:
    company.set("appraisal_item", f"[{CYCLE}|{MOVED}|KPI|M01|2026-10-01]", origin="personal_goal")
    report = company.on(date(2027, 1, 9)).run("open", open_cycle)
    assert codes(report.notes).count("cycle.position_goals") == 1
    assert report.tables["appraisal_item"].updated == 0


def test_superior_of_a_few_days_is_not_asked(tmp_path: Path) -> None:
    company = firm(tmp_path)
    second_scheme(company)
    sync(company.on(date(2026, 9, 20)), people(company))
    opened(company, date(2026, 9, 23), announce="yes")
    opened(company, date(2026, 9, 28))
    opened(company, date(2026, 10, 13))
    rows = people(company)
    for number, day in ((MOVED, "2026-12-20"), ("E011", "2027-01-02")):
        next(row for row in rows if row["工号"] == number).update(上级工号="E005", 生效日期=day)
    sync(company.on(date(2027, 1, 3)), [{"生效日期": "", **row} for row in rows])
    opened(company, date(2027, 1, 4))
    opened(company, date(2027, 1, 8))
    superior = sorted(key.split("|")[-1] for key in company.rows("review_task") if f"|{MOVED}|superior|" in key)
    assert superior == ["E004]"]  # E005 led for 12 days
    assert [key.split("|")[-1] for key in company.rows("review_task") if "|E011|superior|" in key] == ["E004]"]
