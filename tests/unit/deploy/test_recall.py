"""What is recalled from the state compares as equal to what was recorded; values come back from JSON as they were."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from huoban_perf.core.values import Value
from huoban_perf.deploy.compare import wished
from huoban_perf.deploy.compare.three_way import after_applying
from huoban_perf.deploy.recall import recalled_schema
from huoban_perf.deploy.value_text import value_from, value_to
from huoban_perf.template import compile_schema, load_template
from tests.unit.deploy.wishes import company


@pytest.mark.parametrize("name", ["company", "performance"])
def test_recalled_objects_state_what_was_recorded(name: str) -> None:
    desired = company() if name == "company" else compile_schema(load_template("performance"))
    specs = [*desired.tables, *desired.fields(), *desired.options()]
    recorded = {spec.address: after_applying(wished(spec, locale="zh")) for spec in specs}
    order = {spec.address: place for place, spec in enumerate(specs)}
    again = recalled_schema(recorded, app="x", version="1", order=order)
    for spec in (*again.tables, *again.fields(), *again.options()):
        assert after_applying(wished(spec, locale="en")) == recorded[spec.address], spec.address
    assert [table.key for table in again.tables] == [table.key for table in desired.tables]
    assert [field.address for field in again.fields()] == [field.address for field in desired.fields()]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "文字\n{}",
        True,
        Decimal("1.50"),
        Decimal("-12345678901234567890.123456789"),
        date(2026, 2, 28),
        datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC),
        ("a", "b"),
        {"lat": "1", "name": "北京"},
    ],
)
def test_values_come_back_from_json_as_they_were(value: Value) -> None:
    again = value_from(json.loads(json.dumps(value_to(value))))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize("raw", [1.5, {"number": 1}, {"a": "b", "c": "d"}, {"odd": "x"}])
def test_what_is_no_stored_value_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="stored value"):
        value_from(raw)
