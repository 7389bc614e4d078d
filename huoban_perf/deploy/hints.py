"""Hints: the tables whose changes the runner wants to hear of at once, and the platform's word for that.

A hint only ends the runner's pause early: what happened is read through the API, and without any hint the next look
comes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.core.addresses import Address, Bindings
from huoban_perf.core.ports import HintSink
from huoban_perf.core.schema import DesiredSchema


def heard_tables(schema: DesiredSchema) -> tuple[Address, ...]:
    """Return the tables in which something sets an automation off, in the template's order."""
    heard = {machine.table for machine in schema.machines} | {one.address.table for one in schema.automations}
    return tuple(table.address for table in schema.tables if table.address in heard)


def tell(schema: DesiredSchema, *, bindings: Bindings, sink: HintSink, url: str, apply: bool) -> Mapping[Address, bool]:
    """Have every table that matters call an address when its rows change.

    Args:
        schema: The wish.
        bindings: Platform ids; tables that are not built are left out.
        sink: The platform.
        url: The address, with its secret.
        apply: Do it; otherwise only look.

    Returns:
        Table → whether it was, or would be, changed.
    """
    tables = {address: str(bindings[address]) for address in heard_tables(schema) if address in bindings}
    if apply:
        return {address: sink.tell(table_id=table_id, url=url) for address, table_id in tables.items()}
    return {address: not sink.is_told(table_id=table_id, url=url) for address, table_id in tables.items()}


def standing(schema: DesiredSchema, *, bindings: Bindings, sink: HintSink) -> Mapping[Address, bool]:
    """Look which of the tables that matter give hints.

    Args:
        schema: The wish.
        bindings: Platform ids; tables that are not built are left out.
        sink: The platform.

    Returns:
        Table → whether it calls some address.
    """
    tables = {address: str(bindings[address]) for address in heard_tables(schema) if address in bindings}
    return {address: sink.stands(table_id=table_id) for address, table_id in tables.items()}


def hush(schema: DesiredSchema, *, bindings: Bindings, sink: HintSink) -> Mapping[Address, bool]:
    """Take every hint away again.

    Args:
        schema: The wish.
        bindings: Platform ids.
        sink: The platform.

    Returns:
        Table → whether one stood there.
    """
    return {
        table.address: sink.hush(table_id=str(bindings[table.address]))
        for table in schema.tables
        if table.address in bindings
    }
