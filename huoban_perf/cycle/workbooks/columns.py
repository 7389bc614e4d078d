"""Which columns a workbook of a table has, what their cells may hold, and who may change them.

Never in a workbook: action fields and permission columns (an import must not act in anybody's name). Shown but locked:
what jobs and the platform write, the key, and whole tables whose rows are somebody's own word or a record of decisions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, FieldKind, FieldSpec, TableSpec, Writer
from huoban_perf.exchange.cell_words import SHOWN, Column, can_be_edited
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import read_table

LOCKED_TABLES: Final = frozenset(
    {"review_task", "review_score", "external_review", "calibration", "appeal", "survey", "message", "run_log"}
)
"""Ratings and answers are their writers' own; calibrations and appeals are records. Source: workflows.md §1, §3."""

_IDENTITY: Final = frozenset({"employee", "department", "cycle", "appraisal", "scheme", "metric"})
"""Relations by which a row with a natural key is found; with another one it would be another row."""

_NO_NEW_ROWS: Final = LOCKED_TABLES | {"cycle"}
_MOST_OFFERED: Final = 500
"""Words of a drop-down; a longer list is no help."""


def takes_new_rows(table: TableSpec) -> bool:
    """Tell whether rows may be added in a workbook: where people give the business code themselves."""
    if table.key in _NO_NEW_ROWS or table.key_field is None:
        return False
    key = table.field(table.key_field)
    return key.writer is Writer.PEOPLE and key.unique


def columns_of(
    app: DeployedApp, table: TableSpec, *, fields: Sequence[str] = (), members: Mapping[str, str]
) -> list[Column]:
    """Return the columns of a table's workbook.

    Args:
        app: Where the names of related rows are read.
        table: The table.
        fields: Field keys in order; empty = all. The key comes first in any case.
        members: Name → member id, and id → id.

    Returns:
        The columns.
    """
    wanted = [key for key in (table.key_field, *fields) if key] if fields else [f.address.key for f in table.fields]
    keys = list(dict.fromkeys(key for key in (table.key_field or "", *wanted) if key))
    names = _Names(app, members)
    return [
        _column(spec, table, names) for key in keys if (spec := table.field(key)).kind in SHOWN and not spec.generated
    ]


def _column(spec: FieldSpec, table: TableSpec, names: _Names) -> Column:
    words, offered = names.of(spec)
    editable = (
        spec.writer is Writer.PEOPLE
        and can_be_edited(spec)
        and table.key not in LOCKED_TABLES
        and spec.address.key != table.key_field
        and not (table.key_field == "natural_key" and spec.address.key in _IDENTITY)
    )
    return Column(spec=spec, editable=editable, names=words, offered=offered)


class _Names:
    """What options, members and related rows are called; read once each."""

    def __init__(self, app: DeployedApp, members: Mapping[str, str]) -> None:
        self._app = app
        self._members = {member: name for name, member in members.items() if name != member}
        self._rows: dict[str, dict[str, str]] = {}

    def of(self, spec: FieldSpec) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Return stored word → shown word, and the words offered."""
        if spec.kind in CHOICE_KINDS:
            words = {option.address.key: option.labels.zh for option in spec.options}
            return words, tuple(words.values())
        if spec.kind in MEMBER_KINDS:
            return self._members, _offered(self._members)
        if spec.kind is FieldKind.RELATION and spec.target is not None:
            found = self._related(spec.target.key)
            return found, _offered(found)
        return {}, ()

    def _related(self, table: str) -> dict[str, str]:
        """Return item id → business code and title; rows without a code by title, with the key where two share it."""
        if table in self._rows:
            return self._rows[table]
        target = self._app.schema.table(table)
        key_field = target.key_field or target.title
        rows = read_table(self._app, table=target, columns=[key_field, target.title])
        is_code = target.key_field is not None and target.field(target.key_field).writer is Writer.PEOPLE
        titles = {rows.item_id(row): str(rows.value(row, target.title) or "") for row in rows}
        shared = Counter(titles.values())
        found: dict[str, str] = {}
        for row in rows:
            item, key = rows.item_id(row), str(rows.value(row, key_field) or "")
            title = titles[item]
            if is_code and key != title:
                found[item] = f"{key} {title}".strip()
            elif not title or shared[title] > 1:
                found[item] = f"{title} {key}".strip() or item
            else:
                found[item] = title
        self._rows[table] = found
        return found


def _offered(words: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(words.values())) if len(words) <= _MOST_OFFERED else ()
