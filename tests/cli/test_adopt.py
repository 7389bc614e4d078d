"""Adopting what a company built under names of its own: like names are confirmed, own names are kept, parts suffice."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, Remote, too_wide, write_profile

PRODUCTION = ("--profile", "production")


@pytest.fixture
def lived_in(desk: Desk, remote: Remote) -> Remote:
    remote.build_table(
        "员　工",
        {"name": "姓 名", "kind": "text"},
        {"name": "工号", "kind": "text", "unique": True},
        {"name": "（入职日期", "kind": "date"},
    )
    remote.build_table("部门", {"name": "部门编码", "kind": "number"}, {"name": "部门名称", "kind": "text"})
    return remote


def bound(desk: Desk) -> list[str]:
    return sorted(desk.run(*PRODUCTION, "state", "list", "-o", "json").json["objects"])


def test_like_names_are_listed_apart_and_a_plan_warns_before_making_a_double(desk: Desk, lived_in: Remote) -> None:
    said = desk.run(*PRODUCTION, "adopt")
    assert said.exit is Exit.DONE
    assert too_wide(said.out) == []
    exact, alike = said.out.split("名称相近")
    assert "table:department=" in exact
    assert "类型应为 单行文本, 现在是" in exact
    assert "table:employee=" in alike
    assert "员　工" in alike
    notes = desk.run(*PRODUCTION, "plan", "-o", "json")
    assert notes.exit is Exit.INVALID  # 部门编码 has another type: that stops the plan
    assert bound(desk) == []


def test_all_takes_only_exact_names_that_fit(desk: Desk, lived_in: Remote) -> None:
    said = desk.run(*PRODUCTION, "adopt", "--all")
    assert bound(desk) == ["field:department.name", "table:department"]
    assert "还有 1 个名称相近的没有认领" in said.out


def test_only_one_table(desk: Desk, lived_in: Remote) -> None:
    desk.run(*PRODUCTION, "adopt", "--all", "--only", "employee")
    assert bound(desk) == []
    desk.run(*PRODUCTION, "adopt", "--all", "--similar", "--yes", "--only", "employee")
    assert [address for address in bound(desk) if "department" in address] == []


def test_without_a_terminal_like_names_need_yes(desk: Desk, lived_in: Remote) -> None:
    before = desk.files()
    said = desk.run(*PRODUCTION, "adopt", "--similar")
    assert (said.exit, "--similar --yes" in said.out) == (Exit.DONE, True)
    assert desk.files() == before


def test_a_person_confirms_one_by_one_and_keeps_the_names(
    desk: Desk, lived_in: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str, **_: object) -> bool:
        asked.append(question)
        return "入职日期" not in question

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", answer)
    assert desk.run("--no-input", *PRODUCTION, "adopt", "--similar").exit is Exit.DONE
    assert asked == []
    said = desk.run(*PRODUCTION, "adopt", "--similar")
    assert asked[0] == "「员　工」就是模板里的「员工」吗?"
    assert len(asked) == 3
    assert bound(desk) == ["field:employee.name", "table:employee"]
    names = said.out[said.out.index("names:") : said.out.index("还有")]
    file = desk.home / "names.yaml"
    file.write_text(names, encoding="utf-8")
    write_profile(
        desk.home, base_url=lived_in.base_url, workspace=lived_in.workspace, names=str(file), planes=["v1", "builder"]
    )
    lived_in.control.post(
        "build/update",
        {
            "object": "table",
            "table_id": next(table["table_id"] for table in lived_in.dump()[0]["tables"] if table["name"] == "部门"),
            "set": {"name": "科室"},
        },
    )
    steps = desk.run(*PRODUCTION, "plan", "-o", "json").json["steps"]
    renames = [step["address"] for step in steps if any(one["attribute"] == "name" for one in step["changes"])]
    assert [address for address in renames if address in {"table:employee", "field:employee.name"}] == []


def test_alike_note_of_a_plan(desk: Desk, remote: Remote) -> None:
    table = remote.build_table("员 工", {"name": "工号", "kind": "text"})
    notes = desk.run(*PRODUCTION, "plan", "-o", "json").json["notes"]
    (alike,) = [note for note in notes if note["code"] == "plan.alike"]
    assert (alike["address"], alike["facts"]["id"], alike["facts"]["found"]) == ("table:employee", table, "员 工")
    assert f"table:employee={table}" in "".join(desk.run(*PRODUCTION, "plan").out.split("\n    "))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("names: [a]", "应为 names:"),
        ("names:\n  table:nowhere: 花名册", "没有 table:nowhere 这个地址"),
        ("names:\n  table:employee: {a: b}", "应写一个名称"),
        ("names:\n  table:employee: 部门", "不能都叫「部门」"),
        ("name:\n  table:employee: 花名册", "应为 names:"),
    ],
)
def test_mapping_file_with_mistakes(desk: Desk, remote: Remote, tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "names.yaml"
    file.write_text(content, encoding="utf-8")
    write_profile(desk.home, base_url=remote.base_url, workspace=remote.workspace, names=str(file))
    said = desk.run(*PRODUCTION, "plan")
    assert said.exit is Exit.INVALID
    assert told in said.err
    assert f"{file}:" in said.err


def test_adopting_says_so_as_json(desk: Desk, lived_in: Remote) -> None:
    listed = desk.run(*PRODUCTION, "adopt", "-o", "json").json
    assert listed["format_version"] == 1
    assert {one["how"] for one in listed["proposals"]} >= {"name", "likeness"}
    done = desk.run(*PRODUCTION, "adopt", "--all", "-o", "json")
    assert json.loads(done.out)["undecided"] == 1
