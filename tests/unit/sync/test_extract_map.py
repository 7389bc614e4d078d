from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.cli.texts import problem_line
from huoban_perf.core.errors import TemplateError
from huoban_perf.sync.extract_map import ExtractMap, FormCriterion, Scope, extract_map_of, load_extract_map
from huoban_perf.template import load_template, template_names
from tests.unit.sync.company import extract_map, schema

CRITERIA = (FormCriterion("peer", "cooperation", Decimal(1)),)


def load(tmp_path: Path, text: str) -> ExtractMap:
    file = tmp_path / "extract.yaml"
    file.write_text(text, encoding="utf-8")
    return load_extract_map(file, schema=schema(), criteria=CRITERIA)


def faults(tmp_path: Path, text: str) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(TemplateError) as caught:
        load(tmp_path, text)
    assert caught.value.code == "sync.extract_invalid"
    assert str(caught.value.facts["file"]).endswith("extract.yaml")
    return [(problem.code, problem.line, problem.address) for problem in caught.value.problems]


def test_map_of_the_app_asks_each_relation_its_own_criteria() -> None:
    found = extract_map()
    assert {frame.frame for frame in found.frames} >= {"cycle", "people", "appraisals", "items", "actuals", "forms"}
    asked = {form: sum(entry.form == form for entry in found.criteria) for form in ("self", "customer")}
    assert all(count > 0 for count in asked.values())
    assert found.cycle_tables() == {"appraisal", "goal", "appraisal_item", "review_task", "points_entry"}


def test_map_names_every_field_to_read(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """frames:
  people:
    table: employee
    columns:
      no: emp_no
      status: {path: employment_status, instead: {when: participation, is: excluded, write: 不参评}}
      boss: manager.emp_no
      both: {join: {a: name, b: department.code}}
""",
    )
    assert found.columns_by_table() == {
        "employee": {"emp_no", "employment_status", "participation", "manager", "name", "department"},
        "department": {"code"},
    }
    assert found.frames[0].scope is Scope.ALL
    assert found.criteria == CRITERIA


def test_column_forms_are_read(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """frames:
  forms:
    table: review_task
    scope: cycle
    columns:
      form: {path: relation, as: key}
      external: {path: external_rater, present: {yes: 是, no: 否}}
      word: {path: status, words: {submitted: S}}
""",
    )
    form, external, word = found.frames[0].columns
    assert (form.by_key, external.present, dict(word.words)) == (True, ("是", "否"), {"submitted": "S"})


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """frames:
  people:
    table: employee
    columns:
      no: emp_number
      boss: manager.code
      shape: {path: name, present: {yes: 是}}
      odd: {path: name, colour: red}
      none: {}
      twice: {path: name, join: {a: name}}
      lost: {path: name, instead: {when: nothing, is: x, write: y}}
      never: {path: name, instead: {when: participation, is: absent, write: y}}
      part: {path: name, instead: {when: participation, is: excluded}}
      joined: {join: {a: nothing}}
  ghosts:
    table: ghost
    columns: {no: code}
""",
    )
    assert found == [
        ("sync.bad_path", 5, "people.no"),
        ("sync.bad_path", 6, "people.boss"),
        ("sync.extract_column", 7, "people.shape"),
        ("sync.extract_column", 8, "people.odd"),
        ("sync.extract_column", 9, "people.none"),
        ("sync.extract_column", 10, "people.twice"),
        ("sync.bad_path", 11, "people.lost"),
        ("sync.extract_option", 12, "people.never"),
        ("sync.extract_column", 13, "people.part"),
        ("sync.bad_path", 14, "people.joined"),
        ("sync.bad_path", 17, "ghosts.no"),
    ]


def test_wrong_shape_is_listed_with_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, "frames:\n  people:\n    tabel: employee\n    scope: year\n    columns: {no: emp_no}\n")
    assert [(code, line) for code, line, _ in found] == [
        ("template.missing_key", 2),
        ("template.unknown_word", 4),
        ("template.unknown_key", 3),
    ]


def test_unknown_key_is_told_in_chinese(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        load(tmp_path, "frames: {}\nframe: {}\n")
    line = problem_line(caught.value.problems[0], locale="zh")
    assert "extract.yaml:2" in line
    assert "最接近的是 frames" in line


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"frames: [", "template.not_yaml"),
        (b"- a\n", "template.root_not_a_mapping"),
        ("frames: {人: 1}".encode("gbk"), "template.not_utf8"),
    ],
)
def test_file_that_is_no_yaml_mapping(tmp_path: Path, content: bytes, code: str) -> None:
    file = tmp_path / "extract.yaml"
    file.write_bytes(content)
    with pytest.raises(TemplateError) as caught:
        load_extract_map(file, schema=schema(), criteria=())
    assert [problem.code for problem in caught.value.problems] == [code]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        load_extract_map(tmp_path / "extract.yaml", schema=schema(), criteria=())
    assert [problem.code for problem in caught.value.problems] == ["template.no_file"]


def test_conditions_on_what_the_app_lacks_are_listed_with_their_lines(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """frames:
  metrics:
    table: goal
    only: {status: [confirmed, agreed]}
    columns:
      direction: {rises: {from: passing_value, to: aim, "yes": higher, "no": lower}}
      score: {rated: {table: review_task, by: appraisal, where: relation, is: boss, points: expertise}}
      both: {path: name, rises: {from: passing_value, to: target_value, "yes": a, "no": b}}
""",
    )
    assert found == [
        ("sync.bad_path", 6, "metrics.direction"),
        ("sync.extract_option", 7, "metrics.score"),
        ("sync.extract_column", 8, "metrics.both"),
        ("sync.extract_option", 4, "metrics.only"),
    ]


@pytest.mark.parametrize("name", template_names())
def test_every_app_of_the_set_has_a_map_that_fits_it(name: str) -> None:
    loaded = load_template(name)
    found = extract_map_of(loaded, loaded.schema)
    tables = {table.key for table in loaded.schema.tables}
    assert {frame.table for frame in found.frames} <= tables
    assert (found.scheme is None) == ("scheme" in tables)
