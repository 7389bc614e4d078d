"""``job run grow``: the workspace read through the small app and the large one at once, then the job like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from huoban_perf.cli.deployed import former_state
from huoban_perf.core.addresses import Bindings
from huoban_perf.core.errors import CycleError
from huoban_perf.core.schema import DesiredSchema, FieldSpec, TableSpec
from huoban_perf.cycle.growth.grow import Former, give_keys, grow
from huoban_perf.cycle.work import JobReport, carry_out
from huoban_perf.deploy import bindings_of
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.template import AppTemplate, load_template
from huoban_perf.template.growth import read_growth

if TYPE_CHECKING:
    from huoban_perf.cli.workshop import Request, Workshop


def grow_up(shop: Workshop, request: Request) -> JobReport:
    """Run the job ``grow`` of a workshop.

    Args:
        shop: The large app, deployed over the small one.
        request: What was asked for.

    Returns:
        The report.

    Raises:
        CycleError: No small app was deployed in the workspace.
    """
    small, bindings = _former(shop)
    app = bridged(shop.app, small.schema, bindings)
    former = Former(
        growth=read_growth(small.folder),
        scheme=small.scheme,
        grade_keys={option.zh: option.key for option in small.parameters.model.grades},
    )
    if request.apply:
        give_keys(Book(app), former)
    context = replace(shop.context("", request.options), book=Book(app))
    return carry_out(request.job, grow(former), context, apply=request.apply, desk=shop.desk(request))


def _former(shop: Workshop) -> tuple[AppTemplate, Bindings]:
    for key in shop.wish.template.app.model.grows_from:
        state = former_state(shop.site, shop.wish, key)
        if state.objects:
            small = load_template(key.replace("_", "-"), parameters=shop.site.profile.parameters)
            return small, bindings_of(state)
    raise CycleError("cycle.nothing_to_grow", facts={"app": shop.wish.schema.app})


def bridged(app: DeployedApp, small: DesiredSchema, bindings: Bindings) -> DeployedApp:
    """Return an app that has the fields and options of both.

    Args:
        app: The large app.
        small: Schema of the small one, which stands in the same workspace.
        bindings: Ids of the small one.

    Returns:
        The large app; tables that both have also have the small one's own fields and options, except fields that the
        large app took over under another key.
    """
    taken = {str(app.bindings[field.address]) for field in app.schema.fields() if field.address in app.bindings}
    more = {table.key: table for table in small.tables}

    def table(spec: TableSpec) -> TableSpec:
        other = more.get(spec.key)
        if other is None:
            return spec
        known = {field.address.key for field in spec.fields}
        theirs = {field.address.key: field for field in other.fields}
        own = [
            field
            for key, field in theirs.items()
            if key not in known and field.address in bindings and str(bindings[field.address]) not in taken
        ]
        return replace(spec, fields=(*(_joined(field, theirs) for field in spec.fields), *own))

    schema = replace(app.schema, tables=tuple(table(spec) for spec in app.schema.tables))
    return replace(app, schema=schema, bindings=Bindings({**bindings, **app.bindings}))


def _joined(field: FieldSpec, theirs: dict[str, FieldSpec]) -> FieldSpec:
    other = theirs.get(field.address.key)
    if other is None or not other.options:
        return field
    known = {option.address.key for option in field.options}
    return replace(
        field, options=(*field.options, *(option for option in other.options if option.address.key not in known))
    )
