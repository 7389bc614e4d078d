"""A workbook in another program: LibreOffice reads the headers, dates, numbers and texts that a person would see."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from huoban_perf.documents.workbooks import workbook_bytes
from tests.unit.documents.wishes import FORMULA, SCRIPT, app, hostile, whole

PROGRAM = shutil.which("soffice")
ALL_SHEETS_AS_UTF8 = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="no LibreOffice on this machine: apt-get install libreoffice-calc"
)


def test_workbooks_open_in_libreoffice_as_they_were_meant(tmp_path: Path) -> None:
    cycle = next(found for found in whole(app()).starters if found.table == "考核周期")
    odd = next(found for found in whole(hostile()).starters if found.table == SCRIPT)
    for name, starter in (("cycle", cycle), ("odd", odd)):
        (tmp_path / f"{name}.xlsx").write_bytes(workbook_bytes(starter))
    assert PROGRAM is not None
    command = [PROGRAM, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", ALL_SHEETS_AS_UTF8, "--outdir", str(tmp_path), "cycle.xlsx", "odd.xlsx"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=120)
    header, first, *_ = read(tmp_path / "cycle-考核周期.csv")
    assert header == [column.header for column in cycle.columns]
    typed = {
        "状态": "草稿",
        "周期名称": "示例, 导入后删除 1",
        "类型": "月",
        "开始": "2026-01-15",
        "结束": "2026-01-15",
        "最低在岗天数": "1",
    }
    shown = dict(zip(header, first, strict=True))
    assert {name: shown[name] for name in typed} == typed
    (sheet,) = [file for file in tmp_path.glob("odd-*.csv") if not file.stem.endswith("说明")]
    assert read(sheet)[0][0] == FORMULA


def read(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))
