"""Permission groups as the embedded workspace takes them: the platform has no recovered way (schema-plane.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from huoban_perf.core.addresses import Address, Bindings, option_address
from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.rules import Every, FieldOf, Me, Operand, Rule, Some, Test, ThisRow, Today
from huoban_perf.core.schema.roles import PermissionSpec
from huoban_perf.core.values import Value

Json = dict[str, Any]


def permission_body(permission: PermissionSpec, *, bindings: Bindings, is_default: bool) -> Json:
    """Return a permission with ids in the place of addresses.

    Args:
        permission: Of one group in one table.
        bindings: Ids of the table, its fields and options; fields that are not bound are left out.
        is_default: Whether people without a group are in this one.

    Returns:
        The body of ``build/permission``.

    Raises:
        UnsupportedChangeError: The rule cannot be said in ids: a field or option of it is not bound, or it speaks of
            the row itself.
    """
    table, group = permission.address.keys
    return {
        "table_id": bindings[permission.address.table],
        "group": group,
        "default": is_default,
        "rows": _rule(permission.rows, bindings, table),
        "visible": _ids(permission.visible, bindings),
        "editable": _ids(permission.editable, bindings),
        "rights": sorted(right.value for right in permission.rights),
    }


def _ids(fields: tuple[Address, ...], bindings: Bindings) -> list[str]:
    return [bindings[field] for field in fields if field in bindings]


def _rule(rule: Rule, bindings: Bindings, table: str) -> Json:
    match rule:
        case Every(parts):
            return {"every": [_rule(part, bindings, table) for part in parts]}
        case Some(parts):
            return {"some": [_rule(part, bindings, table) for part in parts]}
        case Test(field, operator, operand):
            return {
                "field": _bound(field, bindings),
                "operator": operator.value,
                "operand": _operand(operand, field, bindings),
            }


def _operand(operand: Operand, field: Address, bindings: Bindings) -> Json:
    match operand:
        case Me():
            return {"me": True}
        case Today(days):
            return {"today": days}
        case FieldOf((other,)):
            return {"field": _bound(other, bindings)}
        case FieldOf() | ThisRow():
            raise UnsupportedChangeError("platform.unsupported_step", facts={"address": str(field), "action": "create"})
        case _:
            return {"value": _value(operand, field, bindings)}


def _value(value: Value, field: Address, bindings: Bindings) -> Any:
    options = {address.key: bindings[address] for address in bindings if address.parent == field}
    if options and isinstance(value, str):
        return _option(value, field, options)
    if isinstance(value, tuple):
        return [_option(entry, field, options) if options else entry for entry in value]
    if isinstance(value, Decimal | bool) or value is None:
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _option(key: str, field: Address, options: Mapping[str, str]) -> str:
    if key not in options:
        address = option_address(field.keys[0], field.keys[1], key)
        raise UnsupportedChangeError(
            "platform.step_unbound", facts={"address": str(field), "action": "create", "missing": str(address)}
        )
    return options[key]


def _bound(field: Address, bindings: Bindings) -> str:
    if field not in bindings:
        facts = {"address": str(field), "action": "create", "missing": str(field)}
        raise UnsupportedChangeError("platform.step_unbound", facts=facts)
    return bindings[field]
