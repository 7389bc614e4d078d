"""What is compared of a table: its name; its group and title field are written but never shown by a read."""

from __future__ import annotations

from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import ObservedTable, TableSpec
from huoban_perf.deploy.artifact import Attributes


def wished(table: TableSpec, *, locale: Locale) -> Attributes:
    """Return the attributes a template states of a table.

    Args:
        table: The table as wished.
        locale: Language in which names are deployed.

    Returns:
        ``name``, ``title`` (key of the field), and ``group`` when stated.
    """
    attributes: Attributes = {"name": table.labels.in_locale(locale), "title": table.title}
    if table.group is not None:
        attributes["group"] = table.group.in_locale(locale)
    return attributes


def shown(table: ObservedTable) -> Attributes:
    """Return the attributes a read proves of a table.

    Args:
        table: The table as seen.

    Returns:
        ``name``.
    """
    return {"name": table.name}
