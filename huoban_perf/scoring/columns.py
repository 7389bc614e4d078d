"""Every input frame of the engine: its grain, key, and columns in both languages with type, unit and null rule.

This is the only declaration of the inputs; checking, reading and the documentation of the files all follow it.

Source: score-files.md (table of files).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.words import Vocabulary


class Logical(StrEnum):
    """What a column holds once read."""

    TEXT = "text"
    CODE = "code"
    DECIMAL = "decimal"
    COUNT = "count"
    DATE = "date"
    MOMENT = "moment"
    WORD = "word"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an input frame.

    Attributes:
        name: English name, as in the connection.
        zh: Chinese header.
        logical: What it holds: text, code (compared byte for byte), decimal (≤ 4 places), count (whole, ≥ 0), date,
            moment, or one of ``words``.
        required: May not be empty (null or ``''``).
        unit: Unit in words, empty for codes and text.
        words: English key → Chinese word, for ``Logical.WORD``; both are accepted.
    """

    name: str
    zh: str
    logical: Logical = Logical.CODE
    required: bool = False
    unit: str = ""
    words: Vocabulary = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One input frame.

    Attributes:
        name: English name; the relation in the connection is ``in_<name>``.
        zh: Chinese name.
        grain: What one row is.
        key: Columns that identify a row; empty when rows may repeat.
        columns: All declared columns.
        open_columns: Further columns are allowed (one column a criterion in ``forms``).
        sensitive: HR only.
    """

    name: str
    zh: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    open_columns: bool = False
    sensitive: bool = False

    def column(self, name: str) -> Column:
        """Return one declared column.

        Args:
            name: English name.

        Returns:
            The column.

        Raises:
            KeyError: The frame has no such column.
        """
        return {column.name: column for column in self.columns}[name]


_SUFFIXES: Final = {
    "#": Logical.DECIMAL,
    "%": Logical.COUNT,
    "@": Logical.DATE,
    "@@": Logical.MOMENT,
    "~": Logical.TEXT,
}
_UNITS: Final = {
    "weight": "weight",
    "dim_weight": "weight",
    "min_days": "days",
    "absent_days": "days",
    "progress": "per cent, 0-100",
    "points": "points of the scale",
    "manual_score": "points of the scale",
    "floor": "points of the scale",
    "cap": "points of the scale",
    "beta": "points of the scale",
    "base": "currency",
    "amount": "currency",
    "decimals": "decimal places",
    "n": "forms",
}
_WORDS: Final[dict[str, Vocabulary]] = {
    "kind": words.KINDS,
    "active": words.FLAGS,
    "external": words.FLAGS,
    "conflict": words.FLAGS,
    "na": words.FLAGS,
    "prorate": words.FLAGS,
    "direction": words.DIRECTIONS,
    "method": words.METHODS,
    "agg": words.AGGREGATIONS,
    "veto_action": words.VETO_ACTIONS,
    "target_scope": words.TARGET_SCOPES,
    "goal_kind": words.GOAL_KINDS,
    "relation": words.RELATIONS,
    "action": words.APPEAL_ACTIONS,
    "meets_standard": words.STANDARDS,
    "log_kind": words.LOG_KINDS,
}
_STATUS_WORDS: Final[dict[str, Vocabulary]] = {
    "people": words.EMPLOYMENT,
    "actuals": words.ACTUAL_STATUSES,
    "goals": words.GOAL_STATUSES,
    "forms": words.FORM_STATUSES,
    "points": words.APPROVALS,
    "calibration": words.APPROVALS,
}
_TYPE_WORDS: Final[dict[str, Vocabulary]] = {"points": words.POINT_KINDS, "calibration": words.CALIBRATION_KINDS}


def _words_of(frame: str, name: str) -> Vocabulary:
    if name == "status":
        return _STATUS_WORDS[frame]
    if name == "type":
        return _TYPE_WORDS[frame]
    return _WORDS.get(name, {})


def _columns(frame: str, text: str) -> Iterator[Column]:
    """Read ``name 中文`` pairs; ``!`` required, ``#`` decimal, ``%`` count, ``@`` date, ``@@`` moment, ``~`` free text."""
    for part in text.split(";"):
        name, zh = part.split()
        bare = name.rstrip("!#%@~")
        marks = name[len(bare) :].replace("!", "")
        vocabulary = _words_of(frame, bare)
        logical = Logical.WORD if vocabulary else _SUFFIXES.get(marks, Logical.CODE)
        yield Column(
            name=bare, zh=zh, logical=logical, required="!" in name, unit=_UNITS.get(bare, ""), words=vocabulary
        )


@dataclass(frozen=True, slots=True)
class _Draft:
    name: str
    zh: str
    grain: str
    key: str
    text: str

    def frame(self) -> Frame:
        return Frame(
            name=self.name,
            zh=self.zh,
            grain=self.grain,
            key=tuple(self.key.split()),
            columns=tuple(_columns(self.name, self.text)),
            open_columns=self.name == "forms",
            sensitive=self.name in {"pay", "pools", "fairness"},
        )


_DRAFTS: Final = (
    _Draft(
        "cycle",
        "周期",
        "the cycle; exactly one row",
        "",
        "cycle! 周期名称;start!@ 开始;end!@ 结束;min_days% 最低在岗天数;released_at@@ 公布时间;scheme_hash 方案指纹",
    ),
    _Draft(
        "departments",
        "部门",
        "department",
        "dept_code",
        "dept_code! 部门编码;name~ 名称;parent_code 上级部门编码;calib_pool 校准池;active 启用",
    ),
    _Draft(
        "people",
        "员工",
        "person",
        "emp_no",
        "emp_no! 工号;name~ 姓名;status 在职状态;dept_code 部门编码;manager_no 直属上级工号;dotted_manager_no 虚线上级工号;"
        "job_level 职级;position 岗位;hire_date@ 入职日期;leave_date@ 离职日期;scheme 方案",
    ),
    _Draft(
        "assignments",
        "任职记录",
        "person × start",
        "emp_no start",
        "emp_no! 工号;start!@ 开始;end@ 结束;dept_code 部门编码;manager_no 上级工号;job_level 职级;scheme 方案;"
        "absent_days% 缺勤天数",
    ),
    _Draft(
        "appraisals",
        "考核单",
        "subject",
        "kind subject",
        "kind! 对象类型;subject! 对象编码;scheme 方案;excluded~ 不参评原因;meets_standard 岗位达标结论;decided_by 结果审定人",
    ),
    _Draft(
        "metrics",
        "指标",
        "metric",
        "metric_code",
        "metric_code! 指标编码;name~ 指标名称;direction 方向;method! 计分法;params~ 计分参数;agg 汇总方式;"
        "prorate 按在岗天数折算;floor# 下限;cap# 上限;veto_when~ 否决条件;veto_action 否决处理;veto_value 否决值",
    ),
    _Draft(
        "goals",
        "目标",
        "goal, objective or key result",
        "goal_no",
        "goal_no! 目标编号;parent_no 上级目标编号;goal_kind 种类;kind 对象类型;subject 对象编码;weight# 权重;"
        "baseline# 起点值;target# 目标值;current# 当前值;progress# 进度;status 状态;target_max# 目标上限",
    ),
    _Draft(
        "items",
        "考核指标",
        "subject × item × segment",
        "kind subject item from",
        "kind! 对象类型;subject! 对象编码;item! 项目编号;dim 维度;dim_weight# 维度权重;metric_code 指标编码;"
        "goal_no 目标编号;weight# 权重;baseline# 起点值;pass# 合格值;target# 目标值;excellent# 优秀值;"
        "target_scope 目标口径;from@ 生效起;to@ 生效止;actual# 实际值;manual_score# 人工分",
    ),
    _Draft(
        "actuals",
        "指标数据",
        "metric × subject × period",
        "metric_code kind subject goal_no period_start period_end",
        "metric_code! 指标编码;kind! 对象类型;subject! 对象编码;goal_no 目标编号;period_start!@ 期间起;period_end!@ 期间止;"
        "actual# 实际值;status! 数据状态",
    ),
    _Draft(
        "criteria",
        "评价项",
        "form kind × criterion",
        "form criterion",
        "form! 表单;criterion! 评价项;weight# 权重;scale_min# 最低分;scale_max# 最高分;to_min# 折算下限;to_max# 折算上限",
    ),
    _Draft(
        "forms",
        "评价任务",
        "rater × subject × relation",
        "task_no",
        "task_no 任务编号;log_nos~ 过程记录;kind! 对象类型;subject! 对象编码;relation! 评价关系;rater! 评价人;external 外部;"
        "form 表单;rater_weight# 评价人权重;status! 任务状态;opened_at@@ 打开时间;submitted_at@@ 提交时间;conflict 需回避",
    ),
    _Draft(
        "ratings",
        "评分",
        "form × criterion",
        "task_no criterion",
        "task_no! 任务编号;criterion! 评价项;score# 分值;na 无法评价;log_no 过程记录编号",
    ),
    _Draft(
        "points",
        "加减分",
        "entry",
        "",
        "kind! 对象类型;subject! 对象编码;type! 类型;points!# 分数;reason~ 原因;approver 批准人;status! 状态",
    ),
    _Draft(
        "factors",
        "系数",
        "subject × factor",
        "kind subject factor",
        "kind! 对象类型;subject! 对象编码;factor! 系数名;value!# 值",
    ),
    _Draft(
        "rater_adjustments",
        "评分松紧校正",
        "rater × snapshot",
        "snapshot rater",
        "snapshot! 快照;rater! 评价人;beta!# 校正值;n% 份数;component 分量;approver 批准人",
    ),
    _Draft(
        "calibration",
        "校准记录",
        "decision",
        "",
        "kind! 对象类型;subject! 对象编码;type 类型;status! 状态;session 会议;old_grade 原等级;new_grade! 新等级;"
        "new_score# 新分;reason~ 理由;proposer 提出人;approver 批准人;at@@ 时间",
    ),
    _Draft(
        "appeal_decisions",
        "申诉决定",
        "decision",
        "",
        "kind! 对象类型;subject! 对象编码;object~ 申诉事项;relation 评价关系;action! 处理;value# 决定值;reason~ 理由;"
        "handler 处理人",
    ),
    _Draft(
        "logs",
        "过程记录",
        "log",
        "log_no",
        "log_no! 编号;emp_no! 工号;author 记录人;date!@ 日期;log_kind 类型",
    ),
    _Draft("pools", "奖金包", "pool", "pool", "pool! 奖金包;amount!# 金额;decimals% 小数位"),
    _Draft("pay", "奖金基数", "person", "emp_no", "emp_no! 工号;base!# 奖金基数;pool 奖金包"),
    _Draft(
        "fairness",
        "公平性分析分组",
        "person × field",
        "emp_no field",
        "emp_no! 工号;field! 分组字段;group 组别",
    ),
)

FRAMES: Final[dict[str, Frame]] = {draft.name: draft.frame() for draft in _DRAFTS}
"""English name → frame, in the order in which they are checked (a frame only refers to earlier ones)."""
