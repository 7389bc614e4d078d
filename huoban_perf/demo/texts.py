"""What the people of a seeded company write: check-ins, talks, tasks, suggestions; the product is in Chinese.

Every list is drawn from in order or by chance, so that a page of rows does not read like one row repeated.
"""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """One entry of 过程记录: kind, tone, who writes it (``self``, ``manager`` or ``mate``), text, 措施."""

    kind: str
    tone: str
    author: str
    content: str
    action: str = ""


NOTES = (
    Note("progress", "neutral", "self", "本月按计划推进, 两项里程碑已完成, 第三项等客户确认, 预计下周三前给结论."),
    Note("progress", "positive", "self", "提前五天完成评审, 遗留问题 3 个, 均已排期."),
    Note(
        "progress", "negative", "self", "供应商交付晚了一周, 已改用备选方案, 对月底指标影响约 4%.", "每两天同步一次进度"
    ),
    Note("recognition", "positive", "manager", "客户来信点名感谢, 处理加急订单时主动协调三个部门, 当天闭环."),
    Note("recognition", "positive", "mate", "交接文档写得很细, 我们组接手当天就能独立处理."),
    Note("suggestion", "neutral", "mate", "周会前一天把议题发出来, 讨论会更聚焦."),
    Note(
        "coaching",
        "neutral",
        "manager",
        "一起过了本月数据, 约定先抓转化率最低的两个环节, 两周后复盘.",
        "每周五复盘一次",
    ),
    Note("key_event", "positive", "manager", "牵头解决季度最大的一起线上故障, 定位到根因并补上监控."),
    Note(
        "key_event", "negative", "manager", "报价单漏了一项成本, 客户签约后才发现, 由公司承担差额.", "报价实行双人复核"
    ),
)
CORRECTION = Note(
    "correction", "negative", "manager", "连续两个月低于合格值, 原因是新流程还不熟练, 约定下月补训并每周看一次数据.",
    "参加流程培训, 每周一对数据",
)  # fmt: skip

TASKS = (
    ("梳理重点客户清单并逐户拜访", "routine", "户", "weekly"),
    ("推进季度里程碑, 每周对一次风险", "project", "项", "weekly"),
    ("参加专项技能培训并通过考核", "training", "课时", "once"),
    ("优化一个耗时最长的流程环节", "project", "个", "once"),
    ("整理常见问题并更新知识库", "routine", "篇", "weekly"),
)
MATERIALS = ("测试服务器一台, 用一个月", "客户活动场地与资料", "外部讲师一天")
OBSTACLES = ("依赖的接口还没有排期", "预算追加还在审批", "关键同事休假两周")

PLUS = "牵头完成公司级专项, 验收一次通过"
MINUS = "报销单据连续两次逾期"

STRENGTHS = (
    "目标感强, 主要指标都超过目标值; 遇到卡点主动找人解决",
    "协作好, 同事评价里多次提到愿意补位",
    "交付稳定, 返工少, 数据记录完整",
)
WEAKNESSES = (
    "跨部门沟通偏晚, 有两次到截止前才暴露风险",
    "对数据口径不够敏感, 月报改了三次",
    "带新人投入不够, 小组整体节奏偏慢",
)
AGREEMENTS = (
    "下季度每两周同步一次风险清单; 上级协助对接产品排期",
    "七月底前完成数据口径培训; 月报初稿提前两天",
    "带一名新人独立上手, 九月底前通过转正评审",
)
GAPS = "季度得分低于合格线, 主要差在核心指标和响应及时性"
OBJECTIVES = "三个月内核心指标连续两个月达到合格值, 响应超时为 0"
SUPPORT = "安排导师一对一辅导; 提供专项培训; 每两周复核一次"
PLAN_TASK = "每周与导师复盘一次数据"
APPEALS = (
    ("data", "六月有两笔回款在系统里记到了七月, 请核对银行流水"),
    ("review", "上级评价里提到的事件不是我负责的项目"),
    ("grade", "与同岗位同事指标相近, 等级差一档, 请说明依据"),
)
SUGGESTIONS = (
    ("goal", "目标模板里把常用指标列出来, 不用每次从头写", "adopted", "下季度起按岗位预填指标"),
    ("review", "评价任务集中在三天里, 希望错开安排", "done", "已改为分两批开放"),
    ("interview", "面谈前能提前一天看到得分明细就好了", "adopted", "公布后次日再约面谈"),
    ("calibration", "希望公开各部门的等级名额口径", "rejected", "名额按公司统一规则, 已在公示方案写明"),
    ("appeal", "申诉进度想随时能查", "to_read", ""),
)
