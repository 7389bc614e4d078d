"""Who acted: whether the person who picked an action is known, and what follows when he is not.

*Enforce*: the last editor must be a person whom the transition names; ``decide`` refuses anybody else. Our own key as
last editor proves nothing, nor does anything where the platform names no editor or nobody is known to hold the role:
then the action is taken, and the person concerned, whoever is named for the action and HR learn of it. Source:
workflows.md §1 "Who acted".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.core.addresses import MemberId
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.schema.machines import Actor, Machine
from huoban_perf.sync.book import Row

_SECRET = frozenset({"appeal"})
"""Tables that a push does not name. Source: workflows.md §6, last sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acted, as far as it is known.

    Attributes:
        editor: The person; unverified, the only one whom the row names for this actor, or None.
        roles: Roles that he holds.
        is_verified: Whether the platform named him and it is known who may act.
    """

    editor: MemberId | None
    roles: frozenset[str]
    is_verified: bool


def who_acted(actor: Actor, row: Row, around: Surroundings) -> Person:
    """Tell who picked an action.

    Args:
        actor: The owner of the action field.
        row: The row as read after the pick.
        around: How strict, and who holds which role.

    Returns:
        The person.
    """
    holders = [member for key in actor.fields if key in row.rows.columns for member in row.members(key)]
    enforcing = around.actor_check == "enforce" or (
        around.actor_check == "auto" and row.book.app.connection.capabilities.item_editor
    )
    knowable = bool(holders) or any(around.role_members.get(role) for role in actor.roles)
    if enforcing and knowable and row.editor is not None:
        roles = frozenset(role for role, members in around.role_members.items() if row.editor in members)
        return Person(editor=row.editor, roles=roles, is_verified=True)
    only = MemberId(holders[0]) if len(set(holders)) == 1 else None
    return Person(editor=only, roles=frozenset(), is_verified=False)


def unverified_notices(
    machine: Machine, row: Row, *, role: str, action: str, today: date, around: Surroundings
) -> Iterator[Notice]:
    """Yield what is told of an action whose person is not verified.

    Args:
        machine: The table's machine.
        row: The row.
        role: Actor in whose name it was asked.
        action: Key of the transition.
        today: The day in China.
        around: Who is HR.

    Yields:
        One notice a receiver: the subject where he may see the row, the actors named, HR; for the digest.
    """
    columns = row.rows.columns
    fields = [key for key in ("p_self", *machine.actor(role).fields) if key in columns]
    people = [member for key in fields for member in row.members(key)]
    people += around.role_members.get("hr", ("group:hr",))
    label = next((one.labels for one in machine.transitions if one.key == action), None)
    table = row.rows.table
    hidden = table.key in _SECRET or label is None
    zh = "一件事项" if hidden or label is None else f"{table.labels.zh}「{label.zh}」"
    en = "a matter" if hidden or label is None else f"{table.labels.en} ({label.en})"
    for receiver in dict.fromkeys(people):
        yield Notice(
            receiver=receiver,
            event="actor_unverified",
            object=row.key or row.item_id,
            day=today,
            facts={
                "text_zh": f"操作人未核实: {zh}, 如不是本人操作请告知 HR",
                "text_en": f"It is not verified who acted on {en}; if it was not the person named, tell HR",
            },
            mode=Mode.DIGEST,
        )
