"""``connect``: the one way into this adapter."""

from __future__ import annotations

from dataclasses import dataclass
from random import SystemRandom

import requests

from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProfileError
from huoban_perf.core.ports import Connection, SchemaSource
from huoban_perf.core.schema import DEFINITION_KINDS, FieldKind
from huoban_perf.platforms.calls.retry import RetryPolicy
from huoban_perf.platforms.calls.wire import TrafficCounter, Wiring
from huoban_perf.platforms.huoban import identity
from huoban_perf.platforms.huoban.builder import BUILDABLE, Builder, RefusingSchemaSink
from huoban_perf.platforms.huoban.config import BATCH_SIZE, PAGE_SIZE, HuobanOptions, beside
from huoban_perf.platforms.huoban.files import HuobanFiles
from huoban_perf.platforms.huoban.gateway import AutomationGateway
from huoban_perf.platforms.huoban.gateway.envelope import read_gateway
from huoban_perf.platforms.huoban.items import HuobanItems
from huoban_perf.platforms.huoban.limiter import Limiter
from huoban_perf.platforms.huoban.members import HuobanMembers, Workspaces
from huoban_perf.platforms.huoban.planes import PlaneAccess, PlaneProbe, Probes
from huoban_perf.platforms.huoban.tables import HuobanTables
from huoban_perf.platforms.huoban.transport import Transport
from huoban_perf.platforms.huoban.v2 import V2Tables
from huoban_perf.platforms.huoban.v2.envelope import read_bare
from huoban_perf.platforms.huoban.v2.ticket import ticket_asker

DEFINED = frozenset(DEFINITION_KINDS)
"""v1 shows none of these (schema-plane.md §5-§8); the embedded workspace's builder shows and builds all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HuobanConnection(Connection):
    """A connection, with what only Huoban has.

    Attributes:
        workspaces: The workspaces the key reaches; finds one by id or name.
    """

    workspaces: Workspaces


def connect(
    *,
    options: HuobanOptions,
    api_key: str,
    session: requests.Session,
    clock: Clock,
    control_url: str | None = None,
    access: PlaneAccess | None = None,
) -> HuobanConnection:
    """Return a connection to Huoban; sends nothing yet.

    Args:
        options: Address, planes, rate, waits.
        api_key: The key; kept out of every error, log and ``repr``.
        session: Sends requests; tests mount an adapter on it.
        clock: For time and waiting.
        control_url: Control plane of the embedded workspace; needed for the plane ``builder``.
        access: Identities of the planes ``v2`` and ``gateway``; needed when they are on.

    Returns:
        The connection. Without ``builder`` and ``v2`` its schema sink refuses every step.

    Raises:
        AccessError: The key is missing, or cannot stand in a header.
        ProfileError: A plane was asked for without its address or identity, or two that build tables.

    Source: openapi-v1.md §1 [doc], §17.
    """
    retry = RetryPolicy(options=options, clock=clock, jitter=SystemRandom().random)
    wiring = Wiring(session=session, options=options, clock=clock, retry=retry, counter=TrafficCounter())
    limiter = Limiter(rate_per_s=options.rate_per_s, clock=clock)
    transport = Transport(root=options.base_url, identity=identity.api_key(api_key), limiter=limiter, wiring=wiring)
    items, tables = HuobanItems(transport), HuobanTables(transport)
    v2 = _v2(options, access, wiring)
    builder = _builder(options, control_url, wiring)
    gateway = _gateway(options, access, wiring)
    if v2 is not None and builder is not None:
        raise ProfileError("platform.two_builders")
    return HuobanConnection(
        name=f"huoban[{'+'.join(options.planes)}]",
        capabilities=capabilities(can_build=builder is not None, v2_kinds=None if v2 is None else v2.kinds),
        schema_source=_source(tables, builder),
        schema_sink=v2 or builder or RefusingSchemaSink(),
        item_source=items,
        item_sink=items,
        member_source=HuobanMembers(transport),
        traffic=wiring.counter,
        workspaces=Workspaces(transport),
        file_sink=HuobanFiles(transport),
        prober=Probes(_probes(tables, v2, gateway)),
        automations=gateway,
    )


def capabilities(*, can_build: bool, v2_kinds: frozenset[FieldKind] | None = None) -> Capabilities:
    """Return what a connection sees and does.

    Args:
        can_build: Whether the builder plane is there.
        v2_kinds: Kinds of fields that the v2 tables plane creates; None when it is off.

    Returns:
        v1 reads tables, fields and options and writes items; the builder writes all schema, v2 creates tables and some
        fields.

    Source: openapi-v1.md §3, §9 [doc], §17; schema-plane.md §3, §4.2.
    """
    performs: set[tuple[ObjectKind, Action]] = set()
    if can_build:
        performs = {(kind, action) for kind in BUILDABLE for action in (Action.CREATE, Action.UPDATE, Action.DELETE)}
    elif v2_kinds is not None:
        performs = {(ObjectKind.TABLE, Action.CREATE), (ObjectKind.FIELD, Action.CREATE)}
    return Capabilities(
        observes=frozenset({ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION, *(DEFINED if can_build else ())}),
        attests=frozenset() if can_build else DEFINED,
        performs=frozenset(performs),
        field_kinds=frozenset(FieldKind),
        page_size=PAGE_SIZE,
        batch_size=BATCH_SIZE,
        asynchronous_batches=True,
        upserts_by_key=True,
        item_editor=can_build,  # proven on the embedded workspace only; elsewhere `updated_by` is [inferred]
        creates_kinds=v2_kinds,
        tables_come_with_fields=v2_kinds is not None,
        caution=None if v2_kinds is None else "plane.v2_caution",
    )


def _source(tables: HuobanTables, builder: Builder | None) -> SchemaSource:
    return tables if builder is None else builder.source(tables)


def _builder(options: HuobanOptions, control_url: str | None, wiring: Wiring) -> Builder | None:
    if "builder" not in options.planes:
        return None
    if control_url is None:
        raise ProfileError("platform.no_control_url")
    unlimited = Limiter(rate_per_s=None, clock=wiring.clock)
    return Builder(Transport(root=control_url, identity=None, limiter=unlimited, wiring=wiring))


def _v2(options: HuobanOptions, access: PlaneAccess | None, wiring: Wiring) -> V2Tables | None:
    if "v2" not in options.planes:
        return None
    if access is None or access.v2 is None:
        raise ProfileError("platform.no_plane_identity", facts={"plane": "v2"})
    limiter = Limiter(rate_per_s=options.rate_per_s, clock=wiring.clock)
    root = beside(options.base_url, "/v2")
    if isinstance(access.v2, identity.Application):
        silent = Transport(root=root, identity=access.v2.silent(), limiter=limiter, wiring=wiring, reader=read_bare)
        access.v2.asks(ticket_asker(silent))
    transport = Transport(root=root, identity=access.v2, limiter=limiter, wiring=wiring, reader=read_bare)
    return V2Tables(transport, relations=access.relations)


def _gateway(options: HuobanOptions, access: PlaneAccess | None, wiring: Wiring) -> AutomationGateway | None:
    if "gateway" not in options.planes:
        return None
    if access is None or access.gateway is None:
        raise ProfileError("platform.no_plane_identity", facts={"plane": "gateway"})
    limiter = Limiter(rate_per_s=options.rate_per_s, clock=wiring.clock)
    root = beside(options.base_url, "")
    transport = Transport(root=root, identity=access.gateway, limiter=limiter, wiring=wiring, reader=read_gateway)
    return AutomationGateway(transport, clock=wiring.clock)


def _probes(v1: HuobanTables, v2: V2Tables | None, gateway: AutomationGateway | None) -> tuple[PlaneProbe, ...]:
    probes = [PlaneProbe(plane="v1", subject=v1, unproven=("plane.v1_write_not_proven",))]
    if v2 is not None:
        probes.append(PlaneProbe(plane="v2", subject=v2, unproven=("plane.v2_create_not_proven",)))
    if gateway is not None:
        probes.append(PlaneProbe(plane="gateway", subject=gateway, unproven=("plane.gateway_write_not_proven",)))
    return tuple(probes)
