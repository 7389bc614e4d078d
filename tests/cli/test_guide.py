"""``guide`` at the command line: whole, remaining, nothing; where it writes and what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from huoban_perf.cli.exits import Exit
from huoban_perf.core.schema import FieldKind, definitions_of
from huoban_perf.deploy.words import KIND_NAMES
from huoban_perf.template import compile_schema, load_template
from tests.cli.desk import Desk, Remote, too_wide, write_profile
from tests.unit.documents.reading import Page

LATER = {FieldKind.FORMULA, FieldKind.ROLLUP, FieldKind.ATTACHED}
SCHEMA = compile_schema(load_template("performance"))
COMPUTED = [table for table in SCHEMA.tables if any(field.kind in LATER for field in table.fields)]
"""Tables that the guide comes back to, for the fields that need others to stand."""
DEFINED = {(one.address.kind, one.address.outermost) for one in definitions_of(SCHEMA)}
"""Sections of views, forms, permission groups, pages and automations: one a kind and table, or page."""
SECTIONS = len(SCHEMA.tables) + len(COMPUTED) + len(DEFINED)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_from_scratch_writes_page_markdown_and_workbooks_without_connecting(desk: Desk, tmp_path: Path) -> None:
    out = tmp_path / "new" / "guide"
    said = desk.run("guide", "--out", str(out), "--from-scratch")
    assert said.exit is Exit.DONE
    assert str(out / "guide.html") in said.out.replace("\n  ", "")
    assert [line for line in too_wide(said.out) if not line.strip().startswith(str(out))] == []
    assert not desk.home.exists()
    files = files_in(out)
    assert len([name for name in files if name.startswith("excel/")]) == len(SCHEMA.tables) == len(files) - 2
    assert "适用于空白工作区" in files["guide.html"].decode()
    headers = [cell.value for cell in load_workbook(out / "excel" / "01-部门.xlsx").worksheets[0][1]]
    assert headers == ["部门名称", "部门编码", "校准池"]


def test_from_scratch_needs_no_key_and_no_network(desk: Desk, tmp_path: Path) -> None:
    write_profile(desk.home, base_url="http://127.0.0.1:1/openapi/v1", workspace="4000000000000001")
    said = desk.run("--profile", "production", "guide", "--out", str(tmp_path / "g"), "--from-scratch", "-o", "json")
    assert said.exit is Exit.DONE
    assert said.json["sections"] == SECTIONS
    assert said.json["files"][:2] == [str(tmp_path / "g" / "guide.html"), str(tmp_path / "g" / "guide.md")]


def test_same_template_gives_the_same_files(desk: Desk, tmp_path: Path) -> None:
    for name in ("one", "two"):
        desk.run("guide", "--out", str(tmp_path / name), "--from-scratch")
    assert files_in(tmp_path / "one") == files_in(tmp_path / "two")


def test_guide_of_a_workspace_holds_what_the_plan_leaves_to_a_person(
    desk: Desk, tmp_path: Path, remote: Remote
) -> None:
    before = remote.dump()
    production = ("--profile", "production")
    whole = desk.run(*production, "guide", "--out", str(tmp_path / "whole"), "-o", "json")
    remote.build_table("部门", {"name": "部门名称", "kind": "text", "required": True})
    built = remote.dump()
    rest = desk.run(*production, "guide", "--out", str(tmp_path / "rest"), "-o", "json")
    assert whole.json["sections"] == SECTIONS
    assert rest.json["tasks"] < whole.json["tasks"]
    page = (tmp_path / "rest" / "guide.html").read_text(encoding="utf-8")
    assert "新建表「部门」" not in page
    assert "表「部门」" in page
    assert f"performance/{remote.workspace}/" in page
    assert not (tmp_path / "rest" / "excel" / "01-部门.xlsx").exists()
    assert before != built == remote.dump()


def build_from(page: Page, remote: Remote) -> None:
    """Do what the page says from top to bottom, knowing nothing but the page."""
    kinds = {names.zh: kind.value for kind, names in KIND_NAMES.items()}
    tables: dict[str, str] = {}
    for task in page.tasks:
        if task.does == "新建表格":
            tables[task.name] = remote.build_table(task.name)
        elif task.kind in kinds:
            said = " ".join(task.settings)
            target = re.search("关联到「(.+?)」", said)
            decimals = re.search(r"小数 (\d+) 位", said)
            table = re.search("表「(.+)」", task.heading)
            assert table
            field = {
                "table_id": tables[table[1]],
                "name": task.name,
                "kind": kinds[task.kind],
                "required": "必填" in task.flags,
                "unique": "不可重复" in task.flags,
                "is_title": "数据标题" in task.flags,
                "help": task.help or "",
                "options": [{"name": choice} for choice in task.choices],
                "target_table_id": tables[target[1]] if target else None,
                "many": "可关联多条" in said,
                "decimals": int(decimals[1]) if decimals else None,
            }
            remote.control.post("build/field", field)


def test_a_person_who_follows_the_page_gets_the_app(desk: Desk, tmp_path: Path, remote: Remote) -> None:
    production = ("--profile", "production")
    desk.run(*production, "guide", "--out", str(tmp_path))
    build_from(Page((tmp_path / "guide.html").read_text(encoding="utf-8")), remote)
    plan = desk.run(*production, "plan", "-o", "json").json
    by_hand = [step for step in plan["steps"] if step["performer"] == "manual"]
    assert {step["address"].partition(":")[0] for step in by_hand} == {kind.value for kind, _ in DEFINED}
    assert {step["action"] for step in plan["steps"] if step not in by_hand} == {"bind"}
    assert plan["counts"]["bind"] == sum(1 for _ in (*SCHEMA.tables, *SCHEMA.fields(), *SCHEMA.options()))
    desk.run(*production, "apply", "--yes", "-o", "json")
    assert desk.run(*production, "adopt", "--attest", "all", "--by", "王芳").exit is Exit.DONE
    assert "没有要手工做的事" in desk.run(*production, "guide", "--out", str(tmp_path / "rest")).out


def test_nothing_by_hand_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    said = desk.run("guide", "--out", str(tmp_path / "guide"))
    assert said.exit is Exit.DONE
    assert "--from-scratch" in said.out
    assert not (tmp_path / "guide").exists()


def test_other_files_of_the_folder_are_left_alone(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "guide.md").write_text("old", encoding="utf-8")
    desk.run("guide", "--out", str(tmp_path), "--from-scratch")
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "guide.md").read_text(encoding="utf-8").startswith("# 搭建指南")


def test_folder_that_cannot_be_written_is_said(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    assert desk.run("guide", "--out", str(tmp_path / "taken"), "--from-scratch").exit is Exit.INVALID
    below = desk.run("guide", "--out", str(tmp_path / "taken" / "deeper"), "--from-scratch")
    assert below.exit is Exit.ERROR
    assert "taken" in below.err
    assert "写不进" in below.err


def test_out_has_to_be_given(desk: Desk) -> None:
    assert desk.run("guide", "--from-scratch").exit is Exit.INVALID


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_said_is_in_the_asked_language(lang: str, desk: Desk, tmp_path: Path) -> None:
    said = desk.run("--lang", lang, "guide", "--out", str(tmp_path / "g"), "--from-scratch")
    assert ("Open in a browser" in said.out) is (lang == "en")
    assert "搭建指南" in (tmp_path / "g" / "guide.html").read_text(encoding="utf-8")
