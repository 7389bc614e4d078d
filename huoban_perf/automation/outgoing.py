"""Outgoing: changes that firings decided and that wait, so that many firings share one request a table.

The firing at hand sees what it changed as though it stood. As soon as another firing reads such a row, or its table is
read anew, everything that waits is sent first: so whatever is decided, is decided on rows that stand. Each firing's
changes go out in its own order, its own row last; when one fails, the rest of that firing is not sent, and it is tried
again as a whole. Killed before, the action is still picked and is carried out again to the same end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.automation.writing import Change, change_rows, differences, send_rows
from huoban_perf.core.addresses import ItemId
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.values import Value
from huoban_perf.sync.book import Book, Row

Place = tuple[str, ItemId]
_AT_ONCE = 100


@dataclass(slots=True)
class _Waiting:
    """A row's change: its row, what is sent, and the cells as they stood."""

    row: Row
    values: dict[str, Value]
    before: tuple[Value, ...]


class Outgoing:
    """The changes that wait; a book's ``outgoing``."""

    def __init__(self, *, ended: Callable[[Mapping[str, HuobanPerfError | None]], None]) -> None:
        """Start empty.

        Args:
            ended: Told after changes were sent: firing → what went wrong, or None.
        """
        self._ended = ended
        self._steps: dict[str, list[dict[Place, _Waiting]]] = {}
        self._owners: dict[Place, str] = {}
        self._tables: set[str] = set()
        self.owner = ""
        """Key of the firing at hand."""

    def waits_for(self, owner: str) -> bool:
        """Return whether changes of a firing wait."""
        return owner in self._steps

    @property
    def is_full(self) -> bool:
        """Whether so many rows wait that they fill a request."""
        return len(self._owners) >= _AT_ONCE

    def change(self, changes: Sequence[Change]) -> list[Row]:
        """Take changes of the firing at hand.

        Args:
            changes: Rows of any tables.

        Returns:
            The rows that differ from what stands.
        """
        found = differences(changes)
        for table, rows in found.items():
            step: dict[Place, _Waiting] = {}
            for row, values in rows:
                place = (table, row.item_id)
                earlier = self._withdraw(place)
                before = earlier.before if earlier else row.rows.cells(row.index)
                step[place] = _Waiting(row, {**(earlier.values if earlier else {}), **values}, before)
                row.rows.pretend(row.index, values, read=self._read)
                self._owners[place] = self.owner
            self._steps.setdefault(self.owner, []).append(step)
            self._tables.add(table)
        return [row for rows in found.values() for row, _ in rows]

    def table_is_read(self, table: str) -> None:
        """Send what waits before a table is read from the platform."""
        if table in self._tables:
            self.send()

    def drop(self, owner: str) -> None:
        """Forget the changes of a firing that failed before they were sent."""
        for step in self._steps.pop(owner, ()):
            for place, waiting in step.items():
                waiting.row.rows.restore(waiting.row.index, waiting.before)
                del self._owners[place]

    def send(self) -> None:
        """Send everything that waits and tell how each firing ended.

        Raises:
            LeaseLostError: Another worker took over; nothing is told.
        """
        steps = self._steps
        self._steps, self._owners, self._tables = {}, {}, set()
        failed: dict[str, HuobanPerfError] = {}
        for waiting in (one for ours in steps.values() for step in ours for one in step.values()):
            waiting.row.rows.restore(waiting.row.index, waiting.before)
        for depth in range(max((len(ours) for ours in steps.values()), default=0)):
            tables: dict[str, dict[Place, tuple[str, _Waiting]]] = {}
            for owner, ours in steps.items():
                if owner not in failed and depth < len(ours):
                    for place, waiting in ours[depth].items():
                        tables.setdefault(place[0], {})[place] = (owner, waiting)
            for entries in tables.values():
                failed |= _sent(entries)
        if steps:
            self._ended({owner: failed.get(owner) for owner in steps})

    def _withdraw(self, place: Place) -> _Waiting | None:
        for step in self._steps.get(self.owner, ()):
            if place in step:
                return step.pop(place)
        return None

    def _read(self, table: str, item: ItemId) -> None:
        """Send what waits when a row of it is read by another firing than its own."""
        if self._owners.get((table, item)) not in {None, self.owner}:
            self.send()


def _sent(entries: Mapping[Place, tuple[str, _Waiting]]) -> dict[str, HuobanPerfError]:
    """Send rows of one table; return what went wrong, by firing."""
    size = next(iter(entries.values()))[1].row.book.app.connection.capabilities.batch_size
    rows, failed = list(entries.items()), {}
    for start in range(0, len(rows), size):
        some = dict(rows[start : start + size])
        errors = send_rows([(waiting.row, waiting.values) for _, waiting in some.values()])
        for (_, item), (owner, _) in some.items():
            if item in errors:
                failed[owner] = errors[item]
    return failed


def change(book: Book, changes: Sequence[Change]) -> list[Row]:
    """Change standing rows: at once, or together with other firings' changes where they are gathered.

    Args:
        book: What stands.
        changes: Rows of any tables.

    Returns:
        The rows that differ from what stands.
    """
    return book.outgoing.change(changes) if isinstance(book.outgoing, Outgoing) else change_rows(book, changes)
