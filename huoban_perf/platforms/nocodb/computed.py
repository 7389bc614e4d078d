"""Computed fields: formula, rollup and attached as the server's Formula, Rollup and Lookup.

A rollup runs over the other end of a relation, which the server made on our side; it counts every related row.

Source: nocodb/api.md, Requests (formula, lookup, rollup); tried on 0.265.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, assert_never

from huoban_perf.core.addresses import Address, RemoteId
from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.labels import Locale
from huoban_perf.core.rules import ALWAYS
from huoban_perf.core.schema import FieldSpec
from huoban_perf.core.schema.fields import Attached, Formula, Rollup, Summary
from huoban_perf.platforms.nocodb.meta import TableReader, WireColumn, WireTable

Json = dict[str, Any]

_SUMMARY = {
    Summary.COUNT: "count",
    Summary.SUM: "sum",
    Summary.AVERAGE: "avg",
    Summary.LARGEST: "max",
    Summary.SMALLEST: "min",
}


def computed_body(
    field: FieldSpec, *, locale: Locale, remote_ids: Mapping[Address, RemoteId], reader: TableReader
) -> Json:
    """Return the body that creates a computed column.

    Args:
        field: The field, with what it computes.
        locale: Language of its name.
        remote_ids: Ids of what it reads, with their tables.
        reader: Shows the columns as they stand.

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
            return body | _rollup(computed, field, remote_ids, reader)
        case _:  # pragma: no cover
            assert_never(computed)


def _formula(formula: Formula, field: FieldSpec, remote_ids: Mapping[Address, RemoteId], reader: TableReader) -> str:
    titles = {address.key: _column(address, field, remote_ids, reader).title for address in formula.fields}
    return re.sub(r"\{(\w+)\}", lambda found: f"{{{titles[found[1]]}}}", formula.expression)


def _rollup(rollup: Rollup, field: FieldSpec, remote_ids: Mapping[Address, RemoteId], reader: TableReader) -> Json:
    if rollup.rows != ALWAYS:
        raise _refused(field, "rows")
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
    counted = next(column for column in other.columns if column.uidt == "ID")
    value = counted if rollup.value is None else _column(rollup.value, field, remote_ids, reader)
    return {
        "uidt": "Rollup",
        "fk_relation_column_id": mirror.id,
        "fk_rollup_column_id": value.id,
        "rollup_function": _SUMMARY[rollup.summary],
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
