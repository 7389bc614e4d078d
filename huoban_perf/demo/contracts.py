"""The sample company's indicator library and what each position is measured by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """An indicator of the library; numbers are exact decimals in the metric's own unit."""

    code: str
    name: str
    definition: str
    category: str
    method: str
    direction: str
    unit: str
    params: str = ""
    veto: str = ""


METRICS = (
    Metric(
        code="M01",
        name="销售收入",
        definition="当期确认收入, 不含税",
        category="finance",
        method="linear",
        direction="higher",
        unit="元",
    ),
    Metric(
        code="M02",
        name="回款率",
        definition="当期回款 ÷ 当期应收",
        category="finance",
        method="linear",
        direction="higher",
        unit="%",
    ),
    Metric(
        code="M03",
        name="客户投诉率",
        definition="有效投诉 ÷ 服务单数",
        category="customer",
        method="reflection",
        direction="lower",
        unit="%",
    ),
    Metric(
        code="M04",
        name="新客户拜访",
        definition="有纪要的新客户拜访次数",
        category="customer",
        method="linear",
        direction="higher",
        unit="次",
    ),
    Metric(
        code="M05",
        name="里程碑按期率",
        definition="按期完成的里程碑 ÷ 到期里程碑",
        category="process",
        method="steps",
        direction="higher",
        unit="%",
        params="≥60 → 60\n≥80 → 75\n≥90 → 90\n≥100 → 100",
    ),
    Metric(
        code="M06",
        name="需求交付周期",
        definition="从评审通过到上线的平均天数",
        category="process",
        method="ratio",
        direction="lower",
        unit="天",
    ),
    Metric(
        code="M07",
        name="内部满意度",
        definition="协作部门季度问卷均值",
        category="customer",
        method="interpolate",
        direction="higher",
        unit="分",
    ),
    Metric(
        code="M08",
        name="线上缺陷数",
        definition="生产环境二级及以上缺陷",
        category="process",
        method="deduct",
        direction="lower",
        unit="个",
    ),
    Metric(
        code="M09",
        name="评审覆盖率",
        definition="经评审的合并 ÷ 全部合并",
        category="process",
        method="linear",
        direction="higher",
        unit="%",
    ),
    Metric(
        code="M10",
        name="首次响应时长",
        definition="来电到首次人工响应的平均分钟数",
        category="customer",
        method="ratio",
        direction="lower",
        unit="分钟",
    ),
    Metric(
        code="M11",
        name="一次解决率",
        definition="首次联系即解决的服务单占比",
        category="customer",
        method="interpolate",
        direction="higher",
        unit="%",
    ),
    Metric(
        code="M12",
        name="预算执行率",
        definition="实际支出 ÷ 预算",
        category="finance",
        method="range",
        direction="interval",
        unit="%",
    ),
    Metric(
        code="M13",
        name="部门目标达成",
        definition="部门季度目标的加权完成率",
        category="finance",
        method="linear",
        direction="higher",
        unit="%",
    ),
    Metric(
        code="M14",
        name="关键人才保留率",
        definition="期末在岗关键岗位 ÷ 期初",
        category="growth",
        method="interpolate",
        direction="higher",
        unit="%",
    ),
    Metric(
        code="M15",
        name="重大安全责任事故",
        definition="经认定负有责任的重大事故",
        category="process",
        method="deduct",
        direction="lower",
        unit="起",
        veto="> 0",
    ),
)


@dataclass(frozen=True, slots=True)
class ContractLine:
    """A line of a position's contract and how its monthly figures are drawn."""

    metric: str
    weight: int
    passing: str | None
    target: str | None
    excellent: str | None
    monthly: str
    """Typical monthly figure."""
    swing: str
    """Change of the monthly figure per unit of a person's form."""
    digits: int = 1


_SALES = (
    ContractLine("M01", 40, "720000", "900000", "1080000", "300000", "36000", 0),
    ContractLine("M02", 30, "85", "95", "100", "94", "3"),
    ContractLine("M03", 20, "3", "2", "1", "2.1", "-0.4", 2),
    ContractLine("M04", 10, "30", "45", "60", "15", "2", 0),
)
CONTRACTS: dict[str, tuple[ContractLine, ...]] = {
    "SALE": _SALES,
    "PROD": (
        ContractLine("M05", 40, "60", "100", None, "91", "6"),
        ContractLine("M06", 30, "30", "20", "15", "20.5", "-2"),
        ContractLine("M07", 30, "70", "85", "95", "85", "4"),
    ),
    "DEV": (
        ContractLine("M05", 40, "60", "100", None, "92", "6"),
        ContractLine("M08", 30, None, "0", None, "0.8", "-0.9", 0),
        ContractLine("M09", 30, "70", "90", "100", "89", "4"),
    ),
    "CS": (
        ContractLine("M10", 30, "5", "3", "2", "3.1", "-0.4"),
        ContractLine("M11", 40, "75", "88", "95", "87", "3"),
        ContractLine("M03", 30, "3", "2", "1", "2", "-0.3", 2),
    ),
    "ADM": (
        ContractLine("M12", 50, None, "100", None, "101", "2"),
        ContractLine("M07", 50, "70", "85", "95", "86", "3"),
    ),
}
LEADERS = (
    ContractLine("M13", 70, "80", "100", "115", "99", "6"),
    ContractLine("M14", 30, "85", "95", "100", "95", "2"),
    ContractLine("M15", 0, None, "0", None, "0", "0", 0),
)
LEADING = frozenset({"GM", "DIR", "MGR"})
AVERAGED = frozenset({"M02", "M03", "M05", "M06", "M07", "M09", "M10", "M11", "M12", "M13", "M14"})
"""Rates and levels; the other metrics are summed over the months."""
