"""The result files of a run: their columns in both languages, and writing them as CSV, Parquet or Excel.

Scores are exact decimals: nine places on the grid, six in print. Rows have one order, so equal results are equal bytes
(CSV and Parquet; a workbook carries the time it was made).

Source: score-files.md (Output); scoring.md S0, S7, S13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import duckdb

from huoban_perf.scoring.rounding import sql_literal, sql_name

OutputForm = Literal["csv", "parquet", "xlsx"]
HeaderLanguage = Literal["en", "zh"]

_PIECE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumn:
    """One column of a result file.

    Attributes:
        name: English header.
        zh: Chinese header.
        value: SQL over the result relation.
    """

    name: str
    zh: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One result file.

    Attributes:
        name: English name, also the file's.
        zh: Chinese name.
        relation: Result relation of the engine.
        columns: The columns.
        order: ORDER BY that makes the order of rows unique.
    """

    name: str
    zh: str
    relation: str
    columns: tuple[OutputColumn, ...]
    order: str

    def query(self, *, header: HeaderLanguage, result_decimals: int) -> str:
        """Write the file's query.

        Args:
            header: Language of the column names.
            result_decimals: Decimals of the result.

        Returns:
            SELECT with the columns named as in the file.
        """
        names = [column.zh if header == "zh" else column.name for column in self.columns]
        values = [column.value.replace("$decimals", str(result_decimals)) for column in self.columns]
        listed = ", ".join(f"{value} AS {sql_name(name)}" for value, name in zip(values, names, strict=True))
        return f"SELECT {listed} FROM {self.relation} ORDER BY {self.order}"  # noqa: S608


def _points(name: str) -> str:
    return f"CAST({name} AS DECIMAL(18,0)) * 0.000000001"


def _columns(text: str) -> Iterator[OutputColumn]:
    """Read ``name 中文`` pairs; ``#`` marks points of the grid, stored as ``<name>_n``."""
    for part in text.split(";"):
        name, zh = part.split()
        bare = name.rstrip("#")
        value = _points(f"{bare}_n") if name.endswith("#") else bare
        if bare == "result":
            value = "CAST(result AS DECIMAL(18,$decimals))"
        yield OutputColumn(name=bare, zh=zh, value=value)


def _output(name: str, zh: str, relation: str, text: str, order: str) -> Output:
    return Output(name=name, zh=zh, relation=relation, columns=tuple(_columns(text)), order=order)


OUTPUTS: Final[tuple[Output, ...]] = (
    _output(
        "results",
        "结果",
        "out_results",
        "kind 对象类型;subject 对象编码;scheme 方案;status 状态;result 结果;grade 等级;unrounded 未舍入得分;"
        "kpi# 业绩得分;review# 360得分;okr# OKR得分;self# 自评;superior# 上级;upper# 隔级上级;dotted# 虚线上级;"
        "peer# 同事;subordinate# 下级;customer# 客户;merged# 合并评价;points# 加减分合计;adjusted# 计入加减分;"
        "distance 距等级线;is_near_bound 临界;coefficient 等级系数;veto 否决;missing_note 未计入;reason 不参评原因",
        "kind DESC, subject",
    ),
    _output(
        "receipt_lines",
        "得分明细",
        "out_lines",
        "kind 对象类型;subject 对象编码;line_no 行号;level 层级;parent 上级行号;part 类别;key 键;label 名称;"
        "detail 说明;contribution 贡献;printed 显示贡献;machine 机器形式",
        "kind DESC, subject, line_no",
    ),
    _output(
        "flags",
        "提示",
        "out_flags",
        "kind 对象类型;subject 对象编码;flag 提示;key 键;detail 说明",
        "kind DESC, subject, flag, key, detail",
    ),
    _output(
        "excluded",
        "未计入",
        "out_excluded",
        "kind 对象类型;subject 对象编码;level 级别;key 键;reason 原因;detail 说明",
        "kind DESC, subject, level, key, reason, detail",
    ),
)
"""Every result file. Codes of kind, part, level and reason are English words in either header language."""


def write_outputs(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    form: OutputForm = "csv",
    header: HeaderLanguage = "en",
) -> tuple[Path, ...]:
    """Write the result files of the last run of a connection.

    Args:
        connection: The connection ``score_cycle`` ran in.
        folder: An existing folder; files of the same names are replaced.
        form: ``csv`` (UTF-8, empty = missing), ``parquet`` (native types) or ``xlsx``.
        header: Language of the column names.

    Returns:
        The files, in the order of ``OUTPUTS``.
    """
    files = []
    result_decimals = _result_decimals(connection)
    for output in OUTPUTS:
        file = folder / f"{output.name}.{form}"
        query = output.query(header=header, result_decimals=result_decimals)
        if form == "xlsx":
            _write_workbook(connection, query, file, title=output.zh if header == "zh" else output.name)
        else:
            option = "FORMAT csv, HEADER true" if form == "csv" else "FORMAT parquet"
            connection.execute(f"COPY ({query}) TO {sql_literal(str(file))} ({option})")
        files.append(file)
    return tuple(files)


def status_counts(connection: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    """Return status → subjects of the last run, in the engine's own words."""
    rows = connection.execute("SELECT status, count(*) FROM out_results GROUP BY 1 ORDER BY 1").fetchall()
    return {str(status): int(count) for status, count in rows}


def _result_decimals(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many decimals the results need, at least two; each has as many as its scheme says."""
    longest = "max(length(rtrim(split_part(CAST(result AS VARCHAR), '.', 2), '0')))"
    ((found,),) = connection.execute(f"SELECT {longest} FROM out_results").fetchall()  # noqa: S608
    return max(int(found or 0), 2)


def _write_workbook(connection: duckdb.DuckDBPyConnection, query: str, file: Path, *, title: str) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    found = connection.execute(query)
    sheet.append([column[0] for column in found.description or ()])
    while rows := found.fetchmany(_PIECE):
        for row in rows:
            sheet.append(list(row))
    book.save(file)
