"""Keys that act as a person: rows and fields that are not theirs are not there, whichever way one asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.unit.sandbox.driver import URL, Sandbox, Table


class Office:
    """A table of results: 员工 (me), 等级 (hidden from me), 备注 (mine to write), and one of people it points to."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.people = {name: self.member(name) for name in ("王芳", "李雷", "韩梅")}
        self.keys = {name: self.key(person) for name, person in self.people.items()}
        self.secret = sandbox.table("保密", [{"name": "名", "is_title": True}])
        self.secret_row = self.secret.create(名="基数 9000")
        fields: list[dict[str, Any]] = [
            {"name": "名", "is_title": True},
            {"name": "等级"},
            {"name": "备注"},
            {"name": "本人", "kind": "member"},
            {"name": "委员", "kind": "members"},
            {"name": "状态", "kind": "choice", "options": ["草稿", "公布"]},
            {"name": "保密", "kind": "relation", "target_table_id": self.secret.table_id},
        ]
        self.table = sandbox.table("结果", fields)
        self.rows = {name: self.result(name) for name in self.people}
        self.permit(self.table)

    def member(self, name: str) -> str:
        made = self.sandbox.control("build/member", {"space_id": self.sandbox.space, "name": name})
        return str(made["user_id"])

    def key(self, person: str) -> str:
        return str(self.sandbox.control("key", {"space_id": self.sandbox.space, "member_id": person})["api_key"])

    def result(self, name: str) -> str:
        draft = self.table.options["草稿"]
        return self.table.create(
            名=f"{name}的结果", 等级="A", 本人=[self.people[name]], 状态=[draft], 保密=[self.secret_row]
        )

    def permit(self, table: Table, **more: Any) -> Any:
        """Give everyone their own rows: all but the grade to see, the note to change."""
        ids = self.table.ids
        own = {"field": ids["本人"], "operator": "eq", "operand": {"me": True}}
        seen = [ids[name] for name in ("名", "备注", "本人", "状态", "保密")]
        usual = {"group": "everyone", "default": True, "rows": own, "visible": seen, "editable": [ids["备注"]]}
        return self.sandbox.raw_control("build/permission", {"table_id": table.table_id, **usual, **more})

    @contextmanager
    def acting(self, name: str) -> Iterator[Table]:
        """Let the table's calls be those of a person."""
        key, self.sandbox.key = self.sandbox.key, self.keys[name]
        try:
            yield self.table
        finally:
            self.sandbox.key = key


@pytest.fixture
def office(sandbox: Sandbox) -> Office:
    return Office(sandbox)


def test_only_own_rows_are_listed_and_counted(office: Office) -> None:
    with office.acting("王芳") as table:
        page = table.list(order={"field_id": "created_on", "type": "asc"})
        assert [item["title"] for item in page["items"]] == ["王芳的结果"]
        assert (page["total"], page["filtered"], page["has_more"]) == (1, 1, False)
        assert set(table.named(page["items"][0])) == {"名", "本人", "状态", "保密"}
    assert office.table.list()["total"] == 3


def test_hidden_field_is_in_no_config_no_item_and_no_filter(office: Office) -> None:
    grade = office.table.ids["等级"]
    with office.acting("王芳") as table:
        config = office.sandbox.call("POST", f"/table/{table.table_id}", {})["table"]["fields"]
        assert grade not in {field["field_id"] for field in config}
        listed = table.list(with_field_config=1)["fields"]
        assert grade not in {field["field_id"] for field in listed}
        assert table.filtered({"field": grade, "query": {"eq": "没有"}}) == ["王芳的结果"]
        office.sandbox.mode("strict")
        code = office.sandbox.code(
            "POST", "/item/list", {"table_id": table.table_id, "filter": {"field": grade, "query": {"eq": "A"}}}
        )
        assert code == 502
        order = {"field_id": grade, "type": "asc"}
        assert office.sandbox.code("POST", "/item/list", {"table_id": table.table_id, "order": order}) == 502


def test_answers_kept_for_the_api_are_not_given_to_a_person(office: Office) -> None:
    grade = office.table.ids["等级"]
    tree = {"field": grade, "query": {"ne": "A"}}
    assert office.table.filtered(tree) == []
    with office.acting("王芳") as table:
        assert table.filtered(tree) == ["王芳的结果"]


def test_other_peoples_rows_are_not_there(office: Office) -> None:
    other = office.rows["李雷"]
    with office.acting("王芳") as table:
        assert office.sandbox.code("POST", f"/item/{other}", {}) == 3500002
        assert table.update(other, 备注="看见了")["code"] == 3500002
        assert office.sandbox.code("DELETE", f"/item/{other}") == 3500002
    assert "备注" not in office.table.read(other)


def test_own_row_may_be_changed_where_that_is_granted_and_nowhere_else(office: Office) -> None:
    own = office.rows["王芳"]
    with office.acting("王芳") as table:
        assert table.update(own, 备注="已阅")["code"] == 0
        refused = table.update(own, 备注="又", 名="改名", 等级="S")
        assert refused["code"] == 502
        assert "名: no right to change it" in refused["message"]
        assert "等级" not in refused["message"]
        assert table.read(own)["备注"] == "已阅"
        assert table.raw_create(备注="新")["code"] == 100
        assert office.sandbox.code("DELETE", f"/item/{own}") == 100
    assert office.table.read(own)["等级"] == "A"


def test_rights_to_add_and_remove_can_be_granted(office: Office) -> None:
    office.permit(office.table, rights=["create", "delete"])
    with office.acting("王芳") as table:
        made = table.raw_create(备注="新")
        assert made["code"] == 0
        assert table.raw_create(备注="新", 等级="S")["code"] == 502
        assert office.sandbox.code("DELETE", f"/item/{office.rows['王芳']}") == 0


def test_relation_to_a_hidden_row_tells_no_title(office: Office) -> None:
    office.sandbox.control(
        "build/permission", {"table_id": office.secret.table_id, "group": "payroll", "rows": {"every": []}}
    )
    with office.acting("王芳") as table:
        shown = table.read(office.rows["王芳"])["保密"]
        assert shown == [{"item_id": office.secret_row, "title": ""}]
        assert office.sandbox.code("POST", "/item/list", {"table_id": office.secret.table_id}) == 3500002
        assert office.sandbox.code("POST", f"/table/{office.secret.table_id}", {}) == 3500002
        tables = office.sandbox.call("POST", "/table/list", {"space_id": office.sandbox.space})["tables"]
        assert [entry["name"] for entry in tables] == ["结果"]
    assert office.table.read(office.rows["王芳"])["保密"][0]["title"] == "基数 9000"


def test_title_is_not_told_when_the_field_it_comes_from_is_hidden(office: Office) -> None:
    office.permit(office.table, visible=[office.table.ids["备注"]])
    with office.acting("王芳") as table:
        assert [item["title"] for item in table.list()["items"]] == [""]


@pytest.mark.parametrize("ticks", [0, 1])
def test_bulk_writes_are_held_to_the_same_rights(office: Office, ticks: int) -> None:
    office.sandbox.mode(bulk_ticks=ticks)
    name, note = office.table.ids["名"], office.table.ids["备注"]
    with office.acting("王芳") as table:
        rows = [{"名": "王芳的结果", "备注": "一"}, {"名": "李雷的结果", "备注": "二"}]
        entries = [{"item_id": office.rows[who], "fields": {note: "批"}} for who in ("王芳", "李雷")]
        body = {"table_id": table.table_id, "update_type": "update", "update_by_fields": ["item_id"], "items": entries}
        assert office.sandbox.code("PUT", "/items", body) == 0
        assert table.upsert("名", rows)["code"] == 0
        deletion = {"table_id": table.table_id, "item_ids": list(office.rows.values())}
        assert office.sandbox.code("DELETE", "/items", deletion) == 0
        office.sandbox.settle()
    assert name
    notes = {who: office.table.read(row).get("备注") for who, row in office.rows.items()}
    assert notes == {"王芳": "批", "李雷": None, "韩梅": None}
    assert office.table.list()["total"] == 3


def test_groups_differ_and_a_person_is_in_one(office: Office) -> None:
    everything = list(office.table.ids.values())
    office.permit(office.table, group="hr", default=False, rows={"every": []}, visible=everything, editable=everything)
    office.sandbox.control("build/membership", {"member_id": office.people["韩梅"], "group": "hr"})
    with office.acting("韩梅") as table:
        assert table.list()["total"] == 3
        assert table.update(office.rows["李雷"], 等级="B")["code"] == 0
    office.sandbox.control("build/membership", {"member_id": office.people["韩梅"], "group": "everyone"})
    with office.acting("韩梅") as table:
        assert table.list()["total"] == 1
    office.sandbox.control("build/membership", {"member_id": office.people["韩梅"], "group": "nobody"})
    with office.acting("韩梅") as table:
        assert office.sandbox.code("POST", "/item/list", {"table_id": table.table_id}) == 3500002


def test_rule_of_states_and_committees(office: Office) -> None:
    ids = office.table.ids
    published = {"field": ids["状态"], "operator": "in", "operand": {"value": [office.table.options["公布"]]}}
    committee = {
        "every": [
            {"field": ids["委员"], "operator": "eq", "operand": {"me": True}},
            {"field": ids["本人"], "operator": "ne", "operand": {"me": True}},
        ]
    }
    office.permit(office.table, rows={"some": [published, committee]})
    members = [office.people["王芳"], office.people["韩梅"]]
    for row in office.rows.values():
        office.table.update(row, 委员=members)
    with office.acting("王芳") as table:
        assert sorted(item["title"] for item in table.list()["items"]) == ["李雷的结果", "韩梅的结果"]
    with office.acting("李雷") as table:
        assert table.list()["items"] == []
    office.table.update(office.rows["李雷"], 状态=[office.table.options["公布"]])
    with office.acting("李雷") as table:
        assert [item["title"] for item in table.list()["items"]] == ["李雷的结果"]


def test_moving_a_row_away_takes_effect_at_once(office: Office) -> None:
    with office.acting("王芳") as table:
        assert table.list()["total"] == 1
    office.table.update(office.rows["王芳"], 本人=[office.people["李雷"]])
    with office.acting("王芳") as table:
        assert table.list()["total"] == 0
    with office.acting("李雷") as table:
        assert table.list()["total"] == 2


def test_table_without_groups_is_open_and_the_api_sees_all(office: Office) -> None:
    open_table = office.sandbox.table("公开", [{"name": "名"}])
    with office.acting("王芳"):
        assert open_table.create(名="甲")
    assert office.table.list()["total"] == 3


def test_removed_field_closes_the_rule_that_spoke_of_it(office: Office) -> None:
    body = {"object": "field", "table_id": office.table.table_id, "field_id": office.table.ids["本人"]}
    office.sandbox.control("build/delete", body)
    with office.acting("王芳") as table:
        assert office.sandbox.code("POST", "/item/list", {"table_id": table.table_id}) == 3500002


def test_events_of_a_restricted_table_are_not_given_to_a_person(office: Office) -> None:
    body = {"source_type": "table", "source_id": office.table.table_id, "events": ["item.update"]}
    with office.acting("王芳"):
        assert office.sandbox.code("POST", "/event/subscribe", body) == 100
    assert office.sandbox.code("POST", "/event/subscribe", body) == 0


def test_file_is_known_to_its_uploader_and_to_those_who_see_where_it_is(office: Office) -> None:
    office.table.field("凭证", kind="file")
    office.permit(office.table, visible=[office.table.ids["凭证"]])

    def upload(name: str) -> str:
        parts = {"type": (None, "attachment"), "name": (None, name), "source": (name, b"x")}
        headers = {"Open-Authorization": f"Bearer {office.sandbox.key}"}
        answer = office.sandbox.session.post(f"{URL}/openapi/v1/file/upload", files=parts, headers=headers).json()
        return str(answer["data"]["file_id"])

    def known(name: str, *ids: str) -> list[str]:
        with office.acting(name):
            files = office.sandbox.call("POST", "/file/list", {"file_ids": list(ids)})["files"]
        return [file["name"] for file in files]

    proof = upload("王芳的凭证")
    office.table.update(office.rows["王芳"], 凭证=[proof])
    with office.acting("李雷"):
        own = upload("李雷的文件")
    assert known("王芳", proof, own) == ["王芳的凭证"]
    assert known("李雷", proof, own) == ["李雷的文件"]
    assert known("韩梅", proof, own) == []
    files = office.sandbox.call("POST", "/file/list", {"file_ids": [proof, own]})["files"]
    assert len(files) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"group": ""},
        {"rights": ["fly"]},
        {"visible": ["2299999999999999"]},
        {"rows": {"field": "2299999999999999", "operator": "eq", "operand": {"me": True}}},
        {"rows": {"operator": "eq"}},
        {"rows": []},
    ],
)
def test_definition_that_makes_no_sense_is_refused(office: Office, change: dict[str, Any]) -> None:
    assert office.permit(office.table, **change)["code"] == 502
    ids = office.table.ids
    for operator, operand in (("like", {"me": True}), ("eq", {}), ("eq", "me")):
        rows = {"field": ids["本人"], "operator": operator, "operand": operand}
        assert office.permit(office.table, rows=rows)["code"] == 502
