"""Destroying and rolling back, against the embedded workspace: structure and items come back, and the rest is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.addresses import Address, Bindings, ItemId, field_address, option_address, table_address
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.errors import HuobanPerfError, StateError, StateFormatError, UnreachableError
from huoban_perf.core.items import ItemQuery, ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.schema import DesiredSchema, FieldKind, TableSpec
from huoban_perf.core.values import Value, Values
from huoban_perf.deploy import (
    ApplyReport,
    Consent,
    DeployTarget,
    Limits,
    Plan,
    PlanOptions,
    RollbackReport,
    SnapshotStore,
    StateOwner,
    StateStore,
    apply_plan,
    bindings_of,
    make_plan,
    plan_rollback,
    roll_back,
    undertaking_of,
)
from huoban_perf.profile import Site
from tests.flow.conftest import FastClock, SiteMaker
from tests.unit.deploy.wishes import make_field, make_option, make_schema, make_table

pytestmark = pytest.mark.flow
DEPARTMENT, EMPLOYEE, GOAL = table_address("department"), table_address("employee"), table_address("goal")


def company() -> DesiredSchema:
    return make_schema(
        make_table(
            "department",
            "部门",
            make_field("department", "name", "部门名称", required=True),
            make_field("department", "code", "部门编码", required=True, unique=True),
            make_field("department", "parent", "上级部门", FieldKind.RELATION, target=DEPARTMENT),
        ),
        make_table(
            "employee",
            "员工",
            make_field("employee", "name", "姓名", required=True),
            make_field("employee", "number", "工号", required=True, unique=True),
            make_field("employee", "salary", "月薪", FieldKind.MONEY, decimals=2),
            make_field(
                "employee",
                "skills",
                "技能",
                FieldKind.CHOICES,
                options=tuple(make_option("employee", "skills", key, zh) for key, zh in SKILLS.items()),
            ),
            make_field("employee", "department", "所属部门", FieldKind.RELATION, target=DEPARTMENT),
        ),
        make_table(
            "goal",
            "目标",
            make_field("goal", "name", "目标名称"),
            make_field("goal", "code", "目标编号", unique=True),
            make_field("goal", "owner", "负责人", FieldKind.RELATION, target=EMPLOYEE),
        ),
    )


SKILLS = {"sql": "数据", "law": "法务", "art": "设计"}


def without(desired: DesiredSchema, *gone: Address) -> DesiredSchema:
    """The same wish with some tables, fields or options left out."""
    tables = []
    for table in desired.tables:
        if table.address in gone:
            continue
        fields = [
            replace(one, options=tuple(option for option in one.options if option.address not in gone))
            for one in table.fields
            if one.address not in gone
        ]
        tables.append(replace(table, fields=tuple(fields)))
    return make_schema(*tables, version="2")


@dataclass
class Office:
    """A workspace with people in it, a state, and snapshots."""

    site: Site
    folder: Path
    clock: FastClock = field(default_factory=FastClock)
    sink: Callable[[Any], Any] = lambda sink: sink
    by_hand: bool = False

    @property
    def owner(self) -> StateOwner:
        return StateOwner(app="little", platform="huoban", workspace=self.site.workspace)

    @property
    def store(self) -> StateStore:
        return StateStore(self.folder / "state.json")

    @property
    def snapshots(self) -> SnapshotStore:
        return SnapshotStore(self.folder / "snapshots")

    @property
    def capabilities(self) -> Capabilities:
        real = self.site.connection.capabilities
        return replace(real, performs=frozenset()) if self.by_hand else real

    @property
    def target(self) -> DeployTarget:
        real = self.site.connection
        connection = replace(
            real,
            capabilities=self.capabilities,
            schema_sink=self.sink(real.schema_sink),
            item_sink=self.sink(real.item_sink),
        )
        return DeployTarget(connection=connection, owner=self.owner, clock=self.clock, snapshots=self.snapshots)

    def plan(self, desired: DesiredSchema, *delete: Address) -> Plan:
        consent = Consent(by_template=frozenset(delete), delete=frozenset(delete))
        return make_plan(
            desired=desired,
            observed=self.target.observe(),
            state=self.store.load(self.owner),
            capabilities=self.capabilities,
            clock=self.clock,
            options=PlanOptions(consent=consent, limits=Limits(changed_percent=100, removed_percent=100)),
        )

    def deploy(self, desired: DesiredSchema, *delete: Address) -> ApplyReport:
        return apply_plan(plan=self.plan(desired, *delete), desired=desired, target=self.target, store=self.store)

    def roll_back(self, name: str | None = None) -> RollbackReport:
        return roll_back(undertaking_of(self.snapshots, name), target=self.target, store=self.store)

    @property
    def bindings(self) -> Bindings:
        return bindings_of(self.store.load(self.owner))

    def write(self, table: TableSpec, *rows: Values) -> None:
        key_field = next(one.address.key for one in table.fields if one.unique)
        writes = tuple(ItemWrite(key=str(row[key_field]), values=row) for row in rows)
        keyed = replace(table, key_field=key_field)
        self.site.connection.item_sink.submit(
            batch=WriteBatch(table=keyed, mode=WriteMode.UPSERT, rows=writes), bindings=self.bindings
        )

    def change(self, table: TableSpec, item_id: str, **values: Value) -> None:
        row = ItemWrite(key=item_id, values=values, item_id=ItemId(item_id))
        self.site.connection.item_sink.submit(
            batch=WriteBatch(table=table, mode=WriteMode.UPDATE, rows=(row,)), bindings=self.bindings
        )

    def rows(self, table: TableSpec) -> dict[str, dict[str, Value]]:
        """First field → its item's values and id."""
        pages = self.site.connection.item_source.scan(query=ItemQuery(table=table), bindings=self.bindings)
        items = [item for page in pages for item in page.items]
        return {str(item.values["name"]): {**item.values, "id": item.item_id} for item in items}

    def picture(self, desired: DesiredSchema) -> dict[str, Any]:
        """Everything in the tables with relations by name, so that worlds compare whatever their ids."""
        rows = {table.address: self.rows(table) for table in desired.tables}
        names = {str(row["id"]): name for held in rows.values() for name, row in held.items()}

        def named(value: Value) -> object:
            return tuple(names.get(part, part) for part in value) if isinstance(value, tuple) else value

        return {
            str(table): {
                name: {key: named(value) for key, value in row.items() if key != "id"} for name, row in held.items()
            }
            for table, held in rows.items()
        }


@pytest.fixture
def office(make_site: SiteMaker, tmp_path: Path) -> Office:
    office = Office(site=make_site(), folder=tmp_path)
    desired = company()
    office.deploy(desired)
    department, employee, goal = desired.tables
    office.write(department, {"name": "总部", "code": "D0"})
    root = str(office.rows(department)["总部"]["id"])
    office.write(department, {"name": "销售部", "code": "D1", "parent": (root,)})
    sales = str(office.rows(department)["销售部"]["id"])
    people = [
        {"name": "张三", "number": "1", "salary": Decimal("1234.50"), "skills": ("sql", "law"), "department": (sales,)},
        {"name": "李四", "number": "2", "salary": Decimal(800), "skills": ("law",), "department": (root,)},
        {"name": "王五", "number": "3", "skills": ("art",)},
    ]
    office.write(employee, *people)
    zhang = str(office.rows(employee)["张三"]["id"])
    office.write(goal, {"name": "增长", "code": "G1", "owner": (zhang,)})
    return office


def test_nothing_is_put_aside_when_nothing_is_lost(office: Office) -> None:
    report = office.deploy(without(company(), field_address("employee", "salary")))
    assert report.snapshot is None
    assert office.snapshots.names() == []
    with pytest.raises(StateError) as caught:
        office.roll_back()
    assert caught.value.code == "rollback.none"


def test_deleted_table_comes_back_with_its_items_and_what_pointed_to_them(office: Office) -> None:
    desired, before = company(), office.picture(company())
    gone = (DEPARTMENT, field_address("employee", "department"))
    smaller = without(desired, *gone)
    plan = office.plan(smaller, *gone)
    assert {note.code for note in plan.losses} >= {"rollback.loss_table", "rollback.loss_field", "rollback.loss_later"}
    report = office.deploy(smaller, *gone)
    assert report.snapshot is not None
    assert report.snapshot_rows == 4
    assert DEPARTMENT not in office.bindings
    rolled = office.roll_back()
    assert rolled.is_complete
    assert office.picture(desired) == before
    counts = {table.name: (table.saved, table.created, table.filled) for table in rolled.tables}
    assert counts == {"部门": (2, 2, 1), "员工": (2, 0, 2)}
    assert office.plan(desired).is_empty


def with_a_hole(office: Office) -> Any:
    """Delete a field and an option, while somebody fills one hole; return what going back must come to."""
    desired, expected = company(), office.picture(company())
    gone = (field_address("employee", "salary"), option_address("employee", "skills", "law"))
    office.deploy(without(desired, *gone), *gone)
    employee = without(desired, *gone).table("employee")
    office.change(employee, str(office.rows(employee)["李四"]["id"]), skills=("art",))
    expected["table:employee"]["李四"]["skills"] = ("art",)
    return expected


def test_deleted_field_and_option_come_back_where_people_left_a_hole(office: Office) -> None:
    expected = with_a_hole(office)
    rolled = office.roll_back()
    (table,) = rolled.tables
    assert (table.saved, table.filled, table.kept, table.missing) == (2, 2, 1, 0)
    assert office.picture(company()) == expected


def test_item_deleted_meanwhile_is_counted_as_missing(office: Office) -> None:
    desired = company()
    gone = field_address("employee", "salary")
    office.deploy(without(desired, gone), gone)
    employee = without(desired, gone).table("employee")
    item_id = str(office.rows(employee)["李四"]["id"])
    row = ItemWrite(key=item_id, values={}, item_id=ItemId(item_id))
    office.site.connection.item_sink.submit(
        batch=WriteBatch(table=employee, mode=WriteMode.DELETE, rows=(row,)), bindings=office.bindings
    )
    rolled = office.roll_back()
    assert [(table.filled, table.missing) for table in rolled.tables] == [(1, 1)]


def test_field_added_by_hand_comes_back_with_a_deleted_table(office: Office) -> None:
    control = office.site.control
    assert control is not None
    table_id = office.bindings[GOAL]
    made = control.post("build/field", {"table_id": table_id, "name": "备注", "kind": "text", "alias": ""})
    item_id = str(office.rows(company().table("goal"))["增长"]["id"])
    spec = make_table("goal", "目标", make_field("goal", "name", "目标名称"), make_field("goal", "note", "备注"))
    ids = Bindings({**office.bindings, field_address("goal", "note"): made["field_id"]})
    row = ItemWrite(key="x", values={"note": "重要"}, item_id=ItemId(item_id))
    office.site.connection.item_sink.submit(
        batch=WriteBatch(table=spec, mode=WriteMode.UPDATE, rows=(row,)), bindings=ids
    )
    office.deploy(without(company(), GOAL), GOAL)
    assert office.roll_back().is_complete
    live = next(table for table in office.target.observe().tables if table.name == "目标")
    field_id = next(one.field_id for one in live.fields if one.name == "备注")
    ids = Bindings({**office.bindings, field_address("goal", "note"): field_id})  # type: ignore[dict-item]
    pages = office.site.connection.item_source.scan(query=ItemQuery(table=spec), bindings=ids)
    assert [item.values["note"] for page in pages for item in page.items] == ["重要"]


def test_rename_and_labels_go_back_too_and_ids_stay(office: Office) -> None:
    desired = company()
    gone = field_address("goal", "owner")
    renamed = make_schema(
        *without(desired, gone).tables[:2],
        make_table(
            "target",
            "指标",
            make_field("target", "name", "指标名称"),
            make_field("target", "code", "目标编号", unique=True),
        ),
        version="2",
    )
    old = office.bindings[GOAL]
    observed = office.target.observe()
    plan = make_plan(
        desired=renamed,
        observed=observed,
        state=office.store.load(office.owner),
        capabilities=office.site.connection.capabilities,
        clock=office.clock,
        options=PlanOptions(
            moved={GOAL: table_address("target")},
            consent=Consent(
                by_template=frozenset({field_address("target", "owner")}),
                delete=frozenset({field_address("target", "owner")}),
            ),
        ),
    )
    apply_plan(plan=plan, desired=renamed, target=office.target, store=office.store)
    assert office.bindings[table_address("target")] == old
    assert office.roll_back().is_complete
    assert office.bindings[GOAL] == old
    assert office.rows(desired.table("goal"))["增长"]["owner"]
    assert office.plan(desired).is_empty


class Broken:
    """A sink whose n-th call fails, before or after its effect."""

    def __init__(self, sink: Any, fuse: list[int], *, after: bool) -> None:
        self._sink, self._fuse, self._after = sink, fuse, after

    def perform(self, **words: Any) -> Any:
        return self._call(self._sink.perform, words)

    def submit(self, **words: Any) -> Any:
        return self._call(self._sink.submit, words)

    def _call(self, call: Callable[..., Any], words: dict[str, Any]) -> Any:
        self._fuse[0] -= 1
        if self._fuse[0] == 0:
            if self._after:
                call(**words)
            raise UnreachableError("platform.unreachable", endpoint="test")
        return call(**words)


def until_done(office: Office, call: Callable[[], object], *, after: bool) -> int:
    """Repeat a call, broken at its first, second, third… request, until it gets through; return how often it broke."""
    breaks = 0
    for number in range(1, 40):
        fuse = [number]
        office.sink = lambda sink, fuse=fuse: Broken(sink, fuse, after=after)  # type: ignore[misc]
        try:
            call()
        except HuobanPerfError:
            breaks += 1
            continue
        if fuse[0] > 0:
            office.sink = lambda sink: sink
            return breaks
    raise AssertionError("never done")


@pytest.mark.parametrize("after", [False, True])
def test_destroying_and_rolling_back_killed_at_every_call_end_in_the_same_world(
    make_site: SiteMaker, tmp_path: Path, office: Office, after: bool
) -> None:
    desired, before = company(), office.picture(company())
    gone = (DEPARTMENT, field_address("employee", "department"), field_address("goal", "owner"))
    smaller = without(desired, *gone)

    assert until_done(office, lambda: office.deploy(smaller, *gone), after=after) >= 2
    assert office.plan(smaller).is_empty
    assert len(office.snapshots.names()) >= 2
    assert until_done(office, office.roll_back, after=after) >= 3
    rolled = office.roll_back()
    assert rolled.is_complete
    assert office.picture(desired) == before
    assert office.plan(desired).is_empty


def test_killed_snapshot_is_none_at_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = field_address("employee", "salary")
    smaller = without(company(), gone)
    before = office.picture(company())

    def broken(**words: object) -> object:
        raise UnreachableError("platform.unreachable", endpoint="test")

    with monkeypatch.context() as patch:
        patch.setattr(office.site.connection.item_source, "scan", broken)
        with pytest.raises(UnreachableError):
            office.deploy(smaller, gone)
    assert office.snapshots.names() == []
    assert office.picture(company()) == before
    assert office.deploy(smaller, gone).snapshot is not None


def test_edited_or_damaged_snapshot_is_refused(office: Office) -> None:
    gone = field_address("employee", "salary")
    name = office.deploy(without(company(), gone), gone).snapshot
    assert name is not None
    head = office.snapshots.folder / name / "snapshot.json"
    items = office.snapshots.folder / name / "employee.jsonl"
    text = head.read_text(encoding="utf-8")
    assert (head.stat().st_mode & 0o777, head.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    for content, code in ((text.replace("月薪", "年薪"), "edited"), ("{", "damaged"), ('{"format": 9}', "format")):
        head.write_text(content, encoding="utf-8")
        with pytest.raises(StateFormatError) as caught:
            office.roll_back()
        assert caught.value.code == f"rollback.{code}"
    head.write_text(text, encoding="utf-8")
    items.write_text(items.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    with pytest.raises(StateFormatError):
        office.roll_back()
    with pytest.raises(StateError) as missing:
        office.roll_back("20200101T000000Z-00000000")
    assert missing.value.code == "rollback.no_snapshot"


def test_planning_a_rollback_writes_nothing(office: Office) -> None:
    gone = field_address("employee", "salary")
    office.deploy(without(company(), gone), gone)
    state, writes = office.store.path.read_bytes(), office.site.connection.traffic.traffic().writes
    plan = plan_rollback(
        undertaking_of(office.snapshots, None),
        observed=office.target.observe(),
        state=office.store.load(office.owner),
        target=office.target,
    )
    assert [str(step.address) for step in plan.steps] == ["field:employee.salary"]
    assert (office.store.path.read_bytes(), office.site.connection.traffic.traffic().writes) == (state, writes)


def test_what_a_person_deletes_and_builds_again_by_hand_is_put_aside_first_and_filled_in_last(office: Office) -> None:
    desired, before = company(), office.picture(company())
    smaller = without(desired, GOAL)
    office.by_hand = True
    report = office.deploy(smaller, GOAL)
    assert (report.pending[0].address, report.snapshot_rows) == (GOAL, 1)
    assert report.snapshot is not None  # before anybody is told to delete anything
    control = office.site.control
    assert control is not None
    control.post("build/delete", {"object": "table", "table_id": office.bindings[GOAL]})
    assert office.deploy(smaller, GOAL).is_settled
    waiting = office.roll_back()
    assert next(step.address for step in waiting.structure.pending) == GOAL
    assert waiting.tables == ()
    office.by_hand = False  # a person builds it; here the builder stands for the person
    rolled = office.roll_back()
    assert rolled.is_complete
    assert office.picture(desired) == before
