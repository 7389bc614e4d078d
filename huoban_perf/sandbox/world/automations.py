"""Automations as the gateway stores them: whole documents, kept as they came and never executed.

Source: automation-plane.md §11.4: one executor, and it is not the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.refusals import GoneError


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """One stored automation."""

    automation_id: int
    sort: str
    table_id: int
    status: str
    document: dict[str, Any]


class Automations:
    """The automations of all tables."""

    def __init__(self, store: Store, ids: Ids) -> None:
        """Take the store and the source of ids."""
        self._store = store
        self._ids = ids

    def create(self, *, sort: str, table_id: int, status: str, document: Mapping[str, Any]) -> int:
        """Store a document and return its new id."""
        automation_id = self._ids.next("automation")
        row = (automation_id, sort, table_id, status, wire.write(dict(document)))
        self._store.run("INSERT INTO automations VALUES (?, ?, ?, ?, ?)", *row)
        return automation_id

    def get(self, automation_id: int) -> Automation:
        """Return an automation; GoneError when there is none."""
        sql = "SELECT automation_id, sort, table_id, status, document FROM automations WHERE automation_id = ?"
        row = self._store.row(sql, automation_id)
        if row is None:
            raise GoneError
        return _automation(row)

    def of_table(self, table_id: int) -> list[Automation]:
        """Return a table's automations, oldest first."""
        sql = "SELECT automation_id, sort, table_id, status, document FROM automations WHERE table_id = ? ORDER BY 1"
        return [_automation(row) for row in self._store.rows(sql, table_id)]

    def replace(self, automation_id: int, document: Mapping[str, Any]) -> None:
        """Put another document in the place of one."""
        text = wire.write(dict(document))
        self._store.run("UPDATE automations SET document = ? WHERE automation_id = ?", text, automation_id)

    def delete(self, automation_id: int) -> None:
        """Remove an automation; GoneError when there is none."""
        if not self._store.run("DELETE FROM automations WHERE automation_id = ?", automation_id).rowcount:
            raise GoneError


def _automation(row: tuple[Any, ...]) -> Automation:
    return Automation(
        automation_id=row[0], sort=row[1], table_id=row[2], status=row[3], document=dict(wire.parse(row[4]))
    )
