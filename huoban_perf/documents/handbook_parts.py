"""From a template to its handbook: roles, tables, stages and notices put into words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import DesiredSchema, FieldSpec, FormSpec, Machine, RoleSpec, TableSpec, Transition, Writer
from huoban_perf.core.schema.automations import Notify
from huoban_perf.core.schema.machines import JOB
from huoban_perf.deploy import kind_name
from huoban_perf.documents.drawing import relations_picture, stages_picture, states_picture
from huoban_perf.documents.handbook import (
    Deed,
    FieldLine,
    Found,
    Handbook,
    NoticeLine,
    PromiseLine,
    RightLine,
    RolePart,
    TablePart,
    WayLine,
)
from huoban_perf.template import BLOCK_NAMES, VIEW_NAMES, Served, Wording, recipes_of, sizes


def handbook_of(
    schema: DesiredSchema, *, name: Labels, served: Sequence[Served] = (), names: Locale = "zh"
) -> Handbook:
    """Return the handbook of an app.

    Args:
        schema: The template's wish.
        name: The app's name.
        served: The process and what serves it, as ``trace_of`` yields it; its first part is drawn as stages. Empty: the
            groups of tables are.
        names: Language in which the app is deployed.

    Returns:
        The handbook; the same wish gives the same one.
    """
    writer = _Writer(Wording(schema=schema, names=names))
    stages = _stages(schema, served, names)
    roles = (writer.role(role) for role in schema.roles)
    return Handbook(
        app=schema.app,
        name=name.in_locale(names),
        version=schema.version,
        digest=schema.digest,
        counts=sizes(schema),
        stages=stages_picture(stages) if len(stages) > 1 else None,
        promises=tuple(
            PromiseLine(
                part=one.part.in_locale(names),
                line=one.line.in_locale(names),
                claim=one.claim.in_locale(names),
                kept_by="、".join(label.in_locale(names) for label in one.servers.values()),
            )
            for one in served
        ),
        relations=relations_picture(schema, names=names),
        roles=tuple(role for role in roles if role.pages or role.views or role.forms or role.deeds),
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


def _stages(schema: DesiredSchema, served: Sequence[Served], names: Locale) -> list[tuple[str, list[str]]]:
    """Return the stages of the process with the tables that serve each, in build order."""
    if not served:
        grouped = schema.grouped()
        return [
            (group.in_locale(names) if group is not None else "-", [table.labels.in_locale(names) for table in tables])
            for group, tables in grouped
        ]
    keys: dict[str, set[str]] = {}
    for one in served:
        if one.part == served[0].part:
            named = {server.partition(":")[2].split(".")[0] for server in one.servers}
            keys.setdefault(one.line.in_locale(names), set()).update(named)
    found = [
        (stage, [table.labels.in_locale(names) for table in schema.tables if table.key in tables])
        for stage, tables in keys.items()
    ]
    return [(stage, tables) for stage, tables in found if tables]
