"""Views, forms, permission groups, pages and automations as what a person sets in the platform's page, line by line.

Shapes are called what the page calls them (schema-plane.md §5, §6, §8); automations are recipes (``template.recipes``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import assert_never

from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.rules import ALWAYS
from huoban_perf.core.schema import (
    AutomationSpec,
    BlockKind,
    BlockSpec,
    DefinitionSpec,
    DesiredSchema,
    FormSpec,
    Measure,
    PageSpec,
    PermissionSpec,
    Right,
    ViewKind,
    ViewSpec,
)
from huoban_perf.template.recipe_text import recipe_text
from huoban_perf.template.recipes import Recipe, recipes_of
from huoban_perf.template.wording import Wording

SORT_NAMES: Mapping[ObjectKind, Labels] = {
    ObjectKind.VIEW: Labels("视图", "view"),
    ObjectKind.FORM: Labels("表单", "form"),
    ObjectKind.PERMISSION: Labels("权限组", "permission group"),
    ObjectKind.PAGE: Labels("页面", "page"),
    ObjectKind.AUTOMATION: Labels("自动化", "automation"),
}

_SHAPES = {
    ViewKind.GRID: Labels("表格视图", "grid"),
    ViewKind.KANBAN: Labels("看板视图", "kanban"),
    ViewKind.CALENDAR: Labels("日历视图", "calendar"),
    ViewKind.GANTT: Labels("甘特视图", "gantt"),
    ViewKind.GALLERY: Labels("画廊视图", "gallery"),
}
_BLOCKS = {
    BlockKind.INDICATOR: Labels("指标卡", "indicator"),
    BlockKind.PROGRESS: Labels("进度", "progress"),
    BlockKind.BAR: Labels("柱状图", "bar chart"),
    BlockKind.LINE: Labels("折线图", "line chart"),
    BlockKind.PIE: Labels("饼图", "pie chart"),
    BlockKind.FUNNEL: Labels("漏斗图", "funnel"),
    BlockKind.PIVOT: Labels("透视表", "pivot"),
    BlockKind.LIST: Labels("数据列表", "list"),
    BlockKind.FORM: Labels("表单入口", "form"),
    BlockKind.TEXT: Labels("文字", "text"),
}
_MEASURES = {
    Measure.COUNT: Labels("计数", "count"),
    Measure.SUM: Labels("求和", "sum"),
    Measure.AVERAGE: Labels("平均", "average"),
    Measure.LARGEST: Labels("最大", "largest"),
    Measure.SMALLEST: Labels("最小", "smallest"),
}
_RIGHTS = {
    Right.CREATE: Labels("新建", "create"),
    Right.DELETE: Labels("删除", "delete"),
    Right.EXPORT: Labels("导出", "export"),
    Right.IMPORT: Labels("导入", "import"),
    Right.SHARE: Labels("分享", "share"),
}
_FOR = Labels("给: {who}", "for: {who}")
_ROWS = Labels("数据范围: {rows}", "rows: {rows}")
_SORT = Labels("排序: {keys}", "order: {keys}")
_ASCENDING, _DESCENDING = Labels("升序", "ascending"), Labels("降序", "descending")
_GROUPS = Labels("按 {field} 分组", "grouped by {field}")
_SHOWN = Labels("显示字段, 依次: {fields}", "visible fields in order: {fields}")
_DATES = Labels("日期: 从 {start} 到 {end}", "dates: from {start} to {end}")
_START = Labels("日期: {start}", "date: {start}")
_PROGRESS = Labels("进度: {field}", "progress: {field}")
_COVER = Labels("封面: {field}", "cover: {field}")
_QUESTIONS = Labels("填写项, 依次: {fields}", "questions in order: {fields}")
_REQUIRED, _READ_ONLY = Labels("(必填)", " (required)"), Labels("(只读)", " (read-only)")
_CREATES = Labels("用来新建数据", "makes a new row")
_PUBLIC = Labels("开启公开链接, 凭 {field} 里的编码一人一份", "public link; one answer for each token in {field}")
_DETAILS = Labels("同页填写子表: {tables}", "on the same page: {tables}")
_SAID = Labels("开头写: {text}", "introduction: {text}")
_THANKS = Labels("提交后显示: {text}", "after sending: {text}")
_HIDDEN = Labels("看不到这张表", "does not see this table")
_VISIBLE = Labels("可见字段: {fields}", "visible fields: {fields}")
_EDITABLE = Labels("可编辑字段: {fields}", "editable fields: {fields}")
_NOTHING = Labels("没有", "none")
_EVERYTHING = Labels("全部", "all")
_ALLOWED = Labels("允许: {rights}", "may: {rights}")
_FORBIDDEN = Labels("不得看见: {what}", "must not see: {what}")
_BLOCK = Labels(
    "{number}. {kind}「{name}」, 宽 {width}/24 列, 高 {height} 行",
    "{number}. {kind} “{name}”, {width}/24 columns, {height} rows",
)
_READS = Labels("取自{table}", "from {table}")
_MEASURED = Labels("{measure} {field}", "{measure} of {field}")
_BY = Labels("按 {field}", "by {field}")
_SPLIT = Labels("再按 {field}", "then by {field}")
_MOST = Labels("最多 {count} 条", "at most {count} rows")


@dataclass(frozen=True)
class DefinitionWords:
    """Puts definitions into lines.

    Attributes:
        schema: The wish, for names.
        names: Language in which the app is deployed.
        locale: Language of the words around the names.
    """

    schema: DesiredSchema
    names: Locale = "zh"
    locale: Locale = "zh"

    @cached_property
    def wording(self) -> Wording:
        """Names and rules in words."""
        return Wording(schema=self.schema, names=self.names, locale=self.locale)

    @cached_property
    def _recipes(self) -> dict[str, Recipe]:
        return {recipe.source: recipe for recipe in recipes_of(self.schema, names=self.names, locale=self.locale)}

    def sort(self, kind: ObjectKind) -> str:
        """Return what a kind of definition is called."""
        return SORT_NAMES[kind].in_locale(self.locale)

    def lines(self, spec: DefinitionSpec) -> tuple[str, ...]:
        """Return what a person sets, one thing a line.

        Args:
            spec: The definition.

        Returns:
            The lines; none for one that is only remembered.
        """
        match spec.declared:
            case None:
                return ()
            case ViewSpec() as view:
                return tuple(self._view(view))
            case FormSpec() as form:
                return tuple(self._form(form))
            case PermissionSpec() as permission:
                return tuple(self._permission(permission))
            case PageSpec() as page:
                return tuple(self._page(page))
            case AutomationSpec():
                return self._automation(str(spec.address))
            case _:  # pragma: no cover
                assert_never(spec.declared)

    def _say(self, words: Labels, **facts: object) -> str:
        return self.wording.say(words, **facts)

    def _listed(self, addresses: object) -> str:
        names = [self.wording.field(one) for one in addresses]  # type: ignore[attr-defined]  # a tuple of addresses
        return self.wording.listed(names) if names else self._say(_NOTHING)

    def _roles(self, roles: tuple[str, ...]) -> Iterator[str]:
        if roles:
            yield self._say(_FOR, who=self.wording.listed([self.wording.role(key) for key in roles]))

    def _view(self, view: ViewSpec) -> Iterator[str]:
        yield self._say(_SHAPES[view.kind])
        yield from self._roles(view.roles)
        yield self._say(_ROWS, rows=self.wording.rule(view.rows))
        if view.sort:
            keys = [
                f"{self.wording.field(one.field)} {self._say(_DESCENDING if one.descending else _ASCENDING)}"
                for one in view.sort
            ]
            yield self._say(_SORT, keys=self.wording.listed(keys))
        if view.group_by is not None:
            yield self._say(_GROUPS, field=self.wording.field(view.group_by))
        if view.start is not None and view.end is not None:
            yield self._say(_DATES, start=self.wording.field(view.start), end=self.wording.field(view.end))
        elif view.start is not None:
            yield self._say(_START, start=self.wording.field(view.start))
        for words, field in ((_PROGRESS, view.progress), (_COVER, view.cover)):
            if field is not None:
                yield self._say(words, field=self.wording.field(field))
        yield self._say(_SHOWN, fields=self._listed(view.fields))

    def _form(self, form: FormSpec) -> Iterator[str]:
        yield from self._roles(form.roles)
        if form.creates:
            yield self._say(_CREATES)
        elif form.rows != ALWAYS:
            yield self._say(_ROWS, rows=self.wording.rule(form.rows))
        if form.public and form.token is not None:
            yield self._say(_PUBLIC, field=self.wording.field(form.token))
        if form.intro is not None:
            yield self._say(_SAID, text=form.intro.in_locale(self.names))
        questions = [
            self.wording.field(one.field)
            + (self._say(_REQUIRED) if one.required else "")
            + (self._say(_READ_ONLY) if one.read_only else "")
            for one in form.fields
        ]
        yield self._say(_QUESTIONS, fields=self.wording.listed(questions))
        if form.details:
            yield self._say(_DETAILS, tables=self.wording.listed([self.wording.table(one) for one in form.details]))
        if form.thanks is not None:
            yield self._say(_THANKS, text=form.thanks.in_locale(self.names))

    def _permission(self, permission: PermissionSpec) -> Iterator[str]:
        if permission.is_hidden:
            yield self._say(_HIDDEN)
            return
        yield self._say(_ROWS, rows=self.wording.rule(permission.rows))
        every = len(permission.visible) == len(self.schema.table(permission.address.keys[0]).fields)
        yield self._say(_VISIBLE, fields=self._say(_EVERYTHING) if every else self._listed(permission.visible))
        yield self._say(_EDITABLE, fields=self._listed(permission.editable))
        rights = [self._say(words) for right, words in _RIGHTS.items() if right in permission.rights]
        yield self._say(_ALLOWED, rights=self.wording.listed(rights) if rights else self._say(_NOTHING))
        if permission.must_not_see is not None:
            yield self._say(_FORBIDDEN, what=permission.must_not_see.in_locale(self.names))

    def _page(self, page: PageSpec) -> Iterator[str]:
        yield from self._roles(page.roles)
        for number, block in enumerate(page.blocks, start=1):
            head = self._say(
                _BLOCK,
                number=number,
                kind=self._say(_BLOCKS[block.kind]),
                name=block.labels.in_locale(self.names),
                width=block.width,
                height=block.height,
            )
            yield " · ".join([head, *self._block(block)])

    def _block(self, block: BlockSpec) -> Iterator[str]:
        if block.text is not None:
            yield block.text.in_locale(self.names)
        if block.table is not None:
            yield self._say(_READS, table=self.wording.table(block.table))
        if block.rows != ALWAYS:
            yield self.wording.rule(block.rows)
        yield from self._measure(block)
        for words, field in ((_BY, block.group_by), (_SPLIT, block.split_by)):
            if field is not None:
                yield self._say(words, field=self.wording.field(field))
        for named in (block.view, block.form):
            if named is not None:
                yield self.wording.object_name(named)

    def _measure(self, block: BlockSpec) -> Iterator[str]:
        if block.kind is BlockKind.LIST:
            yield self._say(_MOST, count=block.most)
        elif block.value is not None:
            yield self._say(
                _MEASURED, measure=self._say(_MEASURES[block.measure]), field=self.wording.field(block.value)
            )
        elif block.kind not in {BlockKind.TEXT, BlockKind.FORM}:
            yield self._say(_MEASURES[block.measure])

    def _automation(self, source: str) -> tuple[str, ...]:
        recipe = self._recipes.get(source)
        if recipe is None:
            return ()
        _, *lines = recipe_text(recipe, locale=self.locale, form="text").rstrip("\n").split("\n")
        return tuple(line.removeprefix("  ").replace("[ ] ", "") for line in lines)
