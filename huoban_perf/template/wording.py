"""Rules and values as people say them: ``「状态」是 待确认、已确认 之一``.

For recipes, manual sheets and documents; Chinese first, English second. Names are those of the deployed language.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, assert_never

from huoban_perf.core.addresses import Address
from huoban_perf.core.conditions import Operator
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.rules import ALWAYS, NEVER, Every, FieldOf, Me, Operand, Rule, Test, ThisRow, Today
from huoban_perf.core.schema import (
    CHOICE_KINDS,
    DATE_KINDS,
    MEMBER_KINDS,
    BlockKind,
    DesiredSchema,
    FieldKind,
    FieldSpec,
    ViewKind,
)
from huoban_perf.core.schema.automations import Assignment, EachOf, Expression, Now, Phrase, Reason
from huoban_perf.core.values import Value

_WORDS: Final[dict[Operator, Labels]] = {
    Operator.EQUALS: Labels("{field}是 {value}", "{field} is {value}"),
    Operator.DIFFERS: Labels("{field}不是 {value}", "{field} is not {value}"),
    Operator.GREATER: Labels("{field}大于 {value}", "{field} is above {value}"),
    Operator.AT_LEAST: Labels("{field}不小于 {value}", "{field} is at least {value}"),
    Operator.LESS: Labels("{field}小于 {value}", "{field} is below {value}"),
    Operator.AT_MOST: Labels("{field}不大于 {value}", "{field} is at most {value}"),
    Operator.ANY_OF: Labels("{field}是 {value} 之一", "{field} is one of {value}"),
    Operator.NONE_OF: Labels("{field}不是 {value} 中的任何一个", "{field} is none of {value}"),
    Operator.EMPTY: Labels("{field}{value}", "{field} {value}"),
}
_DATE_WORDS: Final[dict[Operator, Labels]] = {
    Operator.GREATER: Labels("{field}晚于 {value}", "{field} is after {value}"),
    Operator.AT_LEAST: Labels("{field}不早于 {value}", "{field} is {value} or later"),
    Operator.LESS: Labels("{field}早于 {value}", "{field} is before {value}"),
    Operator.AT_MOST: Labels("{field}不晚于 {value}", "{field} is {value} or earlier"),
}
_AMONG: Final = Labels("{field}里有 {value}", "{field} holds {value}")
_NOT_AMONG: Final = Labels("{field}里没有 {value}", "{field} does not hold {value}")
_EMPTY: Final = Labels("为空", "is empty")
_FILLED: Final = Labels("不为空", "is not empty")
_ME: Final = Labels("当前用户", "the current user")
_TODAY: Final = Labels("今天", "today")
_LATER: Final = Labels("今天之后第 {days} 天", "today plus {days} days")
_EARLIER: Final = Labels("今天之前第 {days} 天", "today minus {days} days")
_THIS_ROW: Final = Labels("这条数据本身", "this row itself")
_STARTING: Final = Labels("触发的数据", "the starting row")
_OF_STARTING: Final = Labels("触发的数据的{path}", "{path} of the starting row")
_ON: Final = Labels("打开", "on")
_OFF: Final = Labels("关闭", "off")
_NOW: Final = Labels("此刻", "now")
_REASON: Final = Labels("「操作说明」里填写的内容", "what Action reason holds")
_EACH: Final = Labels("循环内容的{path}", "{path} of the loop's row")
_EACH_ROW: Final = Labels("循环内容这条数据", "the loop's row")
_CLEARED: Final = Labels("清空", "emptied")
_BLANK: Final = Labels("(空)", "(empty)")
_ALL: Final = Labels("全部数据", "all rows")
_NONE: Final = Labels("没有数据", "no rows")
VIEW_NAMES: Final = {
    ViewKind.GRID: Labels("网格", "grid"),
    ViewKind.KANBAN: Labels("看板", "kanban"),
    ViewKind.CALENDAR: Labels("日历", "calendar"),
    ViewKind.GANTT: Labels("甘特", "gantt"),
    ViewKind.GALLERY: Labels("卡片", "gallery"),
}
"""What the platform calls its kinds of views. Source: schema-plane.md §5 [code]."""

BLOCK_NAMES: Final = {
    BlockKind.INDICATOR: Labels("单指标", "indicator"),
    BlockKind.PROGRESS: Labels("进度条", "progress bar"),
    BlockKind.BAR: Labels("柱状图", "bar chart"),
    BlockKind.LINE: Labels("折线图", "line chart"),
    BlockKind.PIE: Labels("饼图", "pie chart"),
    BlockKind.FUNNEL: Labels("漏斗图", "funnel"),
    BlockKind.PIVOT: Labels("透视表", "pivot table"),
    BlockKind.LIST: Labels("表格列表", "list"),
    BlockKind.FORM: Labels("快捷表单", "form"),
    BlockKind.TEXT: Labels("富文本", "text"),
}
"""What the platform calls the components of a page. Source: schema-plane.md §8."""

_AND: Final = Labels(" 并且 ", " and ")
_OR: Final = Labels(" 或者 ", " or ")
_COMMA: Final = Labels("、", ", ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Puts the neutral schema into words.

    Attributes:
        schema: The wish, for names.
        names: Language of the names of tables, fields and options.
        locale: Language of the words around them.
        elsewhere: Whether rules are about rows of another table than the row at hand, which then is named.
    """

    schema: DesiredSchema
    names: Locale = "zh"
    locale: Locale = "zh"
    elsewhere: bool = False

    def say(self, words: Labels, **facts: object) -> str:
        """Return words in the reader's language with facts in place."""
        return words.in_locale(self.locale).format(**facts)

    def listed(self, parts: Sequence[str]) -> str:
        """Return several names as one text."""
        return _COMMA.in_locale(self.locale).join(parts)

    def table(self, address: Address) -> str:
        """Return ``「目标」``, the table of any object in it."""
        return self.quoted(self.schema.table(address.keys[0]).labels)

    def quoted(self, labels: Labels) -> str:
        """Return a name in the quotes of the reader's language."""
        name = labels.in_locale(self.names)
        return f"「{name}」" if self.locale == "zh" else f"“{name}”"

    def field(self, address: Address) -> str:
        """Return ``「状态」``."""
        return self.quoted(self.schema.field(address).labels)

    def path(self, path: Sequence[Address]) -> str:
        """Return a path through relations: ``「所属考核单.员工.姓名」``."""
        names = [self.schema.field(step).labels.in_locale(self.names) for step in path]
        joined = ".".join(names)
        return f"「{joined}」" if self.locale == "zh" else f"“{joined}”"

    def role(self, key: str) -> str:
        """Return a role's name."""
        found = next((one.labels for one in self.schema.roles if one.address.key == key), Labels(key, key))
        return found.in_locale(self.names)

    def rule(self, rule: Rule) -> str:
        """Return a rule as one sentence.

        Args:
            rule: The rule.

        Returns:
            For example ``「上级」是 当前用户 并且 「状态」是 待确认``; ``全部数据`` for a rule that always holds.
        """
        if rule == ALWAYS:
            return _ALL.in_locale(self.locale)
        if rule == NEVER:
            return _NONE.in_locale(self.locale)
        return self._inner(rule, top=True)

    def rule_lines(self, rule: Rule) -> tuple[str, ...]:
        """Return a rule as the lines of a filter, all of which must hold; none for a rule that always holds."""
        if rule == ALWAYS:
            return ()
        parts = rule.parts if isinstance(rule, Every) else (rule,)
        return tuple(self._inner(part, top=True) for part in parts)

    def _inner(self, rule: Rule, *, top: bool = False) -> str:
        if isinstance(rule, Test):
            return self._test(rule)
        joint = _AND if isinstance(rule, Every) else _OR
        text = joint.in_locale(self.locale).join(self._inner(part) for part in rule.parts)
        return text if top or len(rule.parts) == 1 else f"({text})"

    def _test(self, test: Test) -> str:
        spec = self.schema.field(test.field)
        words = _DATE_WORDS.get(test.operator) if spec.kind in DATE_KINDS else None
        words = words or _WORDS[test.operator]
        if spec.kind in MEMBER_KINDS or spec.many or spec.kind is FieldKind.CHOICES:
            words = {Operator.ANY_OF: _AMONG, Operator.NONE_OF: _NOT_AMONG}.get(test.operator, words)
        several = isinstance(test.operand, tuple) and len(test.operand) > 1
        if test.operator is Operator.ANY_OF and not several and spec.kind is FieldKind.CHOICE:
            words = _WORDS[Operator.EQUALS]
        return self.say(words, field=self.field(test.field), value=self._operand(spec, test.operand, test.operator))

    def _operand(self, spec: FieldSpec, operand: Operand, operator: Operator) -> str:
        match operand:
            case Me():
                return _ME.in_locale(self.locale)
            case Today(days):
                return self.day(days)
            case FieldOf(path):
                return self.say(_OF_STARTING, path=self.path(path)) if self.elsewhere else self.path(path)
            case ThisRow():
                return (_STARTING if self.elsewhere else _THIS_ROW).in_locale(self.locale)
            case _ if operator is Operator.EMPTY:
                return (_EMPTY if operand else _FILLED).in_locale(self.locale)
            case _:
                return self.constant(spec, operand)

    def day(self, days: int) -> str:
        """Return ``今天`` or a day some days from it."""
        if days == 0:
            return _TODAY.in_locale(self.locale)
        return self.say(_LATER if days > 0 else _EARLIER, days=abs(days))

    def constant(self, spec: FieldSpec, value: Value) -> str:
        """Return a constant of a field: options by name, a switch as on or off."""
        if value in (None, "", ()):
            return _BLANK.in_locale(self.locale)
        if spec.kind in CHOICE_KINDS:
            names = {option.address.key: option.labels.in_locale(self.names) for option in spec.options}
            keys = value if isinstance(value, tuple) else (str(value),)
            return self.listed([names.get(key, key) for key in keys])
        if isinstance(value, bool):
            return (_ON if value else _OFF).in_locale(self.locale)
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, tuple):
            return self.listed(value)
        return value.isoformat() if isinstance(value, date) else str(value)

    def assignments(self, values: Sequence[Assignment]) -> Iterator[str]:
        """Yield what is written, one field a line: ``「负责人」 = 「上级」``."""
        for one in values:
            spec = self.schema.field(one.field)
            yield f"{self.field(one.field)} = {self.expression(spec, one.value)}"

    def expression(self, spec: FieldSpec, value: Expression) -> str:
        """Return what is written into a field, as words."""
        match value:
            case None:
                return _CLEARED.in_locale(self.locale)
            case Me():
                return _ME.in_locale(self.locale)
            case Today(days):
                return self.day(days)
            case Now():
                return _NOW.in_locale(self.locale)
            case Reason():
                return _REASON.in_locale(self.locale)
            case ThisRow():
                return _THIS_ROW.in_locale(self.locale)
            case FieldOf() | EachOf():
                return self.source(value)
            case Phrase():
                return self.phrase(value)
            case _:
                return self.constant(spec, value)

    def source(self, value: FieldOf | EachOf) -> str:
        """Return where a value is taken from."""
        match value:
            case FieldOf(path):
                return self.path(path)
            case EachOf(path):
                if not path:
                    return _EACH_ROW.in_locale(self.locale)
                return self.say(_EACH, path=self.path(path))
            case _:
                assert_never(value)

    def phrase(self, phrase: Phrase) -> str:
        """Return a text with the names of its fields in place of the placeholders."""
        text = phrase.labels.in_locale(self.names)
        for name, part in phrase.parts.items():
            text = text.replace(f"{{{name}}}", f"{{{self.source(part)}}}")
        return text

    def object_name(self, address: Address) -> str:
        """Return the name of a view, form, page or automation, quoted."""
        labels = {one.address: one.labels for one in self.schema.views}
        labels |= {one.address: one.labels for one in self.schema.forms}
        labels |= {one.address: one.labels for one in self.schema.pages}
        labels |= {one.address: one.labels for one in self.schema.automations}
        return self.quoted(labels.get(address, Labels(address.key, address.key)))
