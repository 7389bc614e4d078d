"""Permissions that a deployment stored are the ones that are enforced: no second definition is needed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.conditions import Operator
from huoban_perf.core.rules import Every, Me, Rule, Test
from huoban_perf.core.schema.roles import PermissionSpec, Right
from huoban_perf.core.schema.stored import stored
from tests.unit.sandbox.driver import Sandbox

GONE = 3500002
MINE = Test(field_address("result", "p_self"), Operator.EQUALS, Me())
DRAFT = Test(field_address("result", "status"), Operator.EQUALS, "draft", is_choice=True)


def _body(rows: Rule, visible: list[str], editable: list[str], **more: Any) -> dict[str, Any]:
    spec = PermissionSpec(
        address=Address(ObjectKind.PERMISSION, ("result", "g")),
        rows=rows,
        visible=tuple(field_address("result", key) for key in visible),
        editable=tuple(field_address("result", key) for key in editable),
        **more,
    )
    return {part.name: stored(getattr(spec, part.name)) for part in fields(spec) if part.name != "address"}


class Office:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.people = {name: self._member(name) for name in ("王芳", "李雷")}
        made = sandbox.control("build/table", {"space_id": sandbox.space, "name": "结果", "alias": "result"})
        self.table_id = made["table_id"]
        self.ids = {alias: self._field(alias, **more) for alias, more in _FIELDS.items()}
        self.options = sandbox.world.definitions.table(int(self.table_id)).by_alias["status"].options_by_alias
        self.store("everyone", _body(MINE, ["name", "status", "p_self"], ["name"], is_default=True))
        seen = ["name", "grade", "status", "p_self"]
        self.store("hr", _body(Every((DRAFT,)), seen, seen, rights=frozenset({Right.CREATE})))
        self.rows = {
            name: self._row(name=name, grade="A", p_self=[who], status=[self.options["draft"]])
            for name, who in self.people.items()
        }

    def store(self, group: str, body: dict[str, Any]) -> None:
        asked = {"object": "permission", "table_id": self.table_id, "name": group, "alias": group, "definition": body}
        self.sandbox.control("build/definition", asked)

    def _member(self, name: str) -> str:
        return str(self.sandbox.control("build/member", {"space_id": self.sandbox.space, "name": name})["user_id"])

    def _field(self, alias: str, **more: Any) -> str:
        asked = {"table_id": self.table_id, "name": alias, "alias": alias, "kind": "text", **more}
        return str(self.sandbox.control("build/field", asked)["field_id"])

    def _row(self, **values: Any) -> str:
        fields = {self.ids[alias]: value for alias, value in values.items()}
        answer = self.sandbox.raw("POST", "/item", {"table_id": self.table_id, "fields": fields})
        return str(answer["data"]["item"]["item_id"])

    def ask(self, name: str, method: str, path: str, body: Any = None) -> Any:
        key = self.sandbox.control("key", {"space_id": self.sandbox.space, "member_id": self.people[name]})["api_key"]
        return self.sandbox.raw(method, path, body, headers={"Open-Authorization": f"Bearer {key}"})

    def titles(self, name: str) -> list[str]:
        items = self.ask(name, "POST", "/item/list", {"table_id": self.table_id})["data"]["items"]
        return sorted(item["title"] for item in items)


_FIELDS: dict[str, dict[str, Any]] = {
    "name": {"is_title": True},
    "grade": {},
    "p_self": {"kind": "member"},
    "status": {
        "kind": "choice",
        "options": [{"name": "草稿", "alias": "draft"}, {"name": "公布", "alias": "released"}],
    },
}


@pytest.fixture
def office(sandbox: Sandbox) -> Office:
    return Office(sandbox)


def test_people_without_a_group_are_in_the_default_one(office: Office) -> None:
    assert office.titles("王芳") == ["王芳"]
    assert office.ask("王芳", "POST", f"/item/{office.rows['李雷']}", {})["code"] == GONE
    shown = office.ask("王芳", "POST", f"/item/{office.rows['王芳']}", {})["data"]["item"]["fields"]
    assert office.ids["grade"] not in shown


def test_group_that_a_person_was_put_into_counts_with_its_own_words_for_options(office: Office) -> None:
    office.sandbox.control("build/membership", {"member_id": office.people["李雷"], "group": "hr"})
    assert office.titles("李雷") == ["李雷", "王芳"]
    row = office.rows["王芳"]
    released = {"fields": {office.ids["status"]: [office.options["released"]]}}
    assert office.ask("李雷", "PUT", f"/item/{row}", released)["code"] == 0
    assert office.titles("李雷") == ["李雷"]


def test_group_without_a_permission_does_not_see_the_table(office: Office) -> None:
    office.sandbox.control("build/membership", {"member_id": office.people["李雷"], "group": "payroll"})
    assert office.ask("李雷", "POST", "/item/list", {"table_id": office.table_id})["code"] == GONE


def test_rule_about_a_removed_field_lets_nobody_see_anything(office: Office) -> None:
    delete = {"object": "field", "table_id": office.table_id, "field_id": office.ids["p_self"]}
    office.sandbox.control("build/delete", delete)
    assert office.ask("王芳", "POST", "/item/list", {"table_id": office.table_id})["code"] == GONE


def test_definition_that_cannot_be_read_lets_nobody_see_anything(office: Office) -> None:
    office.store("odd", {"rows": {"@Nonsense": {}}})
    office.sandbox.control("build/membership", {"member_id": office.people["李雷"], "group": "odd"})
    assert office.ask("李雷", "POST", "/item/list", {"table_id": office.table_id})["code"] == GONE


def test_what_control_defines_takes_the_place_of_what_is_stored(office: Office) -> None:
    seen = {"rows": {"every": []}, "visible": [office.ids["name"]]}
    office.sandbox.control(
        "build/permission", {"table_id": office.table_id, "group": "everyone", "default": True, **seen}
    )
    assert office.titles("王芳") == ["李雷", "王芳"]
