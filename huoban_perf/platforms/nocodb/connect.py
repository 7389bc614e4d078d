"""``connect``: the one way into this adapter."""

from __future__ import annotations

from dataclasses import dataclass
from random import SystemRandom

import requests

from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action
from huoban_perf.core.clock import Clock
from huoban_perf.core.ports import Connection
from huoban_perf.core.schema import COMPUTED_KINDS
from huoban_perf.platforms.calls.options import CallOptions
from huoban_perf.platforms.calls.retry import RetryPolicy
from huoban_perf.platforms.calls.wire import TrafficCounter, Wiring
from huoban_perf.platforms.nocodb.bases import NocodbBases, NocodbMembers
from huoban_perf.platforms.nocodb.builder import BUILDABLE, NocodbBuilder
from huoban_perf.platforms.nocodb.config import BATCH_SIZE, PAGE_SIZE, SIGNIFICANT_DIGITS
from huoban_perf.platforms.nocodb.files import NocodbFiles
from huoban_perf.platforms.nocodb.hooks import NocodbHooks
from huoban_perf.platforms.nocodb.items import NocodbItems
from huoban_perf.platforms.nocodb.kinds import COLUMN_TYPE
from huoban_perf.platforms.nocodb.meta import TableReader
from huoban_perf.platforms.nocodb.personal import NocodbPersonal
from huoban_perf.platforms.nocodb.tables import NocodbTables
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.views import NocodbViews, has_no_equal
from huoban_perf.platforms.nocodb.writing import NocodbWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class NocodbConnection(Connection):
    """A connection, with what only NocoDB has.

    Attributes:
        bases: The bases the token reaches; finds one by id or name, makes and deletes one.
        views: Views and forms.
        people: The people of a base; invites.
    """

    bases: NocodbBases
    people: NocodbMembers
    views: NocodbViews


def connect(
    *, url: str, token: str, session: requests.Session, clock: Clock, patience: CallOptions | None = None
) -> NocodbConnection:
    """Return a connection to a NocoDB server; sends nothing yet.

    Args:
        url: The server's address.
        token: API token; kept out of every error, log and ``repr``.
        session: Sends requests.
        clock: For time and waiting.
        patience: Timeouts and repeats; None takes the usual ones.

    Returns:
        The connection.

    Raises:
        AccessError: The token is missing, or cannot stand in a header.
        ProfileError: The address is none.
    """
    options = patience or CallOptions()
    retry = RetryPolicy(options=options, clock=clock, jitter=SystemRandom().random)
    wiring = Wiring(session=session, options=options, clock=clock, retry=retry, counter=TrafficCounter())
    transport = Transport(root=url, token=token, wiring=wiring)
    reader = TableReader(transport)
    items = NocodbItems(transport, reader)
    people = NocodbMembers(transport)
    views = NocodbViews(transport, reader)
    files = NocodbFiles(transport)
    return NocodbConnection(
        name="nocodb",
        capabilities=capabilities(),
        schema_source=NocodbTables(transport, reader, views),
        schema_sink=NocodbBuilder(transport, reader, views),
        item_source=items,
        item_sink=NocodbWriter(transport, items),
        member_source=people,
        traffic=wiring.counter,
        file_source=files,
        file_sink=files,
        hints=NocodbHooks(transport),
        personal=NocodbPersonal(transport, reader, views),
        bases=NocodbBases(transport),
        people=people,
        views=views,
    )


def capabilities() -> Capabilities:
    """Return what a connection sees and does. Source: nocodb/api.md."""
    return Capabilities(
        observes=BUILDABLE,
        performs=frozenset(
            (kind, action) for kind in BUILDABLE for action in (Action.CREATE, Action.UPDATE, Action.DELETE)
        ),
        field_kinds=frozenset(COLUMN_TYPE) | COMPUTED_KINDS,
        page_size=PAGE_SIZE,
        batch_size=BATCH_SIZE,
        asynchronous_batches=False,
        upserts_by_key=False,
        stamps_every_change=False,  # a link from the parent's side leaves the child's as it was. Source: tried
        tables_come_with_fields=True,
        cannot_hold=has_no_equal,
        significant_digits=SIGNIFICANT_DIGITS,
        creates_kinds=frozenset(COLUMN_TYPE) | COMPUTED_KINDS,
    )
