"""Words for people: what a field kind, an attribute and a value are called in the platform's page.

Chinese names are those of the page where a person builds the field. Source: schema-plane.md §4.3 (S9), §4.2.
"""

from __future__ import annotations

from huoban_perf.core.changes import AttributeValue
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import FieldKind

KIND_NAMES: dict[FieldKind, Labels] = {
    FieldKind.TEXT: Labels("单行文本", "single-line text"),
    FieldKind.TEXT_LONG: Labels("多行文本", "multi-line text"),
    FieldKind.TEXT_RICH: Labels("富文本", "rich text"),
    FieldKind.NUMBER: Labels("数值", "number"),
    FieldKind.MONEY: Labels("金额", "money"),
    FieldKind.PERCENT: Labels("数值(百分比)", "number (percent)"),
    FieldKind.RATING: Labels("评分", "rating"),
    FieldKind.PROGRESS: Labels("进度条", "progress bar"),
    FieldKind.SWITCH: Labels("开关", "switch"),
    FieldKind.TIME: Labels("时间", "time"),
    FieldKind.PHONE: Labels("手机号码", "phone number"),
    FieldKind.EMAIL: Labels("邮箱", "e-mail"),
    FieldKind.ADDRESS: Labels("地址", "address"),
    FieldKind.SCAN: Labels("扫码", "scanned code"),
    FieldKind.DATE: Labels("日期", "date"),
    FieldKind.DATETIME: Labels("日期(含时间)", "date with time"),
    FieldKind.CHOICE: Labels("选项(单选)", "single choice"),
    FieldKind.CHOICES: Labels("选项(多选)", "multiple choice"),
    FieldKind.MEMBER: Labels("成员(单选)", "member"),
    FieldKind.MEMBERS: Labels("成员(多选)", "members"),
    FieldKind.RELATION: Labels("关联数据", "relation"),
    FieldKind.SUB_TABLE: Labels("子表", "sub-table"),
    FieldKind.FORMULA: Labels("计算", "formula"),
    FieldKind.ROLLUP: Labels("计算(汇总关联数据)", "rollup of related items"),
    FieldKind.ATTACHED: Labels("附加字段(由关联带出)", "field brought along a relation"),
    FieldKind.AUTO_NUMBER: Labels("自增编号", "automatic number"),
    FieldKind.FILE: Labels("附件", "attachment"),
    FieldKind.IMAGE: Labels("图片", "image"),
    FieldKind.SIGNATURE: Labels("手写签名", "signature"),
    FieldKind.LOCATION: Labels("位置", "location"),
    FieldKind.SEPARATOR: Labels("表单说明", "form note"),
}

ATTRIBUTE_NAMES: dict[str, Labels] = {
    "name": Labels("名称", "name"),
    "group": Labels("分组", "group"),
    "title": Labels("数据标题", "title field"),
    "kind": Labels("类型", "type"),
    "help": Labels("填写提示", "help text"),
    "required": Labels("必填", "required"),
    "unique": Labels("不可重复", "unique"),
    "target": Labels("关联的表", "target table"),
    "many": Labels("可多条", "several allowed"),
    "decimals": Labels("小数位数", "decimals"),
    "color": Labels("颜色", "colour"),
    "options": Labels("选项", "options"),
}

PART_NAMES: dict[str, Labels] = {
    "kind": Labels("形式", "shape"),
    "roles": Labels("给谁用", "for whom"),
    "rows": Labels("数据范围", "rows"),
    "sort": Labels("排序", "order"),
    "group_by": Labels("分组", "groups"),
    "fields": Labels("字段", "fields"),
    "start": Labels("开始日期字段", "start field"),
    "end": Labels("结束日期字段", "end field"),
    "progress": Labels("进度字段", "progress field"),
    "cover": Labels("封面字段", "cover field"),
    "help": Labels("说明", "help"),
    "relation": Labels("评价关系", "relation"),
    "creates": Labels("新建数据", "makes a row"),
    "intro": Labels("开头的话", "introduction"),
    "thanks": Labels("提交后的话", "thanks"),
    "details": Labels("子表", "details"),
    "public": Labels("公开链接", "public link"),
    "token": Labels("一次性编码字段", "token field"),
    "visible": Labels("可见字段", "visible fields"),
    "editable": Labels("可编辑字段", "editable fields"),
    "rights": Labels("操作权限", "rights"),
    "grants": Labels("各角色的授权", "grants by role"),
    "must_not_see": Labels("不得看见", "must not see"),
    "blocks": Labels("组件", "blocks"),
    "trigger": Labels("触发条件", "trigger"),
    "steps": Labels("执行步骤", "steps"),
    "failure": Labels("失败提示", "failure message"),
}
"""Parts of definitions."""

_LONGEST = 60
"""Longer content of a definition is cut when it is shown."""

_YES = Labels("是", "yes")
_NO = Labels("否", "no")
_EMPTY = Labels("(空)", "(empty)")
_COLOURS: dict[str, str] = {
    "red": "红",
    "orange": "橙",
    "yellow": "黄",
    "green": "绿",
    "blue": "蓝",
    "purple": "紫",
    "grey": "灰",
}


def kind_name(kind: FieldKind, locale: Locale) -> str:
    """Return what the platform's page calls a field kind.

    Args:
        kind: The kind.
        locale: Language.

    Returns:
        For example ``单行文本``.
    """
    return KIND_NAMES[kind].in_locale(locale)


def attribute_name(attribute: str, locale: Locale) -> str:
    """Return what an attribute is called.

    Args:
        attribute: Name of a managed attribute.
        locale: Language.

    Returns:
        For example ``必填``.
    """
    if "." not in attribute:
        return ATTRIBUTE_NAMES[attribute].in_locale(locale)
    part = attribute.partition(".")[2]
    return PART_NAMES[part].in_locale(locale) if part in PART_NAMES else part


def value_text(attribute: str, value: AttributeValue, locale: Locale) -> str:
    """Return an attribute's value as people say it.

    Args:
        attribute: Name of the attribute.
        value: Its value.
        locale: Language.

    Returns:
        The text; kinds and colours by their names, lists joined.
    """
    if value is None:
        return _EMPTY.in_locale(locale)
    if isinstance(value, bool):
        return (_YES if value else _NO).in_locale(locale)
    if isinstance(value, str) and "." in attribute and len(value) > _LONGEST:
        return value[:_LONGEST] + "…"
    if isinstance(value, tuple):
        return "、".join(value) if locale == "zh" else ", ".join(value)
    if attribute == "kind":
        return kind_name(FieldKind(str(value)), locale)
    if attribute == "color" and locale == "zh":
        return _COLOURS.get(str(value), str(value))
    return str(value)
