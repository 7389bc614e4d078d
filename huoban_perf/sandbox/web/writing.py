"""The one way to the store: the calls of the API, made in the name of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huoban_perf.sandbox.faces.endpoints import Incoming, item_create, item_delete, item_update
from huoban_perf.sandbox.web.answers import Sent
from huoban_perf.sandbox.world.definitions import TableDef
from huoban_perf.sandbox.world.keys import Key
from huoban_perf.sandbox.world.state import Call, World

_NO_KEY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """In whose name is written.

    Attributes:
        world: The world, inside a call.
        call: The call.
        space_id: The workspace.
        user_id: The person.
    """

    world: World
    call: Call
    space_id: int
    user_id: int

    def _asked(self, body: Mapping[str, Any], item_id: int = 0) -> Incoming:
        key = Key(key_id=_NO_KEY, space_id=self.space_id, user_id=self.user_id, callback_url=None)
        return Incoming(world=self.world, call=self.call, key=key, body=body, object_id=item_id)

    def create(self, table: TableDef, fields: Mapping[str, Any]) -> int:
        """Add an item and return its id.

        Args:
            table: Where.
            fields: Field id as text → value in the form of the API.

        Raises:
            RefusalError: The person may not, or a value does not fit.
        """
        made = item_create(self._asked({"table_id": str(table.table_id), "fields": dict(fields)}))
        return int(made["item_id"] if "item_id" in made else made["item"]["item_id"])

    def update(self, item_id: int, fields: Mapping[str, Any]) -> None:
        """Change cells of an item; RefusalError when the person may not, or a value does not fit."""
        item_update(self._asked({"fields": dict(fields)}, item_id))

    def keep(self, file: Sent) -> str:
        """Keep a file as uploaded by the person and return its id."""
        name = file.name or "附件"
        made = self.world.files.put(space_id=self.space_id, name=name, content=file.content, user_id=self.user_id)
        return str(made)

    def delete(self, item_id: int) -> None:
        """Remove an item; RefusalError when the person may not."""
        item_delete(self._asked({}, item_id))
