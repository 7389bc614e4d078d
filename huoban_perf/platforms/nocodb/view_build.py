"""One view or form as the bodies of the calls that make it; what cannot be built is said before anything is sent.

Source: nocodb/api.md, Requests; tried on 0.265.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId
from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.filters import Operator
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.rules import Every, Test
from huoban_perf.core.schema.forms import FormFieldSpec, FormSpec
from huoban_perf.core.schema.views import ViewKind, ViewSpec
from huoban_perf.platforms.nocodb.meta import TableReader, WireColumn
from huoban_perf.platforms.nocodb.view_rules import CannotSayError, view_filters

Json = dict[str, Any]
Declared = ViewSpec | FormSpec

_GRID_TYPE = 3


class Build:
    """One view or form with what is needed to build it; says early what cannot be built."""

    def __init__(
        self, declared: Declared, *, ids: Mapping[Address, RemoteId], locale: Locale, reader: TableReader
    ) -> None:
        """Look up its table.

        Args:
            declared: The view or form.
            ids: Ids of everything that stands.
            locale: Language of its texts.
            reader: Shows columns as they stand.

        Raises:
            UnsupportedChangeError: Its table does not stand, or the server has no such view.
        """
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
        """Return the body that makes the view, but for whose it is."""
        body: Json = {"title": self.declared.labels.in_locale(self.locale)}
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

    def sorts(self) -> list[Json]:
        """Return the keys of its order."""
        if isinstance(self.declared, FormSpec):
            return []
        return [
            {"fk_column_id": self.column(sort.field).id, "direction": "desc" if sort.descending else "asc"}
            for sort in self.declared.sort
        ]

    def columns(self) -> dict[str, Json]:
        """Return the visible columns: id → settings."""
        if isinstance(self.declared, FormSpec):
            return {
                self.column(one.field).id: self.question(one) | {"show": True, "order": place}
                for place, one in enumerate(self.declared.fields, start=1)
            }
        wished: dict[str, Json] = {
            self.column(field).id: {"show": True, "order": place}
            for place, field in enumerate(self.shown(self.declared), start=1)
        }
        if (
            self.kind == "grid"
        ):  # one not strictly first has the server count all anew when a column comes. Source: tried
            titles = [column.id for column in self._reader.table(self.table_id).columns if column.pv]
            wished |= {title: {"show": True, "order": 0} for title in titles}
        if self.declared.group_by is not None and self.kind == "grid":
            grouped = {"show": True, "group_by": True, "group_by_order": 1, "group_by_sort": "asc"}
            column = self.column(self.declared.group_by).id
            wished[column] = wished.get(column, {}) | grouped
        return wished

    def stacks(self) -> frozenset[str]:
        """Return the ids of the choices that rows of a kanban may have, as far as its rule says that outright."""
        view = self.declared
        if not isinstance(view, ViewSpec) or view.group_by is None:
            return frozenset()
        field = view.group_by
        shown = {choice.id for choice in self.column(field).choices}
        for test in view.rows.parts if isinstance(view.rows, Every) else (view.rows,):
            if not isinstance(test, Test) or test.field != field or not isinstance(test.operand, str | tuple):
                continue
            keys = (test.operand,) if isinstance(test.operand, str) else test.operand
            named = {str(self._ids.get(Address(ObjectKind.OPTION, (*field.keys, str(key))))) for key in keys}
            if test.operator in {Operator.EQUALS, Operator.ANY_OF}:
                shown &= named
            elif test.operator in {Operator.DIFFERS, Operator.NONE_OF}:
                shown -= named
        return frozenset(shown)

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
