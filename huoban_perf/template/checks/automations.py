"""Automations by the rules of the platform, and notices that must not say too much.

Source: automation-plane.md §2, §5, §6, §9, §12 [verified by practitioners, doc]; workflows.md §2, §6.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import FactValue
from huoban_perf.core.schema import AutomationSpec, FieldKind
from huoban_perf.core.schema.automations import (
    Call,
    Fill,
    Notify,
    OnButton,
    OnCall,
    OnFill,
    OpenPage,
    Step,
    Stop,
    loops_of,
)
from huoban_perf.template.checks.sight import permissions_of
from huoban_perf.template.compile import Compiled
from huoban_perf.template.compiling.scope import Place
from huoban_perf.template.findings import Finding, error

_MOST_FILL_RULES: Final = 3
_SECRET_WORDS: Final = re.compile(
    r"得分|分数|[SABCD]级|等级|奖金|金额|薪|系数|申诉|\bscores?\b|\bgrades?\b|\bbonus|\bsalar|\bamounts?\b|\bappeal",
    re.IGNORECASE,
)
_SECRET_FIELDS: Final = re.compile(r"score|grade|bonus|amount|salary|coefficient|(^|_)rater($|_)|appeal|calibrat")


def check_automations(compiled: Compiled) -> Iterator[Finding]:
    """Check automations and the effects of transitions.

    Args:
        compiled: The template.

    Yields:
        Findings, all errors.
    """
    by_address = {one.address: one for one in compiled.schema.automations}
    for automation in compiled.schema.automations:
        place = compiled.places[str(automation.address)]
        yield from _interactive(place, automation)
        yield from _calls(place, automation.steps, by_address)
        yield from _called(place, automation)
        yield from _notices(compiled, place, automation.steps)
    for machine in compiled.schema.machines:
        for transition in machine.transitions:
            place = compiled.places[f"transition:{machine.table.key}.{transition.key}"]
            for step in transition.steps:
                if isinstance(step, OpenPage | Fill | Stop):
                    yield error(place.problem("template.interactive_step", name=transition.key, step=_word(step)))
            yield from _calls(place, transition.steps, by_address)
            yield from _notices(compiled, place, transition.steps)
    yield from _fill_rules(compiled)
    yield from _buttons(compiled)


def _interactive(place: Place, automation: AutomationSpec) -> Iterator[Finding]:
    """Pages open only under a button, and forms are filled only while they are filled in."""
    for step in automation.steps:
        wrong = (isinstance(step, OpenPage) and not isinstance(automation.trigger, OnButton)) or (
            isinstance(step, Fill) != isinstance(automation.trigger, OnFill)
        )
        if wrong:
            facts = {"name": automation.address.key, "step": _word(step)}
            yield error(place.problem("template.interactive_step", **facts))


def _word(step: Step) -> str:
    return {OpenPage: "open", Fill: "fill", Stop: "stop"}.get(type(step), type(step).__name__.lower())


def _calls(place: Place, steps: tuple[Step, ...], by_address: dict[Address, AutomationSpec]) -> Iterator[Finding]:
    for step in steps:
        if not isinstance(step, Call) or step.automation not in by_address:
            continue
        callee = by_address[step.automation]
        facts: dict[str, FactValue] = {"name": ".".join(step.automation.keys)}
        if not isinstance(callee.trigger, OnCall):
            yield error(place.problem("template.not_callable", **facts))
        if step.each is not None and next(loops_of(callee.steps), None) is not None:
            yield error(place.problem("template.nested_loop", **facts))


def _called(place: Place, automation: AutomationSpec) -> Iterator[Finding]:
    """What is called must not call on."""
    if isinstance(automation.trigger, OnCall) and any(isinstance(step, Call) for step in automation.steps):
        yield error(place.problem("template.call_in_called", name=automation.address.key))


def _notices(compiled: Compiled, place: Place, steps: tuple[Step, ...]) -> Iterator[Finding]:
    for step in steps:
        if not isinstance(step, Notify):
            continue
        for text in (step.text.labels.zh, step.text.labels.en):
            plain = re.sub(r"\{[^}]*\}", "", text)
            for word in dict.fromkeys(_SECRET_WORDS.findall(plain)):
                yield error(place.problem("template.notice_leaks", event=step.event, word=word))
        for name, part in step.text.parts.items():
            last = part.path[-1]
            money = compiled.schema.field(last).kind is FieldKind.MONEY
            if money or any(_SECRET_FIELDS.search(one.key) for one in part.path[-1:]):
                yield error(place.problem("template.notice_leaks", event=step.event, word=f"{{{name}}}"))


def _fill_rules(compiled: Compiled) -> Iterator[Finding]:
    count: Counter[Address] = Counter()
    for automation in compiled.schema.automations:
        if not isinstance(automation.trigger, OnFill):
            continue
        for field in automation.trigger.fields:
            count[field] += 1
            if count[field] == _MOST_FILL_RULES + 1:
                place = compiled.places[str(automation.address)]
                yield error(place.problem("template.many_fill_rules", field=field.key, most=_MOST_FILL_RULES))


def _buttons(compiled: Compiled) -> Iterator[Finding]:
    permissions = permissions_of(compiled.schema)
    for automation in compiled.schema.automations:
        if isinstance(automation.trigger, OnButton):
            for role in automation.trigger.roles:
                table = automation.address.keys[0]
                if (table, role) not in permissions:
                    place = compiled.places[str(automation.address)]
                    facts = {"object": str(automation.address), "role": role, "table": table}
                    yield error(place.problem("template.shown_without_right", **facts))
