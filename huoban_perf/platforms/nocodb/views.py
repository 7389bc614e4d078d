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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.addresses import Address, RemoteId
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Locale
from huoban_perf.core.rules import FieldOf, Me, ThisRow, tests_of
from huoban_perf.core.schema.definitions import DefinitionSpec
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.views import ViewKind, ViewSpec
from huoban_perf.platforms.nocodb.endpoints import (
    FILTER_CHILDREN,
    FILTER_CREATE,
    FILTER_DELETE,
    FILTER_LIST,
    FORM_UPDATE,
    KANBAN_UPDATE,
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
from huoban_perf.platforms.nocodb.kanban import KANBAN_TYPE, stack_order, stack_settings, stacks_are_current
from huoban_perf.platforms.nocodb.meta import ALIAS, TableReader
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.view_build import Build, Declared

Json = dict[str, Any]

BUILT = "huoban_perf_built"
"""Setting that holds the print of a view right after it was built."""

PERSONAL = "huoban_perf_for"
"""Setting of a view made for one person: the template knows of none, and a plan is silent about it."""

_ROUTE = {"grid": "grids", "kanban": "kanbans", "calendar": "calendars", "gallery": "galleries", "form": "forms"}
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


def settings_of(view: Json) -> Json:
    """Return a listed view's settings.

    A kanban that was just made holds its whole self where its settings were, and these inside. Source: tried.
    """
    found = view.get("meta")
    inner = found.get("meta") if isinstance(found, dict) and "fk_model_id" in found else None
    found = inner if isinstance(inner, dict) else found
    return dict(found) if isinstance(found, dict) else {}


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

    def create(
        self, declared: Declared, *, ids: Mapping[Address, RemoteId], locale: Locale, mark: Json | None = None
    ) -> RemoteId:
        """Build a view or form. One that was begun and not finished carries our key, and reads as changed.

        Args:
            declared: The view or form.
            ids: Ids of everything that stands.
            locale: Language of its texts.
            mark: Settings that say whose it is; None for those of a declared one.

        Returns:
            Its id.

        Raises:
            UnsupportedChangeError: The server has no such view, or no words for its rows.
            PlatformError: A call failed.
        """
        build = Build(declared, ids=ids, locale=locale, reader=self._reader)
        body = build.head() | {"meta": dict(mark or {ALIAS: declared.address.key})}
        filters = build.filters()
        made = self._transport.call(VIEW_CREATE, body, ids={"table": build.table_id, "kind": _ROUTE[build.kind]})
        view_id = str(made["id"])
        self._fill(build, view_id, filters, body["meta"])
        return RemoteId(view_id)

    def update(
        self,
        view_id: str,
        declared: Declared,
        *,
        ids: Mapping[Address, RemoteId],
        locale: Locale,
        mark: Json | None = None,
    ) -> None:
        """Make a view or form as declared again, whatever was changed of it.

        Args:
            view_id: Its id.
            declared: The view or form.
            ids: Ids of everything that stands.
            locale: Language of its texts.
            mark: As for ``create``.

        Raises:
            UnsupportedChangeError: The server has no such view, or no words for its rows.
            PlatformError: A call failed.
        """
        build = Build(declared, ids=ids, locale=locale, reader=self._reader)
        filters = build.filters()
        for listing, dropping in ((FILTER_LIST, FILTER_DELETE), (SORT_LIST, SORT_DELETE)):
            for part in self._transport.call(listing, ids={"view": view_id}).get("list", []):
                self._transport.call(dropping, ids={"part": str(part["id"])})
        self._fill(build, view_id, filters, mark or {ALIAS: declared.address.key})

    def delete(self, view_id: str) -> None:
        """Delete a view or form."""
        self._transport.call(VIEW_DELETE, ids={"view": view_id})

    def listed(self, table_id: str) -> list[SeenView]:
        """Return the views and forms of a table, but for the one that every table has and those of one person.

        Args:
            table_id: The table.

        Returns:
            One entry a view.
        """
        views = self._transport.call(VIEW_LIST, ids={"table": table_id}).get("list", [])
        return [
            self._seen(view, table_id)
            for view in views
            if not view.get("is_default") and PERSONAL not in settings_of(view)
        ]

    def _seen(self, view: Json, table_id: str) -> SeenView:
        settings = settings_of(view)
        view_id, key = str(view["id"]), settings.get(ALIAS)
        is_kanban = view.get("type") == KANBAN_TYPE
        return SeenView(
            view_id=view_id,
            title=str(view["title"]),
            key=None if key is None else str(key),
            is_form=view.get("type") == _FORM_TYPE,
            is_as_built=key is None or self.is_as_built(view_id, settings, table_id, is_kanban=is_kanban),
        )

    def keep_hidden(self, table_id: str, column_ids: Sequence[str]) -> None:
        """Hide new columns in every view of ours: the server shows them in all, and each would read as changed by hand.

        Args:
            table_id: The table.
            column_ids: The new columns.
        """
        for view in self._transport.call(VIEW_LIST, ids={"table": table_id}).get("list", []):
            if {ALIAS, PERSONAL} & settings_of(view).keys():
                hidden = [{"id": column_id, "show": False} for column_id in column_ids]
                self._transport.call(VIEW_COLUMNS_SET, hidden, ids={"view": str(view["id"])})

    def is_as_built(self, view_id: str, settings: Json, table_id: str, *, is_kanban: bool) -> bool:
        """Return whether a view still shows what it was built to show."""
        if settings.get(BUILT) != self.print(view_id):
            return False
        return not is_kanban or stacks_are_current(settings, self._reader.table(table_id))

    def share(self, view_id: str) -> str:
        """Share a view or form by link.

        Args:
            view_id: Its id.

        Returns:
            The part of the link that names it.
        """
        return str(self._transport.call(VIEW_SHARE, {}, ids={"view": view_id})["uuid"])

    def _fill(self, build: Build, view_id: str, filters: list[Json], mark: Json) -> None:
        if isinstance(build.declared, FormSpec):
            self._fill_form(build, build.declared, view_id)
        else:
            self._fill_view(build, view_id, filters)
        title = build.declared.labels.in_locale(build.locale)
        settings = {**mark, BUILT: self.print(view_id)}
        if isinstance(build.declared, ViewSpec) and build.kind == "kanban" and build.declared.group_by is not None:
            column = build.column(build.declared.group_by)
            settings |= stack_settings(column)
            self._transport.call(KANBAN_UPDATE, stack_order(column, shown=build.stacks()), ids={"view": view_id})
        self._transport.call(VIEW_UPDATE, {"title": title, "meta": settings}, ids={"view": view_id})

    def _fill_view(self, build: Build, view_id: str, filters: list[Json]) -> None:
        for filter_ in filters:
            self._transport.call(FILTER_CREATE, filter_, ids={"view": view_id})
        for sort in build.sorts():
            self._transport.call(SORT_CREATE, sort, ids={"view": view_id})
        self._set_columns(view_id, build.columns())

    def _fill_form(self, build: Build, form: FormSpec, view_id: str) -> None:
        body = {
            "heading": form.labels.in_locale(build.locale),
            "subheading": build.text(form.intro),
            "success_msg": build.text(form.thanks),
        }
        self._transport.call(FORM_UPDATE, body, ids={"view": view_id})
        self._set_columns(view_id, build.columns())
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

    def print(self, view_id: str) -> str:
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
