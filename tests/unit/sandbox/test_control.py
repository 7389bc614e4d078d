"""The control plane: building, seeding, dumping, clock, limits, statistics."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.driver import Sandbox


def _two_tables(sandbox: Sandbox) -> None:
    person = sandbox.table("人", [{"name": "名", "is_title": True}, {"name": "工号", "unique": True}])
    team = sandbox.table("组", [{"name": "名", "is_title": True}, {"name": "数", "kind": "number"}])
    team.field("成员", "relation", target_table_id=person.table_id, many=True)
    team.field("状态", "choice", options=["启用", "停用"])
    user = sandbox.control("build/member", {"space_id": sandbox.space, "name": "张三"})["user_id"]
    team.field("负责人", "member")
    people = [person.create(名="同名", 工号=number) for number in ("1", "2")]
    team.create(名="甲组", 数=5, 成员=people[::-1], 状态=["2"], 负责人=[user])
    for sort in ("view", "automation"):
        body = {"table_id": team.table_id, "name": sort, "alias": "x", "definition": {"b": 1, "a": [2]}}
        sandbox.control(f"build/{sort}", body)


def test_same_script_gives_the_same_bytes() -> None:
    texts = []
    for _ in range(2):
        sandbox = Sandbox(seed=3).begin()
        _two_tables(sandbox)
        answer = sandbox.session.get("http://sandbox.test/_sandbox/dump")
        texts.append((sandbox.key, answer.content))
        sandbox.close()
    assert texts[0] == texts[1]
    assert len(texts[0][0]) == 40


def test_another_seed_gives_other_ids() -> None:
    first, second = Sandbox(seed=1).begin(), Sandbox(seed=2).begin()
    assert first.space != second.space
    assert first.key != second.key
    assert first.space.startswith("40")
    assert len(first.space) == 16
    first.close()
    second.close()


def test_dump_without_ids_compares_worlds_by_content_and_loads_again(sandbox: Sandbox) -> None:
    _two_tables(sandbox)
    content = sandbox.look("dump?ids=0")
    [group] = [table for table in content["workspaces"][0]["tables"] if table["name"] == "组"]
    assert group["items"] == [{"名": "甲组", "数": "5", "成员": ["2", "1"], "状态": ["停用"], "负责人": ["张三"]}]
    assert group["views"] == [{"name": "view", "alias": "x", "definition": {"a": [2], "b": 1}}]
    other = Sandbox(seed=99)
    made = other.control("load", {**content, "keys": [{"name": "main", "workspace": "空间"}]})
    assert other.look("dump?ids=0") == content
    other.key = made["keys"]["main"]
    assert len(other.call("POST", "/table/list", {"space_id": made["workspaces"]["空间"]})["tables"]) == 2
    other.close()


@pytest.mark.parametrize(
    "body",
    [
        {"workspaces": [{"name": "甲", "tables": [{"name": "t", "fields": [{"name": "f", "kind": "relation",
                                                                           "target": "x"}]}]}]},
        {"workspaces": [{"name": "甲", "tables": [{"name": "t", "fields": [], "items": [{"nothing": 1}]}]}]},
        {"workspaces": [{"tables": []}]},
        {"workspaces": "x"},
        {"keys": [{"name": "k", "workspace": "none"}]},
        {"workspaces": [{"name": "甲", "tables": [{"name": "t", "fields": [{"name": "f", "kind": "what"}]}]}]},
        {"workspaces": [{"name": "甲", "tables": [{"name": "t", "fields": [{"name": "f", "kind": "number"}],
                                                  "items": [{"f": "x"}]}]}]},
    ],
)  # fmt: skip
def test_load_is_whole_or_not_at_all(sandbox: Sandbox, body: Any) -> None:
    before = sandbox.look("dump")
    assert sandbox.raw_control("load", body)["code"] == 502
    assert sandbox.look("dump") == before


def test_names_may_repeat_in_dump_and_load() -> None:
    sandbox = Sandbox().begin()
    sandbox.mode(same_field_name="allow")
    for _ in range(2):
        sandbox.control("build/table", {"space_id": sandbox.space, "name": "同名", "alias": ""})
    table = sandbox.table("同名", [{"name": "名"}, {"name": "名", "alias": "b"}])
    body = {"table_id": table.table_id, "fields": {table.ids["名"]: "二"}}
    sandbox.call("POST", "/item", body)
    content = sandbox.look("dump?ids=0")
    assert [entry["items"] for entry in content["workspaces"][0]["tables"] if entry["items"]] == [[{"名#2": "二"}]]
    other = Sandbox()
    other.control("load", content)
    assert other.look("dump?ids=0") == content
    sandbox.close()
    other.close()


def test_builder_changes_and_deletes(sandbox: Sandbox) -> None:
    table = sandbox.table(
        "物", [{"name": "名", "is_title": True}, {"name": "选", "kind": "choice", "options": ["甲", "乙"]}]
    )
    item_id = table.create(名="x", 选=["2"])
    place = {"table_id": table.table_id, "field_id": table.ids["选"]}
    sandbox.control(
        "build/update", {"object": "table", "table_id": table.table_id, "set": {"name": "改", "alias": "new"}}
    )
    sandbox.control(
        "build/update", {"object": "field", **place, "set": {"name": "选项", "required": True, "help": "说明"}}
    )
    sandbox.control(
        "build/update", {"object": "option", **place, "option_id": "2", "set": {"name": "丙", "color": "red"}}
    )
    assert sandbox.control("build/option", {**place, "name": "丁", "color": None}) == {"id": "3"}
    config = sandbox.call("POST", f"/table/{table.table_id}", {})["table"]
    assert (config["name"], config["alias"]) == ("改", "new")
    assert (config["fields"][1]["name"], config["fields"][1]["required"]) == ("选项", True)
    assert [option["name"] for option in config["fields"][1]["config"]["options"]] == ["甲", "丙", "丁"]
    assert table.read(item_id)["选"] == [{"id": "2", "name": "丙"}]
    sandbox.control("build/delete", {"object": "option", **place, "option_id": "2"})
    assert "选" not in table.read(item_id)
    assert sandbox.control("build/option", {**place, "name": "戊", "color": None}) == {"id": "4"}
    sandbox.control("build/delete", {"object": "field", **place})
    view = sandbox.control("build/view", {"table_id": table.table_id, "name": "v", "alias": "v", "definition": {}})
    sandbox.control("build/delete", {"object": "view", **view})
    sandbox.control("build/delete", {"object": "table", "table_id": table.table_id})
    assert sandbox.code("POST", f"/item/{item_id}", {}) == 3500002
    assert sandbox.call("POST", "/table/list", {"space_id": sandbox.space})["tables"] == []


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("build/workspace", {}, 502),
        ("build/table", {"space_id": "4099999999999999", "name": "x"}, 3500002),
        ("build/member", {"space_id": "4099999999999999", "name": "x"}, 3500002),
        ("build/field", {"table_id": "T", "name": "x", "kind": "nothing"}, 502),
        ("build/field", {"table_id": "T", "name": "x", "kind": "relation"}, 502),
        ("build/field", {"table_id": "T", "name": "x", "kind": "relation", "target_table_id": "21"}, 3500002),
        ("build/field", {"table_id": "T", "name": "x", "kind": "text", "options": [{"name": "o"}]}, 502),
        ("build/field", {"table_id": "T", "name": "x", "kind": "choice", "options": ["o"]}, 502),
        ("build/field", {"table_id": "T", "name": "名", "kind": "text"}, 502),
        ("build/option", {"table_id": "T", "field_id": "F", "name": "x"}, 502),
        ("build/option", {"table_id": "T", "field_id": "1", "name": "x"}, 3500002),
        ("build/update", {"object": "table", "table_id": "T", "set": {"kind": "x"}}, 502),
        ("build/update", {"object": "field", "table_id": "T", "field_id": "1", "set": {}}, 3500002),
        ("build/update", {"object": "option", "table_id": "T", "field_id": "F", "option_id": "1", "set": {}}, 3500002),
        ("build/update", {"object": "view", "table_id": "T", "set": {}}, 502),
        (
            "build/update",
            {"object": "field", "table_id": "T", "field_id": "F", "set": {"target_table_id": "5"}},
            3500002,
        ),
        ("build/delete", {"object": "table", "table_id": "5"}, 3500002),
        ("build/delete", {"object": "view", "view_id": "5"}, 3500002),
        ("build/delete", {"object": "all"}, 502),
        ("build/delete", {"object": "option", "table_id": "T", "field_id": "F", "option_id": "1"}, 3500002),
        ("build/nothing", {}, 501),
        ("nothing", {}, 501),
        ("key", {"space_id": "5"}, 3500002),
        ("key", {"space_id": "S", "member_id": "5"}, 502),
        ("key", {"space_id": "S", "callback_url": "http://example.com/"}, 502),
        ("key", {"space_id": "S", "callback_url": "ftp://127.0.0.1/"}, 502),
        ("callback_address", {"api_key": "x"}, 100),
        ("limits", {"per_second": -1}, 502),
        ("mode", {"mode": "nothing"}, 502),
        ("faults", {"faults": [{"kind": "flood", "endpoint": "/items"}]}, 502),
        ("faults", {"faults": [{"kind": "html"}]}, 502),
        ("faults", {}, 502),
        ("clock", {"advance_s": -1}, 502),
    ],
)
def test_control_call_without_meaning_is_refused(sandbox: Sandbox, path: str, body: dict[str, Any], code: int) -> None:
    table = sandbox.table("物", [{"name": "名"}])
    known = {"T": table.table_id, "F": table.ids["名"], "S": sandbox.space}
    before = sandbox.look("dump")
    answer = sandbox.raw_control(path, {name: known.get(str(value), value) for name, value in body.items()})
    assert (answer["code"], sandbox.status) == (code, 200)
    assert sandbox.look("dump") == before


def test_reset_begins_again(sandbox: Sandbox) -> None:
    sandbox.table("物", [{"name": "名"}]).create(名="x")
    sandbox.mode("strict")
    key, space = sandbox.key, sandbox.space
    sandbox.control("reset")
    stats = sandbox.look("stats")
    assert (stats["requests"], stats["now"]) == (0, "2024-03-04 09:00:00")
    assert sandbox.look("dump")["spaces"] == []
    assert sandbox.look("mode")["mode"] == "documented"
    assert sandbox.code("GET", "/space/list") == 100
    sandbox.begin()
    assert (sandbox.key, sandbox.space) == (key, space)


def test_keys_are_stored_as_digests_only(sandbox: Sandbox) -> None:
    assert sandbox.key not in "".join(sandbox.world.store._connection.iterdump())
    assert sandbox.key not in str(sandbox.look("dump"))


def test_statistics_count_requests_and_writes(sandbox: Sandbox) -> None:
    before = sandbox.look("stats")
    table = sandbox.table("物", [{"name": "名"}])
    table.create(名="x")
    table.list()
    sandbox.raw("POST", "/item", {})
    sandbox.raw("GET", "/space/list", headers={})
    after = sandbox.look("stats")
    assert after["requests"] - before["requests"] == 6
    assert after["writes"] - before["writes"] == 4
    assert after["by_endpoint"]["POST /item"] == 2
    assert after["by_endpoint"]["GET /space/list"] == 1


def test_throttle_counts_real_seconds_a_key(sandbox: Sandbox) -> None:
    sandbox.control("limits", {"per_second": 10})
    codes = [sandbox.code("GET", "/space/list") for _ in range(11)]
    assert codes == [0] * 10 + [429]
    assert sandbox.status == 429
    other = sandbox.control("key", {"space_id": sandbox.space})["api_key"]
    assert sandbox.raw("GET", "/space/list", headers={"Open-Authorization": f"Bearer {other}"})["code"] == 0
    sandbox.clock.sleep(1.0)
    assert sandbox.code("GET", "/space/list") == 0


def test_a_new_world_limits_to_ten_a_second() -> None:
    sandbox = Sandbox(limit=10)
    sandbox.control("reset")
    sandbox.begin()
    assert [sandbox.code("GET", "/space/list") for _ in range(12)].count(429) == 2
    sandbox.close()


def test_clock_advances_and_words_follow(sandbox: Sandbox) -> None:
    table = sandbox.table("物", [{"name": "名"}])
    table.create(名="x")
    assert table.found("created_on", eq="today") == ["x"]
    assert sandbox.control("clock", {"advance_s": 86_400})["now"].startswith("2024-03-05")
    assert table.found("created_on", eq="today") == []
    assert table.found("created_on", eq="yesterday") == ["x"]


def test_trace_ids_never_repeat(sandbox: Sandbox) -> None:
    traces = []
    for _ in range(5):
        traces.append(sandbox.raw("GET", "/space/list")["meta"]["trace_id"])
        sandbox.control("clock", {"advance_s": 1})
    assert len(set(traces)) == 5
    assert all(len(trace) == 16 and trace.startswith("17095") for trace in traces)
