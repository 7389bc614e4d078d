"""The handbook of an app, as data: what each role finds and does, and what each table holds.

One content for every form; ``handbook_page`` prints it as HTML. Names are in the language in which the app is deployed,
the words around them Chinese.

Source: issue of the app, point 8; workflows.md §3, §4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from markupsafe import Markup

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import DesiredSchema, FieldSpec, FormSpec, Machine, RoleSpec, TableSpec, Transition, Writer
from huoban_perf.core.schema.automations import Notify
from huoban_perf.core.schema.machines import JOB
from huoban_perf.deploy import kind_name
from huoban_perf.documents.drawing import relations_picture, stages_picture, states_picture
from huoban_perf.template import BLOCK_NAMES, VIEW_NAMES, Recipe, Wording, recipes_of, sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something a role finds: a view, form or page.

    Attributes:
        name: Its name.
        kind: What it is.
        table: Name of its table; empty for a page.
        says: Which rows it shows, or what it asks.
        help: What its reader does there; empty when nothing is said.
    """

    name: str
    kind: str
    table: str
    says: str
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something a role does: an action in a state."""

    table: str
    name: str
    way: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePart:
    """One role: what it finds and does, and what its group must not see."""

    key: str
    name: str
    group: str
    members: str
    pages: tuple[Found, ...]
    views: tuple[Found, ...]
    forms: tuple[Found, ...]
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field of a table."""

    name: str
    kind: str
    writer: str
    marks: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RightLine:
    """What groups may do in a table; groups that may do the same share a line."""

    groups: tuple[str, ...]
    rows: str
    visible: str
    editable: str
    rights: str
    must_not_see: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WayLine:
    """One transition of a table's machine."""

    name: str
    way: str
    who: str
    needs: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePart:
    """One table."""

    key: str
    name: str
    group: str
    help: str
    fields: tuple[FieldLine, ...]
    rights: tuple[RightLine, ...]
    states: Markup | None
    ways: tuple[WayLine, ...]
    recipes: tuple[Recipe, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """One notice: when, to whom, what it says."""

    table: str
    when: str
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """The whole handbook."""

    app: str
    name: str
    version: str
    digest: str
    counts: dict[str, int]
    stages: Markup
    relations: Markup
    roles: tuple[RolePart, ...]
    public: tuple[Found, ...]
    tables: tuple[TablePart, ...]
    notices: tuple[NoticeLine, ...]


def handbook_of(schema: DesiredSchema, *, name: Labels, names: Locale = "zh") -> Handbook:
    """Return the handbook of an app.

    Args:
        schema: The template's wish.
        name: The app's name.
        names: Language in which the app is deployed.

    Returns:
        The handbook; the same wish gives the same one.
    """
    writer = _Writer(Wording(schema=schema, names=names))
    return Handbook(
        app=schema.app,
        name=name.in_locale(names),
        version=schema.version,
        digest=schema.digest,
        counts=sizes(schema),
        stages=stages_picture(schema, names=names),
        relations=relations_picture(schema, names=names),
        roles=tuple(writer.role(role) for role in schema.roles),
        public=tuple(writer.public()),
        tables=tuple(writer.table(table) for table in schema.tables),
        notices=tuple(writer.notices()),
    )


class _Writer:
    """Puts a schema into the parts of a handbook."""

    def __init__(self, wording: Wording) -> None:
        self._wording, self._schema, self._names = wording, wording.schema, wording.names
        self._recipes = recipes_of(wording.schema, names=wording.names)

    def role(self, role: RoleSpec) -> RolePart:
        key = role.address.key
        groups = {group.key: group.labels.in_locale(self._names) for group in self._schema.groups}
        return RolePart(
            key=key,
            name=role.labels.in_locale(self._names),
            group=groups.get(role.group, role.group),
            members=role.members.in_locale(self._names) if role.members is not None else "",
            pages=tuple(self._pages(key)),
            views=tuple(self._views(key)),
            forms=tuple(self._forms(key)),
            deeds=tuple(self._deeds(key)),
        )

    def _pages(self, role: str) -> Iterator[Found]:
        for page in self._schema.pages:
            if role in page.roles:
                blocks = [f"{one.labels.in_locale(self._names)} ({BLOCK_NAMES[one.kind].zh})" for one in page.blocks]
                yield Found(name=page.labels.in_locale(self._names), kind="页面", table="", says="、".join(blocks))

    def _views(self, role: str) -> Iterator[Found]:
        for view in self._schema.views:
            if role in view.roles:
                yield Found(
                    name=view.labels.in_locale(self._names),
                    kind=VIEW_NAMES[view.kind].zh,
                    table=self._table(view.address),
                    says=self._wording.rule(view.rows),
                    help=view.help.in_locale(self._names) if view.help is not None else "",
                )

    def _forms(self, role: str) -> Iterator[Found]:
        for form in self._schema.forms:
            if role in form.roles:
                yield self._form(form)

    def public(self) -> Iterator[Found]:
        """Yield the forms that are answered through a link."""
        for form in self._schema.forms:
            if form.public:
                yield self._form(form)

    def _form(self, form: FormSpec) -> Found:
        asked = [
            self._schema.field(one.field).labels.in_locale(self._names) for one in form.fields if not one.read_only
        ]
        intro = form.intro.in_locale(self._names) if form.intro is not None else ""
        return Found(
            name=form.labels.in_locale(self._names),
            kind="新建" if form.creates else "填写",
            table=self._table(form.address),
            says=f"{len(asked)} 项: {'、'.join(asked)}",
            help=intro,
        )

    def _deeds(self, role: str) -> Iterator[Deed]:
        for machine in self._schema.machines:
            opened = {
                field.key
                for permission in self._schema.permissions
                if permission.address.keys[0] == machine.table.key
                for grant in permission.grants
                if grant.role == role
                for field in grant.editable
            }
            for one in machine.transitions:
                acts = {machine.actor(key).action_field for key in one.actors if key != JOB}
                if one.sources and acts & opened:
                    help_ = one.help.in_locale(self._names) if one.help is not None else ""
                    name = one.labels.in_locale(self._names)
                    yield Deed(table=self._table(machine.table), name=name, way=self._way(machine, one), help=help_)

    def table(self, table: TableSpec) -> TablePart:
        machine = self._schema.machine(table.key)
        return TablePart(
            key=table.key,
            name=table.labels.in_locale(self._names),
            group=table.group.in_locale(self._names) if table.group is not None else "",
            help=table.help.in_locale(self._names) if table.help is not None else "",
            fields=tuple(self._field(table, field) for field in table.fields),
            rights=tuple(self._rights(table)),
            states=states_picture(machine, names=self._names) if machine is not None else None,
            ways=tuple(self._ways(machine)) if machine is not None else (),
            recipes=tuple(one for one in self._recipes if one.source.partition(":")[2].split(".")[0] == table.key),
        )

    def _field(self, table: TableSpec, field: FieldSpec) -> FieldLine:
        marks = [
            word
            for word, holds in (
                ("标题", table.title == field.address.key),
                ("必填", field.required),
                ("不重复", field.unique),
                ("自动生成", field.generated),
            )
            if holds
        ]
        says = [field.help.in_locale(self._names)] if field.help is not None else []
        if field.target is not None:
            says.append(f"关联 {self._table(field.target)}")
        if field.options:
            says.append("选项: " + "、".join(option.labels.in_locale(self._names) for option in field.options))
        writers = {Writer.PEOPLE: "人", Writer.JOB: "程序", Writer.PLATFORM: "平台"}
        return FieldLine(
            name=field.labels.in_locale(self._names),
            kind=kind_name(field.kind, "zh"),
            writer=writers[field.writer],
            marks=" ".join(marks),
            says="; ".join(says),
        )

    def _rights(self, table: TableSpec) -> Iterator[RightLine]:
        groups = {group.key: group.labels.in_locale(self._names) for group in self._schema.groups}
        found: list[RightLine] = []
        words = {"create": "新建", "delete": "删除", "export": "导出", "import": "导入", "share": "分享"}
        for one in self._schema.permissions:
            if one.address.keys[0] != table.key:
                continue
            hidden = [field for field in table.fields if field.address not in one.visible]
            found.append(
                RightLine(
                    groups=(groups.get(one.address.key, one.address.key),),
                    rows=self._wording.rule(one.rows),
                    visible="全部" if not hidden else "不含 " + self._listed(field.address for field in hidden),
                    editable=self._listed(one.editable) or "不能改",
                    rights="、".join(words[right.value] for right in sorted(one.rights)) or "-",
                    must_not_see=one.must_not_see.in_locale(self._names) if one.must_not_see is not None else "",
                )
            )
        yield from _merged(found)

    def _listed(self, fields: Iterator[Address] | tuple[Address, ...]) -> str:
        return "、".join(self._schema.field(field).labels.in_locale(self._names) for field in fields)

    def _ways(self, machine: Machine) -> Iterator[WayLine]:
        for one in machine.transitions:
            checks = [demand.refusal.in_locale(self._names) for demand in one.demands]
            checks += [machine.guard(key).refusal.in_locale(self._names) for key in one.guards]
            needs = [machine_field.labels.in_locale(self._names) for machine_field in self._needs(machine, one)]
            yield WayLine(
                name=one.labels.in_locale(self._names),
                way=self._way(machine, one),
                who="、".join(machine.actor(key).labels.in_locale(self._names) for key in one.actors),
                needs="、".join([*needs, *(["操作说明"] if one.reason else [])]),
                checks=tuple(checks),
            )

    def _needs(self, machine: Machine, one: Transition) -> Iterator[FieldSpec]:
        table = self._schema.table(machine.table.key)
        yield from (table.field(key) for key in one.needs)

    def _way(self, machine: Machine, one: Transition) -> str:
        names = {state.key: state.labels.in_locale(self._names) for state in machine.states}
        sources = "、".join(names[key] for key in one.sources) or "(新建)"
        return f"{sources} → {names.get(one.target, '原来的状态')}"

    def notices(self) -> Iterator[NoticeLine]:
        """Yield every notice: those of transitions, then those of automations."""
        for machine in self._schema.machines:
            for one in machine.transitions:
                for step in one.steps:
                    if isinstance(step, Notify):
                        yield self._notice(machine.table, one.labels.in_locale(self._names), step)
        for automation in self._schema.automations:
            for step in automation.steps:
                if isinstance(step, Notify):
                    yield self._notice(automation.address, automation.labels.in_locale(self._names), step)

    def _notice(self, address: Address, when: str, step: Notify) -> NoticeLine:
        who = [self._wording.source(one) for one in step.to] + [self._wording.role(role) for role in step.roles]
        if step.outside is not None:
            who.append(self._wording.source(step.outside))
        return NoticeLine(
            table=self._table(address), when=when, who="、".join(who), text=self._wording.phrase(step.text)
        )

    def _table(self, address: Address) -> str:
        return self._schema.table(address.keys[0]).labels.in_locale(self._names)


def _merged(lines: list[RightLine]) -> Iterator[RightLine]:
    """Yield lines of equal content once, with all their groups."""
    by_content: dict[RightLine, list[str]] = {}
    for line in lines:
        by_content.setdefault(replace(line, groups=()), []).extend(line.groups)
    for line, groups in by_content.items():
        yield replace(line, groups=tuple(groups))
