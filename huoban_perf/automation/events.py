"""Events: what happened to the rows of a table since the last look, found by reading the newest rows first.

The platform tells no history and a pushed callback is only a hint, so a row's fields are remembered as short digests
and compared. The look goes back a little behind the cursor, because rows of one second may become visible out of
order; a row that looks as before makes no event. A whole look compares every row: it finds what no time of last change
tells of. Source: automation-plane.md §10, §14.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from huoban_perf.automation.firings import Ledger
from huoban_perf.core.digest import canonical_json
from huoban_perf.core.items import Item, ItemQuery, Order, SystemField
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.schema.machines import RESULT_FIELD
from huoban_perf.core.schema.roles import PERMISSION_COLUMNS
from huoban_perf.core.values import Values
from huoban_perf.sync.app import DeployedApp

_OVERLAP = timedelta(seconds=5)
_UNHEARD = frozenset({RESULT_FIELD, "natural_key", *PERMISSION_COLUMNS})
"""Fields that jobs write for the platform's sake; a change of them alone is no event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One row that is new or different.

    Attributes:
        item: The row as it stands.
        is_new: Whether it was never seen before.
        changed: Fields that differ; of a new row all that are filled.
        stamp: When it changed, and what it now is: the same change has the same stamp.
        before: Field → digest as last seen; empty for a new row.
    """

    item: Item
    is_new: bool
    changed: frozenset[str]
    stamp: str
    before: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at a table brought.

    Attributes:
        events: Rows that are new or different, oldest change first; empty at the first look.
        standing: Every row read, for picked actions at the first look.
        cursor: New cursor.
        digests: Item → field → digest, to be remembered.
        is_first: Whether the table was never looked at.
        total: Items the table held; fewer than are known means that some were deleted.
        is_whole: Whether ``standing`` is every item of the table, none left out.
        brought: Every item of the table, when one page held them all or every row was read; else None.
    """

    events: tuple[Seen, ...]
    standing: tuple[Item, ...]
    cursor: datetime
    digests: Mapping[str, Mapping[str, str]]
    is_first: bool
    total: int
    is_whole: bool
    brought: tuple[Item, ...] | None


def look(app: DeployedApp, table: TableSpec, *, ledger: Ledger, whole: bool = False) -> Look:
    """Look at a table.

    Args:
        app: Where.
        table: The table.
        ledger: What was seen before; not changed.
        whole: Read every row, not only those changed since the last look.

    Returns:
        What is new; nothing at the first look, which only learns what stands.
    """
    cursor = ledger.cursor(table.key)
    brought: tuple[Item, ...] | None
    if whole:
        items, total, is_whole = _all(app, table)
        brought = tuple(items) if is_whole else None
    else:
        items, total, brought = _since(app, table, None if cursor is None else cursor - _OVERLAP)
        is_whole = False
    before = ledger.seen(table.key, [item.item_id for item in items])
    digests = {str(item.item_id): field_digests(item.values) for item in items}
    events = []
    for item in items:
        now, then = digests[item.item_id], before.get(item.item_id)
        changed = frozenset(key for key in {*now, *(then or {})} if now.get(key) != (then or {}).get(key))
        if cursor is not None and (then is None or changed):
            stamp = _stamp(now, when=_when(app, item, cursor))
            events.append(Seen(item=item, is_new=then is None, changed=changed, stamp=stamp, before=then or {}))
    events.sort(key=lambda seen: (seen.item.updated_on or app.clock.now(), seen.item.item_id))
    latest = max((item.updated_on for item in items if item.updated_on), default=cursor)
    return Look(
        events=tuple(events),
        standing=tuple(items),
        cursor=latest or app.clock.now() - timedelta(days=365),
        digests=digests,
        is_first=cursor is None,
        total=total,
        is_whole=is_whole,
        brought=brought,
    )


def _since(
    app: DeployedApp, table: TableSpec, after: datetime | None
) -> tuple[list[Item], int, tuple[Item, ...] | None]:
    """Return rows changed after a moment, newest first (all for None), how many the table holds, and it when whole."""
    query = ItemQuery(table=table, order=Order(field=SystemField.UPDATED_ON, descending=True), complete=False)
    found: list[Item] = []
    total, brought = 0, None
    for number, page in enumerate(app.connection.item_source.scan(query=query, bindings=app.bindings)):
        total = page.total
        brought = page.items if number == 0 and len(page.items) == total else None
        for item in page.items:
            if after is not None and item.updated_on is not None and item.updated_on < after:
                return found, total, brought
            found.append(item)
    return found, total, brought


def _all(app: DeployedApp, table: TableSpec) -> tuple[list[Item], int, bool]:
    """Return every row, how many the table holds, and whether none can be missing.

    A walk that came out short raises; one in which rows were deleted meanwhile may have passed over others.
    """
    pages = list(app.connection.item_source.scan(query=ItemQuery(table=table), bindings=app.bindings))
    totals = [page.total for page in pages]
    items = [item for page in pages for item in page.items]
    return items, totals[-1] if totals else 0, len(set(totals)) <= 1


def field_digests(values: Values) -> dict[str, str]:
    """Return field → short digest of its value; empty fields are left out.

    Args:
        values: Field key → value.

    Returns:
        Twelve hex digits each: enough to see a change, nothing to read.
    """
    return {
        key: hashlib.sha256(canonical_json(value).encode()).hexdigest()[:12]
        for key, value in values.items()
        if key not in _UNHEARD and value not in {None, "", ()} and not isinstance(value, Mapping)
    }


def _when(app: DeployedApp, item: Item, cursor: datetime | None) -> datetime | None:
    """Return when a row changed; for a change that its time of last change does not tell of, that is now."""
    if cursor is not None and item.updated_on is not None and item.updated_on < cursor - _OVERLAP:
        return app.clock.now()
    return item.updated_on


def _stamp(digests: Mapping[str, str], *, when: datetime | None) -> str:
    whole = hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()[:12]
    return f"{when.isoformat() if when else '-'}|{whole}"
