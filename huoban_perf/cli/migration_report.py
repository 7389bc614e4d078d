"""Moves as lines for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict

from huoban_perf.cli.migration import Moved, Mover, Preview, loss_problems
from huoban_perf.cli.render import table
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.sync.move import Difference, Survey, TableCount

_LISTED = 20
_PLANNED = ("old", "create", "update", "equal", "theirs", "lone")
_STANDING = ("old", "new", "equal", "differ", "lone")


def preview_lines(mover: Mover, preview: Preview, *, locale: Locale) -> list[str]:
    """Return what a move would do, and what it could not carry.

    Args:
        mover: The move.
        preview: What it would do.
        locale: Language.

    Returns:
        The lines.
    """
    lines = [*_head(mover, locale)]
    if preview.plan.steps:
        lines.append(text("move.builds", locale=locale, facts={"count": len(preview.plan.steps)}))
    lines += [_counts(preview.survey.counts(), "move.columns", _PLANNED, locale), ""]
    lines += _people(preview, locale)
    if preview.survey.files:
        lines.append(text("move.files", locale=locale, facts={"count": len(preview.survey.files)}))
    lines += _left_behind(mover, locale)
    lines += _losses(preview.survey, locale)
    lines += _beside(preview, locale)
    return [*lines, text("move.nothing" if preview.is_empty else "move.needs_yes", locale=locale)]


def carried_lines(mover: Mover, moved: Moved, *, locale: Locale) -> list[str]:
    """Return what a move came to, and the comparison of both places.

    Args:
        mover: The move.
        moved: What it came to.
        locale: Language.

    Returns:
        The lines.
    """
    carried = moved.carried
    seen = carried.comparison
    traffic = mover.desk.site.connection.traffic.traffic()
    facts: dict[str, FactValue] = {
        "created": carried.created,
        "updated": carried.updated,
        "files": carried.files,
        "items": sum(count.old for count in seen.counts),
        "tables": len(seen.counts),
        "requests": traffic.requests,
        "writes": traffic.writes,
    }
    lines = [*_head(mover, locale), _counts(seen.counts, "move.columns_standing", _STANDING, locale), ""]
    lines.append(text("move.done", locale=locale, facts=facts))
    both = [one for one in seen.differences if one.side != "new"]
    lone = len(seen.differences) - len(both)
    if both:
        lines.append(text("move.differs", locale=locale, facts={"count": len(both)}))
        lines += [f"  ≠ {_difference(one, locale)}" for one in both[:_LISTED]]
        if len(both) > _LISTED:
            lines.append("  " + text("cli.more_lines", locale=locale, facts={"count": len(both) - _LISTED}))
    else:
        lines.append(text("move.same", locale=locale, facts=facts))
    if lone:
        lines.append(text("move.lone", locale=locale, facts={"count": lone}))
    if seen.losses:
        lines.append(text("move.left_out", locale=locale, facts={"count": sum(one.count for one in seen.losses)}))
    if moved.runs:
        lines.append(text("move.runs_brought", locale=locale, facts={"count": moved.runs}))
    if moved.handed is not None:
        handed = moved.handed
        counts: dict[str, FactValue] = {"rows": handed.rows, "firings": handed.firings, "notices": handed.notices}
        lines.append(text("move.handed", locale=locale, facts=counts | {"schedules": handed.schedules}))
    if moved.pending:
        more: dict[str, FactValue] = {"count": moved.pending, "profile": mover.desk.site.profile.name}
        lines.append(text("move.by_person", locale=locale, facts=more))
    return lines


def json_of(mover: Mover, preview: Preview, moved: Moved | None) -> dict[str, object]:
    """Return a move for programs.

    Args:
        mover: The move.
        preview: What it would do, or was to do.
        moved: What it came to, or None for a preview.

    Returns:
        JSON content.
    """
    carried = None if moved is None else moved.carried
    sites = {"from": mover.old.site, "to": mover.desk.site}
    counts = preview.survey.counts() if carried is None else carried.comparison.counts
    traffic = mover.desk.site.connection.traffic.traffic()
    return {
        "format_version": 1,
        **{
            name: {"profile": site.profile.name, "platform": site.profile.platform, "workspace": str(site.workspace)}
            for name, site in sites.items()
        },
        "structure_steps": len(preview.plan.steps),
        "tables": {
            one.table.key: {name: getattr(one, name) for name in (*_PLANNED, "new", "differ")} for one in counts
        },
        "invited": list(preview.people.invited),
        "strangers": list(preview.people.strangers.values()),
        "losses": [{"code": one.code, **dict(one.facts)} for one in loss_problems(preview.survey)],
        "left_behind": list(mover.old.by_hand),
        "beside": [{"code": one.code, **dict(one.facts)} for one in preview.beside.notes],
        "service_running": list(preview.beside.running),
        "runs": None if moved is None else moved.runs,
        "handed_over": None if moved is None or moved.handed is None else asdict(moved.handed),
        "created": None if carried is None else carried.created,
        "updated": None if carried is None else carried.updated,
        "files": len(preview.survey.files) if carried is None else carried.files,
        "same": None if carried is None else carried.comparison.is_same,
        "differences": []
        if carried is None
        else [
            {"table": one.table.key, "item": one.name, "fields": list(one.fields), "side": one.side}
            for one in carried.comparison.differences
        ],
        "manual_steps": None if moved is None else moved.pending,
        "traffic": {"requests": traffic.requests, "writes": traffic.writes},
    }


def _head(mover: Mover, locale: Locale) -> list[str]:
    old, new = mover.old.site, mover.desk.site
    facts: dict[str, FactValue] = {
        "old": old.profile.name,
        "old_platform": old.connection.name,
        "new": new.profile.name,
        "new_platform": new.connection.name,
        "workspace": new.profile.workspace,
    }
    lines = [text("move.head", locale=locale, facts=facts)]
    return lines if new.workspace else [*lines, text("move.makes_workspace", locale=locale, facts=facts)]


def _counts(counts: tuple[TableCount, ...], columns: str, numbers: tuple[str, ...], locale: Locale) -> str:
    """Every table that holds anything, and the sum."""
    header = text(columns, locale=locale).split("|")
    rows = [
        (one.table.labels.in_locale(locale), *(str(getattr(one, name)) for name in numbers))
        for one in counts
        if one.old or one.new
    ]
    sums = [str(sum(getattr(one, name) for one in counts)) for name in numbers]
    rows.append((text("move.sum", locale=locale), *sums))
    return table(rows, header=header, right=tuple(range(1, len(header))))


def _people(preview: Preview, locale: Locale) -> list[str]:
    lines: list[str] = []
    found = preview.people
    if found.of:
        facts: dict[str, FactValue] = {"count": len(found.of), "invited": len(found.invited)}
        facts |= {"accounts": found.invited[:3]}
        lines.append(text("move.people_invite" if found.invited else "move.people", locale=locale, facts=facts))
    if found.strangers:
        names = tuple(sorted(found.strangers.values()))
        shown = (*names[:6], "…") if len(names) > 6 else names
        lines.append(text("move.strangers", locale=locale, facts={"count": len(names), "names": shown}))
    return lines


def _left_behind(mover: Mover, locale: Locale) -> list[str]:
    names = mover.old.by_hand
    lines = [text("move.never", locale=locale)]
    if names:
        shown = (*names[:6], "…") if len(names) > 6 else names
        lines.append(text("move.by_hand", locale=locale, facts={"count": len(names), "names": shown}))
    return lines


def _losses(seen: Survey, locale: Locale) -> list[str]:
    if not seen.losses:
        return []
    return [
        text("move.cannot", locale=locale),
        *(f"  · {problem_line(one, locale=locale)}" for one in loss_problems(seen)),
    ]


def _beside(preview: Preview, locale: Locale) -> list[str]:
    found = preview.beside
    lines = [
        text("move.beside", locale=locale),
        *(f"  · {problem_line(one, locale=locale)}" for one in found.notes),
    ]
    if found.running:
        lines.append(text("move.service_runs", locale=locale, facts={"profiles": found.running}))
    return lines


def _difference(one: Difference, locale: Locale) -> str:
    table_name = one.table.labels.in_locale(locale)
    if not one.fields:
        return text("move.only_old", locale=locale, facts={"table": table_name, "key": one.name})
    names = tuple(one.table.field(key).labels.in_locale(locale) for key in one.fields)
    return f"{table_name} / {one.name} / {'、'.join(names)}"
