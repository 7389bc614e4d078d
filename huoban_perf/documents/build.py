"""From manual steps to a guide: what is done where, in which order, with every name, type, option and setting.

One section a table at each stage. A relation belongs to its table's own section when its target stands by then, else to
the second round; what is computed comes after all relations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.changes import Action
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import (
    COMPUTED_KINDS,
    DEFINITION_KINDS,
    DesiredSchema,
    FieldKind,
    FieldSpec,
    Writer,
    definitions_of,
)
from huoban_perf.deploy import Step, kind_name, sheet_parts, value_text
from huoban_perf.deploy.definition_words import DefinitionWords
from huoban_perf.documents.effort import Work, effort
from huoban_perf.documents.guide import Choice, Guide, Section, Stage, Task
from huoban_perf.documents.starters import Starter, starter_of

_STAGES = (
    ("建表和字段", "按顺序一张一张建; 关联到后面才建的表的字段放在后一步."),
    ("补上关联字段", "所有表都建好之后再做."),
    ("计算和附加字段", "关联字段都建好之后再做."),
    ("已有字段里的新选项", "在字段设置里加在现有选项之后, 原有选项不要动."),
    ("视图", "字段都建好之后再做. 名称照抄; 数据范围就是视图的筛选条件."),
    ("表单", "在表格的「表单」里新建; 填写项按顺序拖入."),
    ("权限组", "在表格权限里, 同一个权限组在每张表各设一次."),
    ("页面", "24 列网格, 从左上角开始逐行排."),
    ("自动化", "在自动化编辑器里按步骤搭; 节点名称以编辑器为准的已注明."),
    ("修改已有的对象", "只改列出的这一处, 其他设置不动."),
    ("删除", "删除后数据找不回来. 先导出备份, 再逐项确认."),
)
_PLAIN, _RELATED, _COMPUTED, _OPTION, _DEFINED = range(5)
_CHANGE, _REMOVAL = _DEFINED + len(DEFINITION_KINDS), _DEFINED + len(DEFINITION_KINDS) + 1
_LATE_KINDS = COMPUTED_KINDS - {FieldKind.AUTO_NUMBER}
_RELATION_KINDS = frozenset({FieldKind.RELATION, FieldKind.SUB_TABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which workspace a guide is for.

    Attributes:
        workspace: Its id; ``-`` for none.
        name: What people call it; empty for none.
    """

    workspace: str = "-"
    name: str = ""


def guide_of(
    steps: Iterable[Step], *, desired: DesiredSchema, names: Locale = "zh", place: Place | None = None
) -> Guide:
    """Return what a person has to do.

    Args:
        steps: Manual steps in plan order.
        desired: The wish.
        names: Language in which the app is deployed.
        place: The workspace; None for none.

    Returns:
        The guide; without stages when there is nothing to do.
    """
    where = place or Place()
    return Guide(
        app=desired.app,
        app_version=desired.version,
        template_digest=desired.digest,
        workspace=where.workspace,
        workspace_name=where.name,
        stages=_Builder.of(tuple(steps), desired=desired, names=names).stages(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    """Sorts steps into stages and tables, and puts each into words.

    Attributes:
        steps: Manual steps.
        desired: The wish.
        names: Language of the names.
        table_order: Table → its place in the app.
        new_tables: Tables that are built now.
        words: Puts views, permission groups and the like into lines.
    """

    steps: tuple[Step, ...]
    desired: DesiredSchema
    names: Locale
    table_order: Mapping[Address, int]
    new_tables: frozenset[Address]
    words: DefinitionWords

    @classmethod
    def of(cls, steps: tuple[Step, ...], *, desired: DesiredSchema, names: Locale) -> _Builder:
        order = {table.address: number for number, table in enumerate(desired.tables, start=1)}
        new = frozenset(step.address for step in steps if _is_new(step, ObjectKind.TABLE))
        words = DefinitionWords(desired, names)
        return cls(steps=steps, desired=desired, names=names, table_order=order, new_tables=new, words=words)

    def stages(self) -> tuple[Stage, ...]:
        numbers = count(1)
        staged: list[list[Step]] = [[] for _ in _STAGES]
        for step in self.steps:
            staged[self._stage_of(step)].append(step)
        return tuple(
            Stage(title=title, note=note, sections=tuple(self._sections(some, lambda: next(numbers))))
            for (title, note), some in zip(_STAGES, staged, strict=True)
            if some
        )

    def _stage_of(self, step: Step) -> int:
        if step.action is not Action.CREATE:
            return _REMOVAL if step.action is Action.DELETE else _CHANGE
        if step.address.kind is ObjectKind.OPTION:
            return _OPTION
        if step.address.kind in DEFINITION_KINDS:
            return _DEFINED + DEFINITION_KINDS.index(step.address.kind)
        if step.address.kind is not ObjectKind.FIELD:
            return _PLAIN
        field = self.desired.field(step.address)
        if field.kind in _LATE_KINDS:
            return _COMPUTED
        return _RELATED if field.target is not None and self._comes_later(field.target, step.address.table) else _PLAIN

    def _comes_later(self, target: Address, table: Address) -> bool:
        """Whether a relation's target is built after the table that the relation is in."""
        if target not in self.new_tables:
            return False
        return table not in self.new_tables or self.table_order[target] > self.table_order[table]

    def _sections(self, steps: Sequence[Step], number: Callable[[], int]) -> Iterator[Section]:
        by_table: dict[Address, list[Step]] = {}
        for step in steps:
            by_table.setdefault(step.address.outermost, []).append(step)
        for table in sorted(by_table, key=lambda address: self.table_order.get(address, len(self.table_order) + 1)):
            members = sorted(by_table[table], key=self._place)
            is_new = _is_new(members[0], ObjectKind.TABLE)
            starter = self._starter(table) if is_new else None
            brought = {column.field.address for column in starter.columns} if starter else set()
            tasks = [self._task(step, is_in_workbook=step.address in brought) for step in members]
            name = members[0].named[0]
            yield Section(
                number=number(),
                title=_title(members[0], name, is_new=is_new),
                tasks=(*tasks, *self._rights(members)),
                starter=starter,
            )

    def _place(self, step: Step) -> int:
        """Return a step's place inside its table: the table itself, then fields in form order."""
        keys = step.address.keys
        if len(keys) == 1 or step.address.outermost not in self.table_order:
            return 0
        if step.address.kind in DEFINITION_KINDS:
            return 0  # as the plan has them
        fields = [field.address.key for field in self.desired.table(keys[0]).fields]
        return 1 + (fields.index(keys[1]) if keys[1] in fields else len(fields))

    def _starter(self, table: Address) -> Starter | None:
        return starter_of(self.desired.table(table.key), number=self.table_order[table], names=self.names)

    def _task(self, step: Step, *, is_in_workbook: bool) -> Task:
        if _is_new(step, ObjectKind.TABLE):
            return self._new_table(step)
        if _is_new(step, ObjectKind.FIELD):
            return self._new_field(step, is_in_workbook=is_in_workbook)
        if step.action is Action.CREATE and step.address.kind in DEFINITION_KINDS:
            return self._new_definition(step)
        return self._other(step)

    def _new_table(self, step: Step) -> Task:
        group = self.desired.table(step.address.key).group
        return Task(
            key=str(step.address),
            does="新建表格",
            name=step.named[0],
            settings=() if group is None else (f"放在分组「{group.in_locale(self.names)}」",),
            seconds=effort(Work.TABLE),
        )

    def _new_field(self, step: Step, *, is_in_workbook: bool) -> Task:
        field = self.desired.field(step.address)
        marks = tuple(self._marks(field))
        work = Work.RELATION if field.kind in _RELATION_KINDS else Work.FIELD
        shown = None if field.help is None else field.help.in_locale(self.names)
        return Task(
            key=str(step.address),
            name=step.named[-1],
            kind=kind_name(field.kind, "zh"),
            marks=marks,
            settings=tuple(self._settings(field)),
            choices_title="选项, 依次为" if field.options else "",
            choices=tuple(self._choices(field)),
            help=shown,
            is_in_workbook=is_in_workbook,
            seconds=effort(
                Work.COMPUTED if field.kind in _LATE_KINDS else work,
                marks=len(marks),
                options=len(field.options),
                helps=int(shown is not None),
            ),
            seconds_checked=effort(Work.CHECK, marks=len(marks), helps=int(shown is not None))
            if is_in_workbook
            else None,
        )

    def _new_definition(self, step: Step) -> Task:
        lines = self.words.lines(next(one for one in definitions_of(self.desired) if one.address == step.address))
        return Task(
            key=f"{step.address}:{_short(lines)}",
            name=step.named[-1],
            kind=self.words.sort(step.address.kind),
            lines=lines,
            seconds=effort(Work.DEFINITION, lines=len(lines)),
        )

    def _marks(self, field: FieldSpec) -> Iterator[str]:
        if self.desired.table(field.address.keys[0]).title == field.address.key:
            yield "数据标题"
        if field.required:
            yield "必填"
        if field.unique:
            yield "不可重复"
        if field.writer is Writer.JOB:
            yield "程序填写"

    def _settings(self, field: FieldSpec) -> Iterator[str]:
        if field.target is not None:
            target = self.desired.table(field.target.key).labels.in_locale(self.names)
            yield f"关联到「{target}」"
        if field.kind is FieldKind.RELATION:
            yield "可关联多条" if field.many else "只关联一条"
        if field.decimals is not None:
            yield f"小数 {field.decimals} 位"
        if field.kind in _LATE_KINDS:
            yield "计算规则或带出的字段见填写提示" if field.help else "计算规则由管理员按业务设置"

    def _choices(self, field: FieldSpec) -> Iterator[Choice]:
        for option in field.options:
            shown = "" if option.color is None else value_text("color", option.color, "zh")
            yield Choice(name=option.labels.in_locale(self.names), color=option.color, shown_color=shown)

    def _rights(self, members: Sequence[Step]) -> Iterator[Task]:
        """Yield the task of making the new fields of jobs read-only, unless the table's permission groups say it."""
        new = [step for step in members if _is_new(step, ObjectKind.FIELD)]
        written = [step for step in new if self.desired.field(step.address).writer is Writer.JOB]
        if not written or any(one.address.table == written[0].address.table for one in self.desired.permissions):
            return
        addresses = [str(step.address) for step in written]
        yield Task(
            key=f"rights:{written[0].address.table.key}:{_short(addresses)}",
            does="设置权限",
            name="程序填写的字段设为只读",
            settings=("在表格权限里, 让普通成员对下列字段只能查看、不能修改",),
            choices_title="字段",
            choices=tuple(Choice(name=step.named[-1]) for step in written),
            is_typed=False,
            seconds=effort(Work.RIGHT, rights=len(written)),
        )

    def _other(self, step: Step) -> Task:
        """Return a task for what already stands: a new option, a change, a deletion."""
        parts = sheet_parts([step], desired=self.desired, names=self.names, locale="zh")
        does, work = {
            Action.UPDATE: ("修改", Work.CHANGE),
            Action.DELETE: ("删除", Work.REMOVAL),
        }.get(step.action, ("新增选项", Work.OPTION))
        changes = [(change.attribute, change.after) for change in step.changes]
        return Task(
            key=f"{step.action}:{step.address}:{_short(changes)}" if changes else f"{step.action}:{step.address}",
            does=does,
            name=step.named[-1],
            settings=parts[0].blocks[0].rows[0].details,
            is_typed=step.action is Action.CREATE,
            seconds=effort(work),
        )


def _title(step: Step, name: str, *, is_new: bool) -> str:
    if step.address.kind is ObjectKind.PAGE:
        return f"页面「{name}」"
    return f"新建表「{name}」" if is_new else f"表「{name}」"


def _is_new(step: Step, kind: ObjectKind) -> bool:
    return step.action is Action.CREATE and step.address.kind is kind


def _short(content: object) -> str:
    return digest(content).removeprefix("sha256:")[:8]
