"""Confirm: a batch that was accepted is done only when its rows have been read back.

Reads the most recently updated rows first, which costs one page per batch written; what is still missing is asked for
by key, with a bounded wait, because the platform applies batches later (openapi-v1.md §9 [doc]). A platform that
answers with the items' ids is asked for those, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.equality import equal
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import Item, ItemQuery, Order, SystemField
from huoban_perf.core.values import Values
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows

_WAITS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Waits between rounds: half a minute in all, then the rows count as unconfirmed."""

_KEYS_A_REQUEST = 100
"""One page answers for so many keys."""

_IDS_A_REQUEST = 500
"""Ids are short: so many fit into one address."""


def confirm(
    expected: Mapping[str, Values],
    *,
    app: DeployedApp,
    standing: TableRows,
    item_ids: Mapping[str, ItemId] | None = None,
) -> list[str]:
    """Read written rows back until each stands as sent, or time is up.

    Args:
        expected: Natural key → the values that were sent.
        app: Where to read.
        standing: Gets every confirmed row.
        item_ids: Natural key → the item, as far as the platform's answers named it.

    Returns:
        Keys not confirmed, in key order; empty when all stand.
    """
    missing = dict(expected)
    _confirm_by_id(missing, item_ids or {}, app=app, standing=standing)
    if missing and app.connection.capabilities.asynchronous_batches:
        _wait_for(missing, total=len(expected), app=app, standing=standing)
    if expected and not missing:
        label = standing.table.labels.zh
        app.progress("progress.confirm", subject=label, done=len(expected), total=len(expected))
    return sorted(missing)


def _confirm_by_id(
    missing: dict[str, Values], item_ids: Mapping[str, ItemId], *, app: DeployedApp, standing: TableRows
) -> None:
    """Read rows whose items are known: nothing has to be looked for."""
    ids = [item_ids[key] for key in missing if key in item_ids]
    total = len(missing)
    for start in range(0, len(ids), _IDS_A_REQUEST):
        some = tuple(ids[start : start + _IDS_A_REQUEST])
        query = ItemQuery(table=standing.table, filter=Condition(SystemField.ITEM_ID, Operator.ANY_OF, some))
        for page in app.connection.item_source.scan(query=query, bindings=app.bindings):
            _take(page.items, missing, standing)
        if missing:  # the end is told once, by ``confirm``
            done = total - len(missing)
            app.progress("progress.confirm", subject=standing.table.labels.zh, done=done, total=total)


def _wait_for(missing: dict[str, Values], *, total: int, app: DeployedApp, standing: TableRows) -> None:
    """Look for rows that the platform applies later, with a bounded wait."""
    table = standing.table
    # Batches still to be applied move rows to the front while we read: what slips away is asked for by key below.
    newest = ItemQuery(table=table, order=Order(field=SystemField.UPDATED_ON, descending=True), complete=False)
    for page in app.connection.item_source.scan(query=newest, bindings=app.bindings):
        found = _take(page.items, missing, standing)
        if missing:
            app.progress("progress.confirm", subject=table.labels.zh, done=total - len(missing), total=total)
        if not missing or not found:
            break
    for wait_s in _WAITS_S:
        if not missing:
            break
        for query in _by_key(missing, standing):
            for page in app.connection.item_source.scan(query=query, bindings=app.bindings):
                _take(page.items, missing, standing)
        if missing:
            app.clock.sleep(wait_s)


def _by_key(missing: Mapping[str, Values], standing: TableRows) -> Iterable[ItemQuery]:
    keys = sorted(missing)
    key_field = standing.table.key_field
    if key_field is None:
        return
    for start in range(0, len(keys), _KEYS_A_REQUEST):
        some = tuple(keys[start : start + _KEYS_A_REQUEST])
        yield ItemQuery(table=standing.table, filter=Condition(key_field, Operator.ANY_OF, some))


def _take(items: Iterable[Item], missing: dict[str, Values], standing: TableRows) -> int:
    key_field = standing.table.key_field or ""
    found = 0
    for item in items:
        key = item.values.get(key_field)
        if not isinstance(key, str) or key not in missing:
            continue
        if all(equal(item.values.get(field), value) for field, value in missing[key].items()):
            standing.add(item)
            del missing[key]
            found += 1
    return found
