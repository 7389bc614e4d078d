from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.cli.texts import messages
from huoban_perf.core import states
from huoban_perf.core.addresses import MemberId, field_address, table_address
from huoban_perf.core.filters import Operator
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Me, Test
from huoban_perf.core.schema.automations import RunJob
from huoban_perf.core.schema.machines import FORMER, JOB, Actor, Demand, Guard, Machine, State, Transition
from huoban_perf.core.states import Facts, Moved, Refused, actions_here, decide, guards_asked
from huoban_perf.core.values import Value


def labels(text: str) -> Labels:
    return Labels(f"{text}中", text)


def way(key: str, sources: tuple[str, ...], target: str, *actors: str) -> Transition:
    return Transition(key=key, labels=labels(key), sources=sources, target=target, actors=actors)


MACHINE = Machine(
    table=table_address("sheet"),
    field="status",
    states=(
        State(key="draft", labels=labels("draft")),
        State(key="talk", labels=labels("talk"), stage="interview", skip_to="confirm"),
        State(key="confirm", labels=labels("confirm")),
        State(key="appealing", labels=labels("appealing")),
        State(key="done", labels=labels("done"), closed=True),
    ),
    transitions=(
        way("open", (), "draft", JOB),
        replace(
            way("release", ("draft",), "talk", "manager"),
            needs=("goals", "note"),
            reason=True,
            guards=("weights", "raters"),
            demands=(
                Demand(
                    rows=Test(field_address("sheet", "owner"), Operator.DIFFERS, Me()),
                    refusal=Labels("不能批自己的", "Not your own"),
                ),
            ),
            steps=(RunJob(job="publish"),),
        ),
        way("finish", ("confirm",), "done", "employee", JOB),
        way("appeal", ("talk", "confirm", "done"), "appealing", JOB),
        way("withdraw", ("appealing",), FORMER, JOB),
    ),
    actors=(
        Actor(key="employee", labels=labels("employee"), fields=("p_self",)),
        Actor(key="manager", labels=labels("manager"), fields=("p_mgr",), roles=("hr",)),
        Actor(key=JOB, labels=labels("job")),
    ),
    guards=(
        Guard(key="weights", refusal=Labels("权重合计 {total}, 应为 100", "Weights total {total}, not 100")),
        Guard(key="raters", refusal=Labels("缺评价人: {who}", "Raters missing: {who}"), stage="peer"),
    ),
    former_field="former",
)
ROW: dict[str, Value] = {
    "status": "draft",
    "goals": "x",
    "note": "y",
    "action_reason": "看过了",
    "manager_action": "release",
    "owner": ("m9",),
    "p_self": ("m1",),
    "p_mgr": ("m2",),
}
SOUND = Facts(today=date(2026, 7, 1), verdicts={"weights": None, "raters": None}, editor=MemberId("m2"))


def reasons(machine: Machine, row: dict[str, Value], role: str, action: str, facts: Facts) -> list[str]:
    outcome = decide(machine, row=row, role=role, action=action, facts=facts)
    assert isinstance(outcome, Refused)
    return [reason.code for reason in outcome.reasons]


def test_decide_sound_action_gives_state_effects_and_emptied_fields() -> None:
    outcome = decide(MACHINE, row=ROW, role="manager", action="release", facts=SOUND)
    assert isinstance(outcome, Moved)
    assert (outcome.state, outcome.entered, outcome.reason) == ("talk", True, "看过了")
    assert outcome.values == {"status": "talk", "manager_action": None, "action_reason": None}
    assert outcome.steps == (RunJob(job="publish"),)


def test_decide_names_every_reason_at_once() -> None:
    row = {**ROW, "goals": None, "note": "", "action_reason": None, "owner": ("m2",)}
    facts = replace(SOUND, verdicts={"weights": {"total": "95"}}, enforce=True, editor=MemberId("m2"))
    outcome = decide(MACHINE, row=row, role="manager", action="release", facts=facts)
    assert isinstance(outcome, Refused)
    assert [reason.code for reason in outcome.reasons] == [
        "states.reason_missing", "states.empty_fields", "states.demand", "states.guard", "states.guard_not_asked",
    ]  # fmt: skip
    assert outcome.reasons[1].facts["fields"] == ("field:sheet.goals", "field:sheet.note")
    assert outcome.reasons[2].text == Labels("不能批自己的", "Not your own")
    assert outcome.reasons[3].text == Labels("权重合计 95, 应为 100", "Weights total 95, not 100")
    assert outcome.values == {"manager_action": None}


@pytest.mark.parametrize(
    ("row", "role", "action", "code"),
    [
        (ROW, "manager", "dance", "states.unknown_action"),
        ({**ROW, "status": "done"}, "manager", "release", "states.not_from_here"),
        ({**ROW, "status": None}, "manager", "release", "states.not_from_here"),
        (ROW, "employee", "release", "states.not_your_action"),
        (ROW, JOB, "open", "states.not_from_here"),
    ],
)
def test_decide_refuses_what_cannot_be(row: dict[str, Value], role: str, action: str, code: str) -> None:
    assert reasons(MACHINE, row, role, action, SOUND) == [code]


def test_every_reason_has_a_message() -> None:
    text = Path(states.__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'"(states\.[a-z_]+)"', text))
    assert codes == {code for code in messages() if code.startswith("states.")}


@pytest.mark.parametrize(
    ("editor", "roles", "allowed"),
    [
        ("m2", frozenset(), True),
        ("m3", frozenset({"hr"}), True),
        ("m3", frozenset(), False),
        (None, frozenset(), False),
    ],
)
def test_decide_enforces_who_acts(editor: str | None, roles: frozenset[str], allowed: bool) -> None:
    member = MemberId(editor) if editor else None
    facts = replace(SOUND, editor=member, editor_roles=roles, enforce=True)
    outcome = decide(MACHINE, row=ROW, role="manager", action="release", facts=facts)
    assert isinstance(outcome, Moved) is allowed


def test_decide_stage_off_is_passed_through_and_its_guards_are_not_asked() -> None:
    off = frozenset({"interview", "peer"})
    assert guards_asked(MACHINE, row=ROW, action="release", stages_off=off) == {"weights"}
    facts = replace(SOUND, verdicts={"weights": None}, stages_off=off)
    outcome = decide(MACHINE, row=ROW, role="manager", action="release", facts=facts)
    assert isinstance(outcome, Moved)
    assert outcome.state == "confirm"


def test_decide_goes_back_to_the_former_state() -> None:
    entered = decide(MACHINE, row={"status": "confirm"}, role=JOB, action="appeal", facts=SOUND)
    assert isinstance(entered, Moved)
    assert entered.values == {"status": "appealing", "former": "confirm"}
    back = decide(MACHINE, row=entered.values, role=JOB, action="withdraw", facts=SOUND)
    assert isinstance(back, Moved)
    assert back.values == {"status": "confirm"}


def test_decide_former_state_that_is_not_known_is_refused() -> None:
    assert reasons(MACHINE, {"status": "appealing"}, JOB, "withdraw", SOUND) == ["states.no_former_state"]


def test_creation_starts_where_there_is_no_state() -> None:
    outcome = decide(MACHINE, row={}, role=JOB, action="open", facts=SOUND)
    assert isinstance(outcome, Moved)
    assert outcome.values == {"status": "draft"}


def test_actions_here_lists_what_an_actor_can_pick() -> None:
    assert [one.key for one in actions_here(MACHINE, row=ROW, role="manager")] == ["release"]
    assert actions_here(MACHINE, row={"status": "done"}, role="employee") == ()


def test_machine_finds_its_parts_by_key() -> None:
    assert MACHINE.open_states == ("draft", "talk", "confirm", "appealing")
    assert MACHINE.closed_states == ("done",)
    assert MACHINE.transition("finish").target == "done"
    assert MACHINE.actor(JOB).action_field is None
    with pytest.raises(KeyError):
        MACHINE.state("nowhere")
