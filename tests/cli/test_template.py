from __future__ import annotations

from pathlib import Path

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
