"""The rehearsal: while people use the pages of the embedded workspace, automations and jobs follow what they do.

The sandbox executes nothing itself; it asks this through its port. Time is the workspace's own, so that a rehearsal
runs in the quarter it is about, whatever the day. Notices are not sent: the people of a rehearsal are played.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from huoban_perf.automation import Executor
from huoban_perf.automation.writing import Change, change_rows
from huoban_perf.cli.serving import surroundings
from huoban_perf.cli.session import Settings
from huoban_perf.cli.workshop import Request, Workshop, workshop_on
from huoban_perf.core.addresses import Address, MemberId
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.items import ItemQuery, Order, SystemField
from huoban_perf.core.notices import Notice
from huoban_perf.core.progress import silent
from huoban_perf.core.schema import PERMISSION_COLUMNS, TableSpec
from huoban_perf.core.schema.machines import REASON_FIELD, RESULT_FIELD
from huoban_perf.core.states import actions_here
from huoban_perf.core.values import CHINA, Values
from huoban_perf.cycle.access import Access
from huoban_perf.profile import Offer, Site
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.book import Book

_log = logging.getLogger(__name__)
_ROUNDS = 5
"""Jobs that automations start may set off automations again; so often at most after one write."""


class Rehearsal:
    """The behaviour of the profile's app, for the pages; nothing happens until an app was put to work."""

    def __init__(self) -> None:
        """Begin without an app."""
        self._work: _Work | None = None

    def put_to_work(self, settings: Settings, site: Site, store: SqliteStore) -> None:
        """Take the app of a site: its permission columns are filled, what stands is noted.

        Args:
            settings: The command's settings.
            site: The embedded workspace.
            store: Keeps what the executor remembers.

        Raises:
            StateError: No app is deployed there.
            HuobanPerfError: Anything else went wrong; the pages work without automations.
        """
        clock = WorldClock(site, settings.clock)
        self.follow(workshop_on(replace(settings, clock=clock), site, silent, sink=_Unsent()), store)

    def follow(self, shop: Workshop, store: SqliteStore) -> None:
        """Take the app of a workshop.

        Args:
            shop: Runs the jobs.
            store: Keeps what the executor remembers.
        """
        work = _Work(shop, store)
        work.begin()
        self._work = work

    # --- what the pages ask ------------------------------------------------------------------------------------

    def governs(self, table: str) -> frozenset[str]:
        """Return the action fields of a table and the fields that go with them."""
        machine = None if self._work is None else self._work.shop.app.schema.machine(table)
        if machine is None:
            return frozenset()
        fields = {actor.action_field for actor in machine.actors if actor.action_field}
        return frozenset({*fields, REASON_FIELD, RESULT_FIELD})

    def offers(self, table: str, values: Values) -> Sequence[Offer]:
        """Return the actions that a row's state offers; guards are asked when one is taken."""
        machine = None if self._work is None else self._work.shop.app.schema.machine(table)
        if machine is None:
            return ()
        return tuple(
            Offer(
                field=actor.action_field,
                option=transition.key,
                label=transition.labels.zh,
                help=transition.help.zh if transition.help else "",
                needs_reason=transition.reason,
                is_main=transition.button,
                member_fields=actor.fields,
                roles=actor.roles,
            )
            for actor in machine.actors
            if actor.action_field is not None
            for transition in actions_here(machine, row=values, role=actor.key)
        )

    def press(self, automation: str, *, item: str, member: str) -> None:
        """Take a button that a person pressed."""
        if self._work is not None:
            self._work.press(Address.parse(automation), item=item, member=MemberId(member))

    def settle(self, *, table: str, item: str) -> None:
        """Let automations and the jobs they start follow a write; what fails is tried again after the next one."""
        if self._work is not None:
            self._work.settle(table, item)


class _Work:
    """One app at work; one thread at a time."""

    def __init__(self, shop: Workshop, store: SqliteStore) -> None:
        self.shop = shop
        self._jobs: list[str] = []
        ledger = SqliteLedger(store, profile=shop.site.profile.name)
        around = surroundings(shop, _Unsent(), self._jobs.append)
        self._executor = Executor(shop.app, ledger=ledger, around=around)
        self._lock = threading.Lock()
        self._seen_to = shop.app.clock.now()
        fields = {table.key: [field.address.key for field in table.fields] for table in shop.app.schema.tables}
        self._columns = {key: [name for name in names if name in PERMISSION_COLUMNS] for key, names in fields.items()}

    def begin(self) -> None:
        """Fill the permission columns, and look at what stands so that what comes is new."""
        if any(self._columns.values()):
            self.shop.run(Request(job="access-sync", apply=True))
        self._executor.round(with_clock=False)
        self._seen_to = self.shop.app.clock.now()

    def press(self, automation: Address, *, item: str, member: MemberId) -> None:
        with self._lock:
            self._executor.press(automation, item=item, member=member)

    def settle(self, table: str, item: str) -> None:
        with self._lock:
            try:
                self._see_to([(table, item)])
                self._follow()
                self._see_to(self._changed())
                self._seen_to = self.shop.app.clock.now()
            except HuobanPerfError as error:
                _log.warning("after a write to %s: %s", table, error.code)

    def _follow(self) -> None:
        for _ in range(_ROUNDS):
            self._executor.round(with_clock=False)
            jobs = list(dict.fromkeys(self._jobs))
            self._jobs.clear()
            if not jobs:
                return
            for job in jobs:
                self._run(job)

    def _run(self, job: str) -> None:
        """Run a job that an automation started; its refusal is its own, and is in 运行记录."""
        try:
            self.shop.run(Request(job=job, apply=True, unattended=True, allow_large_change=True))
        except HuobanPerfError as error:
            _log.warning("job %s: %s", job, error.code)

    def _changed(self) -> Iterator[tuple[str, str]]:
        """Yield the rows written since the last time whose table has permission columns."""
        since = self._seen_to - timedelta(seconds=1)
        for key, columns in self._columns.items():
            if columns:
                yield from ((key, item) for item in self._newest(self.shop.app.schema.table(key), since))

    def _newest(self, table: TableSpec, since: datetime) -> Iterator[str]:
        app = self.shop.app
        order = Order(field=SystemField.UPDATED_ON, descending=True)
        query = ItemQuery(table=table, order=order, complete=False)
        for page in app.connection.item_source.scan(query=query, bindings=app.bindings):
            for item in page.items:
                if item.updated_on is None or item.updated_on < since:
                    return
                yield str(item.item_id)

    def _see_to(self, rows: Iterable[tuple[str, str]]) -> None:
        """Fill the permission columns of single rows, as the job ``access-sync`` does for all."""
        book = Book(self.shop.app)
        access = Access(book)
        changes = []
        for table, item in rows:
            row = book.at(table, item) if self._columns.get(table) else None
            if row is not None:
                changes.append(Change(row, {name: access.column(row, name) for name in self._columns[table]}))
        change_rows(book, changes)


class WorldClock:
    """The clock of the embedded workspace; waiting is done on the machine's."""

    def __init__(self, site: Site, clock: Clock) -> None:
        """Take the workspace and the machine's clock."""
        self._site = site
        self._clock = clock

    def now(self) -> datetime:
        """Return the workspace's own moment."""
        control = self._site.control
        if control is None:
            return self._clock.now()
        return datetime.fromisoformat(str(control.stats()["now"])).replace(tzinfo=CHINA)

    def monotonic_s(self) -> float:
        """Return the machine's monotonic seconds."""
        return self._clock.monotonic_s()

    def sleep(self, seconds: float) -> None:
        """Wait on the machine."""
        self._clock.sleep(seconds)


class _Unsent:
    """Takes notices and sends none."""

    def put(self, notices: Iterable[Notice]) -> int:
        """Return how many there were."""
        return sum(1 for _ in notices)


@contextmanager
def remembering(settings: Settings) -> Iterator[SqliteStore]:
    """Open what the executor remembers, beside the workspace, for the length of a ``with`` block."""
    store = SqliteStore(settings.profile().home / "service.sqlite")
    try:
        yield store
    finally:
        store.close()
