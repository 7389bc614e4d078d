"""The probe: a small app with a field of every kind that holds data, and what is asked of a platform with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from huoban_perf.core.addresses import Bindings, ItemId, WorkspaceId, field_address, option_address, table_address
from huoban_perf.core.clock import Clock, SystemClock
from huoban_perf.core.digest import digest
from huoban_perf.core.filters import Filter
from huoban_perf.core.items import Item, ItemQuery, ItemWrite, Order, Receipt, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.ports import Connection, MemberSink
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.core.values import Values
from huoban_perf.deploy import (
    ApplyReport,
    DeployTarget,
    Plan,
    PlanOptions,
    StateOwner,
    StateStore,
    apply_plan,
    bindings_of,
    make_plan,
    state_path,
)
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.confirm import confirm
from huoban_perf.sync.snapshot import TableRows

K = FieldKind

KINDS: tuple[tuple[str, str, FieldKind], ...] = (
    ("code", "编码", K.TEXT),
    ("long", "说明", K.TEXT_LONG),
    ("rich", "富文本", K.TEXT_RICH),
    ("number", "数值", K.NUMBER),
    ("money", "金额", K.MONEY),
    ("percent", "比例", K.PERCENT),
    ("rating", "星级", K.RATING),
    ("progress", "进度", K.PROGRESS),
    ("switch", "开关", K.SWITCH),
    ("time", "时刻", K.TIME),
    ("phone", "电话", K.PHONE),
    ("email", "邮箱", K.EMAIL),
    ("address", "地址", K.ADDRESS),
    ("scan", "扫码", K.SCAN),
    ("day", "日期", K.DATE),
    ("moment", "日期时间", K.DATETIME),
    ("choice", "单选", K.CHOICE),
    ("choices", "多选", K.CHOICES),
    ("member", "成员", K.MEMBER),
    ("members", "多成员", K.MEMBERS),
    ("place", "位置", K.LOCATION),
)


def _option(field_key: str, key: str, text: str) -> OptionSpec:
    return OptionSpec(address=option_address("entry", field_key, key), labels=Labels(zh=text, en=key.title()))


def _field(key: str, text: str, kind: FieldKind) -> FieldSpec:
    options = (
        [("red", "红, 'A' (一)"), ("green", "绿")]
        if kind is K.CHOICE
        else [("one", "甲"), ("two", "乙"), ("six", "丙")]
    )
    return FieldSpec(
        address=field_address("entry", key),
        labels=Labels(zh=text, en=key.title()),
        kind=kind,
        decimals=6 if kind is K.NUMBER else 2 if kind is K.MONEY else None,
        options=tuple(_option(key, name, label) for name, label in options) if kind in {K.CHOICE, K.CHOICES} else (),
    )


def _relation(key: str, text: str, target: str, *, many: bool = False) -> FieldSpec:
    return FieldSpec(
        address=field_address("entry", key),
        labels=Labels(zh=text, en=key.title()),
        kind=K.RELATION,
        target=table_address(target),
        many=many,
    )


UNIT = TableSpec(
    address=table_address("unit"),
    labels=Labels(zh="单位", en="Unit"),
    title="code",
    key_field="code",
    fields=(FieldSpec(address=field_address("unit", "code"), labels=Labels(zh="编码", en="Code"), kind=K.TEXT),),
)
ENTRY = TableSpec(
    address=table_address("entry"),
    labels=Labels(zh="条目", en="Entry"),
    title="code",
    key_field="code",
    fields=(
        *(_field(*entry) for entry in KINDS),
        _relation("unit", "单位", "unit"),
        _relation("parent", "上级", "entry"),
        _relation("units", "多单位", "unit", many=True),
    ),
)
SCHEMA = DesiredSchema(app="probe", version="1", tables=(UNIT, ENTRY), digest=digest(["probe", 1]))


class FastClock(SystemClock):
    """Real time, but waiting costs nothing."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


@dataclass(slots=True)
class Bench:
    """One platform with the probe on it."""

    connection: Connection
    workspace: WorkspaceId
    clock: Clock
    store: StateStore
    owner: StateOwner
    member_sink: MemberSink
    schema: DesiredSchema = SCHEMA
    bindings: Bindings = field(default_factory=lambda: Bindings({}))

    @classmethod
    def of(
        cls, connection: Connection, workspace: WorkspaceId, *, clock: Clock, folder: object, sink: MemberSink
    ) -> Bench:
        owner = StateOwner(app="probe", platform=connection.name, workspace=workspace, locale="zh")
        store = StateStore(state_path(folder, owner))  # type: ignore[arg-type]
        return cls(connection, workspace, clock, store, owner, sink)

    def plan(self, schema: DesiredSchema | None = None) -> Plan:
        target = self.target()
        return make_plan(
            desired=schema or self.schema,
            observed=target.observe(),
            state=self.store.load(self.owner),
            capabilities=self.connection.capabilities,
            clock=self.clock,
            options=PlanOptions(locale="zh"),
        )

    def target(self) -> DeployTarget:
        return DeployTarget(connection=self.connection, owner=self.owner, clock=self.clock)

    def apply(self, schema: DesiredSchema | None = None) -> ApplyReport:
        report = apply_plan(
            plan=self.plan(schema), desired=schema or self.schema, target=self.target(), store=self.store
        )
        self.bindings = bindings_of(self.store.load(self.owner))
        return report

    def app(self) -> DeployedApp:
        return DeployedApp(connection=self.connection, schema=self.schema, bindings=self.bindings, clock=self.clock)

    def write(self, table: TableSpec, rows: dict[str, Values]) -> Receipt:
        """Upsert rows and wait until they stand as sent."""
        writes = [ItemWrite(key=key, values={"code": key, **values}) for key, values in rows.items()]
        size = self.connection.capabilities.batch_size
        receipts = []
        for start in range(0, len(writes), size):
            batch = WriteBatch(table=table, mode=WriteMode.UPSERT, rows=tuple(writes[start : start + size]))
            receipts += self.connection.item_sink.submit(batch=batch, bindings=self.bindings).rows
        ids = {row.key: row.item_id for row in receipts if row.item_id is not None}
        expected = {write.key: write.values for write in writes}
        assert confirm(expected, app=self.app(), standing=TableRows(table=table), item_ids=ids) == []
        return Receipt(rows=tuple(receipts))

    def pages(self, table: TableSpec, **query: object) -> list[object]:
        return list(
            self.connection.item_source.scan(query=ItemQuery(table=table, **query), bindings=self.bindings)  # type: ignore[arg-type]
        )

    def read(self, table: TableSpec, filter_: Filter | None = None, order: Order | None = None) -> list[Item]:
        query = ItemQuery(table=table, filter=filter_, order=order or Order())
        pages = self.connection.item_source.scan(query=query, bindings=self.bindings)
        return [item for page in pages for item in page.items]

    def one(self, table: TableSpec, key: str) -> Item:
        found = [item for item in self.read(table) if item.values["code"] == key]
        assert len(found) == 1, f"{len(found)} items hold {key}"
        return found[0]

    def ids(self, table: TableSpec, keys: Iterable[str]) -> Iterator[ItemId]:
        by_key = {item.values["code"]: item.item_id for item in self.read(table)}
        return (by_key[key] for key in keys)

    def clear(self, table: TableSpec) -> None:
        size = self.connection.capabilities.batch_size
        items = self.read(table)
        for start in range(0, len(items), size):
            rows = tuple(
                ItemWrite(key=item.item_id, values={}, item_id=item.item_id) for item in items[start : start + size]
            )
            batch = WriteBatch(table=table, mode=WriteMode.DELETE, rows=rows)
            self.connection.item_sink.submit(batch=batch, bindings=self.bindings)
        for _ in range(50):
            if not self.read(table):
                return
        raise AssertionError("the table does not empty")
