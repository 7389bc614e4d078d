"""What a person sees on a terminal: bars that finish as one line a stage, text folded at eighty columns."""

from __future__ import annotations

import re
import sys

import pytest

from huoban_perf.cli.render import busy, folded, progress
from tests.cli.desk import too_wide, width


def test_bars_leave_one_line_a_finished_stage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress(locale="zh", form="json") as report:
        for done in (1, 150, 300):
            report("progress.write", subject="评价任务", done=done, total=300)
        report("progress.read", subject="员工", done=1, total=2)
    said = capsys.readouterr()
    assert said.out == ""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.err)
    assert plain.count("✓ 写入 评价任务 300") == 1
    assert "✓ 读取" not in plain


@pytest.mark.parametrize(
    "line",
    [
        "短",
        "字" * 40,
        "字" * 41,
        "    回款率 20.167369  (比率法(正向): 目标 95, 实际 约 91.2333 → 得分 96.035087719, 权重 30)",
        "  " + "word " * 60,
    ],
)
def test_folded_text_keeps_every_character_within_eighty_columns(line: str) -> None:
    shown = folded(line)
    assert too_wide(shown) == []
    assert "".join(shown.split()) == "".join(line.split())
    first, *rest = shown.split("\n")
    assert bool(rest) is (width(line) > 80)
    inset = len(line) - len(line.lstrip()) + 2
    assert all(part.startswith(" " * inset) for part in rest)
    assert first.startswith(line[: inset - 2])


def test_a_path_wider_than_the_line_stands_whole_on_a_line_of_its_own() -> None:
    path = "/a/path/without/any/space" * 8
    assert folded(f"计划文件 {path} 读不懂. 请重新生成.") == f"计划文件\n  {path}\n  读不懂. 请重新生成."


def test_work_of_unknown_length_moves_on_a_terminal_and_leaves_nothing_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with busy("progress.score", locale="zh"):
        pass
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with busy("progress.score", locale="zh"):
        pass
    said = capsys.readouterr()
    assert said.out == ""
    assert "评分" in said.err
