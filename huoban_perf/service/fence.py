"""The fence: a connection that renews its lease with every request and refuses to write once the lease is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.clock import Clock
from huoban_perf.core.items import ItemPage, ItemQuery, Receipt, WriteBatch
from huoban_perf.core.ports import Connection, ItemSink, ItemSource
from huoban_perf.service.occurrences import Claim, OccurrenceStore


@dataclass(kw_only=True)
class Lease:
    """A lease that is alive as long as its job works.

    Attributes:
        claim: What is held.
        store: Where it is held.
        clock: Time.
        length: How long one renewal lasts; must exceed the longest single request.
    """

    claim: Claim
    store: OccurrenceStore
    clock: Clock
    length: timedelta
    renewed: datetime

    def check(self) -> None:
        """Go on working.

        Raises:
            LeaseLostError: Another worker took over.
        """
        now = self.clock.now()
        self.store.renew(self.claim, now=now, lease=self.length)
        self.renewed = now

    def touch(self) -> None:
        """Renew when a third of the lease is over; reading needs no more than that."""
        if self.clock.now() - self.renewed > self.length / 3:
            self.check()


@dataclass(frozen=True, slots=True)
class _FencedSource:
    inner: ItemSource
    lease: Lease

    def scan(self, *, query: ItemQuery, bindings: Bindings) -> Iterator[ItemPage]:
        for page in self.inner.scan(query=query, bindings=bindings):
            self.lease.touch()
            yield page


@dataclass(frozen=True, slots=True)
class _FencedSink:
    inner: ItemSink
    lease: Lease

    def submit(self, *, batch: WriteBatch, bindings: Bindings) -> Receipt:
        self.lease.check()
        return self.inner.submit(batch=batch, bindings=bindings)


def fenced(connection: Connection, lease: Lease) -> Connection:
    """Return the connection with its items behind the fence.

    Args:
        connection: The platform.
        lease: Checked before every batch that writes, renewed while reading.

    Returns:
        A connection whose writes raise LeaseLostError once the lease is lost.
    """
    return replace(
        connection,
        item_source=_FencedSource(connection.item_source, lease),
        item_sink=_FencedSink(connection.item_sink, lease),
    )
