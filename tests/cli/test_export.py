"""A company's own tables become a template; adopting it right back leaves nothing to do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, Remote, too_wide, write_profile

PRODUCTION = ("--profile", "production")


@pytest.fixture
def lived_in(desk: Desk, remote: Remote) -> Remote:
    """Tables as a company builds them: its own names, circles, odd types, repeated pinyin."""
    staff = remote.build_table(
        "员工花名册（2024）",
        {"name": "姓 名", "kind": "text", "required": True},
        {"name": "工号", "kind": "text", "unique": True},
        {"name": "星级", "kind": "rating"},
        {"name": "行级", "kind": "number"},
        {"name": "123", "kind": "date"},
        {
            "name": "学历",
            "kind": "choice",
            "options": [{"name": "本科", "color": "red"}, {"name": "硕士"}, {"name": "1/2"}, {"name": "！"}],
        },
        {"name": "合计", "kind": "formula"},
    )
    visits = remote.build_table(
        "客户拜访",
        {"name": '主题: "重要" #1', "kind": "text_long"},
        {"name": "拜访人", "kind": "relation", "target_table_id": staff, "many": True},
        {"name": "同行人", "kind": "members"},
        {"name": "编号", "kind": "auto_number"},
        {"name": "true", "kind": "text"},
    )
    remote.control.post(
        "build/field", {"table_id": staff, "name": "最近拜访", "kind": "relation", "target_table_id": visits}
    )
    remote.build_table("空表")
    return remote


def adopt_back(desk: Desk, remote: Remote, folder: object) -> None:
    write_profile(desk.home, base_url=remote.base_url, workspace=remote.workspace, template=str(folder))
    before = remote.dump()
    assert desk.run(*PRODUCTION, "adopt", "--all").exit is Exit.DONE
    said = desk.run(*PRODUCTION, "plan", "-o", "json")
    assert said.json["steps"] == []
    assert desk.run(*PRODUCTION, "plan", "--detailed-exitcode").exit is Exit.DONE
    assert remote.dump() == before


def test_hand_built_tables_become_a_clean_template_that_adopts_right_back(desk: Desk, lived_in: Remote) -> None:
    folder = desk.home.with_name("acme")
    said = desk.run(*PRODUCTION, "export", "template", "--out", str(folder), "--app", "acme")
    assert said.exit is Exit.DONE, said
    assert too_wide(said.out) == []
    assert "合计" in said.out
    assert "表「空表」" in said.out
    assert desk.run("template", "lint", str(folder)).exit is Exit.DONE
    assert {file.name for file in (folder / "tables").iterdir()} == {
        "yuan_gong_hua_ming_ce_2024.yaml",
        "ke_hu_bai_fang.yaml",
    }
    text = (folder / "tables" / "yuan_gong_hua_ming_ce_2024.yaml").read_text(encoding="utf-8")
    assert "key: emp_no" in text  # 工号 has the key that the shipped template gives it
    assert "key: xing_ji_2" in text
    assert "# 未写入 (留在工作区, 不受管理): 合计" in text
    adopt_back(desk, lived_in, folder)


def test_the_shipped_app_exported_adopts_right_back(desk: Desk, built: Remote) -> None:
    folder = desk.home.with_name("again")
    said = desk.run(*PRODUCTION, "export", "template", "--out", str(folder), "-o", "json")
    assert said.exit is Exit.DONE, said.out
    assert said.json["tables"] == 33
    adopt_back(desk, built, folder)


def test_the_same_workspace_gives_the_same_files(desk: Desk, lived_in: Remote) -> None:
    found: list[Mapping[str, bytes]] = []
    for name in ("one", "two"):
        folder = desk.home.with_name(name)
        desk.run(*PRODUCTION, "export", "template", "--out", str(folder))
        found.append({str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.yaml")})
    assert found[0] == found[1]


def test_only_some_tables(desk: Desk, lived_in: Remote) -> None:
    folder = desk.home.with_name("one")
    said = desk.run(*PRODUCTION, "export", "template", "--out", str(folder), "--table", "客户拜访", "-o", "json")
    assert said.exit is Exit.DONE
    assert said.json["left_out"] == ["客户拜访 / 拜访人 (关联数据)"]


def test_a_folder_that_is_not_empty_is_refused(desk: Desk, lived_in: Remote) -> None:
    folder = desk.home.with_name("full")
    folder.mkdir()
    (folder / "mine.txt").write_text("x", encoding="utf-8")
    said = desk.run(*PRODUCTION, "export", "template", "--out", str(folder))
    assert (said.exit, "不是空的" in said.err) == (Exit.INVALID, True)
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]
