"""A small cycle whose numbers are the rule book's own end-to-end example, in every form a file may have.

Source: scoring.md S7 (End to end): 95.88, grade S.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import duckdb

from huoban_perf.scoring.columns import FRAMES

Cell = str | int | float | date | None
Frame = tuple[Sequence[str], list[list[Cell]]]
Form = Literal["csv", "parquet", "xlsx"]

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)


def frames() -> dict[str, Frame]:
    """Return frame → header and rows; E1 is the book's example, E2 a plain colleague, E3 does not take part."""
    return {
        "cycle": (["cycle", "start", "end"], [["2026Q1", FIRST, LAST]]),
        "people": (
            ["emp_no", "name", "status", "hire_date"],
            [["E1", "王小明", "在职", date(2020, 1, 1)], ["E2", "李娜", "在职", date(2021, 5, 6)]]
            + [[f"E{number}", f"同事{number}", "在职", None] for number in range(4, 8)]
            + [["E3", "赵总", "不参评", None]],
        ),
        "appraisals": (["kind", "subject"], [["个人", "E1"], ["个人", "E2"], ["个人", "E3"]]),
        "metrics": (
            ["metric_code", "name", "direction", "method"],
            [
                ["M1", "销售额", "越大越好", "比率法(正向)"],
                ["M2", "回款率", "越大越好", "比率法(正向)"],
                ["M3", "投诉率", "越小越好", "差额法"],
                ["M4", "里程碑", None, "人工评分"],
            ],
        ),
        "items": (
            ["kind", "subject", "item", "metric_code", "weight", "target", "actual", "manual_score"],
            [
                ["个人", "E1", "1", "M1", 40, 1000000, 1120000, None],
                ["个人", "E1", "2", "M2", 30, 95, 90.25, None],
                ["个人", "E1", "3", "M3", 20, 2, 2.5, None],
                ["个人", "E1", "4", "M4", 10, None, None, 80],
                ["个人", "E2", "1", "M1", 100, 1000000, 900000, None],
            ],
        ),
        "forms": (
            ["task_no", "kind", "subject", "relation", "rater", "form", "status"],
            [
                [f"T{number}", "个人", "E1", relation, rater, "360", "已提交"]
                for number, (relation, rater) in enumerate(
                    [("自评", "E1"), ("上级", "E4"), ("同事", "E5"), ("同事", "E6"), ("同事", "E7")], 1
                )
            ]
            + [
                ["T6", "个人", "E2", "上级", "E4", "360", "已提交"],
                ["T7", "个人", "E2", "自评", "E2", "360", "已提交"],
            ],
        ),
        "ratings": (
            ["task_no", "criterion", "score"],
            [
                ["T1", "overall", 95],
                ["T2", "overall", 88],
                ["T3", "overall", 85],
                ["T4", "overall", 86],
                ["T5", "overall", 87],
                ["T6", "overall", 80],
                ["T7", "overall", 80],
            ],
        ),
        "criteria": (["form", "criterion", "weight"], [["360", "overall", 100]]),
        "points": (
            ["kind", "subject", "type", "points", "reason", "approver", "status"],
            [
                ["个人", "E1", "加分", 3, "专利, 两件", "E4", "已批"],
                ["个人", "E1", "减分", 1, "迟交", "E4", "已批"],
            ],
        ),
    }


SCHEME: dict[str, object] = {
    "key": "std",
    "parts": {"kpi_weight": "70", "review_weight": "30"},
    "raters": {
        "groups": [
            {"relation": "self", "weight": "10", "threshold": "1"},
            {"relation": "superior", "weight": "50", "threshold": "1"},
            {"relation": "peer", "weight": "25", "threshold": "3"},
            {"relation": "customer", "weight": "15", "threshold": "3"},
        ]
    },
}


def save_scheme(file: Path, document: Mapping[str, object] = SCHEME) -> Path:
    """Write a scheme document as JSON (which is YAML too)."""
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return file


def save(
    folder: Path,
    *,
    form: Form = "csv",
    is_chinese: bool = False,
    given: Mapping[str, Frame] | None = None,
    encoding: str = "utf-8",
) -> Path:
    """Write the frames as files of one form, names and headers in one language."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (header, rows) in (given or frames()).items():
        frame = FRAMES[name]
        names = [frame.column(column).zh for column in header] if is_chinese else list(header)
        file = folder / f"{frame.zh if is_chinese else name}.{form}"
        match form:
            case "csv":
                save_csv(file, names, rows, encoding=encoding)
            case "parquet":
                _save_parquet(file, names, rows)
            case "xlsx":
                save_workbook(file, {"Sheet1": (names, rows)})
    return folder


def save_csv(file: Path, header: Sequence[str], rows: Sequence[Sequence[Cell]], *, encoding: str = "utf-8") -> None:
    """Write one CSV file."""
    with file.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def save_workbook(file: Path, sheets: Mapping[str, Frame]) -> None:
    """Write a workbook with native numbers and dates."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for title, (header, rows) in sheets.items():
        sheet = book.create_sheet(title)
        for row in [header, *rows]:
            sheet.append(list(row))
    book.save(file)


def _save_parquet(file: Path, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    with duckdb.connect() as connection:
        kinds = [_kind([row[index] for row in rows]) for index in range(len(header))]
        columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(header, kinds, strict=True))
        connection.execute(f"CREATE TABLE t ({columns})")
        for row in rows:
            marks = ", ".join("?" * len(row))
            cells = [Decimal(str(cell)) if isinstance(cell, float) else cell for cell in row]
            connection.execute(f"INSERT INTO t VALUES ({marks})", cells)
        connection.execute(f"COPY t TO '{file}' (FORMAT parquet)")


def _kind(cells: Sequence[Cell]) -> str:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {date}:
        return "DATE"
    if kinds == {int}:
        return "BIGINT"
    return "DOUBLE" if float in kinds else "VARCHAR"
