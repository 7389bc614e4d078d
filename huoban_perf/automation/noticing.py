"""Noticing: what happened, and what the clock says, turned into firings; nothing is carried out here.

A row that our own writes changed sets off firings one level deeper. A state that a job moved (no person picked it, and
no firing of ours did) sets off the notices of its transition, so that people are told whoever moved the row, and once,
wherever the job was killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from huoban_perf.automation.clockwork import last_due, scheduled_rows
from huoban_perf.automation.events import Look, Seen, field_digests, look
from huoban_perf.automation.firings import Cause, Firing, Ledger
from huoban_perf.core.rules import Moment, holds
from huoban_perf.core.schema.automations import AutomationSpec, ItemEvent, Notify, OnItem, OnSchedule
from huoban_perf.core.states import moved_by
from huoban_perf.core.values import CHINA
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book, Row

ACTION = "action:"
FIRST_SIGHT = "first_sight:"
MOVED = "moved:"
DELETED = "deleted"
"""Cause of a firing about a row that is gone; its steps start jobs and tell roles, for there is no row to speak of."""

WHOLE_LOOK = timedelta(minutes=15)
"""How often every row is compared where a change may leave the time of last change as it was."""


@dataclass(frozen=True, kw_only=True)
class Noticing:
    """Looks at one app.

    Attributes:
        app: Where.
        ledger: What was seen; every look is kept in one step with the firings it sets off.
    """

    app: DeployedApp
    ledger: Ledger
    automations: dict[str, AutomationSpec] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Name the automations."""
        object.__setattr__(self, "automations", {str(spec.address): spec for spec in self.app.schema.automations})

    def watched(self) -> list[str]:
        """Return the tables with a state machine or an automation that hears of rows."""
        tables = {machine.table.key for machine in self.app.schema.machines}
        tables |= {spec.address.keys[0] for spec in self.automations.values() if isinstance(spec.trigger, OnItem)}
        return [table.key for table in self.app.schema.tables if table.key in tables]

    def look_at(self, table: str, *, book: Book) -> int:
        """Look at one table.

        Args:
            table: The table.
            book: Takes the table when one page held it whole; else only the rows that changed, when any did.

        Returns:
            How many firings are new.
        """
        new, seen = self._note(table, book=book, whole=self._is_whole_due(table))
        known = len(self.ledger.known(table))
        unseen = seen.total > known and not self._stamps_every_change  # an item that came back with its old time
        if not seen.is_whole and (seen.total < known or unseen):
            found, seen = self._note(table, book=book, whole=True)
            new += found
        return new + (self._deleted(table, seen, book=book) if seen.is_whole else 0)

    def _note(self, table: str, *, book: Book, whole: bool) -> tuple[int, Look]:
        seen = look(self.app, self.app.schema.table(table), ledger=self.ledger, whole=whole)
        if seen.brought is not None:
            book.bring(table, seen.brought)
        elif seen.events or seen.is_first:
            book.bring_some(table, seen.standing)
        book.written.discard(table)
        items = [str(event.item.item_id) for event in seen.events]
        causes = self.ledger.causes(table, items) if items else {}
        firings = [f for event in seen.events for f in self._set_off(table, event, causes.get(str(event.item.item_id)))]
        firings += self._first_picks(table, seen)
        new = self.ledger.note(table, cursor=seen.cursor, seen=seen.digests, firings=firings, explained=tuple(causes))
        if seen.is_whole:
            self.ledger.note(_whole(table), cursor=self.app.clock.now(), seen={}, firings=())
        return new, seen

    @property
    def _stamps_every_change(self) -> bool:
        return self.app.connection.capabilities.stamps_every_change

    def _is_whole_due(self, table: str) -> bool:
        if self._stamps_every_change or self.ledger.cursor(table) is None:  # the first look reads every row anyway
            return False
        looked = self.ledger.cursor(_whole(table))
        return looked is None or self.app.clock.now() - looked >= WHOLE_LOOK

    def _deleted(self, table: str, seen: Look, *, book: Book) -> int:
        """Note as deleted whatever is known and was not among all the rows."""
        gone = sorted(self.ledger.known(table) - set(seen.digests))
        if not gone:
            return 0
        book.forget(table)
        heard = [name for name, spec in self.automations.items() if _hears_of_deletion(spec, table)]
        firings = [
            Firing(key=f"{name}|{item}|{DELETED}", automation=name, table=table, item=item, cause=DELETED)
            for name in heard
            for item in gone
        ]
        return self.ledger.note_gone(table, gone, firings=firings)

    def _set_off(self, table: str, event: Seen, cause: Cause | None) -> Iterator[Firing]:
        item = str(event.item.item_id)
        depth, chain = (cause.depth, cause.chain) if cause else (0, ())
        what = "created" if event.is_new else "changed: " + ", ".join(sorted(event.changed))
        moved = self._moved(table, event) if cause is None else None
        names = [
            *([f"{FIRST_SIGHT}{table}"] if event.is_new else []),
            *([f"{ACTION}{table}"] if self._has_pick(table, event) else []),
            *([f"{MOVED}{table}.{moved}"] if moved else []),
            *self._heard_by(table, event),
        ]
        for name in names:
            yield Firing(
                key=f"{name}|{item}|{event.stamp}",
                automation=name,
                table=table,
                item=item,
                cause=what,
                depth=depth,
                chain=chain,
            )

    def _moved(self, table: str, event: Seen) -> str | None:
        """Return the transition by which a job moved a row, when it has somebody to tell."""
        machine = self.app.schema.machine(table)
        if machine is None or machine.field not in event.changed:
            return None
        before = event.before.get(machine.field)
        left = next((s.key for s in machine.states if before == field_digests({"": s.key})[""]), None)
        if before is not None and left is None:
            return None
        found = moved_by(machine, left=left, state=event.item.values.get(machine.field))
        return found.key if found and any(isinstance(step, Notify) for step in found.steps) else None

    def _first_picks(self, table: str, seen: Look) -> Iterator[Firing]:
        """Actions that were picked before the table was ever looked at."""
        machine = self.app.schema.machine(table)
        if not seen.is_first or machine is None:
            return
        fields = [actor.action_field for actor in machine.actors if actor.action_field]
        for item in seen.standing:
            if any(item.values.get(key) for key in fields):
                name = f"{ACTION}{table}"
                yield Firing(
                    key=f"{name}|{item.item_id}|first",
                    automation=name,
                    table=table,
                    item=item.item_id,
                    cause="first look",
                )

    def _has_pick(self, table: str, event: Seen) -> bool:
        machine = self.app.schema.machine(table)
        fields = [actor.action_field for actor in machine.actors if actor.action_field] if machine else []
        return any(event.item.values.get(key) for key in fields)

    def _heard_by(self, table: str, event: Seen) -> Iterator[str]:
        happened = ItemEvent.CREATED if event.is_new else ItemEvent.CHANGED
        for name, spec in self.automations.items():
            trigger = spec.trigger
            if spec.address.keys[0] != table or not isinstance(trigger, OnItem) or happened not in trigger.events:
                continue
            fields = {address.key for address in trigger.fields}
            if happened is ItemEvent.CREATED or not fields or fields & event.changed:
                yield name

    def look_at_clock(self, *, book: Book, moment: Callable[[Row], Moment]) -> int:
        """Turn schedules whose time has come into firings.

        A schedule is looked at once after each of its times; a time at which nobody looked, be it of a day, a week or a
        month, is made good at the next look, so that a reminder is late but never doubled.

        Args:
            book: What stands.
            moment: What the words of a rule stand for on a row.

        Returns:
            How many firings are new.
        """
        now = self.app.clock.now().astimezone(CHINA)
        count = 0
        for name, spec in self.automations.items():
            if isinstance(spec.trigger, OnSchedule):
                looked = self._looked(name, now)
                due = last_due(spec.trigger, now, looked=looked)
                if due is not None:
                    count += self._scheduled(name, spec.trigger, book=book, moment=moment, days=(looked, due))
        return count

    def _looked(self, name: str, now: datetime) -> datetime:
        """Return which time of a schedule was looked at last; a new one counts from today: the past is not run.

        A time that is yet to come was noted by a clock that was wrong; it counts for nothing.
        """
        looked = self.ledger.cursor(_marker(name))
        if looked is None or looked > now + timedelta(days=1):
            looked = datetime.combine(now.date(), time(), now.tzinfo) - timedelta(seconds=1)
            self.ledger.note(_marker(name), cursor=looked, seen={}, firings=(), back=True)
        return looked.astimezone(CHINA)

    def _scheduled(
        self,
        name: str,
        trigger: OnSchedule,
        *,
        book: Book,
        moment: Callable[[Row], Moment],
        days: tuple[datetime, datetime],
    ) -> int:
        spec = self.automations[name]
        table = spec.address.keys[0]
        looked, due = days
        firings = [
            Firing(
                key=f"{name}|{row.item_id}|{due.date()}",
                automation=name,
                table=table,
                item=row.item_id,
                cause=f"schedule {due.date()}",
            )
            for row in scheduled_rows(book, table, trigger, since=looked.date(), today=due.date())
            if holds(spec.rows, row.values, moment=moment(row))
        ]
        return self.ledger.note(_marker(name), cursor=due, seen={}, firings=firings)


def _marker(name: str) -> str:
    """Under which name the ledger keeps when a schedule was looked at."""
    return f"schedule:{name}"


def _whole(table: str) -> str:
    """Under which name the ledger keeps when every row of a table was compared last."""
    return f"whole:{table}"


def _hears_of_deletion(spec: AutomationSpec, table: str) -> bool:
    trigger = spec.trigger
    return spec.address.keys[0] == table and isinstance(trigger, OnItem) and ItemEvent.DELETED in trigger.events
