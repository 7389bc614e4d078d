"""Webhooks as hints: one a table, which says only that something happened there, never what.

The body holds the event's own id and nothing else, so no personal data leaves the server, and a large batch makes no
large body. A hook is without a condition, because a conditional one stays silent for bulk inserts (gotcha 8). Whoever
hears it reads the rows through the API.

Source: nocodb/api.md, gotcha 8; body and routes tried on 0.265.1.
"""

from __future__ import annotations

import json
from typing import Any

from huoban_perf.core.errors import ProtocolError
from huoban_perf.platforms.nocodb.endpoints import HOOK_CREATE, HOOK_DELETE, HOOK_LIST, HOOK_UPDATE
from huoban_perf.platforms.nocodb.transport import Transport

TITLE = "huoban-perf 提示"
"""By which our hooks are known."""

_BODY = '{"hint": {{ json event.id }} }'


class NocodbHooks:
    """Hint source."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the server.
        """
        self._transport = transport

    def is_told(self, *, table_id: str, url: str) -> bool:
        """Return whether exactly one hook of ours stands at a table and calls an address.

        Args:
            table_id: The table.
            url: The address.

        Returns:
            False when it is missing, switched off, calls elsewhere or stands twice.
        """
        standing = self._standing(table_id)
        return len(standing) == 1 and _is_as(standing[0], url)

    def tell(self, *, table_id: str, url: str) -> bool:
        """Make the one hook of a table call an address.

        Args:
            table_id: The table.
            url: The address; it holds the secret, so only the server and the receiver may know it.

        Returns:
            Whether anything was changed.

        Raises:
            PlatformError: The call failed.
        """
        if self.is_told(table_id=table_id, url=url):
            return False
        standing = self._standing(table_id)
        if standing:
            self._transport.call(HOOK_UPDATE, _hook(url), ids={"hook": str(standing[0]["id"])})
        else:
            self._transport.call(HOOK_CREATE, _hook(url), ids={"table": table_id})
        self._drop(standing[1:])
        return True

    def stands(self, *, table_id: str) -> bool:
        """Return whether a hook of ours stands at a table, whatever it calls."""
        return bool(self._standing(table_id))

    def hush(self, *, table_id: str) -> bool:
        """Take our hook away from a table; return whether one stood."""
        standing = self._standing(table_id)
        self._drop(standing)
        return bool(standing)

    def _drop(self, hooks: list[dict[str, Any]]) -> None:
        for hook in hooks:
            self._transport.call(HOOK_DELETE, ids={"hook": str(hook["id"])})

    def _standing(self, table_id: str) -> list[dict[str, Any]]:
        answer = self._transport.call(HOOK_LIST, ids={"table": table_id})
        hooks = answer.get("list") if isinstance(answer, dict) else None
        if not isinstance(hooks, list):
            raise ProtocolError("platform.shape", endpoint=HOOK_LIST.name, facts={"part": "list"})
        return [hook for hook in hooks if hook.get("title") == TITLE]


def _hook(url: str) -> dict[str, Any]:
    payload = {"method": "POST", "body": _BODY, "headers": [], "parameters": [], "path": url}
    return {
        "title": TITLE,
        "event": "after",
        "operation": ["insert", "update", "delete"],
        "version": "v3",
        "active": True,
        "condition": False,
        "notification": {"type": "URL", "payload": payload},
    }


def _is_as(hook: dict[str, Any], url: str) -> bool:
    """The server answers what is done as a text of JSON, and switches as numbers."""
    done = hook.get("notification")
    content = json.loads(done) if isinstance(done, str) else done
    if not isinstance(content, dict):
        return False
    operations = set(hook.get("operation") or ())
    whole = bool(hook.get("active")) and not hook.get("condition") and operations == {"insert", "update", "delete"}
    payload = content.get("payload") or {}
    return whole and (payload.get("path"), payload.get("body")) == (url, _BODY)
