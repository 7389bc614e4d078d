from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import groupby

import pytest

from huoban_perf.core.schema import CHOICE_KINDS, FieldKind
from huoban_perf.demo.access_rows import with_access
from huoban_perf.demo.company import CYCLE, END, START, sample_company
from huoban_perf.demo.contracts import CONTRACTS, LEADERS, LEADING, METRICS
from huoban_perf.demo.rows import Batch, department_levels
from huoban_perf.demo.sample import sample_batches, sample_of
from huoban_perf.demo.script import _batches
from huoban_perf.sync.wanted import Refs
from huoban_perf.template import compile_schema, load_template

COMPANY = sample_company(criteria=5)
TEMPLATE = load_template("performance")
SCHEMA = compile_schema(TEMPLATE)
ACCOUNTS = {person.number: f"u{person.number}" for person in COMPANY.people}
BATCHES = _batches(TEMPLATE, "company", ACCOUNTS)
SAMPLE = sample_of(TEMPLATE, people=64)
SAMPLE_ACCOUNTS = {person.number: f"u{person.number}" for person in SAMPLE.company.people}
SEEDED = with_access(sample_batches(SAMPLE, SAMPLE_ACCOUNTS), SAMPLE.life(SAMPLE_ACCOUNTS), SCHEMA)
EITHER = pytest.mark.parametrize("batches", [BATCHES, SEEDED], ids=["demo", "seed"])


def keys_by_table(batches: Iterable[Batch]) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for batch in batches:
        keys.setdefault(batch.table, []).extend(row.key for row in batch.rows)
    return keys


def test_company_is_the_same_at_every_run_and_another_with_another_seed() -> None:
    assert sample_company(criteria=5) == COMPANY
    assert sample_company(criteria=5, seed=1) != COMPANY


def test_about_sixty_people_on_four_levels_with_names_of_their_own() -> None:
    assert len(COMPANY.people) == 60
    assert {person.level for person in COMPANY.people} == {1, 2, 3, 4}
    assert len({person.name for person in COMPANY.people}) == 60
    by_number = {person.number: person for person in COMPANY.people}
    for person in COMPANY.people[1:]:
        assert by_number[person.manager].level < person.level
    assert COMPANY.people[0].manager == ""


def test_contract_weights_add_up_to_one_hundred() -> None:
    for position, lines in {**CONTRACTS, "leading": LEADERS}.items():
        assert sum(line.weight for line in lines) == 100, position
    known = {metric.code for metric in METRICS}
    assert {line.metric for lines in (*CONTRACTS.values(), LEADERS) for line in lines} <= known
    assert {person.position for person in COMPANY.people} == set(CONTRACTS) | LEADING


def test_each_special_case_that_the_demo_shows_is_there() -> None:
    months = Counter((row.person, row.metric) for row in COMPANY.actuals)
    owed = {(item.person, item.metric) for item in COMPANY.items}
    assert owed == set(months), "nobody is held for a missing actual: a cycle with open results cannot be released"
    assert sum(count == 2 for count in months.values()) > 0, "one person without September"
    newcomers = [person for person in COMPANY.people if person.hired > START]
    assert [person.hired for person in newcomers] == [date(2026, 9, 7)]
    assert any(0 in form.answers for form in COMPANY.forms), "somebody cannot judge"
    customers = Counter(form.subject for form in COMPANY.forms if form.relation == "customer")
    assert sorted(set(customers.values())) == [2, 3], "one customer group too small to be shown"


def test_figures_are_not_negative_and_lie_in_the_quarter() -> None:
    assert all(row.value >= 0 and START <= row.start < row.end <= END for row in COMPANY.actuals)
    assert all(0 <= answer <= 5 for form in COMPANY.forms for answer in form.answers)


def test_forms_name_each_rater_once() -> None:
    asked = Counter((form.subject, form.relation, form.rater) for form in COMPANY.forms)
    assert set(asked.values()) == {1}
    inside = {person.number for person in COMPANY.people}
    assert all((form.rater in inside) != form.external for form in COMPANY.forms)


@EITHER
def test_keys_are_unique_and_none_is_part_of_another(batches: list[Batch]) -> None:
    """Text ``in`` on the platform matches substrings (data-model.md §1 rule 8)."""
    for table, keys in keys_by_table(batches).items():
        assert len(set(keys)) == len(keys), table
        everything = "\n".join(keys)
        assert [key for key in keys if everything.count(key) != 1] == [], table


@EITHER
def test_every_relation_finds_its_target_in_what_was_written_before(batches: list[Batch]) -> None:
    written: dict[str, set[str]] = {}
    for batch in batches:
        for row in batch.rows:
            for field, value in row.values.items():
                if isinstance(value, Refs):
                    spec = SCHEMA.table(batch.table).field(field)
                    assert spec.target is not None
                    assert spec.target.key == value.table
                    assert set(value.keys) <= written.get(value.table, set()), (row.key, field)
        written.setdefault(batch.table, set()).update(row.key for row in batch.rows)


@EITHER
def test_values_fit_their_fields(batches: list[Batch]) -> None:
    plain: dict[FieldKind, type] = {
        FieldKind.TEXT: str, FieldKind.TEXT_LONG: str, FieldKind.NUMBER: Decimal, FieldKind.SWITCH: bool,
        FieldKind.DATE: date, FieldKind.DATETIME: date, FieldKind.CHOICE: str, FieldKind.MEMBER: tuple,
        FieldKind.RELATION: Refs, FieldKind.MEMBERS: tuple, FieldKind.CHOICES: tuple, FieldKind.MONEY: Decimal,
        FieldKind.TEXT_RICH: str, FieldKind.PROGRESS: Decimal, FieldKind.RATING: Decimal, FieldKind.PERCENT: Decimal,
    }  # fmt: skip
    for batch in batches:
        table = SCHEMA.table(batch.table)
        for row in batch.rows:
            assert row.values[table.key_field or ""] == row.key
            for name, value in row.values.items():
                field = table.field(name)
                if value is None:
                    continue
                assert isinstance(value, plain[field.kind]), (batch.table, name)
                if field.kind in CHOICE_KINDS:
                    chosen = set(value) if isinstance(value, tuple) else {value}
                    assert chosen <= {option.address.key for option in field.options}, (batch.table, name)


@EITHER
def test_required_fields_are_filled(batches: list[Batch]) -> None:
    for batch in batches:
        required = [field.address.key for field in SCHEMA.table(batch.table).fields if field.required]
        for row in batch.rows:
            assert [name for name in required if row.values.get(name) in (None, "", ())] == [], row.key


def test_status_is_a_first_value_only() -> None:
    jobs_fill = {"goal", "appraisal", "metric_actual", "review_task", "cycle", "scheme"}
    assert {batch.table for batch in BATCHES if batch.first_only} == jobs_fill


def test_goals_hang_below_their_department() -> None:
    goals = {row.key: row.values for batch in BATCHES if batch.table == "goal" for row in batch.rows}
    roots = [key for key, values in goals.items() if values.get("parent") is None]
    assert roots == [f"[{CYCLE}|D:D00|main]"]
    heads = {values["owner"] for key, values in goals.items() if "|D:" in key}
    assert ("uE001",) in heads
    assert ("uE002",) in heads


def test_departments_are_written_level_by_level() -> None:
    levels = department_levels([("C", "c", "B"), ("A", "a", ""), ("B", "b", "A"), ("D", "d", "A")])
    assert [[row.key for row in level.rows] for level in levels] == [["A"], ["B", "D"], ["C"]]


def test_tables_are_written_in_one_go() -> None:
    order = [name for name, _ in groupby(batch.table for batch in BATCHES)]
    assert len(order) == len(set(order))
