"""Differences between two templates, by address, with what each may cost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from huoban_perf.core.changes import Action
from huoban_perf.template import Difference, DiffRisk, diff_templates, load_template

RICH = Path(__file__).parents[2] / "cases" / "template" / "rich"


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RICH, tmp_path / "rich"))


def edit(folder: Path, file: str, find: str, put: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert find in text
    path.write_text(text.replace(find, put, 1), encoding="utf-8")


def differences(folder: Path) -> list[Difference]:
    return list(diff_templates(load_template(RICH), load_template(folder)))


def said(folder: Path) -> list[tuple[str, str, str, str]]:
    return [(one.risk.value, one.action.sign, one.address, one.attribute) for one in differences(folder)]


def test_equal_templates_have_no_difference(folder: Path) -> None:
    assert differences(folder) == []


CASES = """
tables/person.yaml | zh: 姓名 | zh: 名字 | safe ~ field:person.name labels
tables/person.yaml | kind: email | kind: phone | impossible ~ field:person.email kind
tables/sheet.yaml | most: 100 | most: 90 | check ~ field:sheet.weight most
tables/sheet.yaml | zh: 草稿 | zh: 起草 | safe ~ option:sheet.status.draft labels
views/task.yaml | {field: owner, is: $me} | {field: owner, is_not: $me} | check ~ view:task.mine rows
views/task.yaml | [name, sheet, due] | [name, due] | check ~ view:task.mine fields
roles.yaml | see: [code, name, account] | see: [code, name, email] | widens ~ permission:person.everyone visible
roles.yaml | see: [code, name, account] | see: [code, name] | safe ~ permission:person.everyone visible
roles.yaml | {field: p_mgr, is: $me} | {field: p_mgr, is_not: $me} | widens ~ permission:sheet.everyone rows
automations/sheet.yaml | offsets: [-3, 0] | offsets: [-5, 0] | check ~ automation:sheet.due_soon trigger
automations/sheet.yaml | needs: [note, weight] | needs: [note] | check ~ transition:sheet.submit needs
pages/hr.yaml | most: 5 | most: 6 | check ~ page:hr blocks
"""


@pytest.mark.parametrize("line", CASES.strip().splitlines())
def test_change_is_named_with_its_risk(folder: Path, line: str) -> None:
    file, find, put, expected = (part.strip() for part in line.split("|"))
    edit(folder, file, find, put)
    assert expected in [" ".join(one) for one in said(folder)]


def test_removed_field_loses_data_and_moved_one_does_not(folder: Path) -> None:
    edit(folder, "tables/person.yaml", "key: email", "key: mail")
    edit(folder, "automations/sheet.yaml", "{email:", "{mail:")
    assert ("loses_data", "-", "field:person.email", "") in said(folder)
    assert ("safe", "+", "field:person.mail", "") in said(folder)
    edit(folder, "app.yaml", "features:", "moved: [{from: field:person.email, to: field:person.mail}]\nfeatures:")
    assert [one for one in said(folder) if "person" in one[2]] == [("safe", "~", "field:person.mail", "key")]


def test_moved_table_takes_its_fields_and_options_along(folder: Path) -> None:
    edit(folder, "app.yaml", "features:", "moved: [{from: table:task, to: table:todo}]\nfeatures:")
    for file, find, put in (
        ("app.yaml", "  - task\n", "  - todo\n"),
        ("tables/task.yaml", "key: task", "key: todo"),
        ("tables/sheet.yaml", "details: [task.sheet]", "details: [todo.sheet]"),
        ("tables/sheet.yaml", "through: task.sheet", "through: todo.sheet"),
    ):
        edit(folder, file, find, put)
    others = ["roles.yaml", "views/task.yaml", "views/sheet.yaml", "pages/hr.yaml"]
    for file in (*others, "automations/task.yaml", "automations/sheet.yaml"):
        path = folder / file
        text = (
            path.read_text(encoding="utf-8").replace("table: task", "table: todo").replace("task.sheet", "todo.sheet")
        )
        path.write_text(text, encoding="utf-8")
    (folder / "tables" / "task.yaml").rename(folder / "tables" / "todo.yaml")
    found = said(folder)
    assert ("safe", "~", "table:todo", "key") in found
    assert ("safe", "~", "field:todo.name", "key") in found
    assert not [one for one in found if one[0] == "loses_data"]


def test_removed_option_of_the_parameters_is_named_as_such(folder: Path) -> None:
    edit(folder, "parameters.yaml", "  - {key: office, zh: 职能, en: Office}", "  - {key: sales, zh: 销售, en: Sales}")
    (gone,) = [one for one in differences(folder) if one.risk is DiffRisk.ORPHANS]
    assert (gone.address, gone.action, gone.parameter) == (
        "option:person.family.office", Action.DELETE, "position_families"
    )  # fmt: skip


def test_worst_risks_stand_first(folder: Path) -> None:
    edit(folder, "tables/person.yaml", "zh: 姓名", "zh: 名字")
    edit(folder, "tables/person.yaml", "kind: email", "kind: phone")
    edit(folder, "parameters.yaml", "  - {key: office, zh: 职能, en: Office}", "  - {key: sales, zh: 销售, en: Sales}")
    risks = [one.risk for one in differences(folder)]
    assert risks == sorted(risks, key=list(DiffRisk).index)
    assert risks[0] is DiffRisk.IMPOSSIBLE


def test_options_in_another_order_are_one_difference(folder: Path) -> None:
    draft = "      - {key: draft, zh: 草稿, en: Draft}\n"
    asked = "      - {key: asked, zh: 待确认, en: Asked}\n"
    edit(folder, "tables/sheet.yaml", draft + asked, asked + draft)
    orders = [one for one in differences(folder) if one.attribute == "order"]
    assert [one.address for one in orders] == ["field:sheet.status"]


def test_new_permission_widens_and_a_lost_one_is_safe(folder: Path) -> None:
    group, alone = "{key: hr, labels: {zh: HR, en: HR}, within: everyone}", "{key: hr, labels: {zh: HR, en: HR}}"
    edit(folder, "roles.yaml", group, alone)
    edit(folder, "roles.yaml", "      - {role: hr}\n", "")
    edit(
        folder, "pages/hr.yaml", "table: task, measure: sum, value: effort", "table: sheet, measure: sum, value: weight"
    )
    assert ("safe", "-", "permission:task.hr", "") in said(folder)
    back = diff_templates(load_template(folder), load_template(RICH))
    assert ("widens", "permission:task.hr") in [(one.risk.value, one.address) for one in back]


def test_new_field_is_no_wider_right(folder: Path) -> None:
    new = "  - key: email2\n    labels: {zh: 备用邮箱, en: Second e-mail}\n    kind: email\n"
    file = folder / "tables" / "person.yaml"
    file.write_text(file.read_text(encoding="utf-8") + new, encoding="utf-8")
    assert said(folder) == [("safe", "+", "field:person.email2", "")]


def test_permission_on_a_new_table_is_no_wider_right(folder: Path) -> None:
    text = "key: extra\nlabels: {zh: 附表, en: Extra}\ntitle: name\nfields:\n"
    text += "  - {key: name, labels: {zh: 名称, en: Name}, kind: text}\n"
    (folder / "tables" / "extra.yaml").write_text(text, encoding="utf-8")
    edit(folder, "app.yaml", "  - task\n", "  - task\n  - extra\n")
    edit(folder, "roles.yaml", "permissions:\n", "permissions:\n  - table: extra\n    grants: [{role: hr}]\n")
    assert ("safe", "+", "permission:extra.hr", "") in said(folder)
