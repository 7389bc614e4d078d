"""One afternoon of an admin at the terminal: deploy, hand edits, conflict, adoption, rename, destruction, rollback.

``TRANSCRIPT=file pytest tests/cli/test_session.py`` writes down what was typed and printed.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.core.addresses import Address, Bindings, RemoteId
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.profile import connect, load_profile
from huoban_perf.template import compile_schema, load_template
from tests.cli.desk import Desk, Said, little_template, too_wide, write_profile


class Afternoon:
    """A home with a template of its own, and a memory of what was said."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.template = little_template(desk.home.with_name("acme"))
        self.told: list[str] = []
        settings: dict[str, object] = {"platform": "sandbox", "planes": ["v1", "builder"], "api_key": None}
        write_profile(desk.home, template=str(self.template), **settings)

    def type(self, *words: str, exit_code: Exit = Exit.DONE) -> Said:
        said = self.desk.run("--profile", "production", *words)
        spoken = [part.rstrip() for part in (said.out, said.err) if part.strip()]
        self.told += [f"$ huoban-perf {' '.join(words)}", *spoken, f"(exit {int(said.exit)})", ""]
        assert said.exit is exit_code, said
        assert too_wide(said.out) == []
        return said

    def note(self, text: str) -> None:
        self.told += [f"# {text}"]

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.template / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def tables(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.desk.dump()[0]["tables"]
        return found

    def in_the_page(self, path: str, **body: Any) -> Any:
        """A person does something in the web page."""
        profile = load_profile("production", environ={"HUOBAN_PERF_HOME": str(self.desk.home)})
        with connect(profile, clock=SystemClock(), environ={}) as site:
            assert site.control is not None
            return site.control.post(path, {"space_id": site.workspace, **body})

    def field(self, table: str, name: str) -> dict[str, str]:
        found = next(one for one in self.tables() if one["name"] == table)
        field_id = next(one["field_id"] for one in found["fields"] if one["name"] == name)
        return {"table_id": found["table_id"], "field_id": field_id}

    def fill(self) -> None:
        """People enter items."""
        desired = compile_schema(load_template(str(self.template)))
        raw = self.desk.run("--profile", "production", "state", "list", "-o", "json").json["objects"]
        ids = Bindings({Address.parse(key): RemoteId(known["remote_id"]) for key, known in raw.items()})
        profile = load_profile("production", environ={"HUOBAN_PERF_HOME": str(self.desk.home)})
        with connect(profile, clock=SystemClock(), environ={}) as site:
            sink = site.connection.item_sink
            team, person = (replace(table, key_field="code") for table in desired.tables)
            row = ItemWrite(key="T1", values={"name": "销售", "code": "T1"})
            sink.submit(batch=WriteBatch(table=team, mode=WriteMode.UPSERT, rows=(row,)), bindings=ids)
            site.connection.traffic.traffic()
            rows = tuple(
                ItemWrite(key=code, values={"name": name, "code": code, "level": "high"})
                for name, code in (("张三", "1"), ("李四", "2"))
            )
            sink.submit(batch=WriteBatch(table=person, mode=WriteMode.UPSERT, rows=rows), bindings=ids)
            assert site.control is not None
            site.control.advance(60)
            list(site.connection.member_source.members(workspace=site.workspace))


def people(afternoon: Afternoon) -> list[str]:
    """What the table of people holds, ids left out."""
    table = next(one for one in afternoon.tables() if one["name"] == "人员")
    names = {field["field_id"]: field["name"] for field in table["fields"]}
    return sorted(
        str({names[key]: str(value) for key, value in item["fields"].items() if value}) for item in table["items"]
    )


@pytest.fixture
def afternoon(desk: Desk) -> Afternoon:
    return Afternoon(desk)


def test_an_afternoon(afternoon: Afternoon) -> None:
    type_, note, edit = afternoon.type, afternoon.note, afternoon.edit
    note("部署")
    type_("plan")
    type_("apply", "--yes")
    afternoon.fill()

    note("有人在网页上把字段「姓名」改名为「名字」")
    afternoon.in_the_page("build/update", object="field", set={"name": "名字"}, **afternoon.field("人员", "姓名"))
    said = type_("drift", "--detailed-exitcode", exit_code=Exit.DIFFERENCES)
    assert "名称: 名字 → 姓名" in said.out
    assert "工作区被手工改动" in said.out

    note("模板同时也改了这个名字: 冲突")
    edit("tables/person.yaml", "zh: 姓名", "zh: 员工姓名")
    assert "冲突" in type_("plan").out
    assert "没有做任何改动" in type_("apply", "--yes", exit_code=Exit.REFUSED).err
    type_("apply", "--yes", "--overwrite", "field:person.name")

    note("有人手工建了「客 户」; 模板加了「客户」")
    made = afternoon.in_the_page("build/table", name="客 户")
    afternoon.in_the_page("build/field", table_id=made["table_id"], name="客户名称", kind="text")
    edit("app.yaml", "order: [team, person]", "order: [team, person, client]")
    (afternoon.template / "tables" / "client.yaml").write_text(
        "key: client\nlabels: {zh: 客户, en: Client}\ntitle: name\nfields:\n"
        "  - {key: name, labels: {zh: 客户名称, en: Client name}, kind: text}\n",
        encoding="utf-8",
    )
    assert "客 户" in type_("adopt").out
    assert "已认领 2 个对象" in type_("adopt", "--similar", "--yes", "--all").out
    type_("apply", "--yes")

    note("模板给字段换键: person.name → person.full_name")
    edit("tables/person.yaml", "{key: name,", "{key: full_name,")
    edit("tables/person.yaml", "title: name", "title: full_name")
    edit("app.yaml", "moved: []", "moved:\n  - {from: field:person.name, to: field:person.full_name}")
    assert "键已改名" in type_("apply").out
    type_("apply", "--yes")

    note("模板去掉了「人员」表: 默认只是不再管理")
    before = people(afternoon)
    assert len(before) == 2
    edit("app.yaml", "order: [team, person, client]", "order: [team, client]")
    edit("app.yaml", "moved:\n  - {from: field:person.name, to: field:person.full_name}", "moved: []")
    (afternoon.template / "tables" / "person.yaml").unlink()
    assert "不再管理" in type_("plan").out
    note("命令行同意删除, 模板没有同意")
    said = type_("apply", "--yes", "--allow-delete", "table:person", exit_code=Exit.REFUSED)
    assert "模板没有同意" in said.err
    assert people(afternoon) == before

    note("模板也同意了")
    edit("app.yaml", "  allow_delete: []", "  allow_delete: [table:person]")
    said = type_("apply", "--allow-delete", "table:person")
    assert "[会丢数据]" in said.out
    assert "回滚也恢复不了的" in said.out
    said = type_("apply", "--yes", "--allow-delete", "table:person")
    assert "已留快照" in said.out
    assert [one["name"] for one in afternoon.tables()] == ["团队", "客户"]

    note("后悔了")
    type_("rollback", "--list")
    assert "尚未执行" in type_("rollback").out
    type_("rollback", "--yes")
    assert people(afternoon) == before
    type_("rollback", "--yes")
    if file := os.environ.get("TRANSCRIPT"):
        Path(file).write_text("\n".join(afternoon.told), encoding="utf-8")
