"""Planner cases as data: wish + workspace + state → steps with their reasons, or why there are none.

A case file holds one YAML document a case. Keys: ``why`` · ``wish`` (table key → label and fields) · ``seen`` (tables
as the platform shows them) · ``state`` (address → id, or id and what was applied; by default all that is wished) ·
``options`` · ``steps`` (``action address performer reason``, then attribute:cause …) · ``problems`` · ``conflicts`` ·
``refusals`` · ``notes`` (codes). What is not listed must be empty, but for notes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from huoban_perf.core.addresses import Address, ObjectKind, table_address
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action
from huoban_perf.core.errors import PlanError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import (
    DesiredSchema,
    FieldKind,
    ObservedField,
    ObservedOption,
    ObservedSchema,
    ObservedTable,
)
from huoban_perf.deploy import Consent, Limits, Origin, Plan, PlanOptions, StateFile, StateObject, Step, make_plan
from huoban_perf.deploy.compare import wished
from huoban_perf.deploy.perform import spec_of
from tests.unit.deploy.wishes import make_field, make_option, make_schema, make_table
from tests.unit.deploy.world import OWNER, WORKSPACE, Clock, Platform, shown_kinds

CASES = Path(__file__).parents[2] / "cases" / "plan"


def _cases() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load_all(file.read_text(encoding="utf-8")), start=1):
            found.append(pytest.param(case, id=f"{file.stem}-{number}"))
    return found


def _wish(raw: dict[str, Any]) -> DesiredSchema:
    tables = []
    for key, table in raw.items():
        fields = []
        for field, said in (table.get("fields") or {}).items():
            more = {
                name: value for name, value in said.items() if name not in {"zh", "kind", "options", "target", "help"}
            }
            if "target" in said:
                more["target"] = table_address(said["target"])
            if "help" in said:
                more["help"] = Labels(said["help"], said["help"])
            options = [
                make_option(key, field, option, *text.split(" "))
                for option, text in (said.get("options") or {}).items()
            ]
            kind = FieldKind(said.get("kind", "text"))
            fields.append(make_field(key, field, said["zh"], kind, options=tuple(options), **more))
        group = Labels(table["group"], table["group"]) if "group" in table else None
        tables.append(make_table(key, table["zh"], *fields, group=group))
    return make_schema(*tables)


def _seen(raw: list[dict[str, Any]]) -> ObservedSchema:
    return ObservedSchema(workspace=WORKSPACE, tables=tuple(_seen_table(table) for table in raw))


def _seen_table(raw: dict[str, Any]) -> ObservedTable:
    fields = tuple(_seen_field(field) for field in raw.get("fields") or [])
    return ObservedTable(table_id=raw["id"], name=raw["name"], alias=raw.get("alias"), fields=fields)


def _seen_field(raw: dict[str, Any]) -> ObservedField:
    kinds = frozenset(FieldKind(kind) for kind in raw["kinds"]) if "kinds" in raw else None
    options = tuple(
        ObservedOption(option_id=option_id, name=text.split(" ")[0], color=[*text.split(" "), None][1])
        for option_id, text in (raw.get("options") or {}).items()
    )
    return ObservedField(
        field_id=raw["id"],
        name=raw["name"],
        alias=raw.get("alias"),
        kinds=shown_kinds(FieldKind(raw.get("kind", "text"))) if kinds is None else kinds,
        required=raw.get("required", False),
        unique=raw.get("unique", False),
        options=options,
        target_id=raw.get("target"),
        many=raw.get("many"),
        mirrored=raw.get("mirrored", False),
    )


def _state(raw: dict[str, Any], desired: DesiredSchema) -> StateFile:
    objects = {}
    for text, entry in raw.items():
        address = Address.parse(text)
        said = entry if isinstance(entry, dict) else {"id": entry}
        applied: dict[str, Any] = {}
        if _is_declared(address, desired):
            applied = wished(spec_of(address, desired, {}), locale="zh")
        applied |= said.get("applied", {})
        objects[address] = StateObject(remote_id=said["id"], applied=applied, origin=Origin.CREATED, at=Clock().now())
    return StateFile.fresh(OWNER).with_objects(objects)


def _is_declared(address: Address, desired: DesiredSchema) -> bool:
    specs = (*desired.tables, *desired.fields(), *desired.options())
    return any(spec.address == address for spec in specs)


def _capabilities(raw: dict[str, Any]) -> Capabilities:
    kinds = frozenset(FieldKind(kind) for kind in raw["kinds"]) if "kinds" in raw else frozenset(FieldKind)
    can = Platform().connection(builds=not raw.get("v1_only", False), kinds=kinds).capabilities
    if "can" not in raw:
        return can
    performs = frozenset((ObjectKind(kind), Action(action)) for action, kind in map(str.split, raw["can"]))
    return Capabilities(
        **{name: getattr(can, name) for name in Capabilities.__slots__ if name != "performs"}, performs=performs
    )


def _addresses(raw: list[str] | None) -> frozenset[Address]:
    return frozenset(Address.parse(text) for text in raw or [])


def _options(raw: dict[str, Any]) -> PlanOptions:
    return PlanOptions(
        locale=raw.get("locale", "zh"),
        moved={Address.parse(old): Address.parse(new) for old, new in (raw.get("moved") or {}).items()},
        consent=Consent(
            by_template=_addresses(raw.get("by_template")),
            delete=_addresses(raw.get("delete")),
            change=_addresses(raw.get("change")),
            overwrite=_addresses(raw.get("overwrite")),
        ),
        limits=Limits(**raw.get("limits", {})),
    )


def _said(step: Step) -> str:
    words = [step.action.value, str(step.address), step.performer.value, step.reason.value]
    if step.action is Action.UPDATE:
        words += [f"{change.attribute}:{change.cause.value}" for change in step.changes]
    return " ".join(words)


@pytest.mark.parametrize("case", _cases())
def test_planner_case(case: dict[str, Any]) -> None:
    desired = _wish(case["wish"])
    if "problems" in case:
        with pytest.raises(PlanError) as caught:
            _plan(case, desired)
        assert [f"{problem.code} {problem.address}" for problem in caught.value.problems] == case["problems"]
        return
    plan = _plan(case, desired)
    assert [_said(step) for step in plan.steps] == (case.get("steps") or []), case["why"]
    assert [f"{note.code} {note.address}" for note in plan.conflicts] == case.get("conflicts", [])
    assert [note.code for note in plan.refusals] == case.get("refusals", [])
    if "notes" in case:
        assert [note.code for note in plan.notes] == case["notes"]
    assert Plan.from_json(plan.to_json()) == plan


def _plan(case: dict[str, Any], desired: DesiredSchema) -> Plan:
    options = case.get("options", {})
    return make_plan(
        desired=desired,
        observed=_seen(case.get("seen") or []),
        state=_state(case.get("state") or {}, desired),
        capabilities=_capabilities(options),
        clock=Clock(),
        options=_options(options),
    )
