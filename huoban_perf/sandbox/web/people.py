"""Who can be chosen: people of a workspace, those with a group of their own first, each with their pages."""

from __future__ import annotations

from dataclasses import dataclass

from huoban_perf.sandbox.web.catalog import Catalog
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.world.state import World

SHOWN_MOST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One person: id, name, name of the permission group, names of the pages made for them."""

    user_id: int
    name: str
    group: str
    pages: tuple[str, ...]


def people_of(world: World, catalog: Catalog, *, search: str) -> tuple[list[Listed], int]:
    """Return the first people whose name holds a text, and how many there are.

    Args:
        world: The world, inside a call.
        catalog: Of the workspace.
        search: Part of a name, or empty.
    """
    members = world.definitions.members(catalog.space_id)
    found = [(int(key), name) for key, name in members.items() if search.lower() in name.lower()]
    groups: dict[int, str] = dict(world.store.rows("SELECT user_id, grp FROM memberships"))
    labels: dict[str, str] = dict(world.store.rows("SELECT alias, name FROM definitions WHERE object = 'permission'"))
    found.sort(key=lambda entry: (groups.get(entry[0]) is None, entry[0]))
    listed = []
    for user_id, name in found[:SHOWN_MOST]:
        person = Person(world=world, catalog=catalog, user_id=user_id, name=name)
        group = groups.get(user_id, "")
        pages = tuple(one.name for one in person.pages)
        listed.append(Listed(user_id=user_id, name=name, group=labels.get(group, group), pages=pages))
    return listed, len(found)
