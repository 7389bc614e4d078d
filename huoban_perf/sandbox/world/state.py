"""The world: its parts, and the frame of every call (lock, transaction, tick, due batches, clock)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import Any

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.rules import REQUESTS_PER_SECOND, Rules, rules_of
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.access import Accesses
from huoban_perf.sandbox.world.automations import Automations
from huoban_perf.sandbox.world.builder import Builder
from huoban_perf.sandbox.world.bulk import Bulk
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.credentials import Credentials
from huoban_perf.sandbox.world.definitions import Definitions
from huoban_perf.sandbox.world.events import Events
from huoban_perf.sandbox.world.files import Files
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.keys import Keys
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.queries import Queries
from huoban_perf.sandbox.world.refusals import RefusalError
from huoban_perf.sandbox.world.rows import Rows
from huoban_perf.sandbox.world.selections import Selections


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a call knows of itself."""

    trace_id: str
    rules: Rules


class World:
    """One workspace world over one store.

    Attributes:
        definitions, rows, accesses, queries, selections, bulk, events, files, keys, credentials, automations, builder,
            moments: One part a concern; to be used inside ``call`` only.
    """

    def __init__(self, store: Store, *, start: datetime, seed: int) -> None:
        """Open the world in a store, and begin it when the store is new.

        Args:
            store: Where everything is kept.
            start: First instant of a new world.
            seed: Chooses the ids of a new world.
        """
        self.lock = RLock()
        self.store = store
        self.moments = Moments(store)
        self.ids = Ids(store)
        self.definitions = Definitions(store)
        self.cells = Cells(store, self.definitions)
        self.rows = Rows(
            store=store, definitions=self.definitions, cells=self.cells, ids=self.ids, moments=self.moments
        )
        self.selections = Selections(store=store, cells=self.cells)
        self.accesses = Accesses(
            store=store,
            definitions=self.definitions,
            cells=self.cells,
            rows=self.rows,
            moments=self.moments,
            selections=self.selections,
        )
        self.queries = Queries(
            store=store, definitions=self.definitions, cells=self.cells, rows=self.rows, moments=self.moments
        )
        self.events = Events(store=store, ids=self.ids, moments=self.moments)
        self.files = Files(store=store, ids=self.ids, moments=self.moments)
        self.keys = Keys(store, self.ids)
        self.credentials = Credentials(store, self.ids, self.moments)
        self.automations = Automations(store, self.ids)
        self.builder = Builder(
            store=store,
            definitions=self.definitions,
            cells=self.cells,
            rows=self.rows,
            ids=self.ids,
            moments=self.moments,
        )
        self.bulk = Bulk(
            store=store,
            definitions=self.definitions,
            cells=self.cells,
            rows=self.rows,
            events=self.events,
            ids=self.ids,
            moments=self.moments,
            accesses=self.accesses,
        )
        if store.get("seed") is None:
            with store.transaction():
                store.put("seed", seed)
                self.moments.begin(start=start)
                self._settle()
        self.rules = rules_of(store.get("mode"), switches=wire.parse(store.get("switches")))

    def _settle(self) -> None:
        self.store.put("mode", "documented")
        self.store.put("switches", "{}")
        self.store.put("per_second", REQUESTS_PER_SECOND)

    def close(self) -> None:
        """Give the file free."""
        with self.lock:
            self.store.close()

    def forget(self) -> None:
        """Read everything again from the store on its next use."""
        self.definitions.forget()
        self.queries.forget()
        self.keys.forget()

    @contextmanager
    def call(self, endpoint: str, *, writes: bool) -> Iterator[Call]:
        """Frame one wire call: everything inside happens, or nothing of it.

        Counts the request, applies the batches that are due, runs the call, and moves the clock by a second after an
        accepted write. A refused call keeps its count and the batches it let through.

        Args:
            endpoint: Name for the statistics.
            writes: Whether an accepted call changes anything.

        Yields:
            Trace id and rules.
        """
        refused: RefusalError | None = None
        with self.lock:
            try:
                with self.store.transaction():
                    _, trace_id = self.moments.tick()
                    self._count(endpoint, writes)
                    self.bulk.apply_due(rules=self.rules)
                    try:
                        with self.store.part():
                            yield Call(trace_id=trace_id, rules=self.rules)
                    except RefusalError as error:
                        refused = error
                    else:
                        self.moments.advance(int(writes))
            except BaseException:
                self.forget()
                raise
            if refused is not None:
                self.forget()
                raise refused

    @contextmanager
    def control(self) -> Iterator[None]:
        """Frame one call of the control plane: a transaction, and nothing counted."""
        with self.lock:
            try:
                with self.store.transaction():
                    yield
            except BaseException:
                self.forget()
                raise

    # --- settings ----------------------------------------------------------------------------------------------

    def set_mode(self, mode: str, *, switches: Mapping[str, object]) -> None:
        """Choose how the platform behaves; SwitchError for what does not exist."""
        rules = rules_of(mode, switches=switches)
        self.store.put("mode", mode)
        self.store.put("switches", wire.canonical(dict(switches)))
        self.rules = rules
        self.queries.forget()

    @property
    def mode(self) -> str:
        """The mode that is set."""
        return str(self.store.get("mode"))

    @property
    def per_second(self) -> int | None:
        """Requests a second a key may send, or None for no limit."""
        value = self.store.get("per_second")
        return None if value is None else int(value)

    def set_limit(self, per_second: int | None) -> None:
        """Set or lift the limit of requests."""
        self.store.put("per_second", per_second)

    def reset(self) -> None:
        """Empty the world; it starts again at its first instant, with its seed and in mode documented."""
        self.store.clear()
        self.moments.restart()
        self._settle()
        self.rules = rules_of("documented")
        self.forget()

    # --- statistics --------------------------------------------------------------------------------------------

    def _count(self, endpoint: str, writes: bool) -> None:  # noqa: FBT001 - private
        self.store.run(
            "INSERT INTO stats VALUES (?, 1, ?) ON CONFLICT (endpoint)"
            " DO UPDATE SET requests = requests + 1, writes = writes + excluded.writes",
            endpoint,
            int(writes),
        )

    def stats(self) -> dict[str, Any]:
        """Return requests by endpoint, requests that write, and what is still pending."""
        rows = self.store.rows("SELECT endpoint, requests, writes FROM stats ORDER BY endpoint")
        return {
            "requests": sum(row[1] for row in rows),
            "writes": sum(row[2] for row in rows),
            "by_endpoint": {row[0]: row[1] for row in rows},
            "writes_by_endpoint": {row[0]: row[2] for row in rows if row[2]},
            "pending_batches": self.bulk.pending(),
            "pending_callbacks": int(self.store.value("SELECT count(*) FROM callbacks WHERE state = 'pending'")),
            "now": self.moments.now_text(),
        }
