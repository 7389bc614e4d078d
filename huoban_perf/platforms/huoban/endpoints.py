"""Every endpoint we call: its path, whether a repeat is safe, whether it writes, and how sure we are of it.

Whether a call may be repeated belongs to the endpoint, never to the HTTP verb: Huoban's reads are POST.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Mark(StrEnum):
    """How a fact of the wire is known. Source: openapi-v1.md §0; VERIFIED (by practitioners) schema-plane.md §0."""

    DOC = "doc"
    CODE = "code"
    DOC_TITLE = "doc-title"
    V2_DOC = "v2-doc"
    ADJACENT = "adjacent"
    VERIFIED = "verified"
    INFERRED = "inferred"
    OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint.

    Attributes:
        name: Our name, shown in errors.
        method: HTTP verb.
        path: Under the base URL; ``{…}`` are ids.
        safe_to_repeat: Whether the same call twice ends in the same world as once, so that an attempt whose outcome is
            unknown may be repeated.
        writes: Whether it changes items or schema.
        mark: How method and path are known.
        source: Section of openapi-v1.md, unless it names another file.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    safe_to_repeat: bool
    writes: bool
    mark: Mark
    source: str


def _read(name: str, path: str, mark: Mark, source: str, *, method: Literal["GET", "POST"] = "POST") -> Endpoint:
    return Endpoint(name=name, method=method, path=path, safe_to_repeat=True, writes=False, mark=mark, source=source)


SPACE_LIST = _read("space.list", "/space/list", Mark.CODE, "§7.1", method="GET")
MEMBER_LIST = _read("member.list", "/space/member/list", Mark.CODE, "§7.2")
TABLE_LIST = _read("table.list", "/table/list", Mark.CODE, "§7.3")
TABLE_CONFIG = _read("table.config", "/table/{table_id}", Mark.CODE, "§7.4")
ITEM_LIST = _read("item.list", "/item/list", Mark.DOC, "§8.7")
ITEM_READ = _read("item.read", "/item/{item_id}", Mark.CODE, "§8.4")
EVENT_LIST = _read("event.list", "/event/list", Mark.DOC, "§11.2")

ITEM_CREATE = Endpoint(
    name="item.create",
    method="POST",
    path="/item",
    safe_to_repeat=False,  # no idempotency key: a repeat makes a second item (§8.3)
    writes=True,
    mark=Mark.DOC,
    source="§8.3",
)
ITEM_UPDATE = Endpoint(
    name="item.update",
    method="PUT",
    path="/item/{item_id}",
    safe_to_repeat=True,  # the same values again
    writes=True,
    mark=Mark.CODE,
    source="§8.5",
)
ITEM_DELETE = Endpoint(
    name="item.delete",
    method="DELETE",
    path="/item/{item_id}",
    safe_to_repeat=False,  # a repeat answers 3500002, which would read as a failure
    writes=True,
    mark=Mark.CODE,
    source="§8.6",
)
ITEMS_CREATE = Endpoint(
    name="items.create",
    method="POST",
    path="/items",
    safe_to_repeat=False,  # a repeat makes the items twice
    writes=True,
    mark=Mark.DOC,
    source="§9.1",
)
ITEMS_UPSERT = Endpoint(
    name="items.upsert",
    method="PUT",
    path="/items",
    safe_to_repeat=True,  # rows are matched by key when they are applied [doc]; in order of acceptance [inferred]
    writes=True,
    mark=Mark.DOC,
    source="§9.2",
)
ITEMS_UPDATE = Endpoint(
    name="items.update",
    method="PUT",
    path="/items",
    safe_to_repeat=True,  # by item id, the same values again
    writes=True,
    mark=Mark.DOC,
    source="§9.2",
)
ITEMS_DELETE = Endpoint(
    name="items.delete",
    method="DELETE",
    path="/items",
    safe_to_repeat=True,  # by item id; ids are never used again
    writes=True,
    mark=Mark.DOC_TITLE,
    source="§9.3",
)
FILE_UPLOAD = Endpoint(
    name="file.upload",
    method="POST",
    path="/file/upload",
    safe_to_repeat=True,  # a second copy that nothing refers to has no effect
    writes=True,
    mark=Mark.DOC,
    source="§10.1",
)

V1 = (
    SPACE_LIST,
    MEMBER_LIST,
    TABLE_LIST,
    TABLE_CONFIG,
    ITEM_LIST,
    ITEM_READ,
    ITEM_CREATE,
    ITEM_UPDATE,
    ITEM_DELETE,
    ITEMS_CREATE,
    ITEMS_UPSERT,
    ITEMS_UPDATE,
    ITEMS_DELETE,
    FILE_UPLOAD,
    EVENT_LIST,
)
"""Everything of the documented API that we know how to call."""


def control_endpoint(path: str, *, method: Literal["GET", "POST"] = "POST", writes: bool = False) -> Endpoint:
    """Return an endpoint of the embedded workspace's control plane.

    Args:
        path: Under the control URL, for example ``build/table``.
        method: GET reads, POST does.
        writes: Whether it changes the workspace's schema.

    Returns:
        The endpoint; a POST is never repeated, because building twice builds two.
    """
    return Endpoint(
        name="control." + path.replace("/", "."),
        method=method,
        path="/" + path,
        safe_to_repeat=method == "GET",
        writes=writes,
        mark=Mark.OURS,
        source="-",
    )
