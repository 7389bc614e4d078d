from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from huoban_perf.cli.cycle_report import Standing, as_json, save, show, watch
from huoban_perf.cli.session import Settings
from huoban_perf.core.errors import Problem
from huoban_perf.cycle.status import CycleStatus, StageStatus
from tests.unit.sync.company import schema
from tests.unit.sync.memory import Clock

LATE = tuple(
    Problem(code="cycle.reviews_overdue", facts={"name": name, "count": 3})
    for name in ("王芳", "李雷", *"甲乙丙丁戊己庚辛壬癸子丑")
)
STATUS = CycleStatus(
    cycle="2026Q4",
    status="reviewing",
    sheets={"reviewing": 11, "not_appraised": 1},
    tasks={"self": (8, 11), "superior": (0, 11), "peer": (0, 0)},
    results={"awaiting_reviews": 11},
    stages=(
        StageStatus(stage="reviewing", ends_on=date(2027, 1, 12), days_late=2, blocks=LATE),
        StageStatus(stage="calibrating", ends_on=date(2027, 1, 14), days_late=0, blocks=()),
        StageStatus(
            stage="awaiting_release",
            ends_on=None,
            days_late=0,
            blocks=(Problem(code="cycle.decider_missing", facts={}),),
        ),
    ),
)
PARKED = (
    Problem(code="service.looped_firings", facts={"automation": "automation:goal.due", "count": 2, "reason": "loop"}),
)


def shown(capsys: pytest.CaptureFixture[str], *found: Standing, locale: str = "zh") -> list[str]:
    show(found, schema=schema(), locale=locale)  # type: ignore[arg-type]
    return capsys.readouterr().out.split("\n")


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_status_keeps_to_80_columns_without_colours_in_a_pipe(capsys: pytest.CaptureFixture[str], locale: str) -> None:
    lines = shown(capsys, Standing(status=STATUS, parked=PARKED), locale=locale)
    assert [line for line in lines if cell_len(line) > 80 or line != line.rstrip() or "\x1b" in line] == []


def test_blocks_stand_under_the_stage_they_block(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, Standing(status=STATUS))
    assert lines[0] == "2026Q4 · 评价中 · 已超 2 个工作日 (应于 2027-01-12)"
    assert lines[1].startswith("●草稿") and lines[1].count("●") == 5  # noqa: PT018
    stages = {line.split()[0]: line for line in lines if re.match(r"(评价中|校准中|待公布) ", line)}
    assert stages["评价中"].endswith("· 王芳 逾期未交评价 3 份")
    assert stages["校准中"].endswith("2027-01-14   -")
    assert "审定人" in stages["待公布"]
    assert "……另有 2 处" in "\n".join(lines)


def test_bars_are_as_full_as_the_reviews_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    bars = [line for line in shown(capsys, Standing(status=STATUS)) if "░" in line or "█" in line]
    assert [(line.count("█"), line.count("░"), line.split()[-1]) for line in bars] == [
        (17, 7, "8/11"),
        (0, 24, "0/11"),
        (0, 24, "0/0"),
    ]


def test_what_the_service_gave_up_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    said = "".join(shown(capsys, Standing(status=STATUS, parked=PARKED)))
    assert "服务停放 (1)" in said
    assert "automation:goal.due" in said
    assert "互相触发" in said


def test_nothing_open_is_a_dash_and_nothing_blocked_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == ["-", ""]
    free = replace(STATUS, stages=(replace(STATUS.stages[1], stage="calibrating"),), status="calibrating")
    assert "没有卡点." in shown(capsys, Standing(status=free))


def test_json_lists_every_block_of_every_stage() -> None:
    found = as_json(Standing(status=STATUS, parked=PARKED), "zh")
    assert found["stages"][0]["blocks"][0] == "王芳 逾期未交评价 3 份"  # type: ignore[index]
    assert [len(stage["blocks"]) for stage in found["stages"]] == [14, 0, 1]  # type: ignore[attr-defined]
    assert len(found["blocks"]) == 15  # type: ignore[arg-type]
    assert (found["leaves_on"], found["workdays_late"]) == ("2027-01-12", 2)
    assert len(found["service"]) == 1  # type: ignore[arg-type]


def test_picture_gives_chinese_two_cells_and_fetches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "状态.svg"
    save([Standing(status=STATUS)], file=file, schema=schema(), locale="zh")
    assert "状态.svg" in capsys.readouterr().err
    page = file.read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\"'\s)]+", page.replace("http://www.w3.org/2000/svg", "")) == []
    runs = [
        (float(found.get("textLength") or 0), found.text or "")
        for found in ElementTree.fromstring(page).iter("{http://www.w3.org/2000/svg}text")
        if found.get("textLength")
    ]
    assert any("逾期未交评价" in text for _, text in runs)
    assert {round(length / cell_len(text), 2) for length, text in runs if cell_len(text)} == {10.0}


class Watching(Clock):
    """A clock at which somebody presses Ctrl-C after some pauses."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if len(self.slept) == 3:
            raise KeyboardInterrupt


def test_watching_reads_anew_until_ctrl_c_or_nothing_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Watching()
    settings = replace(Settings.of({}, lang="zh", profile=None), clock=clock)
    read: list[int] = []

    def reading() -> list[Standing]:
        read.append(1)
        return [Standing(status=STATUS)]

    watch(reading, schema=schema(), settings=settings, every_s=60)
    assert (len(read), clock.slept) == (3, [60, 60, 60])
    assert "每 60 秒刷新" in capsys.readouterr().out
    watch(list, schema=schema(), settings=settings, every_s=60)
    assert len(clock.slept) == 3
