"""The cycle a job works on: its row, its state, and whether it is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.errors import FactValue, SyncError
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows, read_table

SEALED = frozenset({"feedback", "archived"})
"""反馈申诉 and 已归档: results are out; a difference needs a new revision. Source: data-model.md first deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRow:
    """One row of 考核周期.

    Attributes:
        name: 周期名称.
        status: Option key.
        row: Row index in the table.
        decider: Member who signs the results, or None.
    """

    name: str
    status: str
    row: int
    decider: str | None

    @property
    def is_sealed(self) -> bool:
        """Whether results were released."""
        return self.status in SEALED


def find_cycle(name: str, *, tables: Mapping[str, TableRows]) -> CycleRow:
    """Return a cycle by name.

    Args:
        name: 周期名称.
        tables: Rows of ``cycle``.

    Returns:
        The cycle.

    Raises:
        SyncError: No cycle has the name; lists those there are.
    """
    cycles = tables["cycle"]
    row = cycles.row_of_key(name)
    if row is None:
        known: tuple[str, ...] = tuple(sorted(cycles.keys()))
        facts: dict[str, FactValue] = {"cycle": name, "known": known}
        raise SyncError("sync.no_cycle", facts=facts)
    decider = cycles.value(row, "decider")
    return CycleRow(
        name=name,
        status=str(cycles.value(row, "status") or ""),
        row=row,
        decider=decider[0] if isinstance(decider, tuple) and decider else None,
    )


def only_cycle(app: DeployedApp) -> str:
    """Return the name of the workspace's only cycle.

    Args:
        app: The deployed app.

    Returns:
        周期名称.

    Raises:
        SyncError: There is none, or there are several; lists them.
    """
    names = tuple(sorted(read_table(app, table=app.schema.table("cycle"), columns=("name",)).keys()))
    if len(names) != 1:
        facts: dict[str, FactValue] = {"known": names}
        raise SyncError("sync.which_cycle", facts=facts)
    return names[0]
