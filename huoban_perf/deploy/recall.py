"""Recalling: declared objects put together again from what was recorded of them when they were applied.

The template of yesterday is gone when a rollback needs it; the state remembers every attribute that was managed. What
is recalled compares as equal to what was recorded: ``wished(recalled(attributes)) == attributes``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.deploy.artifact import Attributes


def recalled_option(address: Address, attributes: Attributes) -> OptionSpec:
    """Return an option as it was recorded.

    Args:
        address: The option.
        attributes: What was applied.

    Returns:
        The option; both languages carry the one name that was deployed.
    """
    color = attributes.get("color")
    return OptionSpec(address=address, labels=_labels(address, attributes), color=None if color is None else str(color))


def recalled_field(address: Address, attributes: Attributes, *, options: Iterable[OptionSpec] = ()) -> FieldSpec:
    """Return a field as it was recorded.

    Args:
        address: The field.
        attributes: What was applied.
        options: Its options in order.

    Returns:
        The field. A target that is no address of ours is left out.
    """
    target, help_, decimals = (attributes.get(name) for name in ("target", "help", "decimals"))
    return FieldSpec(
        address=address,
        labels=_labels(address, attributes),
        kind=FieldKind(str(attributes.get("kind", FieldKind.TEXT.value))),
        help=None if help_ is None else Labels(str(help_), str(help_)),
        required=attributes.get("required") is True,
        unique=attributes.get("unique") is True,
        options=tuple(options),
        target=Address.parse(str(target)) if str(target).startswith(f"{ObjectKind.TABLE}:") else None,
        many=attributes.get("many") is True,
        decimals=decimals if isinstance(decimals, int) else None,
    )


def recalled_table(address: Address, attributes: Attributes, *, fields: Iterable[FieldSpec] = ()) -> TableSpec:
    """Return a table as it was recorded.

    Args:
        address: The table.
        attributes: What was applied.
        fields: Its fields in order.

    Returns:
        The table, without a key field: that was never a matter of the platform.
    """
    group = attributes.get("group")
    return TableSpec(
        address=address,
        labels=_labels(address, attributes),
        fields=tuple(fields),
        title=str(attributes.get("title", "")),
        group=None if group is None else Labels(str(group), str(group)),
    )


def recalled_schema(
    recorded: Mapping[Address, Attributes], *, app: str, version: str, order: Mapping[Address, int] | None = None
) -> DesiredSchema:
    """Return everything that was recorded as a wish.

    Args:
        recorded: Address → what was applied (or stood) of every table, field and option.
        app: Key of the app.
        version: Version of the template it came from, for people.
        order: Place of each object; those without one come last, by address.

    Returns:
        The wish, with a digest over its content.
    """
    places = order or {}

    def members(kind: ObjectKind, parent: Address | None) -> list[Address]:
        found = [address for address in recorded if address.kind is kind and address.parent == parent]
        return sorted(found, key=lambda address: (places.get(address, len(places)), str(address)))

    def field(address: Address) -> FieldSpec:
        options = [recalled_option(option, recorded[option]) for option in members(ObjectKind.OPTION, address)]
        return recalled_field(address, recorded[address], options=options)

    tables = tuple(
        recalled_table(table, recorded[table], fields=[field(address) for address in members(ObjectKind.FIELD, table)])
        for table in members(ObjectKind.TABLE, None)
    )
    return schema_of(tables, app=app, version=version)


def schema_of(tables: tuple[TableSpec, ...], *, app: str, version: str) -> DesiredSchema:
    """Return tables as a wish of their own.

    Args:
        tables: The tables.
        app: Key of the app.
        version: Version of the template they came from, for people.

    Returns:
        The wish, with a digest over its content.
    """
    return DesiredSchema(app=app, version=version, tables=tables, digest=digest(tables))


def _labels(address: Address, attributes: Attributes) -> Labels:
    name = str(attributes.get("name", address.key))
    return Labels(name, name)
