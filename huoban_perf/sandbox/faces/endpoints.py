"""The calls of ``/openapi/v1``: what each takes and answers, in terms of the world.

Source: openapi-v1.md §7–§11; a call not listed here answers 501 (§16.2 [code]).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from huoban_perf.sandbox.asked import Body, as_id, id_of, list_of, number_of, object_of, optional_id, text_of
from huoban_perf.sandbox.faces.answers import empty_object
from huoban_perf.sandbox.faces.shapes import ItemShapes, field_config, table_head
from huoban_perf.sandbox.faults import CALLBACK_FATES, Fault
from huoban_perf.sandbox.rules import BATCH_MAX, PAGE_DEFAULT, PAGE_MAX
from huoban_perf.sandbox.world.access import TableAccess
from huoban_perf.sandbox.world.bulk import Action, Batch
from huoban_perf.sandbox.world.definitions import TableDef
from huoban_perf.sandbox.world.events import EVENTS
from huoban_perf.sandbox.world.keys import Key
from huoban_perf.sandbox.world.queries import Asked
from huoban_perf.sandbox.world.refusals import AccessRefusedError, GoneError, NoRightError, ParameterError
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.state import Call, World

_LIST_KEYS = frozenset({"table_id", "filter", "order", "limit", "offset", "with_field_config", "view_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Parts of a multipart body."""

    sort: str
    name: str
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One request that has been let in.

    Attributes:
        world: The world, inside a call.
        call: Trace id and rules.
        key: Who asks.
        body: JSON object of the body.
        object_id: Id in the path, or 0.
        upload: Parts of a multipart body, or None.
        fault: A fault that changes what becomes of a batch, or None.
    """

    world: World
    call: Call
    key: Key
    body: Body
    object_id: int = 0
    upload: Upload | None = None
    fault: Fault | None = field(default=None)

    def table(self, table_id: int) -> TableDef:
        """Return a table as the key may see it; GoneError otherwise. Source: openapi-v1.md §2.1 [code]."""
        table = self.world.definitions.table(table_id)
        if table.space_id != self.key.space_id:
            raise GoneError
        mine = self.access(table)
        return table if mine is None else mine.table

    def whole(self, table_id: int) -> TableDef:
        """Return a table with all its fields; GoneError when the key may not see it at all."""
        self.table(table_id)
        return self.world.definitions.table(table_id)

    def access(self, table: TableDef) -> TableAccess | None:
        """Return the rights of the person the key acts as; None when nothing restricts the key."""
        whole = self.world.definitions.table(table.table_id)
        return self.world.accesses.of(whole, user_id=self.key.user_id)

    def shapes(self, table: TableDef) -> ItemShapes:
        """Return how items of a table read for this key."""
        mine = self.access(table)
        return ItemShapes(
            world=self.world,
            table=table if mine is None else mine.table,
            rules=self.call.rules,
            user_id=self.key.user_id,
            shows_titles=mine is None or mine.shows_titles,
        )

    def own_space(self) -> int:
        """Return the asked space; AccessRefusedError when the key is not of it. Source: openapi-v1.md §2.1 [code]."""
        space_id = id_of(self.body, "space_id")
        if space_id != self.key.space_id:
            raise AccessRefusedError
        return space_id

    def row(self) -> Row:
        """Return the item of the path; GoneError when it is not there for this key."""
        row = self.world.rows.get(self.object_id)
        mine = self.access(self.table(row.table_id))
        if mine is not None and not mine.sees(row):
            raise GoneError
        return row

    def shown(self, row: Row) -> dict[str, Any]:
        """Return an item as it reads."""
        return self.shapes(self.world.definitions.table(row.table_id)).items([row])[0]

    def tell(self, event: str, row: Row) -> None:
        """Queue an event for those who subscribed."""
        item = {"item_id": str(row.item_id), "title": row.title, "fields": row.values}
        self.world.events.item_changed(event, table_id=row.table_id, item=item, trace_id=self.call.trace_id)


def space_list(asked: Incoming) -> Any:
    """工作区列表. Source: openapi-v1.md §7.1 [code]."""
    spaces = [(number, name) for number, name in asked.world.definitions.spaces() if number == asked.key.space_id]
    return {"spaces": [{"space_id": str(number), "name": name} for number, name in spaces]}


def member_list(asked: Incoming) -> Any:
    """工作区成员列表. Source: openapi-v1.md §7.2 [code]."""
    space_id = asked.own_space()
    word = text_of(asked.body, "username", default="")
    found = [(key, name) for key, name in asked.world.definitions.members(space_id).items() if word in name]
    start = number_of(asked.body, "offset", default=0)
    page = found[start : start + number_of(asked.body, "limit", default=PAGE_DEFAULT)]
    answer: dict[str, Any] = {"users": [{"user_id": key, "name": name, "avatar": ""} for key, name in page]}
    if asked.call.rules.member_total:
        answer["total"] = len(found)
    return answer


def table_list(asked: Incoming) -> Any:
    """表格列表. Source: openapi-v1.md §7.3 [code]."""
    definitions = asked.world.definitions
    tables = [definitions.table(table_id) for table_id in definitions.table_ids(asked.own_space())]
    ids = [table.table_id for table in tables if (mine := asked.access(table)) is None or not mine.access.is_hidden]
    if asked.call.rules.table_list_paging == "honour":
        start = number_of(asked.body, "offset", default=0)
        ids = ids[start : start + number_of(asked.body, "limit", default=len(ids))]
    return {"tables": [table_head(asked.world.definitions.table(table_id)) for table_id in ids]}


def table_config(asked: Incoming) -> Any:
    """表格配置. Source: openapi-v1.md §7.4 [doc-title, code]."""
    table = asked.table(asked.object_id)
    return {"table": {**table_head(table), "fields": _configs(asked, table)}}


def _configs(asked: Incoming, table: TableDef) -> list[dict[str, Any]]:
    return [field_config(entry, table=table, rules=asked.call.rules) for entry in table.fields]


def item_list(asked: Incoming) -> Any:
    """查询数据列表. Source: openapi-v1.md §8.7 [doc], §4."""
    rules, body = asked.call.rules, asked.body
    unknown = sorted(set(body) - _LIST_KEYS)
    if unknown and rules.unknown_list_key == "error":
        raise ParameterError(unknown[0], "not a parameter of item/list")
    table = asked.table(id_of(body, "table_id"))
    if body.get("view_id") and rules.view_id == "error":
        raise ParameterError("view_id", "not a parameter of item/list")
    limit = number_of(body, "limit", default=PAGE_DEFAULT)
    if limit > PAGE_MAX and rules.limit_above_max == "error":
        raise ParameterError("limit", f"at most {PAGE_MAX}")
    offset = number_of(body, "offset", default=0)
    mine = asked.access(table)
    page = asked.world.queries.page(
        Asked(
            filter=body.get("filter"),
            order=body.get("order"),
            limit=min(limit, PAGE_MAX, rules.page_rows_max),
            offset=offset,
            user_id=asked.key.user_id,
            allowed=None if mine is None else asked.world.accesses.items(mine, user_id=asked.key.user_id),
        ),
        table=table,
        rules=rules,
    )
    rows = asked.world.rows.read(page.item_ids)
    answer = {
        "total": page.total,
        "filtered": page.filtered,
        "has_more": offset + len(rows) < page.filtered,
        "items": asked.shapes(table).items(rows),
    }
    if body.get("with_field_config") in {1, "1"} and rules.field_config:
        answer["fields"] = _configs(asked, table)
    return answer


def item_read(asked: Incoming) -> Any:
    """数据详情. Source: openapi-v1.md §8.4 [doc-title, code]."""
    return {"item": asked.shown(asked.row())}


def item_create(asked: Incoming) -> Any:
    """创建数据. Source: openapi-v1.md §8.3 [doc] request, [code] answer."""
    table = asked.whole(id_of(asked.body, "table_id"))
    fields = object_of(asked.body, "fields")
    rules, rows = asked.call.rules, asked.world.rows
    mine = asked.access(table)
    if mine is not None:
        mine.check_create(fields)
    values = rows.check(table=table, fields=fields, rules=rules, creating=True)
    row = rows.create(table=table, values=values, user_id=asked.key.user_id, rules=rules)
    asked.tell("item.create", row)
    if rules.create_answer == "item_id":
        return {"item_id": str(row.item_id)}
    return {"item": asked.shown(row)}


def item_update(asked: Incoming) -> Any:
    """更新数据: only the given fields change. Source: openapi-v1.md §8.5 [code]."""
    standing = asked.row()
    table = asked.world.definitions.table(standing.table_id)
    rules, rows, fields = asked.call.rules, asked.world.rows, object_of(asked.body, "fields")
    mine = asked.access(table)
    if mine is not None:
        mine.check_update(standing, fields)
    values = rows.check(table=table, fields=fields, rules=rules, creating=False)
    row = rows.update(standing, table=table, values=values, user_id=asked.key.user_id, rules=rules)
    asked.tell("item.update", row)
    return {"item": asked.shown(row)}


def item_delete(asked: Incoming) -> Any:
    """删除数据. Source: openapi-v1.md §8.6 [code]."""
    row = asked.row()
    table = asked.world.definitions.table(row.table_id)
    mine = asked.access(table)
    if mine is not None:
        mine.check_delete(row)
    asked.world.rows.delete(row, table=table, rules=asked.call.rules)
    asked.tell("item.delete", row)
    return empty_object(asked.call.rules)


def items_create(asked: Incoming) -> Any:
    """批量创建数据. Source: openapi-v1.md §9.1 [doc]; body [inferred]."""
    return _accept(asked, "create", ())


def items_write(asked: Incoming) -> Any:
    """批量更新或创建数据. Source: openapi-v1.md §9.2 [doc]."""
    action = text_of(asked.body, "update_type")
    keys = tuple(str(key) for key in list_of(asked.body, "update_by_fields"))
    table = asked.table(id_of(asked.body, "table_id"))
    if not keys or any(key != "item_id" and key not in table.by_key for key in keys):
        raise ParameterError("update_by_fields", "field ids of the table, or item_id")
    if action == "update":
        return _accept(asked, "update", keys)
    if action == "upsert":
        return _accept(asked, "upsert", keys)
    raise ParameterError("update_type", "update or upsert")


def items_delete(asked: Incoming) -> Any:
    """批量删除数据. Source: openapi-v1.md §9.3 [inferred]."""
    return _accept(asked, "delete", ())


def _accept(asked: Incoming, action: Action, keys: tuple[str, ...]) -> Any:
    table = asked.table(id_of(asked.body, "table_id"))
    name = "item_ids" if action == "delete" else "items"
    entries = list_of(asked.body, name)
    if not 0 < len(entries) <= BATCH_MAX:
        raise ParameterError(name, f"1 to {BATCH_MAX} entries")
    rules = asked.call.rules
    fault = asked.fault
    keep = None
    if fault is not None and fault.kind == "partial_batch":
        keep = len(entries) // 2 if fault.keep is None else fault.keep
    fate = rules.callback_fate if fault is None else CALLBACK_FATES.get(fault.kind, rules.callback_fate)
    batch = Batch(action=action, table_id=table.table_id, keys=keys, entries=entries, keep=keep, callback_fate=fate)
    asked.world.bulk.accept(batch, key=asked.key, rules=rules, trace_id=asked.call.trace_id)
    if rules.bulk_ticks == 0:
        asked.world.bulk.apply_due(rules=rules)
    return {"object": {}, "php_array": [], "null": None}[rules.bulk_answer]


def file_upload(asked: Incoming) -> Any:
    """上传文件. Source: openapi-v1.md §10.1 [doc]."""
    upload = asked.upload
    if upload is None or upload.sort != "attachment":
        raise ParameterError("type", "attachment")
    if not upload.name:
        raise ParameterError("name")
    if upload.content is None:
        raise ParameterError("source")
    key = asked.key
    file_id = asked.world.files.put(
        space_id=key.space_id, name=upload.name, content=upload.content, user_id=key.user_id
    )
    return {"file_id": str(file_id)}


def file_details(asked: Incoming) -> Any:
    """批量获取文件详情. Source: openapi-v1.md §10.2 [doc-title]; the rest [inferred], ``file_details_path``."""
    ids = [as_id(entry, "file_ids") for entry in list_of(asked.body, "file_ids")]
    told = asked.world.files.told(ids)
    return {
        "files": [
            {"file_id": key, "name": file.name, "size": file.size_bytes, "created_on": file.created_on}
            for key, file in told.items()
            if asked.world.accesses.reaches_file(
                file.file_id, uploader=file.created_by, space_id=asked.key.space_id, user_id=asked.key.user_id
            )
        ]
    }


def event_list(asked: Incoming) -> Any:
    """订阅列表. Source: openapi-v1.md §11.2 [doc]."""
    sort = text_of(asked.body, "source_type", default="") or None
    found = asked.world.events.subscriptions(
        key_id=asked.key.key_id, source=(sort, optional_id(asked.body, "source_id"))
    )
    start = number_of(asked.body, "offset", default=0)
    page = found[start : start + number_of(asked.body, "limit", default=PAGE_DEFAULT)]
    subscribes = [
        {"source_id": str(number), "source_type": kind, "events": events, "state": 1} for kind, number, events in page
    ]
    return {"total": len(found), "subscribes": subscribes}


def event_subscribe(asked: Incoming) -> Any:
    """添加订阅. Source: openapi-v1.md §11.2 [doc-title]; body [inferred], switch ``subscribe_path``."""
    source = _source(asked)
    events = [str(event) for event in list_of(asked.body, "events")]
    if not events or set(events) - set(EVENTS):
        raise ParameterError("events", f"any of {', '.join(EVENTS)}")
    asked.world.events.subscribe(key_id=asked.key.key_id, source=source, events=events)
    return empty_object(asked.call.rules)


def event_unsubscribe(asked: Incoming) -> Any:
    """取消订阅. Source: openapi-v1.md §11.2 [doc-title]; body [inferred], switch ``unsubscribe_path``."""
    asked.world.events.unsubscribe(key_id=asked.key.key_id, source=_source(asked))
    return empty_object(asked.call.rules)


def _source(asked: Incoming) -> tuple[str, int]:
    if text_of(asked.body, "source_type") != "table":
        raise ParameterError("source_type", "table")
    table = asked.table(id_of(asked.body, "source_id"))
    if asked.access(table) is not None:  # events carry whole items
        raise NoRightError
    return "table", table.table_id


Handler = Callable[[Incoming], Any]
