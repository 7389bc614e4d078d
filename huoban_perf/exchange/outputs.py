"""The result files of a run: their columns in both languages, and writing them as CSV, Parquet or Excel.

Scores are exact decimals: nine places on the grid, six in print. Rows have one order, so equal results are equal bytes
(CSV and Parquet; a workbook carries the time it was made).

Source: score-files.md (Output); scoring.md S0, S7, S13.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import duckdb

from huoban_perf.core.errors import FactValue, ScoringError
from huoban_perf.exchange.long_files import SUBJECTS, write_long
from huoban_perf.scoring import subject_ranges
from huoban_perf.scoring.rounding import sql_literal, sql_name

OutputForm = Literal["csv", "parquet", "xlsx"]
HeaderLanguage = Literal["en", "zh"]
Rows = tuple[Mapping[str, Any], ...]
"""Rows of one output: English column → value, in the order of the file."""

_PIECE: Final = 10_000
SHEET_ROWS: Final = 1_048_576
"""Rows of a sheet of Excel, its header among them."""


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
        when: ``always``; ``rows`` = when there are any; or what a run was asked for: ``analysis``, ``fairness``.
        is_long: Many rows a subject, so that it is written range by range of subjects.
    """

    name: str
    zh: str
    relation: str
    columns: tuple[OutputColumn, ...]
    order: str
    when: str = "always"
    is_long: bool = False

    def query(self, *, header: HeaderLanguage, result_decimals: int, where: str = "true") -> str:
        """Write the file's query.

        Args:
            header: Language of the column names.
            result_decimals: Decimals of the result.
            where: SQL condition on the result relation.

        Returns:
            SELECT with the columns named as in the file.
        """
        names = [column.zh if header == "zh" else column.name for column in self.columns]
        values = [column.value.replace("$decimals", str(result_decimals)) for column in self.columns]
        listed = ", ".join(f"{value} AS {sql_name(name)}" for value, name in zip(values, names, strict=True))
        return f"SELECT {listed} FROM {self.relation} WHERE {where} ORDER BY {self.order}"  # noqa: S608


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


def _output(text: str, columns: str, order: str, *, when: str = "always", is_long: bool = False) -> Output:
    name, zh, relation = text.split()
    listed = tuple(_columns(columns))
    return Output(name=name, zh=zh, relation=relation, columns=listed, order=order, when=when, is_long=is_long)


OUTPUTS: Final[tuple[Output, ...]] = (
    _output(
        "results 结果 out_results",
        "kind 对象类型;subject 对象编码;scheme 方案;status 状态;result 结果;grade 等级;unrounded 未舍入得分;"
        "kpi# 业绩得分;review# 360得分;okr# OKR得分;self# 自评;superior# 上级;upper# 隔级上级;dotted# 虚线上级;"
        "peer# 同事;subordinate# 下级;customer# 客户;merged# 合并评价;points# 加减分合计;adjusted# 计入加减分;"
        "distance 距等级线;is_near_bound 临界;coefficient 等级系数;veto 否决;missing_note 未计入;reason 不参评原因",
        "kind DESC, subject",
    ),
    _output(
        "receipt_lines 得分明细 out_lines",
        "kind 对象类型;subject 对象编码;line_no 行号;level 层级;parent 上级行号;part 类别;key 键;label 名称;"
        "detail 说明;contribution 贡献;printed 显示贡献;machine 机器形式",
        "kind DESC, subject, line_no",
        is_long=True,
    ),
    _output(
        "flags 提示 out_flags",
        "kind 对象类型;subject 对象编码;flag 提示;key 键;detail 说明",
        "kind DESC, subject, flag, key, detail",
    ),
    _output(
        "excluded 未计入 out_excluded",
        "kind 对象类型;subject 对象编码;level 级别;key 键;reason 原因;detail 说明",
        "kind DESC, subject, level, key, reason, detail",
    ),
    _output(
        "grades 等级 out_grades",
        "kind 对象类型;subject 对象编码;scheme 方案;pool 校准池;pool_n 池内人数;rank 名次;"
        "percentile 百分位;first_grade 初评等级;"
        "suggested_grade 建议等级;final_grade 最终等级;final_score 最终得分;note 说明",
        "kind DESC, subject",
    ),
    _output(
        "pools 校准池 out_pools",
        "scheme 方案;pool 校准池;n 人数;waiting 待补评;is_advisory 仅供参考;grade 等级;quota 累计名额;"
        "first_count 初评人数;"
        "suggested_count 建议人数;final_count 最终人数;is_over 超出名额",
        "scheme, pool, place",
    ),
    _output(
        "checks 比例检查 out_checks",
        "scheme 方案;pool 校准池;check_text 规则;n 人数;count 符合人数;holds 是否满足",
        "scheme, pool, check_text",
        when="rows",
    ),
    _output(
        "bonus 奖金 out_bonus",
        "subject 工号;pool 奖金包;base 奖金基数;grade 等级;grade_coefficient 等级系数;department_coefficient 部门系数;"
        "prorate 在岗比例;raw 应得奖金;amount 金额;reason 未计原因",
        "subject",
        when="rows",
    ),
    _output(
        "rater_severity 评分松紧 out_rater_severity",
        "rater 评价人;n 份数;component 可比组;mean 平均给分;additive 偏差_加性模型;shrunk 偏差_收缩;"
        "proposal 建议校正值;note 说明",
        "component, additive DESC, rater",
        when="analysis",
    ),
    _output(
        "standardised 标准化评分_仅供查看 out_standardised",
        "relation 评价关系;rater 评价人;subject 被评人;points 评分;standardised 标准化评分",
        "relation, rater, subject",
        when="analysis",
    ),
    _output(
        "reliability 评分一致性 out_reliability",
        "relation 评价关系;forms 份数;units 被评人数;raters 评价人数;dropped 不完整人数;icc_1_1 ICC(1,1);"
        "icc_1_k ICC(1,k);"
        "icc_2_1 ICC(2,1);icc_2_k ICC(2,k);icc_3_1 ICC(3,1);icc_3_k ICC(3,k);alpha_nominal α_名义;alpha_ordinal α_顺序;"
        "alpha_interval α_等距;alpha_ratio α_比率;note 说明",
        "relation",
        when="analysis",
    ),
    _output(
        "hints 评分质量提示 out_hints",
        "kind 对象类型;subject 对象编码;hint 提示;key 键;detail 说明",
        "kind DESC, subject, hint, key, detail",
        when="analysis",
    ),
    _output(
        "averages 可公布平均分 out_averages",
        "dept_code 部门编码;relation 评价关系;people 人数;mean 平均分;note 说明",
        "relation, dept_code",
        when="analysis",
    ),
    _output(
        "fairness 公平性分析 out_fairness",
        "field 分组字段;outcome 结果口径;group_name 组别;role 角色;n 人数;favourable 达到人数;"
        "rate 比例;ratio 与参照组之比;"
        "p_two_sided 双侧p值;p_one_sided 单侧p值;note 说明",
        "field, outcome, group_name",
        when="fairness",
    ),
)
"""Every result file. Codes of kind, part, level and reason are English words in either header language. ``grades``,
``pools``, ``bonus`` and whatever an analysis makes, but for ``averages``, are for HR only."""


def write_outputs(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    form: OutputForm = "csv",
    header: HeaderLanguage = "en",
    asked: Collection[str] = (),
    only: Collection[str] = (),
) -> tuple[Path, ...]:
    """Write the result files of the last run of a connection.

    Args:
        connection: The connection ``score_cycle`` ran in.
        folder: An existing folder; files of the same names are replaced.
        form: ``csv`` (UTF-8, empty = missing), ``parquet`` (native types) or ``xlsx``.
        header: Language of the column names.
        asked: What the run was asked for beside scores: ``analysis``, ``fairness``.
        only: Names of the files wanted; empty = all.

    Returns:
        The files, in the order of ``OUTPUTS``.

    Raises:
        ScoringError: More rows than a sheet of Excel holds; nothing is written.
    """
    files = []
    result_decimals = _result_decimals(connection)
    wanted = [output for output in OUTPUTS if _is_wanted(connection, output, asked=asked, only=only)]
    if form == "xlsx":
        _refuse_long_sheets(connection, wanted)
    for output in wanted:
        file = folder / f"{output.name}.{form}"
        query = partial(_query, output, header, result_decimals)
        if form == "xlsx":
            ranges = subject_ranges(connection, size=SUBJECTS) if output.is_long else ("true",)
            title = output.zh if header == "zh" else output.name
            _write_workbook(connection, [query(where) for where in ranges], file, title=title)
        elif output.is_long:
            write_long(connection, query, file, form=form)
        else:
            option = "FORMAT csv, HEADER true" if form == "csv" else "FORMAT parquet"
            connection.execute(f"COPY ({query('true')}) TO {sql_literal(str(file))} ({option})")
        files.append(file)
    return tuple(files)


def _refuse_long_sheets(connection: duckdb.DuckDBPyConnection, wanted: Sequence[Output]) -> None:
    for output in wanted:
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {output.relation}").fetchall()  # noqa: S608
        if rows >= SHEET_ROWS:
            facts: dict[str, FactValue] = {"file": f"{output.name}.xlsx", "rows": rows, "most": SHEET_ROWS - 1}
            raise ScoringError("exchange.too_long_for_excel", facts=facts)


def output_rows(connection: duckdb.DuckDBPyConnection, name: str) -> Rows:
    """Return one output of the last run of a connection as rows.

    Args:
        connection: The connection ``score_cycle`` ran in.
        name: Name of the output.

    Returns:
        Its rows; results at two decimals.
    """
    (output,) = (output for output in OUTPUTS if output.name == name)
    names = [column.name for column in output.columns]
    found = connection.execute(output.query(header="en", result_decimals=2)).fetchall()
    return tuple(dict(zip(names, row, strict=True)) for row in found)


def _query(output: Output, header: HeaderLanguage, result_decimals: int, where: str) -> str:
    return output.query(header=header, result_decimals=result_decimals, where=where)


def _is_wanted(
    connection: duckdb.DuckDBPyConnection, output: Output, *, asked: Collection[str], only: Collection[str]
) -> bool:
    if only and output.name not in only:
        return False
    if output.when == "rows":
        return bool(connection.execute(f"SELECT 1 FROM {output.relation} LIMIT 1").fetchall())  # noqa: S608
    return output.when in {"always", *asked}


def status_counts(connection: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    """Return status → subjects of the last run, in the engine's own words."""
    rows = connection.execute("SELECT status, count(*) FROM out_results GROUP BY 1 ORDER BY 1").fetchall()
    return {str(status): int(count) for status, count in rows}


def _result_decimals(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many decimals the results need, at least two; each has as many as its scheme says."""
    longest = "max(length(rtrim(split_part(CAST(result AS VARCHAR), '.', 2), '0')))"
    ((found,),) = connection.execute(f"SELECT {longest} FROM out_results").fetchall()  # noqa: S608
    return max(int(found or 0), 2)


def _write_workbook(connection: duckdb.DuckDBPyConnection, queries: Sequence[str], file: Path, *, title: str) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for at, query in enumerate(queries):
        found = connection.execute(query)
        if at == 0:
            sheet.append([column[0] for column in found.description or ()])
        while rows := found.fetchmany(_PIECE):
            for row in rows:
                sheet.append(list(row))
    book.save(file)
