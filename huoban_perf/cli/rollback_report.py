"""Snapshots and rollbacks as lines for people."""

from __future__ import annotations

from huoban_perf.cli.deploy_report import apply_lines, plan_lines
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.deploy import Plan, RollbackReport, Snapshot, Undertaking

_COUNTS = ("saved", "created", "filled", "kept", "missing", "refused")


def snapshot_facts(snapshot: Snapshot) -> dict[str, object]:
    """Return what a list says of a snapshot."""
    return {
        "name": snapshot.name,
        "made_at": f"{snapshot.made_at:%Y-%m-%d %H:%M:%S} UTC",
        "purpose": snapshot.purpose,
        "app_version": snapshot.app_version,
        "continues": snapshot.continues,
        "destroys": [str(address) for address in snapshot.destroys],
        "rows": snapshot.rows,
    }


def snapshot_lines(found: list[dict[str, object]], *, locale: Locale) -> list[str]:
    """Return a list of snapshots as lines, oldest first."""
    if not found:
        return [text("cli.snapshots_none", locale=locale)]
    lines: list[str] = []
    for snapshot in found:
        destroys = snapshot["destroys"]
        names = tuple(map(str, destroys)) if isinstance(destroys, list) else ()
        facts: dict[str, FactValue] = {
            **{key: str(value) for key, value in snapshot.items()},
            "destroys": names,
        }
        lines.append(text("cli.snapshot_line", locale=locale, facts=facts))
    return lines


def preview_lines(undertaking: Undertaking, plan: Plan, *, locale: Locale) -> list[str]:
    """Return what a rollback would do, and what it could not restore, as lines.

    Args:
        undertaking: The snapshots gone back to.
        plan: The structure's way back.
        locale: Language.

    Returns:
        The lines.
    """
    first = undertaking.first
    facts: dict[str, FactValue] = {"name": first.name, "made_at": f"{first.made_at:%Y-%m-%d %H:%M:%S} UTC"}
    lines = [text("cli.rollback_head", locale=locale, facts=facts), *plan_lines(plan, locale=locale)]
    names = {table.address: table.labels.in_locale(first.locale) for table in first.tables}
    for snapshot in undertaking.snapshots:
        for backup in snapshot.backups:
            said: dict[str, FactValue] = {"name": names.get(backup.table, str(backup.table)), "count": backup.rows}
            code = "cli.rollback_rows" if backup.whole else "cli.rollback_cells"
            lines.append("  " + text(code, locale=locale, facts=said))
    lines.append(text("cli.losses", locale=locale))
    lines += [f"  · {text(note.code, locale=locale, facts=note.facts)}" for note in undertaking.losses()]
    return [*lines, text("cli.rollback_needs_yes", locale=locale)]


def rollback_lines(report: RollbackReport, *, locale: Locale) -> list[str]:
    """Return what a rollback did, as lines."""
    lines = apply_lines(report.structure, locale=locale, settled="cli.rollback_settled")
    if not report.structure.is_settled:
        return [*lines, text("cli.rollback_rows_later", locale=locale)]
    for table in report.tables:
        facts: dict[str, FactValue] = {"name": table.name, **{key: getattr(table, key) for key in _COUNTS}}
        lines.append("  " + text("cli.rollback_table", locale=locale, facts=facts))
        for key in ("kept", "missing", "refused"):
            if getattr(table, key):
                lines.append("    ! " + text(f"cli.rollback_{key}", locale=locale, facts=facts))
    return [*lines, text("cli.rollback_template", locale=locale)]
