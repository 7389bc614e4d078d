"""Formula, rollup and attached fields on the live server: made from their definition, read as neutral values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
import requests

from huoban_perf.core.addresses import field_address
from huoban_perf.core.errors import RejectedError
from huoban_perf.core.filters import Operator
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Every, Test
from huoban_perf.core.schema import FieldKind, FieldSpec
from huoban_perf.core.schema.fields import Attached, Formula, Rollup, Summary
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.nocodb.conftest import fresh_bench
from tests.contract.nocodb.proxy import Proxy
from tests.contract.platform.probe import ENTRY, UNIT, Bench

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]

NUMBER, TO_UNIT, CODE, CHOICE = (field_address("entry", key) for key in ("number", "unit", "code", "choice"))


def _computed(table: str, key: str, text: str, kind: FieldKind, computed: Formula | Rollup | Attached) -> FieldSpec:
    return FieldSpec(
        address=field_address(table, key), labels=Labels(zh=text, en=key.title()), kind=kind, computed=computed
    )


TOTAL = _computed("unit", "total", "合计", FieldKind.ROLLUP, Rollup(through=TO_UNIT, summary=Summary.SUM, value=NUMBER))
COUNT = _computed("unit", "count", "条数", FieldKind.ROLLUP, Rollup(through=TO_UNIT, summary=Summary.COUNT))
DOUBLE = _computed(
    "entry", "double", "两倍", FieldKind.FORMULA, Formula(expression="{number} * 2 + 1", fields=(NUMBER,))
)
SHOWN = _computed(
    "entry", "shown", "单位编码", FieldKind.ATTACHED, Attached(through=TO_UNIT, value=field_address("unit", "code"))
)
SERIAL = FieldSpec(
    address=field_address("entry", "serial"), labels=Labels(zh="序号", en="Serial"), kind=FieldKind.AUTO_NUMBER
)
COMPUTING_UNIT = replace(UNIT, fields=(*UNIT.fields, TOTAL, COUNT))
COMPUTING_ENTRY = replace(
    ENTRY, fields=(*(ENTRY.field(key) for key in ("code", "number", "unit")), DOUBLE, SHOWN, SERIAL)
)


@pytest.fixture(scope="module")
def bench(nocodb_sqlite: LocalServer, spoiler: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Two tables that compute over each other."""
    with requests.Session() as session:
        made = fresh_bench(nocodb_sqlite, spoiler, tmp_path_factory.mktemp("computed"), session, "计算")
        made.schema = replace(made.schema, tables=(COMPUTING_UNIT, COMPUTING_ENTRY), digest="c" * 8)
        report = made.apply()
        assert (report.pending, report.unsettled) == ((), ())
        yield made


def test_what_is_computed_is_read(bench: Bench) -> None:
    bench.write(COMPUTING_UNIT, {"u1": {}, "u2": {}})
    one, two = bench.ids(COMPUTING_UNIT, ("u1", "u2"))
    rows = {"a": (Decimal("1.5"), one), "b": (Decimal(2), one), "c": (Decimal(-4), two)}
    bench.write(COMPUTING_ENTRY, {key: {"number": number, "unit": (unit,)} for key, (number, unit) in rows.items()})
    units = {item.values["code"]: item.values for item in bench.read(COMPUTING_UNIT)}
    assert [(units[key]["total"], units[key]["count"]) for key in ("u1", "u2")] == [
        (Decimal("3.5"), Decimal(2)),
        (Decimal(-4), Decimal(1)),
    ]
    entries = {item.values["code"]: item for item in bench.read(COMPUTING_ENTRY)}
    assert [entries[key].values["double"] for key in "abc"] == [Decimal(4), Decimal(5), Decimal(-7)]
    assert [entries[key].values["shown"] for key in "abc"] == ["u1", "u1", "u2"]
    assert [str(entries[key].values["serial"]) for key in "abc"] == [entries[key].item_id for key in "abc"]


def test_a_second_plan_is_empty(bench: Bench) -> None:
    assert bench.plan().steps == ()


def test_what_is_computed_is_never_written(bench: Bench) -> None:
    batch = WriteBatch(
        table=COMPUTING_ENTRY, mode=WriteMode.UPSERT, rows=(ItemWrite(key="x", values={"double": Decimal(1)}),)
    )
    with pytest.raises(RejectedError) as caught:
        bench.connection.item_sink.submit(batch=batch, bindings=bench.bindings)
    assert caught.value.code == "platform.read_only_field"


CHOSEN = _computed(
    "unit",
    "chosen",
    "绿的合计",
    FieldKind.ROLLUP,
    Rollup(through=TO_UNIT, summary=Summary.SUM, value=NUMBER, rows=Test(CHOICE, Operator.EQUALS, "green")),
)
OTHERS = _computed(
    "unit",
    "others",
    "不绿的条数",
    FieldKind.ROLLUP,
    Rollup(through=TO_UNIT, summary=Summary.COUNT, rows=Every((Test(CHOICE, Operator.DIFFERS, "green"),))),
)


def test_a_rollup_of_some_rows_counts_those_whatever_the_option_is_called(bench: Bench) -> None:
    entry = replace(COMPUTING_ENTRY, fields=(*COMPUTING_ENTRY.fields, ENTRY.field("choice")))
    unit = replace(COMPUTING_UNIT, fields=(*COMPUTING_UNIT.fields, CHOSEN, OTHERS))
    schema = replace(bench.schema, tables=(unit, entry), digest="e" * 8)
    report = bench.apply(schema)
    assert (report.pending, report.unsettled) == ((), ())
    bench.schema = schema
    bench.write(unit, {"picked": {}})
    (picked,) = bench.ids(unit, ("picked",))
    rows = {
        "p": (Decimal("2.5"), "green"),
        "q": (Decimal(4), "green"),
        "r": (Decimal(8), "red"),
        "s": (Decimal(16), None),
    }
    bench.write(
        entry, {key: {"number": number, "unit": (picked,), "choice": one} for key, (number, one) in rows.items()}
    )

    def sums() -> tuple[object, object]:
        found = next(item.values for item in bench.read(unit) if item.values["code"] == "picked")
        return found["chosen"], found["others"]

    assert sums() == (Decimal("6.5"), Decimal(2))
    choice = entry.field("choice")
    options = tuple(replace(one, labels=Labels(zh=f"新{one.labels.zh}", en="New")) for one in choice.options)
    renamed = replace(entry, fields=(*entry.fields[:-1], replace(choice, options=options)))
    assert bench.apply(replace(schema, tables=(unit, renamed), digest="f" * 8)).pending == ()
    assert sums() == (Decimal("6.5"), Decimal(2))
    assert bench.plan(replace(schema, tables=(unit, renamed), digest="f" * 8)).steps == ()


@pytest.mark.parametrize(
    ("summary", "rows"),
    [
        (Summary.COUNT, Test(NUMBER, Operator.GREATER, Decimal(0))),
        (Summary.LARGEST, Test(CHOICE, Operator.EQUALS, "green")),
    ],
)
def test_a_rollup_that_a_formula_cannot_say_is_left_to_a_person(bench: Bench, summary: Summary, rows: Test) -> None:
    some = Rollup(through=TO_UNIT, summary=summary, value=NUMBER, rows=rows)
    field = _computed("unit", "some", "部分条数", FieldKind.ROLLUP, some)
    unit, entry = bench.schema.tables
    wider = replace(unit, fields=(*unit.fields, field))
    schema = replace(bench.schema, tables=(wider, entry), digest="d" * 8)
    assert [str(step.address) for step in bench.apply(schema).pending] == ["field:unit.some"]
