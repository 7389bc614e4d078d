"""Seeding: write batches of rows through the wire, like any client, and only what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from huoban_perf.demo.rows import Batch
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows, read_table
from huoban_perf.sync.wanted import Refs
from huoban_perf.sync.write_back import WritePlan, WriteReport, compare, pretend, write


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What seeding came to, or would come to.

    Attributes:
        reports: One a batch.
        rows_read: Rows read before writing, one entry a table.
    """

    reports: tuple[WriteReport, ...]
    rows_read: tuple[int, ...]

    @property
    def written(self) -> int:
        """Rows created or updated."""
        return sum(report.written for report in self.reports)


def seed(batches: Sequence[Batch], *, app: DeployedApp, apply: bool = True) -> Seeded:
    """Write what is missing or different, table by table, in order.

    Args:
        batches: Rows in writing order.
        app: Where to write.
        apply: Write; otherwise only count.

    Returns:
        Counts; every row written was read back.

    Raises:
        SyncError: The platform refused rows.
        UnconfirmedWriteError: Rows could not be read back in time.
    """
    tables: dict[str, TableRows] = {}
    rows_read: list[int] = []
    reports: list[WriteReport] = []
    for part in batches:
        for name in sorted(_needed(part) - tables.keys()):
            tables[name] = read_table(app, table=app.schema.table(name))
            tables[name].check_keys()
            rows_read.append(len(tables[name]))
        standing = tables[part.table]
        plan = compare(wanted=part.rows, standing=standing, tables=tables, first_only=part.first_only)
        reports.append(write(plan, app=app, standing=standing) if apply else _preview(plan, standing))
    return Seeded(reports=tuple(reports), rows_read=tuple(rows_read))


def _needed(part: Batch) -> set[str]:
    """Return the tables that writing a batch looks at: its own and those that its relations point to."""
    values = (value for row in part.rows for value in row.values.values())
    return {part.table} | {value.table for value in values if isinstance(value, Refs)}


def _preview(plan: WritePlan, standing: TableRows) -> WriteReport:
    pretend(plan, standing)
    return WriteReport(
        table=plan.table.key,
        created=len(plan.created),
        updated=len(plan.updated),
        unchanged=plan.unchanged,
        orphans=len(plan.orphans),
    )
