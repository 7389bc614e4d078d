"""A little platform for the deploy tests: tables, fields and options with ids, rules and faults of its own.

It shows what v1 shows (a text field may be any text kind, help and decimals are never shown) and builds what the
builder plane builds. ``break_at`` makes the n-th write fail before or after its effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId, WorkspaceId
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action, Performed, SchemaOperation
from huoban_perf.core.errors import UnreachableError, UnsupportedChangeError
from huoban_perf.core.ports import Connection, Traffic
from huoban_perf.core.schema import (
    CHOICE_KINDS,
    DEFINITION_KINDS,
    MEMBER_KINDS,
    NUMBER_KINDS,
    TEXT_KINDS,
    DefinitionSpec,
    FieldKind,
    FieldSpec,
    ObservedDefinition,
    ObservedField,
    ObservedOption,
    ObservedSchema,
    ObservedTable,
    OptionSpec,
    TableSpec,
)
from huoban_perf.deploy import DeployTarget, StateOwner

WORKSPACE = WorkspaceId("4000000000000001")
START = datetime(2026, 7, 1, tzinfo=UTC)
BUILDABLE = (ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION)


class Clock:
    """Time that moves a second with every look."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def monotonic_s(self) -> float:
        return (self.moment - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Platform:
    """Schema source, schema sink and traffic in one object."""

    tables: dict[str, ObservedTable] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0
    break_at: int | None = None
    break_after_effect: bool = False
    forgets_option_ids: bool = False
    refuses: frozenset[str] = frozenset()
    defines: bool = False
    attests: bool = False
    definitions: dict[str, ObservedDefinition] = field(default_factory=dict)
    ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))

    def connection(self, *, builds: bool = True, kinds: frozenset[FieldKind] = frozenset(FieldKind)) -> Connection:
        actions = (Action.CREATE, Action.UPDATE, Action.DELETE) if builds else ()
        known = (*BUILDABLE, *(DEFINITION_KINDS if self.defines else ()))
        can = Capabilities(
            observes=frozenset(known),
            attests=frozenset(DEFINITION_KINDS if self.attests else ()),
            performs=frozenset((kind, action) for kind in known for action in actions),
            field_kinds=kinds,
            page_size=100,
            batch_size=100,
            asynchronous_batches=True,
            upserts_by_key=True,
        )
        nothing: Any = self
        return Connection(
            name="memory[all]",
            capabilities=can,
            schema_source=self,
            schema_sink=self,
            item_source=nothing,
            item_sink=nothing,
            member_source=nothing,
            traffic=self,
        )

    def target(self, clock: Clock, *, builds: bool = True) -> DeployTarget:
        return DeployTarget(connection=self.connection(builds=builds), owner=OWNER, clock=clock)

    def traffic(self) -> Traffic:
        return Traffic(requests=self.reads + self.writes, writes=self.writes)

    def observe(self, *, workspace: WorkspaceId) -> ObservedSchema:
        self.reads += 1 + len(self.tables)
        return ObservedSchema(
            workspace=workspace,
            tables=tuple(self.tables.values()),
            definitions=tuple(self.definitions.values()),
            shows=frozenset(DEFINITION_KINDS if self.defines else ()),
        )

    def perform(self, *, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        self.writes += 1
        unable = self.refuses & {*operation.attributes, operation.address.kind.value}
        if unable:
            raise UnsupportedChangeError("platform.unsupported_attribute", facts={"attribute": min(unable)})
        is_broken = self.break_at is not None and self.writes == self.break_at
        if is_broken and not self.break_after_effect:
            raise UnreachableError("platform.unreachable", endpoint="memory")
        created = self._carry_out(operation)
        if is_broken:
            raise UnreachableError("platform.no_answer", endpoint="memory")
        return Performed(created=created)

    def _carry_out(self, operation: SchemaOperation) -> dict[Address, RemoteId]:
        match operation.action:
            case Action.CREATE:
                return self._create(operation)
            case Action.UPDATE:
                self._update(operation)
            case _:
                self._delete(operation)
        return {}

    def _create(self, operation: SchemaOperation) -> dict[Address, RemoteId]:
        spec, ids = operation.spec, operation.remote_ids
        match spec:
            case DefinitionSpec():
                return {spec.address: RemoteId(self.define(spec, ids, operation.locale))}
            case TableSpec():
                return {spec.address: RemoteId(self.add_table(spec.labels.in_locale(operation.locale), spec.key))}
            case FieldSpec():
                target = None if spec.target is None else ids[spec.target]
                built = observed_field(
                    spec, field_id=self.mint("22"), target_id=target, english=operation.locale == "en"
                )
                self.add_field(ids[spec.address.table], built)
                options = () if self.forgets_option_ids else zip(spec.options, built.options, strict=True)
                made = {option.address: RemoteId(seen.option_id) for option, seen in options}
                return {spec.address: RemoteId(built.field_id), **made}
            case OptionSpec():
                table_id, field_id = ids[spec.address.table], ids[parent_of(spec.address)]
                here = self.field(table_id, field_id)
                number = str(1 + max((int(option.option_id) for option in here.options), default=0))
                made_option = ObservedOption(
                    option_id=number, name=spec.labels.in_locale(operation.locale), color=spec.color
                )
                self.put_field(table_id, replace(here, options=(*here.options, made_option)))
                return {spec.address: RemoteId(number)}

    def _update(self, operation: SchemaOperation) -> None:
        spec, ids, locale = operation.spec, operation.remote_ids, operation.locale
        if isinstance(spec, DefinitionSpec):
            self.define(spec, ids, locale, own=ids[spec.address])
            return
        table_id = ids[spec.address.table]
        values: dict[str, Any] = {}
        for attribute in operation.attributes:
            if attribute == "name":
                values["name"] = spec.labels.in_locale(locale)
            elif attribute in {"required", "unique", "many", "color"}:
                values[attribute] = getattr(spec, attribute)
        match spec:
            case TableSpec():
                self.tables[table_id] = replace(self.tables[table_id], **values)
            case FieldSpec():
                self.put_field(table_id, replace(self.field(table_id, ids[spec.address]), **values))
            case OptionSpec():
                here = self.field(table_id, ids[parent_of(spec.address)])
                changed = tuple(
                    replace(option, **values) if option.option_id == ids[spec.address] else option
                    for option in here.options
                )
                self.put_field(table_id, replace(here, options=changed))

    def _delete(self, operation: SchemaOperation) -> None:
        address, ids = operation.address, operation.remote_ids
        if isinstance(operation.spec, DefinitionSpec):
            del self.definitions[ids[address]]
            return
        table_id = ids[address.table]
        match address.kind:
            case ObjectKind.TABLE:
                del self.tables[table_id]
            case ObjectKind.FIELD:
                table = self.tables[table_id]
                kept = tuple(field for field in table.fields if field.field_id != ids[address])
                self.tables[table_id] = replace(table, fields=kept)
            case _:
                here = self.field(table_id, ids[parent_of(address)])
                kept_options = tuple(option for option in here.options if option.option_id != ids[address])
                self.put_field(table_id, replace(here, options=kept_options))

    def define(self, spec: DefinitionSpec, ids: Any, locale: Any, own: str | None = None) -> str:
        in_table = spec.address.kind is not ObjectKind.PAGE
        made = ObservedDefinition(
            kind=spec.address.kind,
            definition_id=own or self.mint("35"),
            place_id=ids[spec.address.table] if in_table else WORKSPACE,
            name=spec.labels.in_locale(locale),
            alias=spec.address.key,
            body=spec.body,
        )
        self.definitions[made.definition_id] = made
        return made.definition_id

    def mint(self, prefix: str) -> str:
        return f"{prefix}{next(self.ids):014d}"

    def add_table(self, name: str, alias: str | None = None) -> str:
        table_id = self.mint("21")
        self.tables[table_id] = ObservedTable(table_id=table_id, name=name, alias=alias, fields=())
        return table_id

    def add_field(self, table_id: str, built: ObservedField) -> str:
        table = self.tables[table_id]
        self.tables[table_id] = replace(table, fields=(*table.fields, built))
        return built.field_id

    def field(self, table_id: str, field_id: str) -> ObservedField:
        return next(field for field in self.tables[table_id].fields if field.field_id == field_id)

    def put_field(self, table_id: str, changed: ObservedField) -> None:
        table = self.tables[table_id]
        kept = tuple(changed if field.field_id == changed.field_id else field for field in table.fields)
        self.tables[table_id] = replace(table, fields=kept)

    def table_named(self, name: str) -> ObservedTable:
        return next(table for table in self.tables.values() if table.name == name)

    def edit_field(self, table: str, named: str, /, **values: Any) -> None:
        """A person changes a field by hand."""
        here = self.table_named(table)
        changed = next(field for field in here.fields if field.name == named)
        self.put_field(here.table_id, replace(changed, **values))

    def names(self) -> list[str]:
        """Every name in the workspace, with what encloses it: doubles show as repeated entries."""
        listed: list[str] = []
        for table in self.tables.values():
            listed.append(table.name)
            for one in table.fields:
                listed.append(f"{table.name}/{one.name}")
                listed += [f"{table.name}/{one.name}/{option.name}" for option in one.options]
        return sorted(listed)


OWNER = StateOwner(app="little", platform="memory", workspace=WORKSPACE)


def parent_of(address: Address) -> Address:
    assert address.parent is not None
    return address.parent


def shown_kinds(kind: FieldKind) -> frozenset[FieldKind]:
    """What a v1 read proves of a kind."""
    for family in (TEXT_KINDS, NUMBER_KINDS, CHOICE_KINDS, MEMBER_KINDS):
        if kind in family:
            return frozenset(family)
    return frozenset({kind})


def observed_field(
    spec: FieldSpec, *, field_id: str, target_id: str | None = None, english: bool = False, alias: bool = True
) -> ObservedField:
    """A field as the platform shows it once it was built exactly as wished."""
    locale = "en" if english else "zh"
    return ObservedField(
        field_id=field_id,
        name=spec.labels.in_locale(locale),
        alias=spec.address.key if alias else None,
        kinds=shown_kinds(spec.kind),
        raw_type=spec.kind.value,
        required=spec.required,
        unique=spec.unique,
        options=tuple(
            ObservedOption(option_id=str(number), name=option.labels.in_locale(locale), color=option.color)
            for number, option in enumerate(spec.options, start=1)
        ),
        target_id=target_id,
        many=spec.many if spec.kind is FieldKind.RELATION else None,
        mirrored=spec.kind is FieldKind.ATTACHED,
    )
