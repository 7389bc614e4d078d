"""One afternoon of an admin at the terminal: deploy, hand edits, conflict, adoption, rename, destruction, rollback.

``TRANSCRIPT=file pytest tests/cli/test_session.py`` writes down what was typed and printed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.cli.exits import Exit
from huoban_perf.template import find_template
from tests.cli.desk import Desk, Said, too_wide, write_profile


class Afternoon:
    """A home with a deployed company, a template of its own, and a memory of what was said."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.template = desk.home.with_name("acme")
        self.told: list[str] = []
        shutil.copytree(find_template("performance"), self.template)
        settings: dict[str, object] = {"platform": "sandbox", "planes": ["v1", "builder"], "api_key": None}
        write_profile(desk.home, template=str(self.template), **settings)

    def type(self, *words: str, exit_code: Exit = Exit.DONE) -> Said:
        said = self.desk.run("--profile", "production", *words)
        self.told += [
            f"$ huoban-perf {' '.join(words)}",
            said.out.rstrip(),
            said.err.rstrip(),
            f"(exit {said.exit})",
            "",
        ]
        assert said.exit is exit_code, said
        assert too_wide(said.out) == []
        return said

    def note(self, text: str) -> None:
        self.told += [f"# {text}", ""]

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.template / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def by_hand(self, table: str, field: str | None, **change: Any) -> None:
        """A person changes something in the web page."""
        world = self.desk.world()
        try:
            with world.control():
                spaces = self.desk_tables(world)
                found = next(one for one in spaces if one["name"] == table)
                table_id = int(found["table_id"])
                if field is None:
                    world.builder.update_table(table_id=table_id, change=change)
                else:
                    field_id = next(int(one["field_id"]) for one in found["fields"] if one["name"] == field)
                    world.builder.update_field(table_id=table_id, field_id=field_id, change=change, rules=world.rules)
        finally:
            world.close()

    @staticmethod
    def desk_tables(world: Any) -> Any:
        from tests.cli.desk import contents

        return contents(world)[0]["tables"]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return next(one["items"] for one in self.desk.dump()[0]["tables"] if one["name"] == table)


@pytest.fixture
def afternoon(company: Desk) -> Afternoon:
    return Afternoon(company)


def test_an_afternoon(afternoon: Afternoon) -> None:
    type_, note = afternoon.type, afternoon.note
    note("部署好的工作区, 模板未变")
    assert "没有要做的事" in type_("plan", "--detailed-exitcode").out

    note("有人在网页上把字段「权重」改名为「占比」")
    afternoon.by_hand("目标", "权重", name="占比")
    said = type_("drift", "--detailed-exitcode", exit_code=Exit.DIFFERENCES)
    assert "名称: 占比 → 权重" in said.out
    assert "工作区被手工改动" in said.out

    note("模板同时也改了这个名字: 冲突")
    afternoon.edit("tables/goal.yaml", "labels: {zh: 权重, en: Weight}", "labels: {zh: 权重(%), en: Weight}")
    assert "冲突" in type_("plan").out
    assert "没有做任何改动" in type_("apply", "--yes", exit_code=Exit.REFUSED).err
    type_("apply", "--yes", "--overwrite", "field:goal.weight")

    note("模板给字段换键: goal.weight → goal.share")
    afternoon.edit("tables/goal.yaml", "- key: weight\n", "- key: share\n")
    afternoon.edit("app.yaml", "moved: []", "moved:\n  - {from: field:goal.weight, to: field:goal.share}")
    assert "键已改名" in type_("apply").out
    type_("apply", "--yes")

    note("模板去掉了「运行记录」表: 默认只是不再管理")
    before = afternoon.rows("运行记录")
    assert before
    afternoon.edit("app.yaml", "  - run_log\n", "")
    (afternoon.template / "tables" / "run_log.yaml").unlink()
    assert "不再管理" in type_("plan").out
    note("命令行同意删除, 模板没有同意")
    said = type_("apply", "--yes", "--allow-delete", "table:run_log", exit_code=Exit.REFUSED)
    assert "模板没有同意" in said.err
    assert afternoon.rows("运行记录") == before

    note("模板也同意了")
    afternoon.edit("app.yaml", "  allow_delete: []", "  allow_delete: [table:run_log]")
    said = type_("apply", "--allow-delete", "table:run_log")
    assert "[会丢数据]" in said.out
    assert "回滚也恢复不了的" in said.out
    said = type_("apply", "--yes", "--allow-delete", "table:run_log")
    assert "已留快照" in said.out
    assert all(table["name"] != "运行记录" for table in afternoon.desk.dump()[0]["tables"])

    note("后悔了")
    type_("rollback", "--list")
    assert "尚未执行" in type_("rollback").out
    type_("rollback", "--yes")
    after = afternoon.rows("运行记录")
    assert len(after) == len(before)
    assert {str(one["fields"]) for one in after} != set()
    type_("rollback", "--yes")
    if file := os.environ.get("TRANSCRIPT"):
        Path(file).write_text("\n".join(line for line in afternoon.told if line is not None), encoding="utf-8")
