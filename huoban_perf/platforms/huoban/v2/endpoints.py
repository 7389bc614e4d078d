"""Every endpoint of the v2 tables plane that we call.

Deleting a table, views, permissions, pages and workspaces: no path was recovered (schema-plane.md §3, §5–§8).
"""

from __future__ import annotations

from huoban_perf.platforms.huoban.endpoints import Endpoint, Mark

TICKET_CREATE = Endpoint(
    name="v2.ticket.create",
    method="POST",
    path="/ticket",
    safe_to_repeat=True,  # another ticket changes nothing
    writes=False,
    mark=Mark.CODE,
    source="schema-plane.md §2",
)
SPACE_READ = Endpoint(
    name="v2.space.read",
    method="GET",
    path="/space/{space_id}",
    safe_to_repeat=True,
    writes=False,
    mark=Mark.CODE,
    source="schema-plane.md §7",
)
TABLE_READ = Endpoint(
    name="v2.table.read",
    method="GET",
    path="/table/{table_id}",
    safe_to_repeat=True,
    writes=False,
    mark=Mark.CODE,
    source="schema-plane.md §3",
)
TABLE_CREATE = Endpoint(
    name="v2.table.create",
    method="POST",
    path="/table/space/{space_id}",
    safe_to_repeat=False,  # no idempotency key: a repeat makes a second table
    writes=True,
    mark=Mark.CODE,
    source="schema-plane.md §3, §3.1",
)
TABLE_UPDATE = Endpoint(
    name="v2.table.update",
    method="PUT",
    path="/table/{table_id}",
    safe_to_repeat=False,  # a repeat adds the new fields again
    writes=True,
    mark=Mark.CODE,
    source="schema-plane.md §3, §3.3",
)

V2 = (TICKET_CREATE, SPACE_READ, TABLE_READ, TABLE_CREATE, TABLE_UPDATE)
"""All of them."""
