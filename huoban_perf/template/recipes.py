"""Recipes: how a person builds an automation in the platform's editor, node by node.

Each automation of the template, and each transition worth a button, becomes a ``Recipe``; ``recipe_text`` prints it.
Node names are the editor's where they are known (automation-plane.md §5); where they are not, the effect is said and
「节点名称以编辑器为准」. What the platform cannot do is said to be the program's.

Source: automation-plane.md §2, §5, §6, §9, §11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, assert_never

from huoban_perf.core.conditions import Operator
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.rules import Test
from huoban_perf.core.schema import AutomationSpec, DesiredSchema, Machine, Transition
from huoban_perf.core.schema.automations import (
    Call,
    Create,
    Each,
    Fill,
    ItemEvent,
    Notify,
    OnButton,
    OnCall,
    OnFill,
    OnItem,
    OnSchedule,
    OpenPage,
    Page,
    Period,
    RunJob,
    Step,
    Stop,
    Trigger,
    Update,
    Urgency,
)
from huoban_perf.core.schema.machines import JOB
from huoban_perf.template.wording import Wording

_BUTTON: Final = Labels("快捷按钮", "button (快捷按钮)")
_CALL: Final = Labels("调用触发", "called automation (调用触发)")
_ITEM: Final = Labels("数据触发", "row trigger (数据触发)")
_FILL: Final = Labels("自动填写", "fill-time rule (自动填写)")
_TIMER: Final = Labels("定时触发", "timer (定时触发)")
_EVENTS: Final = {
    ItemEvent.CREATED: Labels("数据创建", "row created"),
    ItemEvent.CHANGED: Labels("数据修改", "row changed"),
    ItemEvent.DELETED: Labels("数据删除", "row deleted"),
}
_PERIODS: Final = {
    Period.DAY: Labels("每天 {at}", "every day at {at}"),
    Period.WORKDAY: Labels("每个工作日 {at}", "every working day at {at}"),
    Period.WEEK: Labels("每周{day} {at}", "every week, day {day}, at {at}"),
    Period.MONTH: Labels("每月 {day} 日 {at}", "every month on day {day} at {at}"),
}
_PAGES: Final = {Page.CREATE: Labels("创建页", "create page"), Page.EDIT: Labels("编辑页", "edit page")}
_URGENCY: Final = {
    Urgency.IMMEDIATE: Labels("立即", "at once"),
    Urgency.DIGEST: Labels("并入每日汇总", "in the daily digest"),
    Urgency.NEXT_WORKDAY: Labels("下一个工作日 09:00", "next working day at 09:00"),
}
_NODES: Final = {
    "create": Labels("后台创建数据", "create in the background (后台创建数据)"),
    "open": Labels("打开数据创建页面", "open a create page (打开数据创建页面)"),
    "find": Labels("获取多条数据", "find several rows (获取多条数据)"),
    "loop": Labels("数组循环", "loop over an array (数组循环)"),
    "call": Labels("执行调用触发", "start a called automation (执行调用触发)"),
    "branch": Labels("条件分支", "branch (条件分支)"),
    "exit": Labels("提前退出", "leave early (提前退出)"),
    "end": Labels("结束", "end (结束)"),
}
"""Names attested for the editor. Source: automation-plane.md §5."""

_UNNAMED: Final = {
    "update": Labels("更新数据", "update rows"),
    "fill": Labels("回填到当前页面", "write back into the open page"),
    "notify": Labels("给成员发消息", "message to members"),
    "job": Labels("由程序运行任务", "a job of the program"),
}
_SHOWN_TO: Final = Labels("显示给: {who}", "shown to: {who}")
_SHOWN_WHERE: Final = Labels("显示在: 详情页、列表", "shown on: detail page, list")
_BATCH: Final = Labels("可批量使用", "may be used on several rows")
_FIELDS: Final = Labels("触发字段: {fields}", "starting fields: {fields}")
_ANY_FIELD: Final = Labels("触发字段: 任意字段", "starting fields: any")
_ALL_GROUPS: Final = Labels(
    "权限组: 全部权限组 (程序和导入写的数据也触发)", "groups: all (rows written by programs count too)"
)
_DATES: Final = Labels("{date} 与今天相差: {offsets}", "{date} lies from today: {offsets}")
_AHEAD: Final = Labels("提前 {days} 天", "{days} days ahead")
_SAME_DAY: Final = Labels("当天", "the same day")
_AFTER: Final = Labels("过后 {days} 天", "{days} days after")
_CALLED: Final = Labels("由其他自动化调用", "called by other automations")
_ON_PAGES: Final = Labels("作用于: {pages}", "acts on: {pages}")
_PROGRAM: Final = Labels(
    "有平台做不了的步骤, 须由程序 (huoban-perf serve) 执行", "Holds steps that only the program can do"
)
_EITHER: Final = Labels(
    "运行着 huoban-perf serve 就由程序执行, 不必再搭; 两边都开会重复",
    "While huoban-perf serve runs, the program does it; with both, everything happens twice",
)
_DONE_BY_PROGRAM: Final = Labels(
    "按钮只填操作字段; 检查和后续动作由程序完成, 结果写在「操作结果」",
    "The button only fills in the action; checks and effects are the program's; see Action result",
)
_TO: Final = Labels("收件人: {who}", "to: {who}")
_TEXT: Final = Labels("内容: {text}", "text: {text}")
_WHEN: Final = Labels("时间: {when}", "when: {when}")
_WEEKDAYS: Final = "一二三四五六日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a recipe.

    Attributes:
        number: From 1.
        name: What the editor calls it.
        exact: Whether that name is known from the editor.
        effect: What it does.
        settings: What to set, one line each: conditions, field mapping, texts.
        inside: Whether it stands inside the loop before it.
    """

    number: int
    name: str
    exact: bool
    effect: str
    settings: tuple[str, ...] = ()
    inside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one automation is built by hand.

    Attributes:
        source: Printed address: ``automation:goal.behind`` or ``transition:goal.confirm``.
        title: Name to give it.
        table: Table it is built on.
        kind: The editor's type.
        trigger: What starts it, one setting a line.
        conditions: Entry conditions, all of which must hold.
        nodes: In order; the last is the one ``结束``.
        failure: Message when it fails, or None.
        notes: What the builder should know.
        platform: Whether the platform can do all of it; else the program must run.
    """

    source: str
    title: str
    table: str
    kind: str
    trigger: tuple[str, ...]
    conditions: tuple[str, ...]
    nodes: tuple[Node, ...]
    failure: str | None = None
    notes: tuple[str, ...] = ()
    platform: bool = True


def recipes_of(schema: DesiredSchema, *, names: Locale = "zh", locale: Locale = "zh") -> tuple[Recipe, ...]:
    """Return the recipes of a template: buttons of transitions first, then the automations.

    Args:
        schema: The template's wish.
        names: Language in which the app is deployed.
        locale: Language of the words around the names.

    Returns:
        Recipes in the order of the machines and automations. A transition that is no button has none: the program
        carries it out when the action field is filled.
    """
    wording = Wording(schema=schema, names=names, locale=locale)
    buttons = [
        _button_of(wording, machine, one)
        for machine in schema.machines
        for one in machine.transitions
        if one.button and one.sources and any(actor != JOB for actor in one.actors)
    ]
    return (*buttons, *(_recipe(wording, one) for one in schema.automations))


def _button_of(wording: Wording, machine: Machine, one: Transition) -> Recipe:
    """A button that picks the action; checking and doing stay with the program."""
    actor = machine.actor(next(key for key in one.actors if key != JOB))
    table = wording.schema.table(machine.table.key)
    action = next(field for field in table.fields if field.address.key == actor.action_field)
    status = table.field(machine.field)
    here = Test(status.address, Operator.ANY_OF, one.sources)
    picks = f"{wording.field(action.address)} = {wording.constant(action, one.key)}"
    update = _node(wording, "update", Labels("把这条数据的操作填上", "fill in the row's action"), (picks,))
    return Recipe(
        source=f"transition:{machine.table.key}.{one.key}",
        title=one.labels.in_locale(wording.names),
        table=wording.table(machine.table),
        kind=_BUTTON.in_locale(wording.locale),
        trigger=(wording.say(_SHOWN_TO, who=_people(wording, actor.fields, actor.roles, machine)),),
        conditions=(wording.rule(here),),
        nodes=tuple(_numbered([update, _end(wording)])),
        notes=(wording.say(_DONE_BY_PROGRAM),),
    )


def _people(wording: Wording, fields: tuple[str, ...], roles: tuple[str, ...], machine: Machine) -> str:
    table = wording.schema.table(machine.table.key)
    named = [wording.field(table.field(key).address) for key in fields]
    return wording.listed([*named, *(wording.role(key) for key in roles)])


def _recipe(wording: Wording, one: AutomationSpec) -> Recipe:
    by_program = any(isinstance(step, RunJob) for step in one.steps)
    kind, trigger = _start(wording, one.trigger)
    nodes = [node for step in one.steps for node in _nodes(wording, step)]
    notes = [one.help] if one.help is not None else []
    if by_program:
        notes.append(_PROGRAM)
    elif isinstance(one.trigger, OnItem | OnSchedule):
        notes.append(_EITHER)
    return Recipe(
        source=str(one.address),
        title=one.labels.in_locale(wording.names),
        table=wording.table(one.address),
        kind=kind.in_locale(wording.locale),
        trigger=trigger,
        conditions=wording.rule_lines(one.rows),
        nodes=tuple(_numbered([*nodes, _end(wording)])),
        failure=one.failure.in_locale(wording.locale) if one.failure is not None else None,
        notes=tuple(note.in_locale(wording.locale) for note in notes),
        platform=not by_program,
    )


def _start(wording: Wording, trigger: Trigger) -> tuple[Labels, tuple[str, ...]]:
    say, locale = wording.say, wording.locale
    match trigger:
        case OnItem(events=events, fields=fields):
            happened = wording.listed([_EVENTS[event].in_locale(locale) for event in ItemEvent if event in events])
            named = wording.listed([wording.field(one) for one in fields])
            which = (say(_FIELDS, fields=named) if named else say(_ANY_FIELD),) if ItemEvent.CHANGED in events else ()
            return _ITEM, (happened, *which, say(_ALL_GROUPS))
        case OnSchedule():
            return _TIMER, tuple(_schedule(wording, trigger))
        case OnButton(roles=roles, batch=batch):
            who = say(_SHOWN_TO, who=wording.listed([wording.role(role) for role in roles]))
            return _BUTTON, (who, say(_SHOWN_WHERE), *([say(_BATCH)] if batch else []))
        case OnCall():
            return _CALL, (say(_CALLED),)
        case OnFill(fields=fields, pages=pages):
            shown = wording.listed([_PAGES[page].in_locale(locale) for page in Page if page in pages])
            starting = say(_FIELDS, fields=wording.listed([wording.field(one) for one in fields]))
            return _FILL, (say(_ON_PAGES, pages=shown), starting)
        case _:
            assert_never(trigger)


def _schedule(wording: Wording, trigger: OnSchedule) -> Iterator[str]:
    day = str(trigger.day or 1)
    if trigger.period is Period.WEEK and wording.locale == "zh":
        day = _WEEKDAYS[(trigger.day or 1) - 1]
    yield wording.say(_PERIODS[trigger.period], at=trigger.at, day=day)
    if trigger.date is not None:
        words = [(_AHEAD if days < 0 else _AFTER if days > 0 else _SAME_DAY, abs(days)) for days in trigger.offsets]
        offsets = wording.listed([wording.say(text, days=days) for text, days in words])
        yield wording.say(_DATES, date=wording.field(trigger.date), offsets=offsets)


def _node(wording: Wording, kind: str, effect: Labels, settings: tuple[str, ...] = ()) -> Node:
    name = (_NODES if kind in _NODES else _UNNAMED)[kind].in_locale(wording.locale)
    exact = kind in _NODES or kind == "job"  # a job is no node at all
    return Node(number=0, name=name, exact=exact, effect=effect.in_locale(wording.locale), settings=settings)


def _end(wording: Wording) -> Node:
    return _node(wording, "end", Labels("整个自动化只有一个", "exactly one"))


def _numbered(nodes: list[Node]) -> Iterator[Node]:
    for number, node in enumerate(nodes, start=1):
        yield replace(node, number=number)


def _nodes(wording: Wording, step: Step) -> Iterator[Node]:
    each = step.each if isinstance(step, Create | Notify | Call) else None
    if each is not None:
        yield from _loop(wording, each)
    for node in _step(wording, step):
        yield node if each is None else replace(node, inside=True)


def _step(wording: Wording, step: Step) -> Iterator[Node]:
    match step:
        case Create(table=table, values=values):
            name = wording.table(table)
            effect = Labels(f"在表{name}新建一条", f"a new row in {name}")
            yield _node(wording, "create", effect, tuple(wording.assignments(values)))
        case OpenPage(table=table, values=values):
            name = wording.table(table)
            effect = Labels(f"打开表{name}的新建页面并预填", f"a prefilled page of {name}")
            yield _node(wording, "open", effect, tuple(wording.assignments(values)))
        case Update():
            yield _node(wording, "update", *_updated(wording, step))
        case Notify():
            yield _node(wording, "notify", *_told(wording, step))
        case Call(automation=automation, path=path):
            name, on = wording.object_name(automation), (wording.path(path),) if path else ()
            yield _node(wording, "call", Labels(f"调用{name}", f"starts {name}"), on)
        case RunJob(job=job):
            yield _node(wording, "job", Labels(f"huoban-perf job run {job}", f"huoban-perf job run {job}"))
        case Fill(values=values):
            effect = Labels("写进正在填的表单", "into the open form")
            yield _node(wording, "fill", effect, tuple(wording.assignments(values)))
        case Stop(rows=rows, text=text):
            yield _node(wording, "branch", Labels("满足时进入此分支", "when this holds"), (wording.rule(rows),))
            left = _node(wording, "exit", Labels("弹窗提示并退出", "tell and leave"), (text.in_locale(wording.names),))
            yield replace(left, inside=True)
        case _:
            assert_never(step)


def _loop(wording: Wording, each: Each) -> Iterator[Node]:
    table = wording.table(each.table)
    found = replace(wording, elsewhere=True).rule(each.rows)
    yield _node(wording, "find", Labels(f"取表{table}的数据", f"rows of {table}"), (found,))
    yield _node(wording, "loop", Labels("对取到的每条数据各做一次", "once for each row found"))


def _updated(wording: Wording, step: Update) -> tuple[Labels, tuple[str, ...]]:
    lines = tuple(wording.assignments(step.values))
    table = wording.table(step.table)
    if step.rows is not None:
        found = replace(wording, elsewhere=True).rule(step.rows)
        return Labels(f"修改表{table}里满足条件的数据", f"rows of {table} that satisfy"), (found, *lines)
    if step.path:
        path = wording.path(step.path)
        return Labels(f"修改{path}指向的数据", f"the row that {path} points to"), lines
    return Labels("修改触发的数据", "the row that started it"), lines


def _told(wording: Wording, step: Notify) -> tuple[Labels, tuple[str, ...]]:
    who = [wording.source(one) for one in step.to] + [wording.role(role) for role in step.roles]
    if step.outside is not None:
        who.append(wording.source(step.outside))
    lines = (
        wording.say(_TO, who=wording.listed(who)),
        wording.say(_TEXT, text=wording.phrase(step.text)),
        wording.say(_WHEN, when=_URGENCY[step.urgency].in_locale(wording.locale)),
    )
    return Labels("发通知", "a notice"), lines
