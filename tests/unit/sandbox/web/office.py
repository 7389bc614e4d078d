"""A small workspace with pages: two tables, permissions, views of every shape, forms, buttons, a page of blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from huoban_perf.core.addresses import Address, ObjectKind, field_address, table_address
from huoban_perf.core.conditions import Operator
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, Every, FieldOf, Me, Rule, Test, ThisRow, Today
from huoban_perf.core.schema.automations import Assignment, AutomationSpec, OnButton, OpenPage, Update
from huoban_perf.core.schema.forms import FormFieldSpec, FormSpec
from huoban_perf.core.schema.pages import BlockKind, BlockSpec, Measure, PageSpec
from huoban_perf.core.schema.roles import Grant, PermissionSpec, Right
from huoban_perf.core.schema.stored import stored
from huoban_perf.core.schema.views import Sort, ViewKind, ViewSpec
from huoban_perf.core.values import Values
from huoban_perf.sandbox import Offer, create_app
from huoban_perf.sandbox.server import Pages
from tests.unit.sandbox.driver import Sandbox

STATES = (("draft", "草稿", "grey"), ("sent", "已交", "blue"), ("done", "完成", "green"))
ACTIONS = (("send", "提交"), ("close", "办结"))


def zh(text: str) -> Labels:
    return Labels(text, text)


def at(key: str, table: str = "goal") -> Address:
    return field_address(table, key)


MINE = Test(at("owner"), Operator.EQUALS, Me())
DRAFT = Test(at("status"), Operator.EQUALS, "draft", is_choice=True)
GOAL: dict[str, dict[str, Any]] = {
    "name": {"name": "目标", "is_title": True, "required": True, "help": "写清楚"},
    "status": {
        "name": "状态",
        "kind": "choice",
        "options": [{"alias": a, "name": n, "color": c} for a, n, c in STATES],
    },
    "owner": {"name": "负责人", "kind": "member"},
    "helpers": {"name": "协助", "kind": "members"},
    "weight": {"name": "权重", "kind": "number", "decimals": 0},
    "progress": {"name": "进度", "kind": "progress"},
    "start": {"name": "开始", "kind": "date"},
    "end": {"name": "结束", "kind": "date"},
    "told": {"name": "告知", "kind": "datetime"},
    "note": {"name": "说明", "kind": "text_long"},
    "code": {"name": "编码", "unique": True},
    "proof": {"name": "证明", "kind": "file"},
    "urgent": {"name": "紧急", "kind": "switch"},
    "team": {"name": "部门", "kind": "relation"},
    "secret": {"name": "保密分", "kind": "number"},
    "owner_action": {"name": "操作", "kind": "choice", "options": [{"alias": a, "name": n} for a, n in ACTIONS]},
    "action_reason": {"name": "操作说明", "kind": "text_long"},
    "action_result": {"name": "操作结果", "kind": "text_long"},
}
TEAM: dict[str, dict[str, Any]] = {
    "name": {"name": "名称", "is_title": True},
    "head": {"name": "负责人", "kind": "member"},
}
_HIDDEN = {"secret"}
_JOBS = {"action_result"}


def permission(group: str, grants: Sequence[Grant], table: str, **more: Any) -> dict[str, Any]:
    rules = [grant.rows for grant in grants]
    rows: Rule = ALWAYS if ALWAYS in rules else rules[0]
    spec = PermissionSpec(
        address=Address(ObjectKind.PERMISSION, (table, group)),
        rows=rows,
        visible=grants[0].visible,
        editable=grants[0].editable,
        grants=tuple(grants),
        **more,
    )
    return body_of(spec)


def body_of(spec: Any) -> dict[str, Any]:
    return {
        part.name: stored(getattr(spec, part.name)) for part in fields(spec) if part.name not in {"address", "labels"}
    }


class Machine:
    """A behaviour of two actions: the owner sends a draft, a reason is asked for closing what was sent."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.settled: list[tuple[str, str]] = []
        self.pressed: list[tuple[str, str, str]] = []

    def governs(self, table: str) -> frozenset[str]:
        return frozenset({"owner_action", "action_reason", "action_result"}) if table == "goal" else frozenset()

    def offers(self, table: str, values: Values) -> Sequence[Offer]:
        if table != "goal":
            return ()
        if values["status"] == "draft":
            return (Offer(field="owner_action", option="send", label="提交", is_main=True, member_fields=("owner",)),)
        close = Offer(field="owner_action", option="close", label="办结", needs_reason=True, roles=("hr",))
        return (close,) if values["status"] == "sent" else ()

    def press(self, automation: str, *, item: str, member: str) -> None:
        self.pressed.append((automation, item, member))

    def settle(self, *, table: str, item: str) -> None:
        self.settled.append((table, item))


class Office:
    """The workspace, and browsers on it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.people = {name: self._build("member", name=name)["user_id"] for name in ("王芳", "李雷", "人事刘洋")}
        self.team = self._table("部门", "team", TEAM)
        GOAL["team"]["target_table_id"] = self.team
        self.goal = self._table("目标", "goal", GOAL)
        self.sandbox.control("build/membership", {"member_id": self.people["人事刘洋"], "group": "hr"})
        self.ids: dict[str, str] = {}
        self._permissions()
        self._views()
        self._forms()
        self.behaviour = Machine(self)
        self.app: Flask = create_app(sandbox.world, clock=sandbox.clock, pages=Pages(behaviour=self.behaviour))
        self.sales = self.put("team", name="销售部", head=[self.people["李雷"]])
        self.first = self.put("goal", name="签约", status="draft", owner=[self.people["王芳"]], weight=60, secret=7)

    # --- building ----------------------------------------------------------------------------------------------

    def _build(self, path: str, **body: Any) -> Any:
        return self.sandbox.control(f"build/{path}", {"space_id": self.sandbox.space, **body})

    def _table(self, name: str, alias: str, columns: Mapping[str, Mapping[str, Any]]) -> str:
        table_id = self._build("table", name=name, alias=alias, group="业务")["table_id"]
        for key, more in columns.items():
            self._build("field", table_id=table_id, alias=key, **{"kind": "text", **more})
        return str(table_id)

    def store(self, sort: str, place: str, alias: str, name: str, body: Mapping[str, Any]) -> str:
        where = {"space_id" if sort == "page" else "table_id": place}
        made = self.sandbox.control(
            "build/definition", {"object": sort, "name": name, "alias": alias, "definition": dict(body), **where}
        )
        self.ids[alias] = made["id"]
        return str(made["id"])

    def _permissions(self) -> None:
        seen = tuple(at(key) for key in GOAL if key not in _HIDDEN)
        edit = tuple(at(key) for key in GOAL if key not in _HIDDEN | _JOBS)
        own = Grant(role="employee", rows=MINE, visible=seen, editable=edit)
        every = Grant(role="hr", rows=ALWAYS, visible=tuple(map(at, GOAL)), editable=edit)
        rights = frozenset({Right.CREATE})
        self._permit("everyone", permission("everyone", [own], "goal", rights=rights, is_default=True), "全员")
        self._permit("hr", permission("hr", [every, own], "goal", rights=frozenset({Right.CREATE, Right.DELETE})), "HR")
        names = tuple(at(key, "team") for key in TEAM)
        team = Grant(role="employee", rows=ALWAYS, visible=names)
        hidden = Grant(role="head", rows=Test(at("head", "team"), Operator.EQUALS, Me()), visible=names)
        self.store(
            "permission", self.team, "everyone", "全员", permission("everyone", [team, hidden], "team", is_default=True)
        )
        self.store("permission", self.team, "hr", "HR", permission("hr", [team], "team"))

    def _permit(self, group: str, body: Mapping[str, Any], name: str) -> None:
        self.store("permission", self.goal, group, name, body)

    def _views(self) -> None:
        columns = tuple(at(key) for key in ("name", "status", "weight", "progress", "secret", "team"))
        for key, kind, more in (
            ("grid", ViewKind.GRID, {"sort": (Sort(at("weight"), descending=True),), "help": zh("从重到轻")}),
            ("board", ViewKind.KANBAN, {"group_by": at("status")}),
            ("month", ViewKind.CALENDAR, {"start": at("start")}),
            ("line", ViewKind.GANTT, {"start": at("start"), "end": at("end"), "progress": at("progress")}),
            ("cards", ViewKind.GALLERY, {}),
            ("grouped", ViewKind.GRID, {"group_by": at("status")}),
        ):
            self.view(key, kind, ("employee",), columns=columns, **more)
        self.view("all", ViewKind.GRID, ("hr",), columns=columns)
        self.view("headed", ViewKind.GRID, ("head",), columns=columns)
        self._page()

    def view(
        self, key: str, kind: ViewKind, roles: tuple[str, ...], *, columns: tuple[Address, ...], **more: Any
    ) -> None:
        spec = ViewSpec(
            address=Address(ObjectKind.VIEW, ("goal", key)),
            labels=zh(key),
            kind=kind,
            roles=roles,
            fields=columns,
            **more,
        )
        self.store("view", self.goal, key, f"视图{key}", body_of(spec))

    def _page(self) -> None:
        goal = table_address("goal")
        total = {"table": goal, "measure": Measure.SUM, "value": at("weight")}
        by_state = {"table": goal, "group_by": at("status")}
        done = {"table": goal, "measure": Measure.AVERAGE, "value": at("progress")}
        secret = {**by_state, "measure": Measure.SUM, "value": at("secret")}
        blocks = (
            BlockSpec(kind=BlockKind.TEXT, labels=zh("说明"), text=zh("先看数字")),
            BlockSpec(kind=BlockKind.INDICATOR, labels=zh("草稿"), table=goal, rows=DRAFT),
            BlockSpec(kind=BlockKind.INDICATOR, labels=zh("权重和"), **total),
            BlockSpec(kind=BlockKind.PROGRESS, labels=zh("进度"), **done),
            BlockSpec(kind=BlockKind.BAR, labels=zh("各状态"), split_by=at("urgent"), **by_state),
            BlockSpec(kind=BlockKind.PIE, labels=zh("占比"), **by_state),
            BlockSpec(kind=BlockKind.LINE, labels=zh("走势"), group_by=at("start"), **total),
            BlockSpec(kind=BlockKind.LIST, labels=zh("清单"), view=Address(ObjectKind.VIEW, ("goal", "grid"))),
            BlockSpec(kind=BlockKind.FORM, labels=zh("填一条"), form=self._form("make")),
            BlockSpec(kind=BlockKind.BAR, labels=zh("保密"), **secret),
        )
        page = PageSpec(
            address=Address(ObjectKind.PAGE, ("mine",)), labels=zh("我的"), roles=("employee",), blocks=blocks
        )
        self.store("page", self.sandbox.space, "mine", "我的页面", body_of(page))
        boss = PageSpec(
            address=Address(ObjectKind.PAGE, ("over",)), labels=zh("总览"), roles=("hr",), blocks=blocks[:2]
        )
        self.store("page", self.sandbox.space, "over", "总览页", body_of(boss))

    def _forms(self) -> None:
        asked = (
            FormFieldSpec(field=at("name"), required=True),
            FormFieldSpec(field=at("owner"), prefill=Me()),
            FormFieldSpec(field=at("start"), prefill=Today()),
            FormFieldSpec(field=at("status"), prefill="draft"),
            FormFieldSpec(field=at("weight"), help=zh("合计 100")),
            FormFieldSpec(field=at("secret")),
        )
        make = FormSpec(
            address=self._form("make"), labels=zh("填目标"), roles=("employee",), creates=True, fields=asked
        )
        self.store("form", self.goal, "make", "填目标", body_of(make))
        report = FormSpec(
            address=self._form("report"),
            labels=zh("报进度"),
            roles=("employee",),
            rows=Every((MINE, DRAFT)),
            thanks=zh("记下了"),
            fields=(
                FormFieldSpec(field=at("name"), read_only=True),
                FormFieldSpec(field=at("progress"), required=True),
                FormFieldSpec(field=at("owner_action")),
            ),
        )
        self.store("form", self.goal, "report", "报进度", body_of(report))
        public = FormSpec(
            address=self._form("tell"),
            labels=zh("外部意见"),
            public=True,
            token=at("code"),
            thanks=zh("谢谢"),
            fields=tuple(
                FormFieldSpec(field=at(key), required=key in {"code", "name"})
                for key in ("code", "name", "note", "owner", "team")
            ),
        )
        self.store("form", self.goal, "tell", "外部意见", body_of(public))
        opens = OpenPage(
            table=table_address("goal"),
            values=(
                Assignment(at("name"), FieldOf((at("name"),))),
                Assignment(at("team"), FieldOf((at("team"),))),
                Assignment(at("note"), "接着做"),
                Assignment(at("secret"), FieldOf((at("secret"),))),
                Assignment(at("helpers"), Me()),
            ),
        )
        marks = Update(table=table_address("goal"), values=(Assignment(at("told"), ThisRow()),))
        self._button("again", "再来一条", (opens,), MINE)
        self._button("mark", "标记", (marks,), MINE)
        self._button("drafts", "只对草稿", (marks,), DRAFT)

    def _button(self, key: str, name: str, steps: tuple[Any, ...], rows: Rule) -> None:
        spec = AutomationSpec(
            address=Address(ObjectKind.AUTOMATION, ("goal", key)),
            labels=zh(name),
            trigger=OnButton(roles=("employee",)),
            rows=rows,
            steps=steps,
        )
        self.store("automation", self.goal, key, name, body_of(spec))

    @staticmethod
    def _form(key: str) -> Address:
        return Address(ObjectKind.FORM, ("goal", key))

    # --- rows --------------------------------------------------------------------------------------------------

    def field(self, alias: str, table: str = "goal") -> Any:
        return self.sandbox.world.definitions.table(int(self.goal if table == "goal" else self.team)).by_alias[alias]

    def put(self, table: str, **values: Any) -> str:
        table_id = self.goal if table == "goal" else self.team
        kept = {self.field(alias, table).key: self._wire(alias, table, value) for alias, value in values.items()}
        answer = self.sandbox.raw("POST", "/item", {"table_id": table_id, "fields": kept})
        assert answer["code"] == 0, answer
        return str(answer["data"]["item"]["item_id"])

    def _wire(self, alias: str, table: str, value: Any) -> Any:
        options = self.field(alias, table).options_by_alias
        return [options[value]] if isinstance(value, str) and value in options else value

    def cell(self, item: str, alias: str) -> Any:
        return self.sandbox.world.rows.get(int(item)).values.get(self.field(alias).key)

    # --- browsers ----------------------------------------------------------------------------------------------

    def browser(self, name: str | None = None) -> Visitor:
        visitor = Visitor(self)
        if name is not None:
            assert visitor.post("/enter", user=self.people[name], space=self.sandbox.space).status_code == 303
        return visitor


class Visitor:
    """One browser without script: a client with cookies that sends the token of the page it last saw."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.client: FlaskClient = office.app.test_client()
        self.token = ""
        self.get("/")

    def get(self, path: str) -> TestResponse:
        answer = self.client.get(path, follow_redirects=True)
        found = re.search(r'name="token" value="([^"]+)"', answer.get_data(as_text=True))
        self.token = found.group(1) if found else self.token
        return answer

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return unescape(answer.get_data(as_text=True))

    def post(self, path: str, **sent: Any) -> TestResponse:
        return self.client.post(path, data={"token": self.token, **sent})

    def answers(self, **values: Any) -> dict[str, Any]:
        """Name the boxes of a form: field alias → what is sent."""
        return {f"f{self.office.field(alias).field_id}": value for alias, value in values.items()}

    def follow(self, answer: TestResponse) -> str:
        assert answer.status_code == 303, (answer.status_code, unescape(answer.get_data(as_text=True))[-3000:])
        return self.text(str(answer.headers["Location"]))
