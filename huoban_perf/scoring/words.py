"""The fixed words of scoring: policy names, kinds, relations and statuses, with the Chinese an employee reads.

Input files hold either language; inside the engine every coded value is its English key.

Source: data-model.md §1 rule 9 (policy words), score-files.md (file words).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Vocabulary = Mapping[str, str]
"""English key → Chinese word."""

KINDS: Final[Vocabulary] = {"person": "个人", "department": "部门"}

METHODS: Final[Vocabulary] = {
    "linear": "比率法(正向)",
    "ratio": "比率法(反向)",
    "reflection": "差额法",
    "range": "区间法",
    "interpolate": "插值法",
    "steps": "层差法(分档)",
    "deduct": "减分法",
    "done": "非此即彼法",
    "progress": "进度",
    "manual": "人工评分",
}

DIRECTIONS: Final[Vocabulary] = {"higher": "越大越好", "lower": "越小越好", "range": "区间"}

AGGREGATIONS: Final[Vocabulary] = {"sum": "求和", "mean": "平均", "last": "期末", "max": "最大"}

RELATIONS: Final[Vocabulary] = {
    "self": "自评",
    "superior": "上级",
    "dotted": "虚线上级",
    "upper": "隔级上级",
    "subordinate": "下级",
    "peer": "同事",
    "customer": "客户",
}
"""Order = which form of one rater counts first (S4.2); 虚线上级 with a group of its own comes right after 上级."""

FORM_STATUSES: Final[Vocabulary] = {
    "nominated": "提名待批",
    "invited": "待接受",
    "due": "待评",
    "submitted": "已提交",
    "declined": "已婉拒",
    "withdrawn": "已收回",
    "expired": "已失效",
}

ACTUAL_STATUSES: Final[Vocabulary] = {
    "due": "待填",
    "reported": "待核实",
    "verified": "已核实",
    "void": "作废",
}

GOAL_STATUSES: Final[Vocabulary] = {
    "draft": "草稿",
    "proposed": "待确认",
    "confirmed": "已确认",
    "changing": "变更中",
    "done": "已完成",
    "ended": "已终止",
}

GOAL_KINDS: Final[Vocabulary] = {"goal": "目标", "objective": "O", "kr": "KR"}

TARGET_SCOPES: Final[Vocabulary] = {"cycle": "整个周期", "segment": "本段"}

POINT_KINDS: Final[Vocabulary] = {"plus": "加分", "minus": "减分"}

APPROVALS: Final[Vocabulary] = {"waiting": "待批", "approved": "已批", "refused": "驳回"}

CALIBRATION_KINDS: Final[Vocabulary] = {"calibration": "校准", "appeal": "申诉调整"}

EMPLOYMENT: Final[Vocabulary] = {
    "trial": "试用",
    "active": "在职",
    "suspended": "停薪留职",
    "left": "离职",
    "excluded": "不参评",
}

VETO_ACTIONS: Final[Vocabulary] = {
    "item_zero": "本项0",
    "total_zero": "总分0",
    "score_cap": "分数封顶",
    "grade_cap": "等级封顶",
}

APPEAL_ACTIONS: Final[Vocabulary] = {
    "keep_group": "保留整组",
    "strike_group": "剔除整组",
    "correct_data": "更正数据",
    "decide_score": "裁定得分",
}

STANDARDS: Final[Vocabulary] = {"met": "达标", "not_met": "未达标"}

LOG_KINDS: Final[Vocabulary] = {
    "progress": "进展",
    "praise": "认可",
    "advice": "建议",
    "incident": "关键事件",
    "coaching": "辅导",
    "correction": "纠偏",
    "review": "改进复核",
}

FLAGS: Final[Vocabulary] = {"yes": "是", "no": "否"}

STATUSES: Final[Vocabulary] = {
    "scored": "已核算",
    "waiting": "待补评",
    "held": "暂不计分",
    "excluded": "不参评",
}
"""Of a result: scored; waiting for ratings; held for data; not appraised."""
