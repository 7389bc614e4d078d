"""A small app with everything that makes moving hard, on any platform: circles, items without keys, doubles, files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import requests

from huoban_perf.core.addresses import Bindings, ItemId, WorkspaceId, field_address, table_address
from huoban_perf.core.digest import digest
from huoban_perf.core.items import ItemWrite, Receipt, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.ports import Connection, ItemSink
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import CHINA, Value, Values
from huoban_perf.platforms.huoban import ControlPlane, HuobanOptions
from huoban_perf.platforms.huoban import connect as connect_huoban
from huoban_perf.profile import Profile
from huoban_perf.profile.planes import embedded_access
from huoban_perf.sandbox import create_app, mount, open_world, serve
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.move import (
    Carried,
    Directory,
    Ends,
    MoveMemory,
    People,
    Survey,
    carry,
    meet,
    memory_path,
    read_ends,
    survey,
)
from tests.contract.platform.probe import ENTRY, UNIT, Bench, FastClock

K = FieldKind


def _plain(table: str, key: str, text: str, kind: FieldKind, *, target: str | None = None) -> FieldSpec:
    return FieldSpec(
        address=field_address(table, key),
        labels=Labels(zh=text, en=key.title()),
        kind=kind,
        target=None if target is None else table_address(target),
    )


UNITS = replace(UNIT, fields=(*UNIT.fields, _plain("unit", "lead", "带头条目", K.RELATION, target="entry")))
"""Points at entries, which point back: a circle of tables."""

PERSON = TableSpec(
    address=table_address("person"),
    labels=Labels(zh="人", en="Person"),
    title="name",
    key_field="code",
    fields=(
        _plain("person", "code", "工号", K.TEXT),
        _plain("person", "name", "姓名", K.TEXT),
        _plain("person", "account", "账号", K.MEMBER),
    ),
)
ANSWER = TableSpec(
    address=table_address("answer"),
    labels=Labels(zh="答卷", en="Answer"),
    title="said",
    fields=(
        _plain("answer", "said", "意见", K.TEXT),
        _plain("answer", "marks", "分数", K.NUMBER),
        _plain("answer", "about", "关于", K.RELATION, target="entry"),
    ),
)
"""Filled in by people: no key, and two may say the same."""

SCHEMA = DesiredSchema(app="moving", version="1", tables=(UNITS, ENTRY, PERSON, ANSWER), digest=digest(["moving", 1]))


@dataclass(slots=True)
class Place:
    """One workspace with the app in it."""

    bench: Bench

    @property
    def app(self) -> DeployedApp:
        return self.bench.app()

    def directory(self) -> Directory:
        return Directory(app=self.app, workspace=self.bench.workspace, sink=self.bench.member_sink)

    def items(self, table: TableSpec) -> list[Values]:
        return [item.values for item in self.bench.read(table)]

    def update(self, table: TableSpec, item_id: str, values: Values) -> None:
        self._send(table, WriteMode.UPDATE, ItemWrite(key=item_id, values=values, item_id=ItemId(item_id)))

    def delete(self, table: TableSpec, item_id: str) -> None:
        self._send(table, WriteMode.DELETE, ItemWrite(key=item_id, values={}, item_id=ItemId(item_id)))

    def create(self, table: TableSpec, key_field: str, key: str, values: Values) -> None:
        """Create an item of a table without a key, under any text that stands nowhere yet."""
        spec = replace(table, key_field=key_field)
        self._send(spec, WriteMode.UPSERT, ItemWrite(key=key, values=values))

    def _send(self, table: TableSpec, mode: WriteMode, row: ItemWrite) -> None:
        batch = WriteBatch(table=table, mode=mode, rows=(row,))
        self.bench.connection.item_sink.submit(batch=batch, bindings=self.bench.bindings)
        self.bench.read(table)  # the embedded workspace applies batches one look later
        self.bench.read(table)


def placed(bench: Bench, schema: DesiredSchema = SCHEMA) -> Place:
    """Build the app in a workspace."""
    bench.schema = schema
    report = bench.apply()
    assert not report.pending
    assert not report.unsettled
    return Place(bench)


@contextmanager
def embedded(folder: Path) -> Iterator[Place]:
    """The app in an embedded workspace of its own, in process."""
    world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
    try:
        with requests.Session() as session:
            mount(session, create_app(world), "http://workspace.test")
            clock = FastClock()
            control = ControlPlane(control_url="http://workspace.test/_sandbox", session=session, clock=clock)
            control.limit_rate(None)
            workspace = WorkspaceId(control.build_workspace(folder.name))
            options = HuobanOptions(
                base_url="http://workspace.test/openapi/v1", planes=("v1", "builder"), rate_per_s=None
            )
            connection = connect_huoban(
                options=options,
                api_key=control.mint_key(workspace),
                session=session,
                clock=clock,
                control_url="http://workspace.test/_sandbox",
            )
            yield placed(Bench.of(connection, workspace, clock=clock, folder=folder, sink=control))
    finally:
        world.close()


@dataclass(frozen=True)
class Face:
    """How Huoban shows itself.

    Attributes:
        mode: How open questions of the wire are answered.
        planes: Which interfaces the connection may use.
    """

    mode: str
    planes: tuple[Literal["v1", "builder", "v2", "gateway"], ...]

    def __str__(self) -> str:
        return f"{self.mode}, {'+'.join(self.planes)}"


@contextmanager
def wired(folder: Path, face: Face, schema: DesiredSchema) -> Iterator[Place]:
    """The app in a Huoban workspace behind a socket: what its planes do not build, a person builds."""
    world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=1)
    try:
        with serve(world) as server, requests.Session() as session:
            clock = FastClock()
            control = ControlPlane(control_url=f"{server.url}/_sandbox", session=session, clock=clock)
            control.limit_rate(None)
            control.set_mode(face.mode)
            workspace = WorkspaceId(control.build_workspace(folder.name))
            key = control.mint_key(workspace)

            def bench(*planes: Literal["v1", "builder", "v2", "gateway"]) -> Bench:
                connection = connect_huoban(
                    options=HuobanOptions(base_url=f"{server.url}/openapi/v1", planes=planes, rate_per_s=None),
                    api_key=key,
                    session=session,
                    clock=clock,
                    control_url=f"{server.url}/_sandbox",
                    access=embedded_access(Profile(planes=planes), control=control, workspace=workspace),
                )
                found = Bench.of(connection, workspace, clock=clock, folder=folder, sink=control)
                found.schema = schema
                return found

            asked = bench(*face.planes)
            if "builder" not in face.planes:
                assert asked.apply().pending  # a sheet for a person, who does as it says
                assert not bench("v1", "builder").apply().pending
            yield placed(asked, schema)
    finally:
        world.close()


def picture(place: Place) -> list[str]:
    """What stands, cell by cell, without ids: relations by key, people by their staff number."""
    numbers = {str(row["account"][0]): str(row["code"]) for row in place.items(PERSON) if row["account"]}  # type: ignore[index]
    keys = {
        table.key: {str(item.item_id): str(item.values["code"]) for item in place.bench.read(table)}
        for table in (UNITS, ENTRY, PERSON)
    }

    def plain(spec: FieldSpec, value: Value) -> object:
        if isinstance(value, tuple) and spec.kind in {K.MEMBER, K.MEMBERS}:
            return sorted(numbers[one] for one in value)
        if isinstance(value, tuple) and spec.target is not None:
            return sorted(keys[spec.target.key][one] for one in value)
        if isinstance(value, tuple):
            return sorted(value)
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        if isinstance(value, dict):
            return sorted(value.items())
        return value.normalize() if isinstance(value, Decimal) else value or None

    return sorted(
        f"{table.key}: { {one.address.key: plain(one, row.get(one.address.key)) for one in table.fields} }"
        for table in SCHEMA.tables
        for row in place.items(table)
    )


class KilledError(Exception):
    """The process ended here."""


class Mortal:
    """An item sink during whose n-th request the process ends, before or after the effect."""

    def __init__(self, sink: ItemSink, *, at: int, after: bool) -> None:
        self._sink, self._left, self._after = sink, at, after

    def submit(self, *, batch: WriteBatch, bindings: Bindings) -> Receipt:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise KilledError
        receipt = self._sink.submit(batch=batch, bindings=bindings)
        if self._left == 0:
            raise KilledError
        return receipt


def account(place: Place, *, name: str, number: str) -> str:
    """Invite somebody; return the member id."""
    called = place.bench.member_sink.account(name=name, number=number)
    place.bench.member_sink.invite(workspace=place.bench.workspace, accounts=[called])
    members = place.bench.connection.member_source.members(workspace=place.bench.workspace)
    return next(str(member.member_id) for member in members if member.name == called)


def furnish(place: Place) -> None:
    """Fill the old place: every kind, a circle, an item above itself, equal answers, an item without its key."""
    bench = place.bench
    one, two = account(place, name="张三", number="E1"), account(place, name="李四", number="E2")
    bench.write(PERSON, _person("E1", "张三", one) | _person("E2", "李四", two))
    bench.write(UNITS, {"[U1]": {}, "[U2]": {}})
    u1, u2 = bench.ids(UNITS, ("[U1]", "[U2]"))
    bench.write(ENTRY, {"[A]": {**full(one, two), "unit": (u1,), "units": (u1, u2)}, "[B]": {"unit": (u2,)}})
    a, b = bench.ids(ENTRY, ("[A]", "[B]"))
    bench.write(ENTRY, {"[A]": {"parent": (b,)}, "[B]": {"parent": (b,)}})
    bench.write(UNITS, {"[U1]": {"lead": (a,)}})
    for number, marks in enumerate(("88.235294", "0.07", "0.07")):
        place.create(ANSWER, "said", f"t{number}", {"marks": Decimal(marks), "about": (a,)})
    for item in bench.read(ANSWER):
        said = "很好" if item.values["marks"] == Decimal("0.07") else None
        place.update(ANSWER, item.item_id, {"said": said})
    place.create(ENTRY, "code", "passing", {"long": "没有编码"})
    lost = next(item for item in bench.read(ENTRY) if item.values["code"] == "passing")
    place.update(ENTRY, lost.item_id, {"code": None})


def _person(number: str, name: str, member: str) -> dict[str, Values]:
    return {number: {"name": name, "account": (member,)}}


def full(one: str, two: str) -> dict[str, Value]:
    """A value of every kind that holds data."""
    return {
        "long": "第一行\n第二行 \"引号\" '单' ~and (x,eq,y)",
        "rich": "**粗**",
        "number": Decimal("1234567.123456"),
        "money": Decimal("1234567890123.45"),
        "percent": Decimal("0.8565"),
        "rating": Decimal(4),
        "progress": Decimal(35),
        "switch": True,
        "time": "09:30",
        "phone": "13800000000",
        "email": "a@example.com",
        "address": "北京",
        "scan": "SN-1",
        "day": date(2026, 9, 30),
        "moment": datetime(2026, 9, 30, 23, 59, 1, tzinfo=CHINA),
        "choice": "red",
        "choices": ("one", "six"),
        "member": (one,),
        "members": (one, two),
        "place": {"name": "总部", "longitude": "116.3"},
    }


@dataclass(slots=True)
class House:
    """Two places and what a move between them remembers."""

    old: Place
    new: Place
    folder: Path
    invite: bool = True

    @property
    def path(self) -> Path:
        return memory_path(self.folder, app="moving", ends=("old.1", "new.2"))

    def ends(self) -> Ends:
        return Ends(old=self.old.app, new=self.new.app)

    def people(self) -> People:
        needed = read_ends(self.ends()).people()
        return meet(
            self.old.directory(), self.new.directory(), needed=needed, listed={}, invite=self.invite, apply=True
        )

    def look(self, *, overwrite: bool = False) -> Survey:
        ends, memory = self.ends(), MoveMemory.read(self.path)
        return survey(ends, read_ends(ends), people=self.people().of, memory=memory, overwrite=overwrite)

    def move(self, *, overwrite: bool = False, people: Mapping[str, str] | None = None) -> Carried:
        """Move; ``people`` spares asking who is who once more."""
        people, memory = people or self.people().of, MoveMemory.read(self.path)
        planned = survey(self.ends(), read_ends(self.ends()), people=people, memory=memory, overwrite=overwrite)
        return carry(self.ends(), planned, people=people, memory=memory, path=self.path, overwrite=overwrite)


def writes(connection: Connection) -> int:
    """Requests that wrote so far."""
    return connection.traffic.traffic().writes
