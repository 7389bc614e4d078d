"""One person's own data as a workbook: what he may ask for, without anybody else's rating.

Source: scoring.md S16 (export of one person's data; the receipt is the explanation), S4.6 (hidden cells stay hidden).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from huoban_perf.core.errors import ScoringError
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.scoring import Scheme, ScoreOptions
from huoban_perf.scoring.privacy import person_data
from huoban_perf.scoring.words import RELATIONS

_SHEETS: Final = {
    "results": "结果|subject 工号;scheme 方案;status 状态;result 结果;grade 初评等级;unrounded 未舍入得分;"
    "kpi_n 业绩得分;review_n 360得分;okr_n OKR得分;veto 否决;missing_note 未计入;reason 不参评原因",
    "grades": "最终等级|first_grade 初评等级;final_grade 最终等级;final_score 最终得分",
    "bonus": "奖金|base 奖金基数;grade 等级;grade_coefficient 等级系数;department_coefficient 部门系数;"
    "prorate 在岗比例;raw 应得奖金;amount 金额;reason 未计原因",
    "lines": "得分明细|label 名称;detail 说明;printed 贡献",
    "items": "考核指标|item 项目编号;metric_code 指标编码;score_n 得分;weighted_n 加权得分;note 说明",
    "groups": "评价分组|relation 评价关系;n 人数;score_n 得分",
    "criteria": "评价项|relation 评价关系;criterion 评价项;n 人数;score_n 得分",
    "forms": "我提交的评价|subject 被评人;relation 评价关系;score_n 得分",
    "excluded": "未计入|level 级别;key 键;detail 说明",
}
"""Table of ``person_data`` → title of its sheet, then its columns with the names people see."""

_GRID: Final = 1_000_000_000
_WIDE: Final = 0x2E80
"""From here on characters are two columns wide."""
_WIDEST: Final = 60


def export_person(source: Path, *, schemes: Mapping[str, Scheme], person: str, out: Path) -> Path:
    """Score the inputs and write what they say of one person to that person.

    Args:
        source: The inputs; nothing in them is changed.
        schemes: Schemes by key.
        person: Staff number.
        out: The workbook; its folder is made when missing.

    Returns:
        The workbook; a sheet a table that has rows.

    Raises:
        ScoringInputError: The inputs are wrong.
        ScoringError: There is no such person in the run, or the file exists already.
    """
    if out.exists():
        raise ScoringError("exchange.bad_out", facts={"folder": str(out)})
    with open_inputs(source) as inputs:
        score_inputs(inputs, schemes=schemes, options=ScoreOptions(criteria=True))
        tables = person_data(inputs.connection, person)
    if not tables["results"]:
        raise ScoringError("scoring.unknown_subject", facts={"kind": "person", "subject": person})
    _write(tables, out)
    return out


def _write(tables: Mapping[str, list[dict[str, Any]]], out: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    del book[book.sheetnames[0]]
    for name, text in _SHEETS.items():
        title, _, pairs = text.partition("|")
        columns = dict(pair.split() for pair in pairs.split(";"))
        if tables[name]:
            sheet = book.create_sheet(title)
            sheet.append(list(columns.values()))
            for row in tables[name]:
                sheet.append([_shown(column, row[column], level=row.get("level")) for column in columns])
            _lay_out(sheet)
    out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    book.save(out)


def _shown(column: str, cell: Any, *, level: Any) -> Any:
    if column == "label" and isinstance(level, int):
        return "　" * (level - 1) + str(cell)
    if column.endswith("_n") and cell is not None:
        return Decimal(cell) / _GRID
    return RELATIONS.get(str(cell), cell) if column == "relation" else cell


def _lay_out(sheet: Any) -> None:
    """Make a sheet readable and printable as it is: header in bold, columns as wide as needed, long text wrapped."""
    from openpyxl.styles import Alignment, Font

    for column in sheet.columns:
        for cell in column:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if isinstance(cell.value, Decimal):
                cell.number_format = "0.00####"
        column[0].font = Font(bold=True)
        widest = max(sum(2 if ord(char) > _WIDE else 1 for char in str(cell.value or "")) for cell in column)
        sheet.column_dimensions[column[0].column_letter].width = min(widest, _WIDEST) + 2
    sheet.freeze_panes = "A2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
