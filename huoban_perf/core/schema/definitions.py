"""Definitions: views, forms, permissions, pages and automations as named content that can be stored and compared.

They differ in shape and behave alike: each has a name, stands in a table (a page in the workspace), speaks of fields by
address, and is either shown by a connection as stored, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.automations import AutomationSpec
from huoban_perf.core.schema.desired import DesiredSchema
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.pages import PageSpec
from huoban_perf.core.schema.roles import PermissionSpec
from huoban_perf.core.schema.stored import addresses_in, from_stored, stored
from huoban_perf.core.schema.views import ViewSpec

DEFINITION_KINDS = (
    ObjectKind.VIEW,
    ObjectKind.FORM,
    ObjectKind.PERMISSION,
    ObjectKind.PAGE,
    ObjectKind.AUTOMATION,
)
"""In the order in which they are built."""

Declared = ViewSpec | FormSpec | PermissionSpec | PageSpec | AutomationSpec
_HEAD = frozenset({"address", "labels"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionSpec:
    """A view, form, permission, page or automation as wished.

    Attributes:
        address: Its address; the kind says what it is.
        labels: Name shown; unique in its place among its kind.
        declared: What the template says, or None for one that is only remembered.
    """

    address: Address
    labels: Labels
    declared: Declared | None = None

    @property
    def body(self) -> dict[str, Any]:
        """Attribute → content in stored form; empty for one that is only remembered."""
        one = self.declared
        parts = () if one is None else fields(one)
        return {part.name: stored(getattr(one, part.name)) for part in parts if part.name not in _HEAD}

    @property
    def refers_to(self) -> tuple[Address, ...]:
        """What must stand before it: everything it speaks of but other automations, in order of first mention."""
        found = dict.fromkeys(addresses_in(self.body))
        return tuple(one for one in found if one.kind is not ObjectKind.AUTOMATION and one != self.address)


def definitions_of(desired: DesiredSchema) -> Iterator[DefinitionSpec]:
    """Yield every definition of a wish, in build order.

    Args:
        desired: The wish.

    Yields:
        Views, forms, permissions, pages, automations.
    """
    groups = {group.key: group.labels for group in desired.groups}
    everything: tuple[Declared, ...] = (
        *desired.views, *desired.forms, *desired.permissions, *desired.pages, *desired.automations,
    )  # fmt: skip
    for one in everything:
        key = one.address.key
        labels = groups.get(key, Labels(key, key)) if isinstance(one, PermissionSpec) else one.labels
        yield DefinitionSpec(address=one.address, labels=labels, declared=one)


def declared_from(address: Address, labels: Labels, body: Mapping[str, Any]) -> Declared:
    """Return a definition as the template's own words, from what is stored of it.

    Args:
        address: Its address.
        labels: Its name.
        body: Attribute → content in stored form.

    Returns:
        The view, form, permission, page or automation.

    Raises:
        ValueError: The body is of no such form.
    """
    values = {name: from_stored(value) for name, value in body.items()}
    match address.kind:
        case ObjectKind.PERMISSION:
            return PermissionSpec(address=address, **values)
        case ObjectKind.VIEW:
            return ViewSpec(address=address, labels=labels, **values)
        case ObjectKind.FORM:
            return FormSpec(address=address, labels=labels, **values)
        case ObjectKind.PAGE:
            return PageSpec(address=address, labels=labels, **values)
        case ObjectKind.AUTOMATION:
            return AutomationSpec(address=address, labels=labels, **values)
        case _:
            raise ValueError(f"{address} is no definition")
