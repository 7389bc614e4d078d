"""A workspace as captured documents see it: which address has which id and which name there, today.

Names are those that stand on the workspace, not those of the template: a person may have renamed them, and scripts name
what stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.captures import Place
from huoban_perf.core.schema import ObservedField


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Ids and names of one workspace's bound objects.

    Attributes:
        workspace: Id of the workspace.
        ids: Table and field address → id.
        addresses: Id → table or field address.
        names: Address → name as it stands; options too.
        option_ids: Option address → id, unique only inside its field.
        automations: Key of a captured automation → its id here.
    """

    workspace: str
    ids: Mapping[Address, str]
    addresses: Mapping[str, Address]
    names: Mapping[Address, str]
    option_ids: Mapping[Address, str]
    automations: Mapping[str, str] = field(default_factory=dict)

    def constants(self) -> dict[str, Address]:
        """Return ``table.field.option`` by name → option address: what ``{C:…}`` says.

        Names that two options share are left out.
        """
        seen: dict[str, list[Address]] = {}
        for address in self.option_ids:
            seen.setdefault(self.constant(address), []).append(address)
        return {text: found[0] for text, found in seen.items() if len(found) == 1}

    def constant(self, option: Address) -> str:
        """Return an option as ``{C:…}`` says it. Source: automation-plane.md §6.3."""
        parent = option.parent
        owner = self.names.get(option.table, "?"), self.names.get(parent, "?") if parent is not None else "?"
        return ".".join([*owner, self.names.get(option, "?")])

    def options_of(self, owner: Address) -> dict[str, Address]:
        """Return option id → address of one field."""
        return {self.option_ids[address]: address for address in self.option_ids if address.parent == owner}


def directory_of(place: Place) -> Directory:
    """Return the directory of a place.

    Args:
        place: The workspace as read, and what is bound in it.

    Returns:
        Everything bound that stands; what is bound and gone is left out.
    """
    live = {table.table_id: table for table in place.schema.tables}
    ids: dict[Address, str] = {}
    names: dict[Address, str] = {}
    option_ids: dict[Address, str] = {}
    for address in (address for address in place.bindings if address.kind is ObjectKind.TABLE):
        table = live.get(place.bindings[address])
        if table is None:
            continue
        ids[address], names[address] = table.table_id, table.name
        fields = {entry.field_id: entry for entry in table.fields}
        for bound in place.bindings:
            if bound.kind is ObjectKind.FIELD and bound.table == address and place.bindings[bound] in fields:
                seen = fields[place.bindings[bound]]
                ids[bound], names[bound] = seen.field_id, seen.name
                _add_options(bound, seen, place, names, option_ids)
    return Directory(
        workspace=place.workspace,
        ids=ids,
        addresses={remote: address for address, remote in ids.items()},
        names=names,
        option_ids=option_ids,
        automations=place.automations,
    )


def _add_options(
    owner: Address, seen: ObservedField, place: Place, names: dict[Address, str], option_ids: dict[Address, str]
) -> None:
    standing = {option.option_id: option.name for option in seen.options}
    for bound, remote in place.bindings.items():
        if bound.kind is ObjectKind.OPTION and bound.parent == owner and remote in standing:
            names[bound], option_ids[bound] = standing[remote], remote


def parsed_address(text: str) -> Address | None:
    """Return a table, field or option address from its printed form, or None."""
    try:
        address = Address.parse(text)
    except ValueError:
        return None
    return address if address.kind in {ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION} else None
