from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest

from huoban_perf.cli.render import WIDTH, bar, progress, show_json, table


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in line)


def test_table_keeps_chinese_columns_aligned_within_eighty_columns() -> None:
    text = table([("王芳", "95.20", "S"), ("欧阳志强", "8.00", "D")], header=("姓名", "得分", "等级"), right=(1,))
    lines = text.split("\n")
    assert all(width(line) <= WIDTH for line in lines)
    assert width(lines[2][: lines[2].index("95.20") + 5]) == width(lines[3][: lines[3].index("8.00") + 4])


def test_table_wraps_long_cells_instead_of_growing() -> None:
    text = table([("长" * 200, "1")], header=("说明", "数"))
    assert max(width(line) for line in text.split("\n")) <= WIDTH


def test_brackets_in_cells_are_not_markup() -> None:
    assert "[2026Q3|E001]" in table([("[2026Q3|E001]",)], header=("键",))


def test_bar_is_proportional() -> None:
    assert (bar(Decimal(1)), bar(Decimal(0)), bar(Decimal("0.5"))) == ("█" * 24, "", "█" * 12)


def test_json_keeps_decimals_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"score": Decimal("84.960"), "name": "王芳"})
    assert capsys.readouterr().out == '{\n  "score": "84.960",\n  "name": "王芳"\n}\n'


def test_progress_without_terminal_prints_one_line_a_finished_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(locale="zh", form="text") as report:
        report("progress.write", subject="员工", done=1, total=2)
        report("progress.write", subject="员工", done=2, total=2)
    assert capsys.readouterr().err == "✓ 写入 员工 2\n"


def test_progress_beside_json_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(locale="zh", form="json") as report:
        report("progress.write", subject="员工", done=2, total=2)
    assert capsys.readouterr().err == ""
