from __future__ import annotations

from decimal import Decimal

import pytest

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.errors import (
    AmbiguousRowError,
    ExtractError,
    SyncError,
    UnconfirmedWriteError,
    UnsafePlanError,
)
from huoban_perf.core.items import ItemQuery, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, TableSpec
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows, read_table
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key, wanted
from huoban_perf.sync.write_back import WriteReport, compare, guard, write
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory, make_table

TABLE = make_table()


def people(count: int, *, score: str = "80") -> list[WantedRow]:
    return [
        WantedRow(
            key=f"[E{n:03d}]",
            values={"code": f"[E{n:03d}]", "name": f"人{n}", "score": Decimal(score), "batch": f"run-{score}"},
        )
        for n in range(count)
    ]


def app_of(memory: Memory, clock: Clock | None = None) -> DeployedApp:
    return DeployedApp(
        connection=memory.connection(),
        schema=DesiredSchema(app="t", version="1", tables=(TABLE,), digest="-"),
        bindings=NO_BINDINGS,
        clock=clock or Clock(),
    )


def run(memory: Memory, rows: list[WantedRow], clock: Clock | None = None) -> WriteReport:
    app = app_of(memory, clock)
    standing = read_table(app, table=TABLE)
    plan = compare(wanted=rows, standing=standing, tables={"person": standing})
    return write(plan, app=app, standing=standing)


def test_first_run_creates_everything_in_batches_and_reads_it_back() -> None:
    memory = Memory()
    report = run(memory, people(250))
    assert (report.created, report.updated, report.unchanged) == (250, 0, 0)
    assert memory.writes == 3
    assert len(memory.items["person"]) == 250


def test_second_run_sends_no_write() -> None:
    memory = Memory()
    run(memory, people(120))
    before = memory.writes
    report = run(memory, people(120))
    assert memory.writes == before
    assert (report.written, report.unchanged) == (0, 120)


def test_batch_stamp_alone_never_causes_a_write_but_travels_with_a_difference() -> None:
    memory = Memory()
    run(memory, people(2))
    rows = people(2)
    changed = [WantedRow(key=row.key, values={**row.values, "batch": "later"}) for row in rows]
    assert run(memory, changed).written == 0
    changed[0] = WantedRow(key=rows[0].key, values={**changed[0].values, "score": Decimal(81)})
    assert run(memory, changed).updated == 1
    values = [values for _, values in memory.items["person"].values()]
    assert [(value["score"], value["batch"]) for value in values] == [
        (Decimal(81), "later"),
        (Decimal(80), "run-80"),
    ]


def test_update_sends_only_what_differs() -> None:
    memory = Memory()
    run(memory, people(1))
    standing = read_table(app_of(memory), table=TABLE)
    plan = compare(wanted=people(1, score="80.50"), standing=standing, tables={})
    assert plan.updated[0].values == {"code": "[E000]", "score": Decimal("80.50"), "batch": "run-80.50"}
    assert plan.overwritten == 1


def test_rows_nobody_wants_are_reported_and_left_alone() -> None:
    memory = Memory()
    run(memory, people(3))
    standing = read_table(app_of(memory), table=TABLE)
    plan = compare(wanted=people(1), standing=standing, tables={})
    assert plan.orphans == ("[E001]", "[E002]")
    assert not plan.writes


def test_batches_applied_late_are_waited_for() -> None:
    memory, clock = Memory(delay=3), Clock()
    assert run(memory, people(5), clock).created == 5
    assert clock.slept


def test_killed_between_accept_and_apply_then_run_again_makes_no_double() -> None:
    memory = Memory(delay=3)
    standing = read_table(app_of(memory), table=TABLE)
    plan = compare(wanted=people(5), standing=standing, tables={})
    memory.submit(batch=WriteBatch(table=TABLE, mode=WriteMode.UPSERT, rows=plan.writes), bindings=NO_BINDINGS)
    run(memory, people(5))
    assert sorted(str(values["code"]) for _, values in memory.items["person"].values()) == [
        f"[E00{n}]" for n in range(5)
    ]


def test_row_that_never_appears_is_unconfirmed_and_resumable() -> None:
    memory = Memory(lose=frozenset({"[E001]"}))
    with pytest.raises(UnconfirmedWriteError) as caught:
        run(memory, people(3))
    assert caught.value.facts == {"table": "表person", "count": 1, "first": "[E001]"}
    memory.lose = frozenset()
    assert run(memory, people(3)).created == 1


def test_refused_rows_are_all_listed_and_the_others_written() -> None:
    memory = Memory(refuse=frozenset({"[E001]", "[E002]"}))
    with pytest.raises(SyncError) as caught:
        run(memory, people(4))
    assert [problem.facts["key"] for problem in caught.value.problems] == ["[E001]", "[E002]"]
    assert len(memory.items["person"]) == 2


def test_two_rows_with_one_key_stop_the_run() -> None:
    memory = Memory()
    for _ in range(2):
        memory.put(TABLE, {"code": "[E000]", "name": "人"})
    standing = read_table(app_of(memory), table=TABLE)
    with pytest.raises(AmbiguousRowError) as caught:
        compare(wanted=people(1), standing=standing, tables={})
    assert caught.value.facts["key"] == "[E000]"
    with pytest.raises(AmbiguousRowError) as all_caught:
        standing.check_keys()
    assert len(all_caught.value.problems) == 1


def test_large_overwrite_needs_consent() -> None:
    memory = Memory()
    run(memory, people(100))
    standing = read_table(app_of(memory), table=TABLE)
    plan = compare(wanted=people(100, score="70"), standing=standing, tables={})
    with pytest.raises(UnsafePlanError) as caught:
        guard(plan, share_percent=50, allowed=False)
    assert caught.value.facts["count"] == 100
    guard(plan, share_percent=50, allowed=True)
    guard(plan, share_percent=100, allowed=False)


def test_filling_empty_cells_is_not_an_overwrite() -> None:
    memory = Memory()
    memory.put(TABLE, {"code": "[E000]", "name": "人0"})
    standing = read_table(app_of(memory), table=TABLE)
    plan = compare(wanted=people(1), standing=standing, tables={})
    assert (len(plan.updated), plan.overwritten) == (1, 0)


def test_relation_is_written_by_the_key_of_its_target() -> None:
    relation = FieldSpec(
        address=field_address("task", "person"),
        labels=Labels("人", "person"),
        kind=FieldKind.RELATION,
        target=table_address("person"),
    )
    task: TableSpec = make_table("task", extra=(relation,))
    memory = Memory()
    item = memory.put(TABLE, {"code": "[E000]"})
    rows = read_table(app_of(memory), table=TABLE)
    want = [WantedRow(key="[T1]", values={"code": "[T1]", "person": Refs("person", ("[E000]",))})]
    plan = compare(wanted=want, standing=TableRows(table=task), tables={"person": rows})
    assert plan.created[0].values["person"] == (item,)
    lost = [WantedRow(key="[T1]", values={"code": "[T1]", "person": Refs("person", ("[E009]",))})]
    with pytest.raises(ExtractError) as caught:
        compare(wanted=lost, standing=TableRows(table=task), tables={"person": rows})
    assert caught.value.problems[0].facts["key"] == "[E009]"


def test_natural_key_has_brackets_and_refuses_its_own_marks() -> None:
    assert natural_key("2026Q3", "E001") == "[2026Q3|E001]"
    for bad in ("", "a|b", "a]", 'a"'):
        with pytest.raises(ValueError, match="natural key"):
            natural_key("2026Q3", bad)


def test_wanted_rows_with_one_key_twice_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        wanted("person", "code", [{"code": "[A]"}, {"code": "[A]"}])


def test_rows_read_again_replace_their_former_reading() -> None:
    memory = Memory()
    item = memory.put(TABLE, {"code": "[E000]", "name": "旧"})
    rows = read_table(app_of(memory), table=TABLE)
    memory.items["person"][item][1]["name"] = "新"
    for page in memory.scan(query=ItemQuery(table=TABLE), bindings=NO_BINDINGS):
        for read in page.items:
            rows.add(read)
    assert len(rows) == 1
    assert rows.value(0, "name") == "新"
    assert rows.row_of_id(item) == 0


def test_change_of_provenance_alone_is_written_but_not_counted_as_an_overwrite() -> None:
    hashed = make_table(
        extra=(
            FieldSpec(
                address=field_address("person", "input_hash"), labels=Labels("校验码", "hash"), kind=FieldKind.TEXT
            ),
        )
    )
    memory = Memory()
    memory.put(hashed, {"code": "[E000]", "score": Decimal(80), "input_hash": "old"})
    standing = read_table(app_of(memory), table=hashed)
    row = {"code": "[E000]", "score": Decimal(80), "input_hash": "new"}
    plan = compare(wanted=[WantedRow(key="[E000]", values=row)], standing=standing, tables={})
    assert (len(plan.updated), plan.overwritten) == (1, 0)


def test_field_given_a_first_value_belongs_to_others_from_then_on() -> None:
    memory = Memory()
    run(memory, people(1))
    standing = read_table(app_of(memory), table=TABLE)
    changed = [WantedRow(key="[E000]", values={"code": "[E000]", "score": Decimal(1), "name": "人0"})]
    assert compare(wanted=changed, standing=standing, tables={}, first_only={"score"}).unchanged == 1


def test_empty_values_are_not_sent_with_a_new_row_but_clear_a_standing_one() -> None:
    memory = Memory()
    row = WantedRow(key="[E000]", values={"code": "[E000]", "name": None, "score": Decimal(1)})
    plan = compare(wanted=[row], standing=read_table(app_of(memory), table=TABLE), tables={})
    assert plan.created[0].values == {"code": "[E000]", "score": Decimal(1)}
    memory.put(TABLE, {"code": "[E000]", "name": "人", "score": Decimal(1)})
    plan = compare(wanted=[row], standing=read_table(app_of(memory), table=TABLE), tables={})
    assert plan.updated[0].values == {"code": "[E000]", "name": None}
