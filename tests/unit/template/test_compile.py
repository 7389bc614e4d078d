"""Compiling: the same content gives the same schema and digest, whatever the files are called or in which order."""

from __future__ import annotations

import shutil
from pathlib import Path

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.schema import FieldKind, Writer
from huoban_perf.template import compile_schema, load_template

SOUND = Path(__file__).parents[2] / "cases" / "template" / "sound"


def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOUND, tmp_path / "sound"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_compile_twice_gives_equal_schemas() -> None:
    assert compile_schema(load_template(SOUND)) == compile_schema(load_template(SOUND))


def test_compile_order_of_tables_changes_order_but_not_digest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replace(folder / "app.yaml", "  - person\n  - form", "  - form\n  - person")
    turned, straight = compile_schema(load_template(folder)), compile_schema(load_template(SOUND))
    assert [table.key for table in turned.tables] == ["form", "person"]
    assert turned.digest == straight.digest


def test_compile_order_of_keys_and_quotes_does_not_change_digest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replace(folder / "tables" / "person.yaml", "title: name\nkey_field: code", 'key_field: "code"\ntitle: name # same')
    assert compile_schema(load_template(folder)).digest == compile_schema(load_template(SOUND)).digest


def test_compile_a_changed_label_changes_digest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    replace(folder / "tables" / "person.yaml", "zh: 姓名", "zh: 名字")
    assert compile_schema(load_template(folder)).digest != compile_schema(load_template(SOUND)).digest


def test_compile_order_of_fields_is_form_order_and_changes_digest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    file = folder / "tables" / "form.yaml"
    score = "  - key: score\n    labels: {zh: 得分, en: Score}\n    kind: number\n    decimals: 2\n"
    replace(file, score, "")
    replace(file, "fields:\n", f"fields:\n{score}")
    changed = compile_schema(load_template(folder))
    assert changed.table("form").fields[0].address == field_address("form", "score")
    assert changed.digest != compile_schema(load_template(SOUND)).digest


def test_compile_include_becomes_one_choice_field_a_criterion_in_place() -> None:
    form = compile_schema(load_template(SOUND)).table("form")
    assert [field.address.key for field in form.fields] == ["code", "person", "state", "results", "teamwork", "score"]
    teamwork = form.field("teamwork")
    assert teamwork.kind is FieldKind.CHOICE
    assert [(option.address.key, option.points) for option in teamwork.options] == [
        ("best", "95"),
        ("meets", "75"),
        ("unknown", None),
    ]


def test_compile_options_from_takes_the_list_of_the_parameters() -> None:
    family = compile_schema(load_template(SOUND)).table("person").field("family")
    assert [(str(option.address), option.labels.en) for option in family.options] == [
        ("option:person.family.office", "Office")
    ]


def test_compile_keeps_what_a_field_says() -> None:
    schema = compile_schema(load_template(SOUND))
    assert schema.app == "sound"
    assert schema.version == "1"
    assert schema.table("person").field("chief").target == table_address("person")
    assert schema.table("person").field("name").required
    assert schema.table("person").field("number").writer is Writer.PLATFORM
    assert schema.table("form").field("score").decimals == 2
    assert schema.table("form").key_field == "code"
