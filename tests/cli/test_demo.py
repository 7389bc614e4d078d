from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, too_wide, write_profile
from tests.prepared import demo_report, demo_said

ASKED = (
    "tables", "appraisals_scored", "rows_written", "write_requests", "requests", "requests_minimum", "seconds",
    "peak_mib",
)  # fmt: skip


def test_first_run_reports_what_it_did_as_one_object(demo_home: Path) -> None:
    report = demo_report(demo_home)
    assert demo_said(demo_home) == ""
    assert report["format_version"] == 1
    assert all(isinstance(report[name], int | float) for name in ASKED)
    assert (report["tables"], report["appraisals"], report["appraisals_scored"], report["not_appraised"]) == (
        33, 60, 58, 2
    )  # fmt: skip
    assert report["rows_written"] > 2000
    assert report["requests_minimum"] <= report["requests"] < report["requests_minimum"] * 2
    assert sum(report["grades"].values()) == 58
    assert report["seconds"] > 0
    assert (demo_home / "runs" / report["run"] / "manifest.json").exists()


def test_second_run_writes_nothing_and_says_so(company: Desk) -> None:
    before = company.dump()
    said = company.run("demo", "-o", "json")
    report = said.json
    assert (report["rows_written"], report["write_requests"], report["objects_created"]) == (0, 0, 0)
    assert report["appraisals_scored"] == 58
    assert company.dump() == before


def test_text_shows_what_a_person_wants_to_see_within_eighty_columns(company: Desk) -> None:
    said = company.run("demo")
    assert said.exit is Exit.DONE
    for words in ("33 张表", "58 张已出分", "等级分布", "得分榜", "没有改动任何东西", "写请求为 0 次", "得分明细"):
        assert words in said.out
    assert "权重 70 ÷ 100" in said.out
    assert "huoban-perf score explain" in said.out
    assert too_wide(said.out) == []
    assert str(company.world_file) in said.err.replace("\n  ", "")
    assert "✓ 读取 评价任务" in said.err
    assert too_wide(said.err.replace(str(company.home), "")) == []


def test_english_text(company: Desk) -> None:
    said = company.run("--lang", "en", "demo")
    assert "33 tables" in said.out
    assert "nothing was changed" in said.out
    assert too_wide(said.out) == []
    assert "✓ read" in said.err


def test_demo_leaves_real_workspaces_alone(desk: Desk) -> None:
    write_profile(desk.home, workspace="1")
    said = desk.run("--profile", "production", "demo")
    assert said.exit is Exit.INVALID
    assert "不会写进配置 production 的真实工作区" in said.err


def test_ratings_that_are_not_installed_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huoban_perf.demo.insteval.find_spec", lambda _: None)
    said = desk.run("demo", "--data", "insteval")
    assert said.exit is Exit.INVALID
    assert list(desk.home.rglob("*.json")) == []  # told before anything was built
    assert "pip install 'huoban-perf[demo-data]'" in said.err


def test_a_company_of_the_size_asked_for_is_scored_and_released_beside_the_demos_own(company: Desk) -> None:
    report = company.run("demo", "--people", "12", "-o", "json").json
    assert report["appraisals_scored"] == sum(report["grades"].values()) == 11
    assert report["rows_written"] > 400
    again = company.run("demo", "--people", "12", "-o", "json").json
    assert (again["rows_written"], again["write_requests"]) == (0, 0)
    assert again["grades"] == report["grades"]


def test_the_real_ratings_have_the_people_they_have(desk: Desk) -> None:
    said = desk.run("demo", "--data", "insteval", "--people", "30")
    assert said.exit is Exit.INVALID
    assert "去掉 --people" in said.err


def test_a_workspace_that_filters_by_its_reader_needs_no_shared_views(company: Desk) -> None:
    said = company.run("nocodb", "share")
    assert said.exit is Exit.INVALID
    assert "自己就能按「我」筛选" in said.err
