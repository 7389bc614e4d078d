"""Views and forms of one table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.rules import FieldOf, Me, ThisRow, Today
from huoban_perf.core.schema import (
    CHOICE_KINDS,
    DATE_KINDS,
    NUMBER_KINDS,
    FieldKind,
    FormFieldSpec,
    FormSpec,
    Sort,
    ViewKind,
    ViewSpec,
)
from huoban_perf.core.schema.automations import EachOf, Now, Phrase, Reason
from huoban_perf.core.values import Value
from huoban_perf.template.compiling.fields import labels_of, optional_labels
from huoban_perf.template.compiling.rules import compile_rules
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.compiling.values import compile_value
from huoban_perf.template.view_model import FormFieldText, FormText, ViewsText, ViewText

_NEEDS: Final = {
    ViewKind.KANBAN: ("group_by",),
    ViewKind.CALENDAR: ("start",),
    ViewKind.GANTT: ("start", "end"),
    ViewKind.GRID: (),
    ViewKind.GALLERY: (),
}
"""What a kind cannot do without. Source: schema-plane.md §5."""

_BARS: Final = NUMBER_KINDS | {FieldKind.FORMULA, FieldKind.ROLLUP}


def compile_views(scope: Scope, place: Place, text: ViewsText) -> Iterator[ViewSpec]:
    """Yield the views of a file.

    Args:
        scope: What names lead to.
        place: The file.
        text: What it says.

    Yields:
        Views in order, those of features the app does not have left out.
    """
    if scope.leaves_out(place, text.table) or scope.table(place.at("table"), text.table) is None:
        return
    for index, view in enumerate(text.views):
        if scope.has(view.feature):
            yield _view(scope, place.at("views", index), text.table, view)


def _view(scope: Scope, place: Place, table: str, view: ViewText) -> ViewSpec:
    for row, role in enumerate(view.roles):
        scope.role(place.at("roles", row), role)
    for name in _NEEDS[view.kind]:
        if getattr(view, name) is None:
            scope.report(place, "template.view_needs", kind=view.kind.value, key=name)
    address = Address(ObjectKind.VIEW, (table, view.key))
    scope.stands(address, place)
    columns = CHOICE_KINDS if view.kind is ViewKind.KANBAN else frozenset(FieldKind)
    sorts = ((scope.field(place.at("sort", row), table, one.field), one) for row, one in enumerate(view.sort))
    return ViewSpec(
        address=address,
        labels=labels_of(view.labels),
        kind=view.kind,
        roles=view.roles,
        rows=compile_rules(scope, place.at("rows"), view.rows, table=table),
        sort=tuple(Sort(spec.address, one.descending) for spec, one in sorts if spec is not None),
        group_by=scope.field_of_kind(place.at("group_by"), table, view.group_by, columns),
        fields=tuple(one.address for one in scope.fields(place.at("fields"), table, view.fields)),
        start=scope.field_of_kind(place.at("start"), table, view.start, DATE_KINDS),
        end=scope.field_of_kind(place.at("end"), table, view.end, DATE_KINDS),
        progress=scope.field_of_kind(place.at("progress"), table, view.progress, _BARS),
        cover=scope.field_of_kind(place.at("cover"), table, view.cover, {FieldKind.IMAGE, FieldKind.FILE}),
        help=optional_labels(view.help),
    )


def compile_forms(scope: Scope, place: Place, text: ViewsText) -> Iterator[FormSpec]:
    """Yield the forms of a file.

    Args:
        scope: What names lead to.
        place: The file.
        text: What it says.

    Yields:
        Forms in order, those of features the app does not have left out.
    """
    if text.table not in scope.tables:
        return
    for index, form in enumerate(text.forms):
        if scope.has(form.feature):
            yield _form(scope, place.at("forms", index), text.table, form)


def _form(scope: Scope, place: Place, table: str, form: FormText) -> FormSpec:
    for row, role in enumerate(form.roles):
        scope.role(place.at("roles", row), role)
    if form.public == bool(form.roles):
        scope.report(place, "template.form_for_whom", form=form.key)
    address = Address(ObjectKind.FORM, (table, form.key))
    scope.stands(address, place)
    details = tuple(
        scope.child_relation(place.at("details", row), name, table) for row, name in enumerate(form.details)
    )
    return FormSpec(
        address=address,
        labels=labels_of(form.labels),
        roles=form.roles,
        relation=form.relation,
        rows=compile_rules(scope, place.at("rows"), form.rows, table=table),
        creates=form.creates,
        intro=optional_labels(form.intro),
        thanks=optional_labels(form.thanks),
        fields=tuple(_questions(scope, place, table, form)),
        details=tuple(one for one in details if one is not None),
        public=form.public,
        token=scope.field_of_kind(place.at("token"), table, form.token, {FieldKind.TEXT}),
    )


def _questions(scope: Scope, place: Place, table: str, form: FormText) -> Iterator[FormFieldSpec]:
    for index, question in enumerate(form.fields):
        here = place.at("fields", index)
        if not scope.has(question.feature):
            continue
        if (question.key is None) == (question.include is None):
            scope.report(here, "template.one_of", keys=("key", "include"))
            continue
        keys = (question.key,) if question.key is not None else _criteria(scope, here, form)
        for key in keys:
            spec = scope.field(here, table, key, optional=True)
            if spec is not None:
                yield FormFieldSpec(
                    field=spec.address,
                    help=optional_labels(question.help) or spec.help,
                    required=question.required or spec.required,
                    read_only=question.read_only,
                    shown_when=compile_rules(scope, here.at("shown_when"), question.shown_when, table=table),
                    prefill=_prefill(scope, here, question, key, table),
                    criterion=question.include is not None,
                )


def _criteria(scope: Scope, place: Place, form: FormText) -> tuple[str, ...]:
    if form.relation is None:
        scope.report(place, "template.criteria_without_relation", form=form.key)
        return ()
    return scope.criteria.get(form.relation, ())


def _prefill(scope: Scope, place: Place, question: FormFieldText, key: str, table: str) -> Value | Me | Today | FieldOf:
    spec = scope.field(place, table, key)
    if spec is None or question.prefill is None:
        return None
    value = compile_value(scope, place.at("prefill"), spec, question.prefill, at_hand=table)
    if isinstance(value, EachOf | ThisRow | Now | Reason | Phrase):
        scope.report(place.at("prefill"), "template.start_value", field=key, value=str(question.prefill))
        return None
    return value
