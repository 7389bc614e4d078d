"""Which path and verb is which call."""

from __future__ import annotations

from dataclasses import dataclass

from huoban_perf.sandbox.faces import endpoints
from huoban_perf.sandbox.rules import Rules

_ID = "{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One call of the wire.

    Attributes:
        name: As statistics show it: verb and path.
        writes: Whether it changes anything when accepted.
        handler: What carries it out.
        is_bulk: Whether it is one of ``/items``.
    """

    name: str
    writes: bool
    handler: endpoints.Handler
    is_bulk: bool = False


_CALLS: tuple[tuple[str, bool, endpoints.Handler], ...] = (
    ("GET /space/list", False, endpoints.space_list),
    ("POST /space/member/list", False, endpoints.member_list),
    ("POST /table/list", False, endpoints.table_list),
    ("POST /table/{id}", False, endpoints.table_config),
    ("POST /item/list", False, endpoints.item_list),
    ("POST /item", True, endpoints.item_create),
    ("POST /item/{id}", False, endpoints.item_read),
    ("PUT /item/{id}", True, endpoints.item_update),
    ("DELETE /item/{id}", True, endpoints.item_delete),
    ("POST /items", True, endpoints.items_create),
    ("PUT /items", True, endpoints.items_write),
    ("DELETE /items", True, endpoints.items_delete),
    ("POST /file/upload", True, endpoints.file_upload),
    ("POST /event/list", False, endpoints.event_list),
)
"""Every call whose path is known. Source: openapi-v1.md §0.1."""
_ROUTES = {
    name: Route(name=name, writes=writes, handler=handler, is_bulk=name.endswith(" /items"))
    for name, writes, handler in _CALLS
}


def route_of(*, method: str, path: str, rules: Rules) -> tuple[Route | None, int]:
    """Return the call of a request and the id in its path.

    Args:
        method: HTTP verb.
        path: Path below the base, starting with a slash.
        rules: Name the paths that are not known.

    Returns:
        The route, or None when there is no such call; the id, or 0.
    """
    known = _ROUTES.get(f"{method} {path}") or _guessed(rules).get(f"{method} {path}")
    if known is not None:
        return known, 0
    head, _, tail = path.rpartition("/")
    if tail.isascii() and tail.isdigit() and len(tail) <= 18:
        return _ROUTES.get(f"{method} {head}/{_ID}"), int(tail)
    return None, 0


def _guessed(rules: Rules) -> dict[str, Route]:
    """Source: openapi-v1.md §18.4: the paths are switches."""
    return {
        f"POST {path}": Route(name=f"POST {path}", writes=writes, handler=handler)
        for path, writes, handler in (
            (rules.subscribe_path, True, endpoints.event_subscribe),
            (rules.unsubscribe_path, True, endpoints.event_unsubscribe),
            (rules.file_details_path, False, endpoints.file_details),
        )
    }
