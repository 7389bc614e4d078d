from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from huoban_perf.cli.texts import problem_line
from huoban_perf.core.errors import CycleError, HuobanPerfError
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.documents.cycle_report import Audience, Report, Sources, cycle_report, write_report
from huoban_perf.documents.cycle_report.figures import median, percent, quantile
from huoban_perf.documents.cycle_report.model import Section
from huoban_perf.documents.cycle_report.page import report_page
from huoban_perf.exchange.cycle_analysis import CycleAnalysis
from huoban_perf.sync.book import Book
from tests.unit.documents.browser import MISSING, PROGRAM, browser
from tests.unit.documents.released import forms, put, released_office, scored_office
from tests.unit.sync.company import CYCLE, Office, extract_map

HR = Audience()
EXECUTIVE = Audience(role="executive")
MANAGER = Audience(role="manager", department="研发部")
PERSON = f"[{CYCLE}|E036]"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return released_office(tmp_path / "runs")


@pytest.fixture
def scored(tmp_path: Path) -> Office:
    return scored_office(tmp_path / "runs")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """HR's report of the company as released, with all that the engine says."""
    return report_of(released_office(tmp_path_factory.mktemp("whole")), engine=True)


def report_of(office: Office, audience: Audience = HR, *, engine: bool = False) -> Report:
    """Make a report; without the engine where a test is about what the workspace itself says."""
    if not engine:
        nothing = CycleAnalysis(tables=dict.fromkeys(("pools", "rater_severity", "reliability", "hints"), ()))
        with patch("huoban_perf.documents.cycle_report.material.analyse_cycle", return_value=nothing):
            return _report(office, audience)
    return _report(office, audience)


def _report(office: Office, audience: Audience) -> Report:
    context = JobContext(book=Book(office.app), cycle_name=CYCLE)
    sources = Sources(context=context, extract_map=extract_map(), say=lambda one: problem_line(one, locale="zh"))
    return cycle_report(sources, audience)


def section(report: Report, key: str) -> Section:
    (found,) = [part for part in report.sections if part.key == key]
    return found


def keys(report: Report) -> list[str]:
    return [part.key for part in report.sections]


def absent(report: Report) -> list[str]:
    return [part.title for part in report.absent]


def cells(part: Section) -> list[list[str]]:
    return [list(row) for table in part.tables for row in table.rows]


def plotted(part: Section) -> list[dict[str, Any]]:
    assert part.chart is not None
    data = part.chart["data"]
    assert isinstance(data, Mapping)
    return list(data["values"])


def names(office: Office, *, outside: str = "") -> set[str]:
    """Names of all employees, or of those outside a department."""
    home = next((item for item, (_, row) in office.memory.items["department"].items() if row["name"] == outside), "")
    rows = (row for _, row in office.memory.items["employee"].values())
    return {str(row["name"]) for row in rows if not home or row["department"] != (home,)}


def test_hr_reads_every_part_there_is_data_for_and_which_there_is_not(whole: Report) -> None:
    report = whole
    assert keys(report) == [
        "standing", "completion", "missing", "grades", "scores", "boundary", "severity", "agreement", "hints",
    ]  # fmt: skip
    assert absent(report) == ["校准前后", "目标和战略", "资源和重点", "申诉", "流程卡点和一个改进", "和上一期相比"]
    assert all(part.why for part in report.absent)
    assert ("参评", "58 人") in report.facts


def test_every_chart_has_a_sentence_and_a_table(office: Office, whole: Report) -> None:
    for report in (whole, report_of(office, EXECUTIVE, engine=True), report_of(office, MANAGER)):
        for part in report.sections:
            assert part.says[0].endswith(".")
            assert part.chart is None or cells(part)
            assert all(name for table in part.tables for name in table.header)


def test_the_table_says_what_the_chart_shows(whole: Report) -> None:
    grades = section(whole, "grades")
    drawn = [(value["name"], str(value["count"])) for value in plotted(grades)]
    assert drawn == [(row[0], row[1]) for row in cells(grades)]
    assert drawn == [("S", "15"), ("A", "21"), ("B", "21"), ("C", "0"), ("D", "1")]
    scores = section(whole, "scores")
    table = {row[0]: row for row in cells(scores)}
    for box in plotted(scores):
        row = table[box["name"]]
        assert (box["low"], box["middle"], box["high"]) == (float(row[2]), float(row[4]), float(row[6]))


def test_scores_of_a_department_are_those_of_its_people(office: Office) -> None:
    home = next(item for item, (_, row) in office.memory.items["department"].items() if row["name"] == "研发部")
    sheets = [row for _, row in office.memory.items["appraisal"].values() if row["department"] == (home,)]
    points = [row["released_score"] for row in sheets if isinstance(row.get("released_score"), Decimal)]
    row = next(row for row in cells(section(report_of(office), "scores")) if row[0] == "研发部")
    assert (row[1], row[4]) == (str(len(points)), str(median(points)))


def test_a_manager_reads_nothing_of_other_departments(office: Office) -> None:
    put(office, "appeal", natural_key="[a]", status="submitted", appraisal=(office.item("appraisal", PERSON),))
    page = report_page(report_of(office, MANAGER))
    for word in (
        *names(office, outside="研发部"),
        "华东销售部",
        "客户服务部",
        "综合管理部",
        "申诉事项",
        "α",
        "松紧",
        "临界",
    ):
        assert word not in page
    assert "研发部" in page


def test_a_manager_reads_no_rater_and_no_appeal_of_the_own_people(office: Office) -> None:
    put(office, "appeal", natural_key="[a]", status="submitted", appraisal=(office.item("appraisal", PERSON),))
    report = report_of(office, MANAGER)
    assert set(keys(report)) == {"standing", "completion", "missing", "grades", "scores"}
    said = [word for part in report.sections for word in (*part.says, *(cell for row in cells(part) for cell in row))]
    timetable = {"反馈申诉", "申诉截止"}
    assert not [word for word in said if "申诉" in word and not any(known in word for known in timetable)]
    page = report_page(report)
    assert not [name for name in names(office) if name in page]


def test_a_manager_reads_no_result_before_the_release(scored: Office) -> None:
    report = report_of(scored, MANAGER)
    assert set(keys(report)) == {"standing", "completion", "missing"}
    assert {"等级分布和名额", "各部门得分"} <= set(absent(report))
    assert [what for what, _ in report.facts] == ["参评", "评价已交"]
    page = report_page(report)
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL)
    results = [row for _, row in scored.memory.items["score_result"].values()]
    assert not [row["raw_score"] for row in results if str(row["raw_score"])[:5] in body]


def test_held_results_are_not_told_to_a_manager(scored: Office) -> None:
    scored.row("score_result", PERSON)["status"] = "held"
    assert "暂不计分" in report_page(report_of(scored))
    assert "held" not in str(cells(section(report_of(scored, MANAGER), "missing")))
    assert cells(section(report_of(scored, MANAGER), "missing")) == []


def test_an_executive_reads_no_person_at_all(office: Office) -> None:
    office.row("score_result", PERSON)["status"] = "held"
    page = report_page(report_of(office, EXECUTIVE))
    people = (row for _, row in office.memory.items["employee"].values())
    for word in (*names(office), *(str(row["emp_no"]) for row in people)):
        assert word not in page
    assert not {"severity", "agreement", "hints", "fairness"} & set(keys(report_of(office, EXECUTIVE)))
    assert section(report_of(office, EXECUTIVE), "boundary").tables[0].header == ("现在的等级", "位置", "人数")


def test_an_executive_reads_no_result_before_it_is_theirs_to_sign(scored: Office) -> None:
    assert not {"grades", "scores", "boundary"} & set(keys(report_of(scored, EXECUTIVE)))
    scored.row("cycle", CYCLE)["status"] = "awaiting_release"
    assert {"grades", "scores", "boundary"} <= set(keys(report_of(scored, EXECUTIVE)))


def test_nobody_reads_their_own_result_before_the_release(scored: Office) -> None:
    whole, mine = report_of(scored), report_of(scored, Audience(viewer="E036"))
    assert dict(whole.facts)["有结果"] == "58 人"
    assert dict(mine.facts)["有结果"] == "57 人"
    result = scored.row("score_result", PERSON)
    result["distance_to_bound"] = Decimal("0.10")
    assert "梁磊" in report_page(report_of(scored))
    assert "梁磊" not in str(cells(section(report_of(scored, Audience(viewer="E036")), "boundary")))


def test_the_slowest_cell_is_named(scored: Office) -> None:
    for form in forms(scored, PERSON, "peer")[:2]:
        form["status"] = "to_review"
    forms(scored, PERSON, "peer")[2]["status"] = "recalled"
    completion = section(report_of(scored), "completion")
    row = next(row for row in cells(completion) if row[0] == "研发部")
    assert "46/48" in row
    cell = next(value for value in plotted(completion) if value["name"] == "研发部" and value["column"] == "同事")
    assert cell["label"] == "46/48"


def test_dates_show_what_is_over_and_the_delay_is_said(scored: Office) -> None:
    cycle = scored.row("cycle", CYCLE)
    cycle.update(goal_due_on=date(2026, 6, 20), review_due_on=date(2026, 6, 29), release_on=date(2026, 8, 3))
    cycle["appeal_due_on"] = None
    standing = section(report_of(scored), "standing")
    assert [row[2] for row in standing.tables[0].rows] == ["已到", "已到", "未到"]
    assert "按时间表应在 2026-06-29 结束这个阶段, 已晚 2 个工作日." in standing.says


def test_missing_data_is_counted_by_department_and_listed_for_hr(office: Office) -> None:
    actuals = [row for _, row in office.memory.items["metric_actual"].values() if row.get("employee")]
    for row, status in zip(actuals, ("to_fill", "to_fill", "to_verify"), strict=False):
        row["status"] = status
    missing = section(report_of(office), "missing")
    assert missing.says[0].startswith("待填 2 条, 待核实 1 条")
    assert [len(table.rows) for table in missing.tables][1] == 3
    assert len(section(report_of(office, EXECUTIVE), "missing").tables) == 1


def test_calibration_shows_moves_and_only_hr_reads_whose(office: Office) -> None:
    office.row("appraisal", PERSON)["released_grade"] = "b"
    put(
        office,
        "calibration",
        natural_key="[c]",
        status="approved",
        appraisal=(office.item("appraisal", PERSON),),
        old_grade="a",
        new_grade="b",
        reason="同岗对齐",
    )
    moved = section(report_of(office), "calibration")
    assert moved.says[0] == "58 人里有 1 人的等级被校准改动: 上调 0 人, 下调 1 人."
    assert list(moved.tables[1].rows[0]) == ["梁磊", "研发部", "A → B", "同岗对齐"]
    assert (
        next(value for value in plotted(moved) if value["name"] == "初评 A" and value["column"] == "B")["label"] == "1"
    )
    assert "同岗对齐" not in report_page(report_of(office, EXECUTIVE))
    assert "calibration" not in keys(report_of(office, MANAGER))


def test_appeals_are_counted_without_people_and_few_are_kept_from_executives(office: Office) -> None:
    for place, status in enumerate(("submitted", "adjusted")):
        put(
            office,
            "appeal",
            natural_key=f"[a{place}]",
            status=status,
            matter="data",
            decide_by=date(2026, 6, 1),
            appraisal=(office.item("appraisal", PERSON),),
        )
    mine = section(report_of(office), "appeals")
    assert list(mine.says) == ["2 件申诉, 已有结论 1 件, 其中调整结果 1 件.", "1 件超过办结时限."]
    assert "梁磊" not in str(cells(mine))
    assert "申诉" in absent(report_of(office, EXECUTIVE))
    put(office, "appeal", natural_key="[a3]", status="upheld", appraisal=(office.item("appraisal", PERSON),))
    assert cells(section(report_of(office, EXECUTIVE), "appeals")) == []


def strategy(office: Office, key: str, weight: int, **more: Value) -> tuple[str, ...]:
    put(office, "strategy", natural_key=key, status="active", name=key, weight=Decimal(weight), **more)
    return (office.item("strategy", key),)


def test_goals_by_strategy_say_who_took_them_up_and_where_resources_go(office: Office) -> None:
    growth, quality = strategy(office, "增长", 60), strategy(office, "质量", 40)
    strategy(office, "没人要", 10)
    mine = {item: row for item, (_, row) in office.memory.items["goal"].items() if row.get("appraisal")}
    (first, one), (second, two) = list(mine.items())[:2]
    one.update(strategy=growth, health="behind")
    two.update(strategy=quality, health="on_track")
    put(office, "plan_task", name="a", goal=(first,), person_days=Decimal(1))
    put(office, "plan_task", name="b", goal=(second,), person_days=Decimal(9))
    put(office, "plan_task", name="c", goal=(first,), person_days=Decimal(99), status="cancelled")
    part = section(report_of(office), "strategy")
    table = {row[0]: row for row in cells(part)}
    assert table["增长"][2:6] == ["1", "0", "0", "1"]
    assert "没人要" in part.says[0]
    assert "滞后目标最多的是「增长」, 1 个." in part.says
    spent = section(report_of(office), "resources")
    assert [row for row in cells(spent) if row[0] == "增长"] == [["增长", "55%", "10%"]]
    assert list(spent.says) == [
        "差得最多的是「质量」: 权重占 36%, 计划人天占 90%.", "资源没有跟着重点走, 请改计划或改重点.",
    ]  # fmt: skip


def test_the_bottleneck_and_one_change_are_named(office: Office) -> None:
    for place, (_, row) in enumerate(office.memory.items["appraisal"].values()):
        row["stage_times"] = f"目标制定 2026-07-01\n评价中 2026-07-0{2 + place % 3}\n核算中 2026-08-1{place % 5}"
    for place in range(5):
        cycle = (office.item("cycle", CYCLE),)
        put(office, "survey", natural_key=f"[s{place}]", cycle=cycle, stage="interview", satisfaction=Decimal(2))
    part = section(report_of(office), "bottleneck")
    assert part.says[0].startswith("最耗时的是「评价中」")
    assert "满意度最低的是「面谈」: 平均 2.0 分 (5 人" in part.says[1]
    assert part.says[2].startswith("建议试一个改动: ")
    assert "bottleneck" not in keys(report_of(office, MANAGER))


def test_satisfaction_alone_is_drawn_too(office: Office) -> None:
    for place in range(5):
        cycle = (office.item("cycle", CYCLE),)
        put(office, "survey", natural_key=f"[s{place}]", cycle=cycle, stage="goal", satisfaction=Decimal(4))
    part = section(report_of(office), "bottleneck")
    assert plotted(part) == [{"name": "目标", "count": "4.0"}]
    assert part.says[-1] == "按现有数据, 没有一处突出到要先改."


def test_a_report_that_cannot_be_written_is_one_clear_error(whole: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(HuobanPerfError) as caught:
        write_report(whole, tmp_path / "file" / "report.html")
    assert caught.value.code == "documents.not_writable"


def test_the_cycle_before_is_compared_when_it_was_released(office: Office) -> None:
    put(
        office,
        "cycle",
        name="2026Q2",
        kind=office.row("cycle", CYCLE)["kind"],
        status="archived",
        start_date=date(2026, 4, 1),
        end_date=date(2026, 6, 30),
    )
    for number, score, grade in (("E036", "80", "b"), ("E035", "99", "s")):
        put(
            office,
            "appraisal",
            natural_key=f"[2026Q2|{number}]",
            status="completed",
            cycle=(office.item("cycle", "2026Q2"),),
            employee=(office.item("employee", number),),
            department=office.row("appraisal", f"[{CYCLE}|{number}]")["department"],
            released_score=Decimal(score),
            released_grade=grade,
        )
    part = section(report_of(office), "comparison")
    assert part.says[0] == "得分中位数 88.31, 上一期 (2026Q2) 89.50, 相差 -1.19."
    assert "两期都有结果的 2 人里" in part.says[1]
    assert [row for row in cells(part) if row[0] == "S"] == [["S", "1", "50%", "15", "26%"]]
    other = report_of(office, Audience(role="manager", department="客户服务部"))
    assert "和上一期相比" in absent(other)


def test_groups_are_compared_only_for_who_may_see_them(office: Office) -> None:
    employees = list(office.memory.items["employee"])
    for place, item in enumerate(employees):
        group = "first" if place % 2 else "second"
        put(office, "hr_private", natural_key=f"[p{place}]", employee=(item,), fairness_group=group)
    asked = report_of(office, Audience(fairness=True), engine=True)
    part = section(asked, "fairness")
    assert len(cells(part)) >= 4
    assert "这是筛查, 不是结论" in part.says[0] or "没有哪一组" in part.says[0]
    for audience in (HR, EXECUTIVE, MANAGER):
        assert "fairness" not in keys(report_of(office, audience))
        assert "公平性筛查" not in absent(report_of(office, audience))


def test_without_groups_the_screen_says_so(office: Office) -> None:
    assert "公平性筛查" in absent(report_of(office, Audience(fairness=True)))


def test_quotas_are_drawn_against_what_stands(office: Office) -> None:
    for _, row in office.memory.items["grade_band"].values():
        row["cap_percent"] = {"s": Decimal(10), "a": Decimal(30)}.get(str(row["grade"]))
    office.row("scheme", "[标准方案|1]")["distribution_control"] = "hint"
    part = section(report_of(office, engine=True), "grades")
    table = part.tables[1]
    assert table.caption == "各校准池的名额"
    over = [row for row in table.rows if row[5] == "超出"]
    assert part.says[1] == f"有 {len(over)} 处超出名额, 校准完成前要处理."
    assert over
    red = [value for value in plotted(part) if value["over"] == "yes"]
    assert {(value["name"], str(value["count"]), str(value["limit"])) for value in red} == {
        (f"{row[0]} {row[1]}", row[3], row[4]) for row in over
    }


def test_severity_shows_intervals_and_judges_no_rater_with_few_forms(whole: Report) -> None:
    part = section(whole, "severity")
    for row, point in zip(cells(part), plotted(part), strict=True):
        assert int(row[2]) >= 5
        assert point["low"] < point["value"] < point["high"]
        clear = abs(point["value"]) >= 5 and (point["low"] > 0 or point["high"] < 0)
        assert ("明显" in row[-1] and "没有明显" not in row[-1]) is clear


def test_rules_that_cannot_be_scored_are_a_sentence_not_an_end(office: Office) -> None:
    office.row("scheme", "[标准方案|1]")["kpi_weight"] = Decimal(-5)
    report = report_of(office, engine=True)
    why = {part.title: part.why for part in report.absent}
    assert "评价人松紧" in why
    assert "kpi" in why["评价人松紧"] or "权重" in why["评价人松紧"]
    assert "grades" in keys(report)


def test_no_such_cycle_and_no_such_department_are_clear_errors(office: Office) -> None:
    context = JobContext(book=Book(office.app), cycle_name="2030Q1")
    with pytest.raises(CycleError):
        cycle_report(Sources(context=context, extract_map=extract_map(), say=str), HR)
    with pytest.raises(HuobanPerfError) as caught:
        report_of(office, Audience(role="manager", department="火星部"))
    assert caught.value.code == "documents.no_department"


def test_script_in_a_name_is_text_in_page_and_picture(office: Office) -> None:
    bad = "<script>alert(1)</script>"
    for _, row in office.memory.items["department"].values():
        if row["name"] == "研发部":
            row["name"] = bad
    page = report_page(report_of(office))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_page_is_complete_in_itself_and_always_the_same(whole: Report, tmp_path: Path) -> None:
    page = report_page(whole)
    assert page == report_page(whole)
    for link in re.findall(r'(?:src|href|xlink:href)="([^"]*)"', page):
        assert link.startswith("#")
    assert not re.search(r"url\((?!#)|@import|<script|<link|<img|\son\w+=", page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    write_report(whole, tmp_path / "sub" / "report.html")
    file = tmp_path / "sub" / "report.html"
    assert file.read_text(encoding="utf-8") == page
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_picture_has_a_text_for_people_who_do_not_see_it(whole: Report) -> None:
    page = unescape(report_page(whole))
    labels = re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"', page)
    assert len(labels) == page.count("<figure>") > 5
    assert all(": " in label for label in labels)


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_a_report_fits_a_phone_and_breaks_no_policy(whole: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_report(whole, file)
    with browser(tmp_path / "profile") as page:
        page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
        page.open(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate("Math.min(...[...document.querySelectorAll('figure svg')].map(s => s.clientWidth))") > 280
        assert page.said("Log.entryAdded") == []
        requested = {event["request"]["url"] for event in page.said("Network.requestWillBeSent")}
        assert requested == {file.as_uri()}


def test_quantiles_are_those_of_a_spreadsheet() -> None:
    values = [Decimal(value) for value in (1, 2, 3, 4)]
    assert [quantile(values, Decimal(share)) for share in ("0.25", "0.5", "0.75")] == [
        Decimal("1.75"), Decimal("2.50"), Decimal("3.25"),
    ]  # fmt: skip
    assert quantile([Decimal(7)], Decimal("0.25")) == Decimal("7.00")
    assert (percent(1, 3), percent(0, 0), percent(1, 200)) == ("33%", "–", "1%")
