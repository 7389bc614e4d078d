"""The executor: looks at the tables, keeps what that sets off, and carries it out, firing by firing.

One round: ``look`` (events become firings, in one step with the cursor), ``look_at_clock`` (schedules become firings)
and ``run``, until nothing is due. A firing that follows from our own writes is one level deeper; an automation never
follows from itself on the same row, and no ripple is deeper than fifteen. Source: issue 6 point 2;
automation-plane.md §2.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from huoban_perf.automation.actions import SETTLED, Acted, Pick, act, creation, picked
from huoban_perf.automation.effects import Done, carry_out_steps, carry_out_without_row
from huoban_perf.automation.expressions import Scope
from huoban_perf.automation.firings import RIPPLE_LEVELS, Cause, Firing, FiringState, Ledger, Settled
from huoban_perf.automation.noticing import ACTION, DELETED, FIRST_SIGHT, MOVED, Noticing
from huoban_perf.automation.outgoing import Outgoing, change
from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.automation.tally import GivenUp, Round
from huoban_perf.automation.writing import Change
from huoban_perf.core.addresses import Address, MemberId
from huoban_perf.core.errors import AutomationError, BadCellError, HuobanPerfError, LeaseLostError
from huoban_perf.core.rules import holds
from huoban_perf.core.schema.automations import Notify, OnButton
from huoban_perf.core.schema.machines import Machine
from huoban_perf.core.values import CHINA
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book, Row

_log = logging.getLogger(__name__)
_ATTEMPTS = 5
_FIRST_WAIT = timedelta(minutes=1)
_KEPT_AT_ONCE = 200
"""Firings that are closed in one step: the file is forced to the disk once for so many."""
_NEXT_LOOK = timedelta(seconds=1)
"""An action that settles is looked at again in the next round, however soon that comes."""


class _StaleError(Exception):
    """The firing at hand read a row whose change was not sent after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A firing that is carried out but for its changes, which wait to be sent."""

    firing: Firing
    settled: Settled
    done: tuple[Done, ...]


class Executor:
    """Executes the declared automations of one app."""

    def __init__(self, app: DeployedApp, *, ledger: Ledger, around: Surroundings) -> None:
        """Take the app and what is handed in.

        Args:
            app: Where.
            ledger: What it remembers.
            around: Guards, people, jobs, words.
        """
        self._app = app
        self._ledger = ledger
        self._around = replace(around, start_job=self._ask_for)
        self._start_job = around.start_job
        self._asked_for: dict[str, None] = {}
        self._ended: list[Settled] = []
        self._done: list[Done] = []
        self._outgoing = Outgoing(ended=self._sent)
        self._waiting: dict[str, _Waiting] = {}
        self._result: Round | None = None
        self._book = self._new_book()
        self._unverified: list[str] = []
        self._given_up: list[GivenUp] = []
        self._unreadable: dict[str, BadCellError] = {}
        self._noticing = Noticing(app=app, ledger=ledger)
        self._automations = self._noticing.automations

    # --- noticing ----------------------------------------------------------------------------------------------

    def round(self, *, with_clock: bool = True) -> Round:
        """Look at everything once and carry out what is due, ripples included.

        What follows from the round's own writes is looked for only in the tables that it wrote; what people did
        meanwhile elsewhere is found by the next round.

        Args:
            with_clock: Whether schedules are looked at too.

        Returns:
            What it came to.
        """
        result = Round(unverified=self._unverified, given_up=self._given_up, unreadable=self._unreadable)
        self._book = self._new_book()
        result.new += self.look()
        result.new += self.look_at_clock() if with_clock else 0
        for _ in range(RIPPLE_LEVELS):
            if not self.run(result):
                break
            result.new += self._look_at(self._book.written)
        else:
            self.run(result)
        return result

    def look(self) -> int:
        """Turn what happened since the last look into firings; return how many are new."""
        return self._look_at(self._noticing.watched())

    def _look_at(self, tables: Collection[str]) -> int:
        watched = [table for table in self._noticing.watched() if table in tables]
        return sum(self._look_at_one(table) for table in watched)

    def _look_at_one(self, table: str) -> int:
        """Look at a table; one that cannot be read for a cell somebody spoilt must not stop the others."""
        try:
            return self._noticing.look_at(table, book=self._book)
        except BadCellError as error:
            self._unreadable[table] = error
            return 0

    def look_at_clock(self) -> int:
        """Turn schedules whose time has come into firings; return how many are new."""
        return self._noticing.look_at_clock(book=self._book, moment=lambda row: self._scope(row).moment)

    def press(self, automation: Address, *, item: str, member: MemberId | None) -> None:
        """Take a button that a person pressed on a row.

        Args:
            automation: Whose button.
            item: The row.
            member: Who pressed it.

        Raises:
            AutomationError: There is no such button.
        """
        spec = self._automations.get(str(automation))
        if spec is None or not isinstance(spec.trigger, OnButton):
            raise AutomationError("automation.no_button", facts={"automation": str(automation)})
        stamp = self._app.clock.now().isoformat()
        self._ledger.enqueue(
            [
                Firing(
                    key=f"{automation}|{item}|{stamp}|{member or '-'}",
                    automation=str(automation),
                    table=automation.keys[0],
                    item=item,
                    cause=f"button {member or '-'}",
                )
            ]
        )

    # --- doing -------------------------------------------------------------------------------------------------

    def run(self, result: Round | None = None) -> int:
        """Carry out every firing that is due; return how many that were."""
        count = 0
        self._result = result
        try:
            for firing in self._ledger.pending(now=self._app.clock.now()):
                self._count(self._run_one(firing))
                count += 1
                if self._outgoing.is_full or count % _KEPT_AT_ONCE == 0:
                    self._send()
                if count % _KEPT_AT_ONCE == 0:
                    self._around.keep_on()
                    self._keep()
            self._send()
        finally:
            self._keep()
        return count

    def _new_book(self) -> Book:
        book = Book(self._app)
        book.outgoing = self._outgoing
        return book

    def _count(self, state: FiringState | None) -> None:
        if self._result is not None and state is not None:
            self._result.add(state)

    def _send(self) -> None:
        """Send the changes that wait, between two firings."""
        self._outgoing.owner = ""
        self._outgoing.send()

    def _sent(self, ends: Mapping[str, HuobanPerfError | None]) -> None:
        """Close the firings whose changes were sent; what went wrong for the one at hand is its own error."""
        own = ends.get(self._outgoing.owner)
        stale = False
        for key, error in ends.items():
            waiting = self._waiting.pop(key, None)
            if waiting is None:
                continue
            if error is not None:
                stale = True
                self._count(self._failed(waiting.firing, error.code))
            else:
                for done in waiting.done:
                    self._note(done, waiting.firing)
                self._ended.append(waiting.settled)
                self._count(waiting.settled.state)
        if own is not None:
            raise own
        if stale and self._outgoing.owner:
            raise _StaleError

    def _ask_for(self, job: str) -> None:
        self._asked_for[job] = None

    def _keep(self) -> None:
        """Start the jobs that firings asked for, each once, and then close those firings.

        Killed before, they are carried out again, which changes nothing.
        """
        for job in self._asked_for:
            self._start_job(job)
        self._asked_for.clear()
        if self._ended:
            self._ledger.settle(self._ended, at=self._app.clock.now())
            self._ended.clear()

    def _run_one(self, firing: Firing) -> FiringState | None:
        now = self._app.clock.now()
        if firing.depth > RIPPLE_LEVELS or _link(firing) in firing.chain:
            names = [link.partition("@")[0] for link in (*firing.chain, _link(firing))]
            return self._give_up(firing, FiringState.LOOPED, " → ".join(names))
        self._outgoing.owner = firing.key
        self._done = []
        try:
            done = self._carry_out(firing)
        except LeaseLostError:
            raise
        except _StaleError:  # what it read did not come to stand: once more, on what does
            self._outgoing.drop(firing.key)
            return self._run_one(firing)
        except HuobanPerfError as error:
            return self._failed(firing, error.code)
        except Exception as error:  # noqa: BLE001 - a defect in one automation must not stop the others
            _log.error("%s: %s", firing.automation, type(error).__name__)  # no traceback: it may hold personal data
            return self._failed(firing, type(error).__name__)
        now = self._app.clock.now()
        if done is None:
            self._ledger.postpone(firing, not_before=now + _NEXT_LOOK, reason="settling")
            return None
        settled = Settled(firing=firing, state=done[0], outcome=done[1])
        if self._outgoing.waits_for(firing.key):
            self._waiting[firing.key] = _Waiting(firing=firing, settled=settled, done=tuple(self._done))
            return None
        for one in self._done:
            self._note(one, firing)
        self._ended.append(settled)
        return settled.state

    def _failed(self, firing: Firing, reason: str) -> FiringState | None:
        now = self._app.clock.now()
        self._outgoing.drop(firing.key)
        written = self._book.written
        self._book = self._new_book()
        self._book.written |= written
        tries = max(0, firing.attempts - self._around.settle_polls)
        if tries + 1 < _ATTEMPTS:
            self._ledger.postpone(firing, not_before=now + _FIRST_WAIT * 2**tries, reason=reason)
            return None
        return self._give_up(firing, FiringState.PARKED, reason)

    def _give_up(self, firing: Firing, state: FiringState, reason: str) -> FiringState:
        self._ended.append(Settled(firing=firing, state=state, outcome=reason))
        self._given_up.append(GivenUp(automation=firing.automation, item=firing.item, state=state, reason=reason))
        return state

    def _carry_out(self, firing: Firing) -> tuple[FiringState, str] | None:
        """Do what a firing asks for; None when it must wait for another look."""
        if firing.cause == DELETED:
            return self._deleted(firing)
        row = self._book.at(firing.table, firing.item)
        if row is None:
            return FiringState.SKIPPED, "row is gone"
        if firing.automation.startswith(FIRST_SIGHT):
            return self._first_sight(row)
        if firing.automation.startswith(ACTION):
            return None if self._is_settling(row, firing) else self._act(row)
        if firing.automation.startswith(MOVED):
            return self._tell_of_move(row, firing)
        spec = self._automations.get(firing.automation)
        if spec is None:
            return FiringState.SKIPPED, "no longer declared"
        scope = self._scope(row, member=_presser(firing))
        if not holds(spec.rows, row.values, moment=scope.moment):
            return FiringState.SKIPPED, "conditions"
        done = carry_out_steps(spec.steps, scope, name=spec.address.key, around=self._around)
        self._done.append(done)
        return FiringState.DONE, done.summary

    def _act(self, row: Row) -> tuple[FiringState, str]:
        machine = self._app.schema.machine(row.rows.table.key)
        state, said = FiringState.SKIPPED, "nothing picked"
        for pick in picked(machine, row) if machine else ():
            acted: Acted = act(machine or _never(), row, pick=pick, scope=self._scope(row), around=self._around)
            self._done.append(acted.done)
            state, said = (FiringState.DONE if acted.moved else FiringState.REFUSED), acted.summary
            if acted.unverified:
                said += "; 操作人未核实"
                self._unverified.append(f"{row.rows.table.labels.zh} {row.key or row.item_id}: {acted.summary}")
        return state, said

    def _is_settling(self, row: Row, firing: Firing) -> bool:
        """Tell whether a picked action still waits for further looks, so that a slip can be undone."""
        machine = self._app.schema.machine(row.rows.table.key)
        waits = machine is not None and any(
            (row.rows.table.key, pick.action) in SETTLED for pick in picked(machine, row)
        )
        return waits and firing.attempts < self._around.settle_polls

    def _deleted(self, firing: Firing) -> tuple[FiringState, str]:
        """Carry out what a deletion sets off; roles are told once a day and table."""
        spec = self._automations.get(firing.automation)
        if spec is None:
            return FiringState.SKIPPED, "no longer declared"
        today = self._app.clock.now().astimezone(CHINA).date()
        done = carry_out_without_row(spec.steps, firing.table, today=today, around=self._around)
        return FiringState.DONE, done.summary

    def _tell_of_move(self, row: Row, firing: Firing) -> tuple[FiringState, str]:
        """Send the notices of a transition that a job made; whatever else it says, the job has done."""
        machine = self._app.schema.machine(firing.table)
        key = firing.automation.rpartition(".")[2]
        moved = next((one for one in machine.transitions if one.key == key), None) if machine else None
        if moved is None:
            return FiringState.SKIPPED, "no longer declared"
        steps = tuple(step for step in moved.steps if isinstance(step, Notify))
        done = carry_out_steps(steps, self._scope(row), name=key, around=self._around)
        return FiringState.DONE, done.summary

    def _first_sight(self, row: Row) -> tuple[FiringState, str]:
        """Give a row that a person made what is known about it, its key, permission columns and first state."""
        known = self._around.known_of(row)
        if known:
            change(row.book, [Change(row, known)])
        machine = self._app.schema.machine(row.rows.table.key)
        key_field = row.rows.table.key_field
        if key_field is not None and not row.key:
            key = self._around.key_of(row)
            if key is not None:
                change(row.book, [Change(row, {key_field: key, **self._around.columns_of(row)})])
        made = creation(machine) if machine else None
        if machine is None or made is None or row[machine.field]:
            return FiringState.DONE, "key"
        role = next(actor for actor in made.actors if actor != "job")
        pick = Pick(role=role, action=made.key, is_creation=True)
        acted = act(machine, row, pick=pick, scope=self._scope(row, row.editor), around=self._around)
        self._done.append(acted.done)
        return (FiringState.DONE if acted.moved else FiringState.REFUSED), acted.summary

    def _scope(self, row: Row, member: MemberId | None = None) -> Scope:
        return Scope(row=row, now=self._app.clock.now(), me=member)

    def _note(self, done: Done, firing: Firing) -> None:
        """Note what was written as our own doing, and queue the automations that were called."""
        cause = Cause(depth=firing.depth + 1, chain=(*firing.chain, _link(firing)))
        if done.written:
            self._ledger.ripple([(row.rows.table.key, row.item_id) for row in done.written], cause)
        self._ledger.enqueue(
            [
                Firing(
                    key=f"{address}|{row.item_id}|{firing.key}",
                    automation=str(address),
                    table=address.keys[0],
                    item=row.item_id,
                    cause=f"called by {firing.automation}",
                    depth=cause.depth,
                    chain=cause.chain,
                )
                for address, row in done.calls
            ]
        )


def _link(firing: Firing) -> str:
    return f"{firing.automation}@{firing.item}"


def _presser(firing: Firing) -> MemberId | None:
    kind, _, member = firing.cause.partition(" ")
    return MemberId(member) if kind == "button" and member not in {"", "-"} else None


def _never() -> Machine:
    raise AssertionError("an action needs a machine")
