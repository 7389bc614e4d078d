"""The other templates that ship: clean, small, and of one family with the full app."""

from __future__ import annotations

import pytest

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.scoring.scheme_document import parse_scheme
from huoban_perf.template import lint_template, load_template, sizes, template_names

SET = ("okr", "performance-lite", "survey-360")


@pytest.fixture(name="full", scope="module")
def full_fixture() -> DesiredSchema:
    return load_template("performance").schema


def test_names_of_the_set() -> None:
    assert template_names() == tuple(sorted((*SET, "performance")))


@pytest.mark.parametrize("name", SET)
def test_lint_template_of_the_set_is_clean(name: str) -> None:
    assert lint_template(name) == []


@pytest.mark.parametrize("name", SET)
def test_scheme_of_the_set_is_one_that_scoring_reads(name: str) -> None:
    template = load_template(name)
    scheme = parse_scheme(template.scheme)
    assert [grade.name for grade in scheme.grades] == [grade.zh for grade in template.parameters.model.grades]


@pytest.mark.parametrize("name", ["okr", "survey-360"])
def test_composed_template_holds_what_the_full_one_says(name: str, full: DesiredSchema) -> None:
    """By composition, not by copies: a table means the same in both, whatever it leaves out."""
    own = {"okr": {"cycle"}}.get(name, set())
    for table in load_template(name).schema.tables:
        whole = full.table(table.key)
        assert table.labels == whole.labels
        if table.key in own:
            assert all(field.kind is whole.field(field.address.key).kind for field in table.fields)
            continue
        stated = {field.address: field for field in whole.fields if not field.generated}
        assert all(stated[field.address] == field for field in table.fields if not field.generated)


def test_lite_has_eight_tables_within_its_budget() -> None:
    counted = sizes(load_template("performance-lite").schema)
    assert counted["tables"] == 8
    assert counted["fields"] <= 120
    assert (counted["views"], counted["forms"], counted["permissions"], counted["pages"]) == (12, 5, 15, 2)
    assert counted["automations"] == 0


def test_lite_field_that_full_also_has_is_of_the_same_kind(full: DesiredSchema) -> None:
    """A company grows from lite to full, and a kind never changes in place. Source: data-model.md §4."""
    for field in load_template("performance-lite").schema.fields():
        table, key = field.address.keys
        same = next((one for one in full.table(table).fields if one.address.key == key), None)
        if same is not None:
            assert (field.kind, field.many, field.target) == (same.kind, same.many, same.target), field.address


def test_lite_option_that_full_also_has_reads_alike(full: DesiredSchema) -> None:
    for field in load_template("performance-lite").schema.fields():
        table, key = field.address.keys
        same = next((one for one in full.table(table).fields if one.address.key == key), None)
        if same is None or field.generated:
            continue
        known = {option.address: option.labels for option in same.options}
        for option in field.options:
            assert known.get(option.address, option.labels) == option.labels
