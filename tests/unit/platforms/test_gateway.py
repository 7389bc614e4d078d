"""Captured automations: symbols out of ids and names, bound anew elsewhere, linted, posted and read back."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import simplejson

from huoban_perf.core.addresses import (
    Address,
    Bindings,
    RemoteId,
    WorkspaceId,
    field_address,
    option_address,
    table_address,
)
from huoban_perf.core.captures import Place
from huoban_perf.core.errors import AccessError, AmbiguousObjectError, HuobanPerfError, PlanError, RejectedError
from huoban_perf.core.ports import AutomationPlane
from huoban_perf.platforms.calls.errors import NoAnswerError
from huoban_perf.platforms.huoban import ControlPlane, HuobanConnection, HuobanOptions, PlaneAccess, connect, identity
from huoban_perf.platforms.huoban.gateway import lint, read_captured
from huoban_perf.sandbox import create_app, mount, open_world
from tests.unit.platforms.fakes import StillClock, said

BASE = "http://workspace.test"
NAMES = {
    "zh": {
        "goal": "目标",
        "goal.weight": "权重",
        "goal.state": "状态",
        "goal.state.draft": "草稿",
        "goal.state.sent": "待确认",
        "cycle": "考核周期",
        "cycle.title": "名称",
        "goal.cycle": "所属周期",
    },
    "en": {
        "goal": "Goal",
        "goal.weight": "Weight",
        "goal.state": "State",
        "goal.state.draft": "Draft",
        "goal.state.sent": "To confirm",
        "cycle": "Cycle",
        "cycle.title": "Title",
        "goal.cycle": "Cycle of it",
    },
}


class Company:
    """A workspace with two tables, a person signed in, and what is bound there."""

    def __init__(self, control: ControlPlane, session: requests.Session, *, locale: str, decoys: int = 0) -> None:
        self.control, self.session, self.names = control, session, NAMES[locale]
        self.space = control.build_workspace(f"公司{locale}{decoys}")
        for number in range(decoys):
            self.build("table", space_id=self.space, name=f"旧表{number}", alias="")
        self.bound: dict[Address, RemoteId] = {}
        self.automations: dict[str, str] = {}
        for table in ("goal", "cycle"):
            made = self.build("table", space_id=self.space, name=self.names[table], alias=table)
            self.bound[table_address(table)] = RemoteId(made["table_id"])
        self.field("cycle", "title", kind="text")
        self.field("goal", "weight", kind="number")
        options = ("draft", "sent") if locale == "zh" else ("sent", "draft")
        self.field("goal", "state", kind="choice", options=options)
        target = self.bound[table_address("cycle")]
        self.field("goal", "cycle", kind="relation", target_table_id=target)
        self.held = dict(control.sign_in(self.space))
        self.key = control.mint_key(self.space)

    def build(self, what: str, **body: Any) -> Any:
        return self.control.post(f"build/{what}", body)

    def field(self, table: str, key: str, *, options: tuple[str, ...] = (), **body: Any) -> None:
        names = [{"name": self.names[f"{table}.{key}.{option}"]} for option in options]
        table_id = self.bound[table_address(table)]
        name = self.names[f"{table}.{key}"]
        made = self.build("field", table_id=table_id, name=name, alias=key, options=names, **body)
        self.bound[field_address(table, key)] = RemoteId(made["field_id"])
        for option, entry in zip(options, made["options"], strict=True):
            self.bound[option_address(table, key, option)] = RemoteId(entry["id"])

    def connection(self, **held: str) -> HuobanConnection:
        known = {**self.held, **held}
        who = identity.gateway(
            token=known["access_token"],
            tenant_id=known["tenant_id"],
            token_company=known["token_company"],
            request_id=lambda: "0" * 32,
        )
        return connect(
            options=HuobanOptions(base_url=f"{BASE}/openapi/v1", planes=("v1", "gateway"), rate_per_s=None),
            api_key=self.key,
            session=self.session,
            clock=StillClock(),
            access=PlaneAccess(gateway=who),
        )

    def plane(self, **held: str) -> AutomationPlane:
        found = self.connection(**held).automations
        assert found is not None
        return found

    def place(self) -> Place:
        schema = self.connection().schema_source.observe(workspace=self.space)
        return Place(
            workspace=self.space, schema=schema, bindings=Bindings(self.bound), automations=dict(self.automations)
        )

    def id(self, text: str) -> int:
        return int(self.bound[Address.parse(text)])

    def post(self, sort: str, document: dict[str, Any]) -> str:
        """Build an automation as a person does in the editor."""
        answer = self.session.post(
            f"{BASE}/paas/automation/{sort}",
            data=simplejson.dumps(document).encode(),
            headers={
                "Authorization": f"Bearer {self.held['access_token']}",
                "x-huoban-token-company": self.held["token_company"],
            },
        ).json()
        assert answer["code"] == 0, answer
        data = answer["data"]
        return str(data.get("automation_id") or data.get("button_id"))


@pytest.fixture
def control() -> Iterator[ControlPlane]:
    world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
    session = requests.Session()
    mount(session, create_app(world), BASE)
    found = ControlPlane(control_url=f"{BASE}/_sandbox", session=session, clock=StillClock())
    found.limit_rate(None)
    found.session = session  # type: ignore[attr-defined]
    yield found
    session.close()
    world.close()


@pytest.fixture
def golden(control: ControlPlane) -> Company:
    """Where the automation was built by hand."""
    return Company(control, control.session, locale="zh")  # type: ignore[attr-defined]


@pytest.fixture
def other(control: ControlPlane, golden: Company) -> Company:
    """Another company: other ids, English names, options in another order."""
    return Company(control, control.session, locale="en", decoys=3)  # type: ignore[attr-defined]


def button(company: Company) -> dict[str, Any]:
    """提交目标: a button of every known part, as the editor would save it."""
    goal, weight, state = company.id("table:goal"), company.id("field:goal.weight"), company.id("field:goal.state")
    names = company.names
    launch = {"scope": "launch_item", "type": "launch_item_single", "table_id": goal, "is_array": False}
    sent = f"{names['goal']}.{names['goal.state']}.{names['goal.state.sent']}"
    draft = company.bound[option_address("goal", "state", "draft")]
    return {
        "name": "提交目标",
        "table_id": goal,
        "space_id": int(company.space),
        "condition": {
            "filter": {
                "and": [{"target": {"field_id": state, "table_id": goal}, "query": {"in": [draft], "em": False}}]
            }
        },
        "nodes": [
            {
                "node_type": "item_update",
                "name": "更新数据",
                "table_id": goal,
                "condition": {"filter": {"and": []}},
                "field_params": [
                    {
                        "field_id": weight,
                        "mode": "script",
                        "data_type": "number",
                        "scripts": {
                            "code": "IF({触发的数据.%s}>0,{触发的数据.%s}+1,0)" % ((names["goal.weight"],) * 2),
                            "vars": [{**launch, "data_type": "number", "field_id": weight}] * 2,
                        },
                    },
                    {"field_id": state, "mode": "input", "scripts": {"code": "{C:" + sent + "}", "vars": []}},
                    {
                        "field_id": str(company.id("field:goal.cycle")),
                        "mode": "input",
                        "scripts": {
                            "code": "{触发的数据.数据ID}",
                            "vars": [{**launch, "data_type": "item_id", "field_id": "item_id"}],
                        },
                    },
                ],
            },
            {"node_type": "item_find_multi", "table_id": 0, "return_field_id": weight, "limit": 5000},
            {"node_type": "end"},
        ],
    }


def captured(company: Company, document: dict[str, Any], *, sort: str = "button", key: str = "submit_goals") -> str:
    automation_id = company.post(sort, document)
    company.automations[key] = automation_id
    return company.plane().capture(automation_id=automation_id, key=key, place=company.place())


def moved(text: str, target: Company) -> str:
    """Post a stored document on another workspace and return the id."""
    place = target.place()
    prepared = target.plane().prepare(document=text, source="file.json", place=place)
    posting = target.plane().post(prepared=prepared, place=place, automation_id=None)
    assert posting.differences == ()
    return posting.automation_id


def test_captured_document_holds_addresses_and_no_id_and_no_name(golden: Company) -> None:
    text = captured(golden, button(golden))
    stored = read_captured(text, source="-")
    assert (stored.sort, stored.table, stored.name) == ("button", "table:goal", "提交目标")
    plain = simplejson.dumps(stored.document, ensure_ascii=False)
    for address, remote in golden.bound.items():
        assert len(remote) < 10 or remote not in plain, address
    assert golden.space not in plain
    for name in ("权重", "状态", "待确认"):
        assert name not in plain
    codes = [entry["scripts"]["code"] for entry in stored.document["nodes"][0]["field_params"]]
    assert codes == [
        "IF({触发的数据.$(field:goal.weight)}>0,{触发的数据.$(field:goal.weight)}+1,0)",
        "{C:$(option:goal.state.sent)}",
        "{触发的数据.数据ID}",
    ]
    leaf = stored.document["condition"]["filter"]["and"][0]
    assert leaf["query"] == {"in": [{"$ref": "option:goal.state.draft", "as": "text"}], "em": False}
    assert stored.document["nodes"][1]["return_field_id"] == {"$ref": "field:goal.weight", "as": "int"}
    assert stored.document["nodes"][1] | {"return_field_id": 0} == {
        "node_type": "item_find_multi",
        "table_id": 0,
        "return_field_id": 0,
        "limit": 5000,
    }
    assert not set(stored.document) & {"automation_id", "button_id", "status", "mappings"}


def test_moved_to_another_company_every_id_and_name_is_its_own(golden: Company, other: Company) -> None:
    text = captured(golden, button(golden))
    automation_id = moved(text, other)
    other.automations["submit_goals"] = automation_id
    place = other.place()
    read = other.plane().capture(automation_id=automation_id, key="submit_goals", place=place)
    assert read_captured(read, source="-").document == read_captured(text, source="-").document
    prepared = other.plane().prepare(document=text, source="-", place=place)
    body = simplejson.loads(prepared.body)
    assert {key: body[key] for key in ("table_id", "space_id")} == {
        "table_id": other.id("table:goal"),
        "space_id": int(other.space),
    }
    wished = button(other)
    for mine, theirs in zip(body["nodes"][0]["field_params"], wished["nodes"][0]["field_params"], strict=True):
        assert mine == theirs
    assert body["condition"] == wished["condition"]
    assert prepared.references > 10


def test_bound_again_where_it_came_from_is_the_same_document(golden: Company) -> None:
    document = button(golden)
    text = captured(golden, document)
    prepared = golden.plane().prepare(document=text, source="-", place=golden.place())
    assert simplejson.loads(prepared.body) == {"type": "button", **document}


def test_editor_link_is_of_the_new_workspace(golden: Company, other: Company) -> None:
    place = other.place()
    prepared = other.plane().prepare(document=captured(golden, button(golden)), source="-", place=place)
    posting = other.plane().post(prepared=prepared, place=place, automation_id=None)
    assert posting.editor_url == (
        f"https://app.huoban.com/admin/spaces/{other.space}/tables/{other.id('table:goal')}"
        f"/automations/button/{posting.automation_id}/edit"
    )


def test_posted_again_is_refused_or_replaces_by_id(golden: Company, other: Company) -> None:
    text = captured(golden, button(golden))
    first = moved(text, other)
    with pytest.raises(AmbiguousObjectError) as caught:
        moved(text, other)
    assert caught.value.facts["ids"] == (first,)
    place = other.place()
    prepared = other.plane().prepare(document=text, source="-", place=place)
    posting = other.plane().post(prepared=prepared, place=place, automation_id=first)
    assert (posting.automation_id, posting.differences) == (first, ())
    heads = other.plane().heads(workspace=other.space, table_id=prepared.table_id)
    assert [(head.automation_id, head.sort, head.name, head.status) for head in heads] == [
        (first, "button", "提交目标", "enable")
    ]


def test_called_automation_is_named_by_key_and_its_parameter_ids_are_read_anew(golden: Company, other: Company) -> None:
    def callee(company: Company, own: int) -> dict[str, Any]:
        return {
            "name": "通知",
            "table_id": company.id("table:goal"),
            "tips": "t",
            "params": [{"field_id": own, "param_key": "why", "name": "原因"}],
        }

    called = captured(golden, callee(golden, 2299000000000001), sort="call", key="tell")
    caller = {
        "name": "退回",
        "table_id": golden.id("table:goal"),
        "nodes": [
            {
                "node_type": "on_call",
                "automation_id": int(golden.automations["tell"]),
                "params": [{"field_id": 2299000000000001, "param_key": "why", "value": "x"}],
            },
            {"node_type": "end"},
        ],
    }
    text = captured(golden, caller, key="send_back")
    with pytest.raises(PlanError) as caught:
        other.plane().prepare(document=text, source="-", place=other.place())
    assert {problem.facts["address"] for problem in caught.value.problems} == {"automation:tell", "automation:tell/why"}
    assert read_captured(called, source="-").document["tips"] == "t"
    other.automations["tell"] = other.post("call", callee(other, 2299000000000777))
    body = simplejson.loads(other.plane().prepare(document=text, source="-", place=other.place()).body)
    assert body["nodes"][0]["automation_id"] == int(other.automations["tell"])
    assert body["nodes"][0]["params"] == [{"param_key": "why", "value": "x", "field_id": 2299000000000777}]


@pytest.mark.parametrize(
    ("place", "change", "code"),
    [
        ("nodes", [{"node_type": "end", "table_id": 2199999999999999}], "capture.unknown_id"),
        ("nodes", [{"node_type": "end", "note": 2299999999999999}], "capture.unknown_id"),
        ("nodes", [{"node_type": "end", "user_ids": [1000001]}], "capture.person"),
        ("nodes", [{"node_type": "end", "automation_id": 7500000000000009, "params": []}], "capture.callee_unknown"),
        ("nodes", [{"node_type": "end"}, {"node_type": "end"}], "capture.lint_ends"),
        ("condition", None, "capture.lint_condition_shell"),
    ],
)
def test_what_could_not_be_bound_elsewhere_is_refused_with_its_place(
    golden: Company, place: str, change: Any, code: str
) -> None:
    with pytest.raises(PlanError) as caught:
        captured(golden, {**button(golden), place: change})
    assert code in {problem.code for problem in caught.value.problems}
    assert all(problem.address for problem in caught.value.problems)
    assert said(caught.value)


def scripted(company: Company, code: str, count: int) -> dict[str, Any]:
    document = copy.deepcopy(button(company))
    scripts = document["nodes"][0]["field_params"][0]["scripts"]
    scripts["code"], scripts["vars"] = code, scripts["vars"][:1] * count
    return document


@pytest.mark.parametrize(
    ("code", "count", "problem"),
    [
        ("{触发的数据.权重}+{触发的数据.权重}", 1, "capture.vars_differ"),
        ("{触发的数据.旧名}", 1, "capture.name_differs"),
        ("{C:目标.状态.没有}", 0, "capture.unknown_constant"),
        ("[{C:目标.状态.草稿}]", 0, "capture.lint_bracketed_constant"),
    ],
)
def test_script_whose_names_and_variables_do_not_fit_is_refused(
    golden: Company, code: str, count: int, problem: str
) -> None:
    with pytest.raises(PlanError) as caught:
        captured(golden, scripted(golden, code, count))
    assert problem in {found.code for found in caught.value.problems}


def test_renamed_field_is_noticed_before_it_is_stored(golden: Company) -> None:
    document = button(golden)
    automation_id = golden.post("button", document)
    body = {"object": "field", "table_id": golden.id("table:goal"), "field_id": golden.id("field:goal.weight")}
    golden.control.post("build/update", {**body, "set": {"name": "比重"}})
    with pytest.raises(PlanError) as caught:
        golden.plane().capture(automation_id=automation_id, key="k", place=golden.place())
    assert [problem.code for problem in caught.value.problems] == ["capture.name_differs"]


def test_what_is_not_bound_on_the_other_workspace_is_listed_whole(golden: Company, other: Company) -> None:
    text = captured(golden, button(golden))
    for address in ("field:goal.weight", "option:goal.state.sent"):
        del other.bound[Address.parse(address)]
    with pytest.raises(PlanError) as caught:
        other.plane().prepare(document=text, source="file.json", place=other.place())
    assert {str(problem.facts["address"]) for problem in caught.value.problems} == {
        "field:goal.weight",
        "option:goal.state.sent",
    }
    assert not other.plane().heads(workspace=other.space, table_id=RemoteId(str(other.id("table:goal"))))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("goal.weight", "goal.other"), "capture.edited"),
        (('"format": 1', '"format": 2'), "capture.unreadable"),
        (("{", "["), "capture.unreadable"),
    ],
)
def test_edited_or_damaged_file_is_refused(golden: Company, change: tuple[str, str], code: str) -> None:
    text = captured(golden, button(golden))
    with pytest.raises(PlanError) as caught:
        read_captured(text.replace(*change, 1), source="file.json")
    assert caught.value.code == code
    assert said(caught.value)


# --- rules of automation-plane.md -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "nodes", "code"),
    [
        ("item_trigger", [{"node_type": "interact_item_create"}], "capture.lint_interactive"),
        ("button", [{"node_type": "loop_by_target", "do": [{"type": "loop_by_target"}]}], "capture.lint_nested_loop"),
        (
            "button",
            [{"node_type": "loop_by_target", "do": [{"type": "backfill_trigger"}]}],
            "capture.lint_interactive_in_loop",
        ),
        ("call", [{"node_type": "on_call"}], "capture.lint_call_in_call"),
        ("button", [{"node_type": "api_call", "method": "GET", "req_text_body": "{}"}], "capture.lint_get_with_body"),
        ("button", [{"node_type": "branch", "condition": {"filter": {"and": None}}}], "capture.lint_condition_shell"),
        ("button", [{"vars": [{"tag": "loop_subtable", "target_id": "lp"}], "code": "{a}"}], "capture.lint_loop_id"),
        (
            "button",
            [{"code": "{触发的数据.数据ID}", "vars": [{"type": "launch_item_single", "data_type": "item"}]}],
            "capture.lint_blanked_prefill",
        ),
    ],
)  # fmt: skip
def test_rule_broken_is_said_with_its_place(sort: str, nodes: list[Any], code: str) -> None:
    problems = lint({"nodes": [*nodes, {"node_type": "end"}]}, sort=sort)
    assert [problem.code for problem in problems] == [code]
    assert str(problems[0].address).startswith("nodes[0]")


def test_sound_document_breaks_no_rule(golden: Company) -> None:
    loop = {"id": "lpA1b2C3", "target": {}}
    element = {"tag": "loop_subtable", "target_id": "lpA1b2C3"}
    prefill = {"loop": loop, "field_params": [{"code": "{子表循环的内容.数据ID}", "vars": [element]}]}
    nodes = [{"node_type": "interact_item_create", "sub_tables": [prefill]}, {"node_type": "end"}]
    assert lint({"nodes": nodes}, sort="button") == []
    assert lint(button(golden), sort="button") == []


# --- identity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["documented", "awkward"])
def test_api_key_in_the_place_of_a_token_is_no_administrator(golden: Company, mode: str) -> None:
    golden.control.set_mode(mode)
    with pytest.raises(AccessError) as caught:
        golden.plane(access_token=golden.key).heads(workspace=golden.space, table_id=RemoteId("1"))
    assert (caught.value.code, caught.value.facts["platform_code"]) == ("platform.not_admin", 9600001)
    assert golden.key not in str(caught.value)


@pytest.mark.parametrize("mode", ["documented", "awkward"])
def test_wrong_company_header_ends_in_a_bare_500_and_nothing_is_posted_twice(
    golden: Company, other: Company, mode: str
) -> None:
    golden.control.set_mode(mode)
    text = captured(golden, button(golden))
    place = other.place()
    prepared = other.plane().prepare(document=text, source="-", place=place)
    wrong = other.plane(token_company="ended")
    with pytest.raises(NoAnswerError) as caught:
        wrong.post(prepared=prepared, place=place, automation_id=None)
    assert caught.value.code == "platform.bare_500"
    assert "服务内部错误" in said(caught.value)
    assert not other.plane().heads(workspace=other.space, table_id=prepared.table_id)


def test_reason_of_a_500_is_shown(golden: Company, other: Company) -> None:
    place = other.place()
    prepared = other.plane().prepare(document=captured(golden, button(golden)), source="-", place=place)
    foreign = replace(prepared, body=prepared.body.replace(str(other.id("field:goal.weight")), "2299999999999999"))
    with pytest.raises(RejectedError) as caught:
        other.plane().post(prepared=foreign, place=place, automation_id=None)
    assert "变量无效或不存在" in said(caught.value)


def test_person_without_the_right_may_not_write(golden: Company) -> None:
    text = captured(golden, button(golden))
    member = golden.control.build_member(WorkspaceId(golden.space), name="王芳")
    held = dict(golden.control.sign_in(WorkspaceId(golden.space), member=member, is_admin=False))
    place = golden.place()
    prepared = golden.plane().prepare(document=text, source="-", place=place)
    with pytest.raises(AccessError) as caught:
        golden.plane(**held).post(prepared=prepared, place=place, automation_id=golden.automations["submit_goals"])
    assert caught.value.code == "platform.not_admin"


def test_prober_of_the_gateway(golden: Company) -> None:
    def verdicts(**held: str) -> list[str]:
        prober = golden.connection(**held).prober
        assert prober is not None
        found = prober.probe(workspace=WorkspaceId(golden.space))
        return [finding.code for finding in found if finding.plane == "gateway"]

    assert verdicts() == ["plane.gateway_accepted", "plane.gateway_write_not_proven"]
    assert verdicts(access_token=golden.key) == ["plane.gateway_refused"]
    assert verdicts(access_token="ended") == ["plane.gateway_refused"]


def test_no_secret_in_documents_prepared_bodies_or_errors(golden: Company, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    text = captured(golden, button(golden))
    prepared = golden.plane().prepare(document=text, source="-", place=golden.place())
    golden.control.post("credential", {"credential": golden.held["access_token"], "end": True})
    with pytest.raises(HuobanPerfError) as caught:
        golden.plane().heads(workspace=golden.space, table_id=prepared.table_id)
    seen = [text, repr(prepared), repr(caught.value.facts), str(caught.value), caplog.text, repr(golden.connection())]
    for name in ("access_token", "token_company"):
        assert not [part for part in seen if golden.held[name] in part]
