from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, too_wide


def test_templates_are_listed(desk: Desk) -> None:
    assert "performance" in desk.run("template", "list").out.split()


def test_template_is_shown_in_both_languages(desk: Desk) -> None:
    zh, en = desk.run("template", "show"), desk.run("--lang", "en", "template", "show")
    assert "评价任务" in zh.out
    assert "Review task" in en.out
    assert too_wide(zh.out + en.out) == []


def test_sound_template_passes_the_linter(desk: Desk) -> None:
    said = desk.run("template", "lint")
    assert (said.exit, "0 处错误" in said.out) == (Exit.DONE, True)
    assert desk.run("template", "lint", "-o", "json").json["errors"] == 0
    assert "0 errors" in desk.run("--lang", "en", "template", "lint").out


def test_schema_for_editors_is_one_json_object(desk: Desk) -> None:
    assert "properties" in desk.run("template", "schema").json


def test_parameters_of_a_company_may_be_another_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("criteria: 3\n", encoding="utf-8")
    said = desk.run("template", "lint", "--parameters", str(file))
    assert said.exit is Exit.INVALID
    assert "parameters.yaml" in said.out


def test_commands_about_templates_make_nothing(desk: Desk) -> None:
    desk.run("template", "lint")
    desk.run("template", "show", "performance")
    assert not desk.home.exists()


RICH = str(Path(__file__).parents[1] / "cases" / "template" / "rich")


@pytest.mark.parametrize("part", ["views", "forms", "roles", "machines", "pages", "automations", "recipes"])
def test_each_part_is_shown_in_both_languages_within_the_terminal(desk: Desk, part: str) -> None:
    zh = desk.run("template", "show", RICH, "--part", part)
    en = desk.run("--lang", "en", "template", "show", RICH, "--part", part)
    assert (zh.exit, en.exit) == (Exit.DONE, Exit.DONE)
    assert zh.out != en.out
    assert too_wide(zh.out + en.out) == []
    shown = desk.run("template", "show", RICH, "--part", part, "-o", "json").json
    assert shown["format_version"] == 1
    assert shown["counts"]["views"] == 6
    assert shown[part]


def test_parts_as_values_keep_addresses_and_conditions(desk: Desk) -> None:
    views = desk.run("template", "show", RICH, "--part", "views", "-o", "json").json["views"]
    mine = views[0]
    assert mine["address"] == "view:sheet.mine"
    assert mine["rows"]["is"] == "Every"
    assert mine["rows"]["parts"][0]["operand"] == {"is": "Me"}
    fields = desk.run("template", "show", RICH, "-o", "json").json["tables"][1]["fields"]
    assert {field["address"]: field["most"] for field in fields}["field:sheet.weight"] == "100"


def test_counts_stand_below_the_tables(desk: Desk) -> None:
    assert "3 张表, 34 个字段" in desk.run("template", "show", RICH).out


def test_templates_are_compared(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "rich"
    shutil.copytree(RICH, folder)
    assert "意思相同" in desk.run("template", "diff", RICH, str(folder)).out
    file = folder / "parameters.yaml"
    text = file.read_text(encoding="utf-8").replace(
        "{key: office, zh: 职能, en: Office}", "{key: sales, zh: 销售, en: Sales}"
    )
    file.write_text(text, encoding="utf-8")
    zh = desk.run("template", "diff", RICH, str(folder))
    assert zh.exit is Exit.DONE
    assert "option:person.family.office" in zh.out
    assert "position_families" in zh.out
    en = desk.run("--lang", "en", "template", "diff", RICH, str(folder))
    assert "Orphans (1)" in en.out
    assert too_wide(zh.out + en.out) == []
    told = desk.run("template", "diff", RICH, str(folder), "-o", "json").json
    assert [one["risk"] for one in told["differences"]] == ["orphans", "safe"]
    assert told["differences"][0]["parameter"] == "position_families"


@pytest.mark.parametrize(
    "kind", ["app", "parameters", "scheme", "table", "views", "roles", "page", "automations", "jobs"]
)
def test_every_kind_of_file_has_a_schema(desk: Desk, kind: str) -> None:
    schema = desk.run("template", "schema", kind).json
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["properties"]


def test_process_is_shown_with_what_serves_it(desk: Desk) -> None:
    zh = desk.run("template", "show", "--part", "trace")
    assert "公平性 · 申诉机制\n  员工可以申诉\n    表: 绩效申诉\n" in zh.out
    assert "Appeals" in desk.run("--lang", "en", "template", "show", "--part", "trace").out
    assert too_wide(zh.out) == []
    shown = desk.run("template", "show", "--part", "trace", "-o", "json").json["trace"]
    assert all(one["servers"] for one in shown)


def test_handbook_is_one_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "handbook.html"
    said = desk.run("template", "docs", RICH, "--out", str(file))
    assert said.exit is Exit.DONE
    assert "3 个角色, 3 张表" in said.out.replace("\n  ", "")
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "3 roles, 3 tables" in desk.run("--lang", "en", "template", "docs", RICH, "--out", str(file)).out


def test_long_comparison_is_cut_and_counted(desk: Desk) -> None:
    said = desk.run("template", "diff", "okr", "performance")
    assert "全部请看 -o json" in said.out
    assert len(said.out.splitlines()) < 400
    assert too_wide(said.out) == []
