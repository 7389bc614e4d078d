"""``connect``: the one way into this adapter."""

from __future__ import annotations

from dataclasses import dataclass
from random import SystemRandom

import requests
from pydantic import SecretStr

from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ProfileError
from huoban_perf.core.ports import Connection, SchemaSink
from huoban_perf.core.schema import FieldKind
from huoban_perf.platforms.huoban.builder import BUILDABLE, Builder, RefusingSchemaSink
from huoban_perf.platforms.huoban.config import BATCH_SIZE, PAGE_SIZE, HuobanOptions
from huoban_perf.platforms.huoban.files import HuobanFiles
from huoban_perf.platforms.huoban.items import HuobanItems
from huoban_perf.platforms.huoban.limiter import Limiter
from huoban_perf.platforms.huoban.members import HuobanMembers, Workspaces
from huoban_perf.platforms.huoban.retry import RetryPolicy
from huoban_perf.platforms.huoban.tables import HuobanTables
from huoban_perf.platforms.huoban.transport import TrafficCounter, Transport, Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class HuobanConnection(Connection):
    """A connection, with what only Huoban has.

    Attributes:
        workspaces: The workspaces the key reaches; finds one by id or name.
        files: Uploads.
    """

    workspaces: Workspaces
    files: HuobanFiles


def connect(
    *, options: HuobanOptions, api_key: str, session: requests.Session, clock: Clock, control_url: str | None = None
) -> HuobanConnection:
    """Return a connection to Huoban; sends nothing yet.

    Args:
        options: Address, planes, rate, waits.
        api_key: The key; kept out of every error, log and ``repr``.
        session: Sends requests; tests mount an adapter on it.
        clock: For time and waiting.
        control_url: Control plane of the embedded workspace; needed for the plane ``builder``.

    Returns:
        The connection. Without the builder its schema sink refuses every step.

    Raises:
        AccessError: The key is missing, or cannot stand in a header.
        ProfileError: The plane ``builder`` was asked for without its address.

    Source: openapi-v1.md §1 [doc], §17.
    """
    retry = RetryPolicy(options=options, clock=clock, jitter=SystemRandom().random)
    wiring = Wiring(session=session, options=options, clock=clock, retry=retry, counter=TrafficCounter())
    limiter = Limiter(rate_per_s=options.rate_per_s, clock=clock)
    transport = Transport(root=options.base_url, key=SecretStr(api_key), limiter=limiter, wiring=wiring)
    items = HuobanItems(transport)
    return HuobanConnection(
        name=f"huoban[{'+'.join(options.planes)}]",
        capabilities=capabilities(can_build="builder" in options.planes),
        schema_source=HuobanTables(transport),
        schema_sink=_schema_sink(options, control_url, wiring),
        item_source=items,
        item_sink=items,
        member_source=HuobanMembers(transport),
        traffic=wiring.counter,
        workspaces=Workspaces(transport),
        files=HuobanFiles(transport),
    )


def capabilities(*, can_build: bool) -> Capabilities:
    """Return what a connection sees and does.

    Args:
        can_build: Whether the builder plane is there.

    Returns:
        v1 reads tables, fields and options and writes items; schema only the builder writes.

    Source: openapi-v1.md §3, §9 [doc], §17.
    """
    actions = (Action.CREATE, Action.UPDATE, Action.DELETE) if can_build else ()
    return Capabilities(
        observes=frozenset({ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION}),
        performs=frozenset((kind, action) for kind in BUILDABLE for action in actions),
        field_kinds=frozenset(FieldKind),
        page_size=PAGE_SIZE,
        batch_size=BATCH_SIZE,
        asynchronous_batches=True,
        upserts_by_key=True,
    )


def _schema_sink(options: HuobanOptions, control_url: str | None, wiring: Wiring) -> SchemaSink:
    if "builder" not in options.planes:
        return RefusingSchemaSink()
    if control_url is None:
        raise ProfileError("platform.no_control_url")
    unlimited = Limiter(rate_per_s=None, clock=wiring.clock)
    return Builder(Transport(root=control_url, key=None, limiter=unlimited, wiring=wiring))
