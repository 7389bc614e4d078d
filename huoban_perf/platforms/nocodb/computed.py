"""Computed fields: formula, rollup and attached as the server's Formula, Rollup and Lookup.

A rollup runs over the other end of a relation, which the server made on our side; it takes every related row. One that
takes some of them runs over a formula in the other table, which holds the value in the rows that count and 0 in others.

Source: nocodb/api.md, Requests (formula, lookup, rollup); tried on 0.265.1 (a rollup over a formula, too).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, assert_never

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId
from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.filters import Operator
from huoban_perf.core.labels import Locale
from huoban_perf.core.rules import ALWAYS, Every, Rule, Test
from huoban_perf.core.schema import FieldSpec
from huoban_perf.core.schema.fields import Attached, Formula, Rollup, Summary
from huoban_perf.platforms.nocodb.meta import MIRROR, TableReader, WireColumn, WireTable

Json = dict[str, Any]

_SUMMARY = {
    Summary.COUNT: "count",
    Summary.SUM: "sum",
    Summary.AVERAGE: "avg",
    Summary.LARGEST: "max",
    Summary.SMALLEST: "min",
}

_NEGATIVE = {Operator.EQUALS: False, Operator.ANY_OF: False, Operator.DIFFERS: True, Operator.NONE_OF: True}


def computed_body(
    field: FieldSpec,
    *,
    locale: Locale,
    remote_ids: Mapping[Address, RemoteId],
    reader: TableReader,
    counted: str | None = None,
) -> Json:
    """Return the body that creates a computed column.

    Args:
        field: The field, with what it computes.
        locale: Language of its name.
        remote_ids: Ids of what it reads, with their tables.
        reader: Shows the columns as they stand.
        counted: For a rollup of some rows: id of the column from ``counted_body``.

    Returns:
        The body.

    Raises:
        UnsupportedChangeError: The template does not say what it computes, or the server cannot compute it.
    """
    body: Json = {"title": field.labels.in_locale(locale)}
    if field.help is not None:
        body["description"] = field.help.in_locale(locale)
    computed = field.computed
    match computed:
        case None:
            raise _refused(field, "computed")
        case Formula():
            return body | {"uidt": "Formula", "formula_raw": _formula(computed, field, remote_ids, reader)}
        case Attached():
            found = _column(computed.through, field, remote_ids, reader)
            shown = _column(computed.value, field, remote_ids, reader)
            return body | {
                "uidt": "Lookup",
                "fk_relation_column_id": found.id,
                "fk_lookup_column_id": shown.id,
            }
        case Rollup():
            return body | _rollup(computed, field, remote_ids, reader, counted)
        case _:  # pragma: no cover
            assert_never(computed)


def _formula(formula: Formula, field: FieldSpec, remote_ids: Mapping[Address, RemoteId], reader: TableReader) -> str:
    titles = {address.key: _column(address, field, remote_ids, reader).title for address in formula.fields}
    return re.sub(r"\{(\w+)\}", lambda found: f"{{{titles[found[1]]}}}", formula.expression)


def counted_body(
    field: FieldSpec, *, locale: Locale, remote_ids: Mapping[Address, RemoteId], reader: TableReader
) -> Json | None:
    """Return the body of the formula that a rollup of some rows runs over.

    Args:
        field: The rollup.
        locale: Language of its name.
        remote_ids: Ids of what it reads, with their tables.
        reader: Shows the columns as they stand.

    Returns:
        The body of a column of the other table; None for a field that needs none.

    Raises:
        UnsupportedChangeError: The formula cannot say which rows count, or the summary is neither sum nor count.
    """
    rollup = field.computed
    if not isinstance(rollup, Rollup) or rollup.rows == ALWAYS:
        return None
    if rollup.summary not in {Summary.SUM, Summary.COUNT}:
        raise _refused(field, "rows")
    value = "1" if rollup.value is None else f"{{{_column(rollup.value, field, remote_ids, reader).title}}}"
    parts = rollup.rows.parts if isinstance(rollup.rows, Every) else (rollup.rows,)
    for part in parts:
        value = _chosen(part, value, field, remote_ids, reader)
    own = _table(field.address, field, remote_ids, reader)
    title = f"{own.title}·{field.labels.in_locale(locale)}"
    return {"title": title, "uidt": "Formula", "formula_raw": value, "meta": {MIRROR: True}}


def _chosen(
    part: Rule, value: str, field: FieldSpec, remote_ids: Mapping[Address, RemoteId], reader: TableReader
) -> str:
    """Say a comparison of one choice: an empty cell equals nothing, so the negative stands in the other branch."""
    if not isinstance(part, Test) or part.operator not in _NEGATIVE or not isinstance(part.operand, str | tuple):
        raise _refused(field, "rows")
    column = _column(part.field, field, remote_ids, reader)
    keys = (part.operand,) if isinstance(part.operand, str) else part.operand
    ids = {str(remote_ids.get(Address(ObjectKind.OPTION, (*part.field.keys, str(key))))) for key in keys}
    texts = [choice.title for choice in column.choices if choice.id in ids]
    if column.uidt != "SingleSelect" or len(texts) != len(keys) or any('"' in text for text in texts):
        raise _refused(field, "rows")
    among = "OR(" + ", ".join(f'{{{column.title}}}=="{text}"' for text in texts) + ")"
    return f"IF({among}, 0, {value})" if _NEGATIVE[part.operator] else f"IF({among}, {value}, 0)"


def _rollup(
    rollup: Rollup,
    field: FieldSpec,
    remote_ids: Mapping[Address, RemoteId],
    reader: TableReader,
    counted: str | None,
) -> Json:
    far = _column(rollup.through, field, remote_ids, reader)
    own = _table(field.address, field, remote_ids, reader)
    mirror = next(
        (
            column
            for column in own.columns
            if far.foreign_key and column.options.get("fk_child_column_id") == far.foreign_key
        ),
        None,
    )
    if mirror is None:
        raise _refused(field, "through")
    other = _table(rollup.through, field, remote_ids, reader)
    if counted is None and rollup.value is None:
        value_id = next(column.id for column in other.columns if column.uidt == "ID")
    else:
        value_id = counted or _column(rollup.value or rollup.through, field, remote_ids, reader).id
    return {
        "uidt": "Rollup",
        "fk_relation_column_id": mirror.id,
        "fk_rollup_column_id": value_id,
        "rollup_function": _SUMMARY[rollup.summary if counted is None else Summary.SUM],
    }


def _column(
    address: Address, field: FieldSpec, remote_ids: Mapping[Address, RemoteId], reader: TableReader
) -> WireColumn:
    column = _table(address, field, remote_ids, reader).column(remote_ids.get(address, ""))
    if column is None:
        raise _refused(field, str(address))
    return column


def _table(
    address: Address, field: FieldSpec, remote_ids: Mapping[Address, RemoteId], reader: TableReader
) -> WireTable:
    if address.table not in remote_ids:
        raise _refused(field, str(address.table))
    return reader.table(remote_ids[address.table])


def _refused(field: FieldSpec, attribute: str) -> UnsupportedChangeError:
    facts = {"address": str(field.address), "action": "create", "attribute": attribute}
    return UnsupportedChangeError("platform.unsupported_attribute", facts=facts)
