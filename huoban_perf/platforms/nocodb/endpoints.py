"""Every route we call: its path, whether a repeat is safe, and whether it writes.

Schema is read and changed by meta v2, but for the columns of a view, which only v3 sets all at once; items are written
and walked by data v2 and found by data v3, because v2 cannot quote a value and v3 takes ten rows a write.
Source: nocodb/api.md, Requests; gotchas 1, 6; the columns of a view tried on 0.265.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route.

    Attributes:
        name: Our name, shown in errors.
        method: HTTP verb.
        path: Under the server's address; ``{…}`` are ids.
        safe_to_repeat: Whether the same call twice ends in the same world as once.
        writes: Whether it changes items or schema.
    """

    name: str
    method: Method
    path: str
    safe_to_repeat: bool
    writes: bool


def _read(name: str, path: str) -> Endpoint:
    return Endpoint(name=name, method="GET", path=path, safe_to_repeat=True, writes=False)


def _make(name: str, path: str) -> Endpoint:
    """A creation: a repeat would make a second one, so an unknown outcome is looked up, never sent again."""
    return Endpoint(name=name, method="POST", path=path, safe_to_repeat=False, writes=True)


def _set(name: str, path: str) -> Endpoint:
    return Endpoint(name=name, method="PATCH", path=path, safe_to_repeat=True, writes=True)


def _drop(name: str, path: str) -> Endpoint:
    return Endpoint(name=name, method="DELETE", path=path, safe_to_repeat=False, writes=True)


_META = "/api/v2/meta"
_DATA = "/api/v2/tables/{table}"

VERSION_PROBE = _read("version.probe", "/api/v3/data/none/none/records")
BASE_LIST = _read("base.list", f"{_META}/bases")
BASE_CREATE = _make("base.create", f"{_META}/bases")
BASE_DELETE = _drop("base.delete", f"{_META}/bases/{{base}}")
USER_LIST = _read("user.list", f"{_META}/bases/{{base}}/users")
USER_INVITE = _make("user.invite", f"{_META}/bases/{{base}}/users")

TABLE_LIST = _read("table.list", f"{_META}/bases/{{base}}/tables")
TABLE_READ = _read("table.read", f"{_META}/tables/{{table}}")
TABLE_CREATE = _make("table.create", f"{_META}/bases/{{base}}/tables")
TABLE_UPDATE = _set("table.update", f"{_META}/tables/{{table}}")
TABLE_DELETE = _drop("table.delete", f"{_META}/tables/{{table}}")
COLUMN_CREATE = _make("column.create", f"{_META}/tables/{{table}}/columns")
COLUMN_UPDATE = _set("column.update", f"{_META}/columns/{{column}}")
COLUMN_DELETE = _drop("column.delete", f"{_META}/columns/{{column}}")
COLUMN_TITLE = Endpoint(
    name="column.title", method="POST", path=f"{_META}/columns/{{column}}/primary", safe_to_repeat=True, writes=True
)

ITEM_LIST = _read("item.list", f"{_DATA}/records")
ITEM_COUNT = _read("item.count", f"{_DATA}/records/count")
ITEM_FIND = _read("item.find", "/api/v3/data/{base}/{table}/records")
ITEM_FIND_COUNT = _read("item.find_count", "/api/v3/data/{base}/{table}/count")
ITEM_CREATE = _make("item.create", f"{_DATA}/records")
ITEM_UPDATE = _set("item.update", f"{_DATA}/records")
ITEM_DELETE = _drop("item.delete", f"{_DATA}/records")
LINK_LIST = _read("link.list", f"{_DATA}/links/{{column}}/records/{{item}}")
LINK_ADD = Endpoint(
    name="link.add",
    method="POST",
    path=f"{_DATA}/links/{{column}}/records/{{item}}",
    safe_to_repeat=True,  # the same pair again changes nothing
    writes=True,
)
LINK_REMOVE = Endpoint(
    name="link.remove",
    method="DELETE",
    path=f"{_DATA}/links/{{column}}/records/{{item}}",
    safe_to_repeat=True,
    writes=True,
)

FILE_UPLOAD = Endpoint(
    name="file.upload",
    method="POST",
    path="/api/v2/storage/upload",
    safe_to_repeat=True,  # a second copy is held by no item
    writes=True,
)
FILE_READ = _read("file.read", "/download")

HOOK_LIST = _read("hook.list", f"{_META}/tables/{{table}}/hooks")
HOOK_CREATE = _make("hook.create", f"{_META}/tables/{{table}}/hooks")
HOOK_UPDATE = _set("hook.update", f"{_META}/hooks/{{hook}}")
HOOK_DELETE = _drop("hook.delete", f"{_META}/hooks/{{hook}}")

_VIEW = f"{_META}/views/{{view}}"

VIEW_LIST = _read("view.list", f"{_META}/tables/{{table}}/views")
VIEW_CREATE = _make("view.create", f"{_META}/tables/{{table}}/{{kind}}")
VIEW_UPDATE = _set("view.update", _VIEW)
VIEW_DELETE = _drop("view.delete", _VIEW)
VIEW_COLUMN_LIST = _read("view.column_list", f"{_VIEW}/columns")
VIEW_COLUMNS_SET = _set("view.columns_set", "/api/v3/meta/views/{view}/columns")
VIEW_HIDE_ALL = Endpoint(
    name="view.hide_all", method="POST", path=f"{_VIEW}/hide-all", safe_to_repeat=True, writes=True
)
VIEW_SHARE = Endpoint(name="view.share", method="POST", path=f"{_VIEW}/share", safe_to_repeat=True, writes=True)
VIEW_SHARE_SET = _set("view.share_set", f"{_VIEW}/share")
FILTER_LIST = _read("view.filter_list", f"{_VIEW}/filters")
FILTER_CHILDREN = _read("view.filter_children", f"{_META}/filters/{{filter}}/children")
FILTER_CREATE = _make("view.filter_create", f"{_VIEW}/filters")
SORT_LIST = _read("view.sort_list", f"{_VIEW}/sorts")
SORT_CREATE = _make("view.sort_create", f"{_VIEW}/sorts")
KANBAN_UPDATE = _set("kanban.update", f"{_META}/kanbans/{{view}}")
FORM_UPDATE = _set("form.update", f"{_META}/forms/{{view}}")
FILTER_DELETE = _drop("view.filter_delete", f"{_META}/filters/{{part}}")
SORT_DELETE = _drop("view.sort_delete", f"{_META}/sorts/{{part}}")
