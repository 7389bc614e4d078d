"""Captured automations as lines for people."""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.cli.texts import text
from huoban_perf.core.captures import AutomationHead, Posting, Prepared
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.deploy import KnownAutomation


def head_lines(
    heads: Mapping[str, tuple[AutomationHead, ...]], known: Mapping[str, KnownAutomation], *, locale: Locale
) -> list[str]:
    """Return the automations of each table, with our key where they are captured.

    Args:
        heads: Table name → its automations.
        known: Our key → what is known of it here.
        locale: Language.

    Returns:
        One line an automation, under its table.
    """
    keys = {entry.automation_id: key for key, entry in known.items()}
    lines: list[str] = []
    for table, found in heads.items():
        if found:
            lines.append(table)
        for head in found:
            key = keys.get(head.automation_id)
            mark = "" if key is None else f"  = {key}" + _unconfirmed(known[key], locale)
            lines.append(f"  {head.automation_id}  {head.sort}  {head.name}  {head.status}{mark}")
    return lines or [text("cli.automations_none", locale=locale)]


def _unconfirmed(entry: KnownAutomation, locale: Locale) -> str:
    return "" if entry.confirmed_at is not None else text("cli.automation_unconfirmed", locale=locale)


def prepared_lines(prepared: Prepared, *, target: str | None, locale: Locale) -> list[str]:
    """Return what posting would do, and that nothing was sent."""
    code = "cli.automation_would_create" if target is None else "cli.automation_would_replace"
    facts: dict[str, FactValue] = {
        "name": prepared.name,
        "type": prepared.sort,
        "count": prepared.references,
        "id": target or "-",
        "size": len(prepared.body),
    }
    return [text(code, locale=locale, facts=facts), text("cli.automation_not_sent", locale=locale)]


def posting_lines(prepared: Prepared, posting: Posting, *, locale: Locale) -> list[str]:
    """Return what posting came to, where it reads back differently, and what a person has to do."""
    facts = {"name": prepared.name, "id": posting.automation_id}
    if posting.differences:
        return [
            text("cli.automation_reads_differently", locale=locale, facts=facts),
            *(f"  ! {difference}" for difference in posting.differences),
            posting.editor_url,
        ]
    return [
        text("cli.automation_posted", locale=locale, facts=facts),
        text("cli.automation_open_editor", locale=locale, facts={"key": prepared.key}),
        posting.editor_url,
    ]
