"""The manual sheet: what a person builds in the platform's page, in the order in which it can be built.

Data in, data or text out. Types are called what the platform's page calls them, whatever the language around, because
that is what the reader looks for on the screen.

Source: schema-plane.md §4.3, §17; design.md §5.4 rule 4.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.changes import Action, AttributeValue
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, Writer, definitions_of
from huoban_perf.deploy.definition_words import DefinitionWords
from huoban_perf.deploy.order import stage_of
from huoban_perf.deploy.plan import Step
from huoban_perf.deploy.words import attribute_name, kind_name, value_text

Form = Literal["text", "markdown"]

_TITLE = Labels("手工搭建清单", "What to build by hand")
_HEAD = Labels(
    "{tables} 张新表, {fields} 个新字段, {others} 处其他改动. 从上往下做; 名称照抄, 一字不差. "
    "做完 (或做完一部分) 后再运行 huoban-perf plan: 程序会逐项核对并绑定.",
    "{tables} new tables, {fields} new fields, {others} other changes. Work from top to bottom and copy the names "
    "exactly. When done, or partly done, run huoban-perf plan again: it checks and binds every item.",
)
_PLAIN = Labels("建表和普通字段", "Tables and plain fields")
_RELATIONS = Labels("关联字段 (所有表都建好之后)", "Relations (once all tables stand)")
_COMPUTED = Labels("计算和附加字段 (关联字段都建好之后)", "Computed fields (once all relations stand)")
_OPTIONS = Labels("已有选项字段里的新选项", "New options of existing fields")
_DEFINED = {
    ObjectKind.VIEW: Labels("视图 (字段都建好之后)", "Views (once all fields stand)"),
    ObjectKind.FORM: Labels("表单", "Forms"),
    ObjectKind.PERMISSION: Labels("权限组", "Permission groups"),
    ObjectKind.PAGE: Labels("页面 (24 列网格, 从左上角逐行排)", "Pages (a grid of 24 columns, row by row)"),
    ObjectKind.AUTOMATION: Labels("自动化 (按步骤在编辑器里搭)", "Automations (node by node in the editor)"),
}
_PAGES = Labels("工作区", "Workspace")
_ATTEST = Labels(
    "视图、表单、权限组、页面、自动化从接口里看不到: 做完后运行 huoban-perf adopt --attest 地址 --by 姓名 "
    "(全部: --attest all).",
    "Views, forms, permission groups, pages and automations are not shown by the interface: when done, run huoban-perf "
    "adopt --attest ADDRESS --by NAME (all of them: --attest all).",
)
_CHANGES = Labels("修改已有的对象", "Changes to what exists")
_REMOVALS = Labels("删除", "Deletions")
_NEW_TABLE = Labels("新建表「{name}」", "New table “{name}”")
_IN_TABLE = Labels("表「{name}」", "Table “{name}”")
_GROUP = Labels("放在分组「{group}」", "in group “{group}”")
_IS_TITLE = Labels("设为数据标题", "title of an item")
_REQUIRED = Labels("必填", "required")
_UNIQUE = Labels("不可重复", "unique")
_MANY = Labels("可关联多条", "several items")
_ONE = Labels("只关联一条", "one item")
_TARGET = Labels("关联到「{name}」", "points to “{name}”")
_DECIMALS = Labels("小数 {count} 位", "{count} decimals")
_JOB = Labels("由程序填写, 对所有人只读", "filled by a job: read-only to everyone")
_OPTION_LIST = Labels("选项依次为 {options}", "options in order: {options}")
_HELP = Labels("填写提示: {help}", "help text: {help}")
_CHANGE = Labels("{attribute}: {before} → {after}", "{attribute}: {before} → {after}")
_DELETE = Labels("连同其中的数据一起删除", "goes together with its data")
_ADD_OPTION = Labels("在字段「{name}」里新增", "new in field “{name}”")
_NONE = Labels("没有要手工做的事.", "Nothing to do by hand.")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One thing to tick off: its name, its type (empty where it has none), and what else to set."""

    address: Address
    name: str
    kind: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SheetBlock:
    """What is done inside one table."""

    title: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One stage; everything in it can be done once the parts before it are."""

    title: str
    blocks: tuple[SheetBlock, ...]


def manual_sheet(
    steps: Iterable[Step], *, desired: DesiredSchema, names: Locale = "zh", locale: Locale = "zh", form: Form = "text"
) -> str:
    """Return what a person has to build or change, as a sheet to work through.

    Args:
        steps: Manual steps in plan order, for example ``plan.manual_steps`` or ``report.pending``.
        desired: The wish, for types and targets.
        names: Language in which the app is deployed.
        locale: Language of the words around the names.
        form: ``text`` with boxes to tick, or ``markdown`` with task lists.

    Returns:
        The sheet; one sentence when there is nothing to do.
    """
    todo = list(steps)
    if not todo:
        return _NONE.in_locale(locale) + "\n"
    parts = sheet_parts(todo, desired=desired, names=names, locale=locale)
    kinds = [step.address.kind for step in todo if step.action is Action.CREATE]
    tables, fields = kinds.count(ObjectKind.TABLE), kinds.count(ObjectKind.FIELD)
    head = _HEAD.in_locale(locale).format(tables=tables, fields=fields, others=len(todo) - tables - fields)
    lines = [f"# {_TITLE.in_locale(locale)}" if form == "markdown" else _TITLE.in_locale(locale), "", head]
    for number, part in enumerate(parts, start=1):
        heading = f"{number}. {part.title}"
        lines += ["", f"## {heading}" if form == "markdown" else heading]
        for block in part.blocks:
            lines += ["", f"### {block.title}" if form == "markdown" else f"  {block.title}"]
            lines += [*([""] if form == "markdown" else []), *_rows(block.rows, form)]
    if any(step.address.kind in _DEFINED for step in todo):
        lines += ["", _ATTEST.in_locale(locale)]
    return "\n".join(lines) + "\n"


def sheet_parts(
    steps: Sequence[Step], *, desired: DesiredSchema, names: Locale = "zh", locale: Locale = "zh"
) -> tuple[SheetPart, ...]:
    """Return the sheet as data, for other renderers.

    Args:
        steps: Manual steps in plan order.
        desired: The wish.
        names: Language in which the app is deployed.
        locale: Language of the words around the names.

    Returns:
        The parts that hold anything, in build order.
    """
    words = DefinitionWords(desired, names, locale)
    writer = _Writer(desired=desired, names=names, locale=locale, words=words)
    creates = [step for step in steps if step.action is Action.CREATE]
    staged: list[list[Step]] = [[], [], []]
    for step in creates:
        if step.address.kind is ObjectKind.FIELD:
            staged[stage_of(desired.field(step.address))].append(step)
        elif step.address.kind is ObjectKind.TABLE:
            staged[0].append(step)
    options = [step for step in creates if step.address.kind is ObjectKind.OPTION]
    changes = [step for step in steps if step.action is Action.UPDATE]
    removals = [step for step in steps if step.action is Action.DELETE]
    defined = [[step for step in creates if step.address.kind is kind] for kind in _DEFINED]
    titled = zip(
        (_PLAIN, _RELATIONS, _COMPUTED, _OPTIONS, *_DEFINED.values(), _CHANGES, _REMOVALS),
        (*staged, options, *defined, changes, removals),
        strict=True,
    )
    return tuple(SheetPart(title.in_locale(locale), tuple(writer.blocks(some))) for title, some in titled if some)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Puts steps into words."""

    desired: DesiredSchema
    names: Locale
    locale: Locale
    words: DefinitionWords

    def blocks(self, steps: Sequence[Step]) -> Iterator[SheetBlock]:
        """Yield one block a table, in the order in which the tables first appear."""
        by_table: dict[Address, list[Step]] = {}
        for step in steps:
            by_table.setdefault(step.address.outermost, []).append(step)
        for members in by_table.values():
            rows = tuple(self.row(step) for step in members if not self._is_new_table(step))
            yield SheetBlock(self._block_title(members), rows)

    def _is_new_table(self, step: Step) -> bool:
        return step.action is Action.CREATE and step.address.kind is ObjectKind.TABLE

    def _block_title(self, members: Sequence[Step]) -> str:
        if members[0].address.kind is ObjectKind.PAGE:
            return _PAGES.in_locale(self.locale)
        new = next((step for step in members if self._is_new_table(step)), None)
        if new is None:
            return self._say(_IN_TABLE, name=members[0].named[0])
        group = next((change.after for change in new.changes if change.attribute == "group"), None)
        title = self._say(_NEW_TABLE, name=new.named[0])
        return title if group is None else f"{title} · {self._say(_GROUP, group=group)}"

    def row(self, step: Step) -> SheetRow:
        """Return one step in words."""
        if step.action is Action.UPDATE:
            return SheetRow(step.address, step.named[-1], "", tuple(self._changes(step)))
        if step.action is Action.DELETE:
            return SheetRow(step.address, step.named[-1], "", (_DELETE.in_locale(self.locale),))
        if step.address.kind in _DEFINED:
            lines = self._definition(step.address)
            return SheetRow(step.address, step.named[-1], self.words.sort(step.address.kind), lines)
        if step.address.kind is ObjectKind.OPTION:
            return SheetRow(step.address, step.named[-1], "", (self._say(_ADD_OPTION, name=step.named[1]),))
        field = self.desired.field(step.address)
        return SheetRow(step.address, step.named[-1], self._kind(field.kind), tuple(self._details(field, step)))

    def _definition(self, address: Address) -> tuple[str, ...]:
        spec = next(one for one in definitions_of(self.desired) if one.address == address)
        return self.words.lines(spec)

    def _kind(self, kind: FieldKind) -> str:
        on_screen = kind_name(kind, "zh")
        return on_screen if self.locale == "zh" else f"{kind_name(kind, self.locale)} ({on_screen})"

    def _changes(self, step: Step) -> Iterator[str]:
        for change in step.changes:
            yield self._say(
                _CHANGE,
                attribute=attribute_name(change.attribute, self.locale),
                before=value_text(change.attribute, change.before, self.locale),
                after=value_text(change.attribute, change.after, self.locale),
            )

    def _details(self, field: FieldSpec, step: Step) -> Iterator[str]:
        table = self.desired.table(field.address.keys[0])
        if field.target is not None:
            yield self._say(_TARGET, name=self.desired.table(field.target.key).labels.in_locale(self.names))
        for is_so, said in (
            (table.title == field.address.key, _IS_TITLE),
            (field.kind is FieldKind.RELATION, _MANY if field.many else _ONE),
            (field.required, _REQUIRED),
            (field.unique, _UNIQUE),
            (field.writer is Writer.JOB, _JOB),
        ):
            if is_so:
                yield said.in_locale(self.locale)
        if field.decimals is not None:
            yield self._say(_DECIMALS, count=field.decimals)
        for change in step.changes:
            if change.attribute == "options":
                yield self._say(_OPTION_LIST, options=value_text("options", change.after, self.locale))
            elif change.attribute == "help":
                yield self._say(_HELP, help=change.after)

    def _say(self, words: Labels, **facts: AttributeValue) -> str:
        return words.in_locale(self.locale).format(**facts)


def _rows(rows: Sequence[SheetRow], form: Form) -> Iterator[str]:
    names, kinds = (
        max((_width(row.name) for row in rows), default=0),
        max((_width(row.kind) for row in rows), default=0),
    )
    for row in rows:
        if row.address.kind in _DEFINED:
            yield from _definition_row(row, form)
        elif form == "markdown":
            kind = f" · {row.kind}" if row.kind else ""
            yield f"- [ ] **{row.name}**{kind}" + "".join(f" · {detail}" for detail in row.details)
        else:
            kind = _padded(row.kind, kinds) + "  " if kinds else ""
            yield f"    [ ] {_padded(row.name, names)}  {kind}{' · '.join(row.details)}".rstrip()


def _definition_row(row: SheetRow, form: Form) -> Iterator[str]:
    """A definition is too long for one line: its name, then one setting a line."""
    yield f"- [ ] **{row.name}**" if form == "markdown" else f"    [ ] {row.name}"
    start = "  - " if form == "markdown" else "          "
    yield from (f"{start}{detail}" for detail in row.details)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns a text takes in a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1 for letter in text)
