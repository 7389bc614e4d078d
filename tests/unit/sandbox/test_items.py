"""Single items: exact numbers, refusals that name the field, tolerant input, mode strict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.sandbox.driver import Sandbox, Table


@pytest.fixture
def table(sandbox: Sandbox) -> Table:
    target = sandbox.table("目标", [{"name": "题", "is_title": True}])
    sandbox.control("build/member", {"space_id": sandbox.space, "name": "张三"})
    return sandbox.table(
        "物",
        [
            {"name": "名", "is_title": True, "required": True},
            {"name": "数", "kind": "number"},
            {"name": "日", "kind": "date"},
            {"name": "时", "kind": "datetime"},
            {"name": "选", "kind": "choice", "options": ["甲", "乙"]},
            {"name": "多选", "kind": "choices", "options": ["甲", "乙"]},
            {"name": "人", "kind": "member"},
            {"name": "关联", "kind": "relation", "target_table_id": target.table_id},
            {"name": "开关", "kind": "switch"},
            {"name": "位置", "kind": "location"},
            {"name": "附件", "kind": "file"},
            {"name": "键", "unique": True},
            {"name": "编号", "kind": "auto_number"},
            {"name": "公式", "kind": "formula"},
        ],
    )


@pytest.mark.parametrize(
    "number",
    [
        0,
        -1,
        10**14,
        Decimal("0.1"),
        Decimal("12345678901234567.123456789"),
        Decimal("1E-7"),
        Decimal("5.00"),
        2**53 + 1,
    ],
)
def test_number_comes_back_digit_by_digit(table: Table, number: int | Decimal) -> None:
    read = table.read(table.create(名="甲", 数=number))["数"]
    assert read == number
    assert not isinstance(read, float)


def test_auto_number_counts(table: Table) -> None:
    assert [table.read(table.create(名="甲"))["编号"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("名", 5),
        ("名", ["x"]),
        ("数", "5"),
        ("数", True),
        ("数", Decimal("1E+999999")),
        ("日", "2024-02-30"),
        ("日", "4. März"),
        ("日", 20240304),
        ("时", "2024-03-04 25:00:00"),
        ("时", "2024-03-04T10:00:00"),
        ("选", "1"),
        ("选", ["1", "2"]),
        ("选", ["3"]),
        ("多选", [["1"]]),
        ("人", ["7"]),
        ("人", ["张三"]),
        ("关联", ["2399999999999999"]),
        ("关联", ["-1"]),
        ("关联", ["1" * 40]),
        ("开关", "yes"),
        ("位置", "青岛"),
        ("附件", ["1"]),
    ],
)
def test_value_that_does_not_fit_is_refused_by_name(table: Table, field: str, value: object) -> None:
    table.sandbox.mode("strict")
    answer = table.raw_create(**{"名": "甲", field: value})
    assert answer["code"] == 502
    assert f"{table.ids[field]} ({field}: " in answer["message"]
    assert table.list()["total"] == 0


def test_strict_mode_names_every_fault_at_once(table: Table) -> None:
    table.sandbox.mode("strict")
    table.create(名="甲", 键="一")
    answer = table.raw_create(数="x", 公式=1, 位置=3, **{"2299999999999999": 1})
    for name in ("数: ", "公式: ", "位置: ", "名: required", "2299999999999999"):
        assert name in answer["message"]
    assert "键: another item" in table.raw_create(名="乙", 键="一")["message"]
    item_id = table.create(名="丙", 键="二")
    assert "键: another item" in table.update(item_id, 键="一")["message"]
    assert table.update(item_id, 键="二")["code"] == 0
    assert "名: required" in table.update(item_id, 名=None)["message"]
    assert table.update(item_id, 数=1)["code"] == 0


@pytest.mark.parametrize(
    ("field", "empty"), [("数", None), ("数", ""), ("多选", []), ("多选", None), ("键", ""), ("位置", None)]
)
def test_empty_clears(table: Table, field: str, empty: object) -> None:
    values: dict[str, Any] = {"数": 5, "多选": ["1"], "键": "k", "位置": {"name": "青岛"}}
    item_id = table.create(名="甲", **{field: values[field]})
    assert field in table.read(item_id)
    assert table.update(item_id, **{field: empty})["code"] == 0
    assert field not in table.read(item_id)


def test_dates_become_the_form_of_their_field(table: Table) -> None:
    read = table.read(table.create(名="甲", 日="2024-03-04 10:11:12", 时="2024-03-04"))
    assert (read["日"], read["时"]) == ("2024-03-04", "2024-03-04 00:00:00")


def test_title_follows_its_field(table: Table, sandbox: Sandbox) -> None:
    item_id = table.create(名="甲", 选=["2"], 数=Decimal("5.50"))
    for name, title in (("选", "乙"), ("数", "5.5"), ("名", "甲")):
        body = {"object": "field", "table_id": table.table_id, "field_id": table.ids[name], "set": {"is_title": True}}
        sandbox.control("build/update", body)
        assert sandbox.call("POST", f"/item/{item_id}", {})["item"]["title"] == title


def test_clock_moves_a_second_with_each_accepted_write_only(table: Table, sandbox: Sandbox) -> None:
    before = sandbox.look("stats")["now"]
    table.raw_create(数=1)
    table.list()
    assert sandbox.look("stats")["now"] == before
    table.create(名="甲")
    assert sandbox.look("stats")["now"] == before[:-2] + f"{int(before[-2:]) + 1:02}"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b" ", b"\xef\xbb\xbf{}"])
def test_empty_body_in_any_form(table: Table, sandbox: Sandbox, body: bytes) -> None:
    assert sandbox.raw("POST", f"/table/{table.table_id}", body)["code"] == 0


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"x"', b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"n": ' + b"9" * 5000 + b"}"]
)
def test_broken_body_is_an_answer(table: Table, sandbox: Sandbox, body: bytes) -> None:
    assert sandbox.raw("POST", f"/table/{table.table_id}", body)["code"] == 502


def test_half_a_character_is_an_answer(table: Table, sandbox: Sandbox) -> None:
    body = b'{"table_id":"%s","fields":{"%s":"\\ud800"}}' % (table.table_id.encode(), table.ids["名"].encode())
    assert sandbox.raw("POST", "/item", body)["code"] == 502
    assert table.list()["total"] == 0


def test_ids_may_come_as_numbers(table: Table, sandbox: Sandbox) -> None:
    fields = {table.ids["名"]: "甲", table.ids["选"]: [2]}
    answer = sandbox.call("POST", "/item", {"table_id": int(table.table_id), "fields": fields})
    assert answer["item"]["fields"][table.ids["选"]] == [{"id": "2", "name": "乙"}]


def test_key_of_a_member_writes_in_the_members_name(table: Table, sandbox: Sandbox) -> None:
    user_id = sandbox.call("POST", "/space/member/list", {"space_id": sandbox.space})["users"][0]["user_id"]
    sandbox.key = sandbox.control("key", {"space_id": sandbox.space, "member_id": user_id})["api_key"]
    item_id = table.create(名="甲", 人=[user_id])
    item = sandbox.call("POST", f"/item/{item_id}", {})["item"]
    assert item["created_by"] == {"user_id": user_id, "name": "张三", "avatar": ""}
    assert table.found("人", **{"in": ["myself"]}) == ["甲"]


def test_item_of_another_workspace_is_not_there(table: Table, sandbox: Sandbox) -> None:
    item_id = table.create(名="甲")
    other = sandbox.control("build/workspace", {"name": "别处"})["space_id"]
    sandbox.key = sandbox.control("key", {"space_id": other})["api_key"]
    for method in ("POST", "PUT", "DELETE"):
        assert sandbox.code(method, f"/item/{item_id}", {"fields": {}}) == 3500002
    assert sandbox.code("POST", "/items", {"table_id": table.table_id, "items": [{"fields": {}}]}) == 3500002


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/item/1"), ("POST", "/item/list/1"), ("POST", "/items/1"), ("PATCH", "/item/1"), ("POST", "/item/abc"),
     ("GET", "/"), ("POST", "/space/list"), ("GET", "/../x")],
)  # fmt: skip
def test_unknown_call_is_501_in_the_envelope(sandbox: Sandbox, method: str, path: str) -> None:
    assert sandbox.raw(method, path)["code"] == 501


def test_files_are_uploaded_stored_and_told(table: Table, sandbox: Sandbox) -> None:
    url, headers = "http://sandbox.test/openapi/v1/file/upload", {"Open-Authorization": f"Bearer {sandbox.key}"}
    parts: dict[str, Any] = {"source": ("a.txt", b"text")}
    for form in ({"type": "attachment"}, {"name": "a.txt"}, {"type": "other", "name": "a.txt"}):
        assert sandbox.session.post(url, data=form, files=parts, headers=headers).json()["code"] == 502
    form = {"type": "attachment", "name": "a.txt"}
    file_id = sandbox.session.post(url, data=form, files=parts, headers=headers).json()["data"]["file_id"]
    [shown] = table.read(table.create(名="甲", 附件=[file_id]))["附件"]
    assert (shown["file_id"], shown["name"], shown["size"]) == (file_id, "a.txt", 4)
    assert sandbox.call("POST", "/file/list", {"file_ids": [file_id]})["files"][0]["name"] == "a.txt"


def test_awkward_mode_still_reads_back_what_was_written(table: Table, sandbox: Sandbox) -> None:
    sandbox.mode("awkward")
    item_id = table.create(名="甲", 数=5, 选=["1"])
    read = table.read(item_id)
    assert (read["名"], read["数"], read["日"], read["选"][0]["id"]) == ("甲", 5, None, "1")
