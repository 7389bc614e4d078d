"""The one function that decides whether an action may move a row.

Pure: the caller brings what the row does not hold (verdicts of named guards, who edited, which stages the cycle has) as
``Facts``. The executor, the jobs, the sandbox's pages and the tests all ask ``decide``; none has rules of its own. The
machines themselves are ``core.schema.machines``.

Source: workflows.md §1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from huoban_perf.core.addresses import MemberId
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Moment, holds
from huoban_perf.core.schema.automations import Step
from huoban_perf.core.schema.machines import FORMER, JOB, REASON_FIELD, Actor, Guard, Machine, Transition
from huoban_perf.core.values import Value, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason of a refusal.

    Attributes:
        code: ``states.*``: which rule refused; message id of the generic text.
        facts: Placeholders of the message; names are given in both languages, empty fields as printed addresses.
        text: The template's own words for it, already filled in, or None: the generic message says it.
    """

    code: str
    facts: Mapping[str, FactValue | Labels] = field(default_factory=dict)
    text: Labels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What ``decide`` cannot see in the row.

    Attributes:
        today: The day in China.
        verdicts: Guard key → facts of its refusal, or None when it holds. A guard that is asked
            and missing here refuses.
        stages_off: Stages that the cycle does not have.
        editor: Person who last edited the row, where the platform tells.
        editor_roles: Keys of that person's roles.
        enforce: Whether somebody whom the transition does not name is refused (else the caller records it).
    """

    today: date
    verdicts: Mapping[str, Mapping[str, FactValue] | None] = field(default_factory=dict)
    stages_off: frozenset[str] = frozenset()
    editor: MemberId | None = None
    editor_roles: frozenset[str] = frozenset()
    enforce: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The action is allowed.

    Attributes:
        transition: What is done.
        state: State reached, stages that are off passed through.
        values: Fields of the row to write together with the effects' own: status, the emptied action field and reason,
            the former state.
        steps: Further effects, in order.
        reason: What the person wrote, for ``$reason`` in the effects; None when nothing.
        entered: Whether ``state`` differs from the state left.
    """

    transition: Transition
    state: str
    values: Values
    steps: tuple[Step, ...]
    reason: str | None
    entered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The action is not allowed; all reasons at once.

    Attributes:
        reasons: Why, in the order of the rules.
        values: Fields of the row to write: the emptied action field.
    """

    reasons: tuple[Reason, ...]
    values: Values


def guards_asked(machine: Machine, *, row: Values, action: str, stages_off: frozenset[str] = frozenset()) -> set[str]:
    """Tell which named checks must be carried out before an action can be decided.

    Args:
        machine: The table's machine.
        row: Field key → value.
        action: Key of the transition.
        stages_off: Stages that the cycle does not have.

    Returns:
        Guard keys; empty when the action does not exist or does not start from the row's state.
    """
    transition = _action(machine, action)
    if transition is None or not _starts_here(machine, transition, row):
        return set()
    return {key for key in transition.guards if machine.guard(key).stage not in stages_off}


def decide(machine: Machine, *, row: Values, role: str, action: str, facts: Facts) -> Moved | Refused:
    """Decide whether an action moves a row, and to where.

    Args:
        machine: The table's machine.
        row: Field key → value of the row, the action and its reason as picked.
        role: Key of the actor in whose name it is asked: the owner of the action field, or ``job``.
        action: Key of the transition.
        facts: What the row does not hold.

    Returns:
        ``Moved`` with the state and the effects, or ``Refused`` with every reason. Neither has been written.
    """
    transition = _action(machine, action)
    if transition is None:
        return Refused(reasons=(Reason(code="states.unknown_action", facts={"action": action}),), values=_taken(role))
    reasons = tuple(_reasons(machine, transition, row, role, facts))
    if reasons:
        return Refused(reasons=reasons, values=_taken(role))
    left = row.get(machine.field)
    wish = _former(machine, row) if transition.target == FORMER else transition.target
    state = _passed(machine, wish or "", facts.stages_off)
    values: dict[str, Value] = {machine.field: state, **_taken(role)}
    written = row.get(REASON_FIELD)
    if role != JOB:
        values[REASON_FIELD] = None
    if machine.former_field is not None and _keeps_former(machine, transition):
        values[machine.former_field] = left
    return Moved(
        transition=transition,
        state=state,
        values=values,
        steps=transition.steps,
        reason=str(written) if written and role != JOB else None,
        entered=state != left,
    )


def actions_here(machine: Machine, *, row: Values, role: str) -> tuple[Transition, ...]:
    """Return what an actor can pick in the row's state, whatever the guards will say.

    Args:
        machine: The table's machine.
        row: Field key → value.
        role: Key of the actor.

    Returns:
        Transitions in order.
    """
    return tuple(one for one in machine.actions_of(role) if _starts_here(machine, one, row))


def history_of(machine: Machine, row: Values, *, state: str, today: date) -> dict[str, Value]:
    """Return the history field with a line for a state that is entered for the first time.

    Args:
        machine: The table's machine.
        row: Field key → value, as it stands.
        state: State that is entered.
        today: The day in China.

    Returns:
        The field with its new text; empty when there is no such field, or the state was entered before.
    """
    if machine.history_field is None or row.get(machine.field) == state:
        return {}
    label = machine.state(state).labels.zh
    standing = row.get(machine.history_field)
    text = standing if isinstance(standing, str) else ""
    if any(line.startswith(f"{label} ") for line in text.splitlines()):
        return {}
    line = f"{label} {today.isoformat()}"
    return {machine.history_field: f"{text}\n{line}" if text else line}


def moved_by(machine: Machine, *, left: Value, state: Value) -> Transition | None:
    """Tell which transition of the program led from one state to another.

    Args:
        machine: The table's machine.
        left: State before; None for a row that was made.
        state: State now.

    Returns:
        The last transition on the shortest way from one to the other, of those that a job may make or carries out: one
        that reaches the state itself before one that passes through stages that are off. None when no job moves rows
        this way.
    """
    ours = [one for one in machine.transitions if JOB in one.actors or one.job is not None]
    seen: set[Value] = {left}
    here: list[Value] = [left]
    while here:
        leaving = [one for one in ours for at in here if (at in one.sources if one.sources else at is None)]
        found = [one for one in leaving if one.target == state]
        found += [one for one in leaving if one.target != FORMER and state in _beyond(machine, one.target)]
        found += [one for one in leaving if one.target == FORMER and left in one.sources]
        if found:
            return found[0]
        here = [one.target for one in leaving if one.target not in seen]
        seen.update(here)
    return None


def _beyond(machine: Machine, state: str) -> set[str]:
    """Return the states that may be reached in place of one whose stage is off."""
    found: set[str] = set()
    here: str | None = machine.state(state).skip_to
    while here is not None and here not in found:
        found.add(here)
        here = machine.state(here).skip_to
    return found


def _reasons(machine: Machine, transition: Transition, row: Values, role: str, facts: Facts) -> Iterator[Reason]:
    label: dict[str, FactValue | Labels] = {"action": transition.labels}
    if not _starts_here(machine, transition, row):
        state = row.get(machine.field)
        known = next((one.labels for one in machine.states if one.key == state), Labels("-", "-"))
        yield Reason(code="states.not_from_here", facts={**label, "state": known})
    elif role not in transition.actors:
        yield Reason(code="states.not_your_action", facts=label)
    else:
        if role != JOB:
            yield from _about_the_person(machine.actor(role), transition, row, facts)
        if transition.target == FORMER and _former(machine, row) is None:
            yield Reason(code="states.no_former_state", facts=label)
        yield from _about_the_row(machine, transition, row, facts)


def _about_the_person(actor: Actor, transition: Transition, row: Values, facts: Facts) -> Iterator[Reason]:
    if facts.enforce and not _is_actor(actor, row, facts):
        yield Reason(code="states.not_you", facts={"action": transition.labels})
    if transition.reason and not row.get(REASON_FIELD):
        yield Reason(code="states.reason_missing", facts={"action": transition.labels})


def _about_the_row(machine: Machine, transition: Transition, row: Values, facts: Facts) -> Iterator[Reason]:
    table = machine.table.key
    empty = tuple(f"field:{table}.{key}" for key in transition.needs if row.get(key) in (None, "", ()))
    if empty:
        yield Reason(code="states.empty_fields", facts={"action": transition.labels, "fields": empty})
    moment = Moment(today=facts.today, me=facts.editor, row=row)
    for demand in transition.demands:
        if not holds(demand.rows, row, moment=moment):
            yield Reason(code="states.demand", facts={"action": transition.labels}, text=demand.refusal)
    for key in transition.guards:
        guard = machine.guard(key)
        if guard.stage is None or guard.stage not in facts.stages_off:
            yield from _verdict(guard, facts)


def _verdict(guard: Guard, facts: Facts) -> Iterator[Reason]:
    if guard.key not in facts.verdicts:
        yield Reason(code="states.guard_not_asked", facts={"guard": guard.key})
        return
    against = facts.verdicts[guard.key]
    if against is not None:
        words = {key: "、".join(value) if isinstance(value, tuple) else value for key, value in against.items()}
        text = Labels(guard.refusal.zh.format_map(_Blank(words)), guard.refusal.en.format_map(_Blank(words)))
        yield Reason(code="states.guard", facts={"guard": guard.key, **against}, text=text)


class _Blank(dict[str, object]):
    """Placeholders that the verdict does not know stay readable."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _action(machine: Machine, action: str) -> Transition | None:
    return next((one for one in machine.transitions if one.key == action), None)


def _starts_here(machine: Machine, transition: Transition, row: Values) -> bool:
    state = row.get(machine.field)
    return state in transition.sources if transition.sources else state is None


def _former(machine: Machine, row: Values) -> str | None:
    state = row.get(machine.former_field) if machine.former_field is not None else None
    return state if isinstance(state, str) and any(one.key == state for one in machine.states) else None


def _is_actor(actor: Actor, row: Values, facts: Facts) -> bool:
    if facts.editor is None:
        return False
    holders = {member for key in actor.fields for member in _members(row.get(key))}
    return facts.editor in holders or bool(facts.editor_roles & set(actor.roles))


def _members(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _taken(role: str) -> dict[str, Value]:
    return {} if role == JOB else {f"{role}_action": None}


def _passed(machine: Machine, state: str, stages_off: frozenset[str]) -> str:
    """Return the state itself, or the first one after it whose stage is on."""
    seen: set[str] = set()
    while state not in seen:
        seen.add(state)
        one = machine.state(state)
        if one.stage is None or one.stage not in stages_off or one.skip_to is None:
            return state
        state = one.skip_to
    return state


def _keeps_former(machine: Machine, transition: Transition) -> bool:
    """Tell whether a transition enters a state from which some other transition goes back."""
    returning = {source for one in machine.transitions if one.target == FORMER for source in one.sources}
    return transition.target in returning
