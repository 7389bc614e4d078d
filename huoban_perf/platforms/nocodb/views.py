"""Views and forms: built as declared, read back, and known again by what they were built from.

What a view was built from is kept in its settings together with a print of what the server then showed of it; a read
whose print differs was changed by hand. Titles are not unique on the server, so our key in the settings says which view
is ours.

| declared | server | what it cannot do |
| --- | --- | --- |
| grid | grid, grouped by a field | |
| kanban | kanban over a single choice | other groupings become a grouped grid |
| calendar, gallery | the same | |
| gantt | none | left to a person |
| form that makes a row | form | a form that fills in an existing row is left to a person |
| public form | form shared by link | it makes a row; the job that matches answers by token does the rest |

Source: nocodb/api.md, Requests and gotcha 13; grouping, hiding and settings tried on 0.265.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.rules import FieldOf, Me, ThisRow, tests_of
from huoban_perf.core.schema.definitions import DefinitionSpec
from huoban_perf.core.schema.forms import FormFieldSpec, FormSpec
from huoban_perf.core.schema.views import ViewKind, ViewSpec
from huoban_perf.platforms.nocodb.endpoints import (
    FILTER_CHILDREN,
    FILTER_CREATE,
    FILTER_DELETE,
    FILTER_LIST,
    FORM_UPDATE,
    SORT_CREATE,
    SORT_DELETE,
    SORT_LIST,
    VIEW_COLUMN_LIST,
    VIEW_COLUMNS_SET,
    VIEW_CREATE,
    VIEW_DELETE,
    VIEW_HIDE_ALL,
    VIEW_LIST,
    VIEW_SHARE,
    VIEW_UPDATE,
)
from huoban_perf.platforms.nocodb.kanban import KANBAN_TYPE, stack_settings, stacks_are_current
from huoban_perf.platforms.nocodb.meta import ALIAS, TableReader, WireColumn
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.view_rules import CannotSayError, view_filters

Json = dict[str, Any]
Declared = ViewSpec | FormSpec

_BUILT = "huoban_perf_built"
"""Setting that holds the print of a view right after it was built."""

_ROUTE = {"grid": "grids", "kanban": "kanbans", "calendar": "calendars", "gallery": "galleries", "form": "forms"}
_GRID_TYPE = 3
_FORM_TYPE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenView:
    """A view or form as the server shows it.

    Attributes:
        view_id: Its id.
        title: Name shown.
        key: Our key, or None for one that a person made.
        is_form: Whether it is a form.
        is_as_built: Whether it still is as we built it; True for one that a person made.
    """

    view_id: str
    title: str
    key: str | None
    is_form: bool
    is_as_built: bool


def has_no_equal(definition: DefinitionSpec) -> bool:
    """Return whether a definition cannot exist on the server, by whoever's hands.

    Args:
        definition: The definition.

    Returns:
        True for gantt charts, for rows that depend on the reader or on the row at hand, and for forms that fill in an
        existing row. Source: tried; community edition.
    """
    match definition.declared:
        case ViewSpec() as view:
            moving = any(isinstance(test.operand, Me | FieldOf | ThisRow) for test in tests_of(view.rows))
            return moving or view.kind is ViewKind.GANTT
        case FormSpec() as form:
            return not (form.creates or form.public)
        case _:
            return False


class NocodbViews:
    """Builds, reads and deletes views and forms."""

    def __init__(self, transport: Transport, reader: TableReader) -> None:
        """Keep both.

        Args:
            transport: Of the server.
            reader: Shows columns as they stand.
        """
        self._transport = transport
        self._reader = reader

    def create(self, declared: Declared, *, ids: Mapping[Address, RemoteId], locale: Locale) -> RemoteId:
        """Build a view or form. One that was begun and not finished carries our key, and reads as changed.

        Args:
            declared: The view or form.
            ids: Ids of everything that stands.
            locale: Language of its texts.

        Returns:
            Its id.

        Raises:
            UnsupportedChangeError: The server has no such view, or no words for its rows.
            PlatformError: A call failed.
        """
        build = _Build(declared, ids=ids, locale=locale, reader=self._reader)
        body = build.head()
        filters = build.filters()
        made = self._transport.call(VIEW_CREATE, body, ids={"table": build.table_id, "kind": _ROUTE[build.kind]})
        view_id = str(made["id"])
        self._fill(build, view_id, filters)
        return RemoteId(view_id)

    def update(self, view_id: str, declared: Declared, *, ids: Mapping[Address, RemoteId], locale: Locale) -> None:
        """Make a view or form as declared again, whatever was changed of it.

        Args:
            view_id: Its id.
            declared: The view or form.
            ids: Ids of everything that stands.
            locale: Language of its texts.

        Raises:
            UnsupportedChangeError: The server has no such view, or no words for its rows.
            PlatformError: A call failed.
        """
        build = _Build(declared, ids=ids, locale=locale, reader=self._reader)
        filters = build.filters()
        for listing, dropping in ((FILTER_LIST, FILTER_DELETE), (SORT_LIST, SORT_DELETE)):
            for part in self._transport.call(listing, ids={"view": view_id}).get("list", []):
                self._transport.call(dropping, ids={"part": str(part["id"])})
        self._fill(build, view_id, filters)

    def delete(self, view_id: str) -> None:
        """Delete a view or form."""
        self._transport.call(VIEW_DELETE, ids={"view": view_id})

    def listed(self, table_id: str) -> list[SeenView]:
        """Return the views and forms of a table, but for the one that every table has.

        Args:
            table_id: The table.

        Returns:
            One entry a view.
        """
        views = self._transport.call(VIEW_LIST, ids={"table": table_id}).get("list", [])
        return [self._seen(view, table_id) for view in views if not view.get("is_default")]

    def _seen(self, view: Json, table_id: str) -> SeenView:
        settings = view["meta"] if isinstance(view.get("meta"), dict) else {}
        view_id, key = str(view["id"]), settings.get(ALIAS)
        stacked = view.get("type") != KANBAN_TYPE or stacks_are_current(settings, self._reader.table(table_id))
        return SeenView(
            view_id=view_id,
            title=str(view["title"]),
            key=None if key is None else str(key),
            is_form=view.get("type") == _FORM_TYPE,
            is_as_built=key is None or (settings.get(_BUILT) == self._print(view_id) and stacked),
        )

    def share(self, view_id: str) -> str:
        """Share a view or form by link.

        Args:
            view_id: Its id.

        Returns:
            The part of the link that names it.
        """
        return str(self._transport.call(VIEW_SHARE, {}, ids={"view": view_id})["uuid"])

    def _fill(self, build: _Build, view_id: str, filters: list[Json]) -> None:
        if isinstance(build.declared, FormSpec):
            self._fill_form(build, build.declared, view_id)
        else:
            self._fill_view(build, build.declared, view_id, filters)
        title = build.declared.labels.in_locale(build.locale)
        settings = {ALIAS: build.declared.address.key, _BUILT: self._print(view_id)}
        if isinstance(build.declared, ViewSpec) and build.kind == "kanban" and build.declared.group_by is not None:
            settings |= stack_settings(build.column(build.declared.group_by))
        self._transport.call(VIEW_UPDATE, {"title": title, "meta": settings}, ids={"view": view_id})

    def _fill_view(self, build: _Build, view: ViewSpec, view_id: str, filters: list[Json]) -> None:
        for filter_ in filters:
            self._transport.call(FILTER_CREATE, filter_, ids={"view": view_id})
        for sort in view.sort:
            body = {"fk_column_id": build.column(sort.field).id, "direction": "desc" if sort.descending else "asc"}
            self._transport.call(SORT_CREATE, body, ids={"view": view_id})
        self._show(build, view, view_id)

    def _show(self, build: _Build, view: ViewSpec, view_id: str) -> None:
        wished: dict[str, Json] = {
            build.column(field).id: {"show": True, "order": place}
            for place, field in enumerate(build.shown(view), start=1)
        }
        if view.group_by is not None and build.kind == "grid":
            head = wished.setdefault(build.column(view.group_by).id, {"show": True})
            wished[build.column(view.group_by).id] = head | {
                "group_by": True,
                "group_by_order": 1,
                "group_by_sort": "asc",
            }
        self._set_columns(view_id, wished)

    def _fill_form(self, build: _Build, form: FormSpec, view_id: str) -> None:
        body = {
            "heading": form.labels.in_locale(build.locale),
            "subheading": build.text(form.intro),
            "success_msg": build.text(form.thanks),
        }
        self._transport.call(FORM_UPDATE, body, ids={"view": view_id})
        asked = {
            build.column(one.field).id: build.question(one) | {"show": True, "order": place}
            for place, one in enumerate(form.fields, start=1)
        }
        self._set_columns(view_id, asked)
        if form.public:
            self.share(view_id)

    def _set_columns(self, view_id: str, wished: Mapping[str, Json]) -> None:
        """Show these columns of a view and hide the others, all in two requests."""
        self._transport.call(VIEW_HIDE_ALL, {}, ids={"view": view_id})
        columns = [{"id": column_id, **settings} for column_id, settings in wished.items()]
        self._transport.call(VIEW_COLUMNS_SET, columns, ids={"view": view_id})

    def _columns(self, view_id: str) -> dict[str, Json]:
        listed = self._transport.call(VIEW_COLUMN_LIST, ids={"view": view_id}).get("list", [])
        return {str(column["fk_column_id"]): column for column in listed}

    def _print(self, view_id: str) -> str:
        """Return a print of everything a person could change: rows, order, visible columns."""
        filters = self._transport.call(FILTER_LIST, ids={"view": view_id}).get("list", [])
        sorts = self._transport.call(SORT_LIST, ids={"view": view_id}).get("list", [])
        columns = self._columns(view_id)
        return digest(
            [
                [self._filter_print(filter_) for filter_ in filters],
                [[str(sort["fk_column_id"]), str(sort["direction"])] for sort in sorts],
                sorted(
                    [str(column.get("order")), fk, bool(column.get("group_by")), bool(column.get("required"))]
                    for fk, column in columns.items()
                    if column.get("show")
                ),
            ]
        )

    def _filter_print(self, filter_: Json) -> list[Any]:
        told = ("fk_column_id", "logical_op", "comparison_op", "comparison_sub_op", "value")
        own: list[Any] = [None if filter_.get(name) is None else str(filter_[name]) for name in told]
        if filter_.get("is_group"):
            children = self._transport.call(FILTER_CHILDREN, ids={"filter": str(filter_["id"])}).get("list", [])
            own.append([self._filter_print(child) for child in children])
        return own


class _Build:
    """One view or form with what is needed to build it; says early what cannot be built."""

    def __init__(
        self, declared: Declared, *, ids: Mapping[Address, RemoteId], locale: Locale, reader: TableReader
    ) -> None:
        self.declared = declared
        self.locale = locale
        self._ids = ids
        self._reader = reader
        table = declared.address.table
        if table not in ids:
            raise self._refused(str(table))
        self.table_id = str(ids[table])
        self.kind = self._kind()

    def head(self) -> Json:
        """Return the body that makes the view."""
        body: Json = {
            "title": self.declared.labels.in_locale(self.locale),
            "meta": {ALIAS: self.declared.address.key},
        }
        if isinstance(self.declared, FormSpec):
            return body
        body |= {"description": self.text(self.declared.help)}
        if self.kind == "grid":
            body["type"] = _GRID_TYPE
        if self.kind == "kanban" and self.declared.group_by is not None:
            body["fk_grp_col_id"] = self.column(self.declared.group_by).id
        if self.kind == "calendar" and self.declared.start is not None:
            body["calendar_range"] = [{"fk_from_column_id": self.column(self.declared.start).id}]
        return body

    def filters(self) -> list[Json]:
        """Return the filters of its rows, when everything else it speaks of stands, too."""
        for field in self._spoken_of():
            self.column(field)
        if isinstance(self.declared, FormSpec):
            return []
        try:
            return view_filters(self.declared.rows, column_of=self.column, choice_of=self._choice)
        except CannotSayError as error:
            raise self._refused(error.what) from error

    def question(self, asked: FormFieldSpec) -> Json:
        """Return label, help and mark of one question; a field's own help stands unless the form says more."""
        column = self.column(asked.field)
        help_ = self.text(asked.help) or column.description or ""
        return {"label": column.title, "help": help_, "description": help_, "required": asked.required}

    def text(self, labels: Labels | None) -> str:
        """Return a text in the language that is deployed, or nothing."""
        return "" if labels is None else labels.in_locale(self.locale)

    def column(self, field: Address) -> WireColumn:
        """Return a field's column."""
        found = None
        if field.table in self._ids and field in self._ids:
            found = self._reader.table(str(self._ids[field.table])).column(str(self._ids[field]))
        if found is None:
            raise self._refused(str(field))
        return found

    def shown(self, view: ViewSpec) -> list[Address]:
        """Return the visible fields; a kanban whose grouping field is hidden shows no stacks at all. Source: tried."""
        heads = [view.group_by] if self.kind == "kanban" and view.group_by not in {None, *view.fields} else []
        return [*view.fields, *(field for field in heads if field is not None)]

    def _spoken_of(self) -> list[Address]:
        if isinstance(self.declared, FormSpec):
            return [asked.field for asked in self.declared.fields]
        others = [sort.field for sort in self.declared.sort]
        return [*self.declared.fields, *others, *([self.declared.group_by] if self.declared.group_by else [])]

    def _choice(self, field: Address, key: str) -> str:
        option = Address(ObjectKind.OPTION, (*field.keys, key))
        texts = {choice.id: choice.title for choice in self.column(field).choices}
        text = texts.get(str(self._ids.get(option)))
        if text is None:
            raise self._refused(str(option))
        return text

    def _kind(self) -> str:
        if isinstance(self.declared, FormSpec):
            if not (self.declared.creates or self.declared.public):
                raise self._refused("creates")
            return "form"
        view = self.declared
        if view.kind is ViewKind.GANTT or (view.kind is ViewKind.CALENDAR and view.start is None):
            raise self._refused("kind")
        if view.kind is ViewKind.KANBAN:
            is_choice = view.group_by is not None and self.column(view.group_by).uidt == "SingleSelect"
            return "kanban" if is_choice else "grid"
        return view.kind.value

    def _refused(self, attribute: str) -> UnsupportedChangeError:
        facts = {"address": str(self.declared.address), "action": "create", "attribute": attribute}
        return UnsupportedChangeError("platform.unsupported_attribute", facts=facts)
