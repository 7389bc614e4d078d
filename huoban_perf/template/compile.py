"""Compile: a template and its parameters become the neutral schema the deployer works towards."""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.addresses import field_address, option_address, table_address
from huoban_perf.core.digest import digest
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.template.load import AppTemplate
from huoban_perf.template.model import CriterionText, FieldText, LabelsText, OptionText, ParametersText, TableText


def compile_schema(template: AppTemplate) -> DesiredSchema:
    """Return the schema a template asks for.

    Args:
        template: A template that ``load_template`` returned.

    Returns:
        The tables in the app's order; the digest depends on content only, not on files or their order.
    """
    parameters = template.parameters.model
    tables = tuple(_table(template.tables[key].model, parameters) for key in template.app.model.order)
    app = template.app.model
    return DesiredSchema(
        app=app.key,
        version=app.version,
        tables=tables,
        digest=digest({table.key: table for table in tables}),
    )


def expand_fields(table: TableText, parameters: ParametersText | None) -> Iterator[FieldText]:
    """Yield a table's fields with ``include`` and ``options_from`` filled in.

    Args:
        table: The table file.
        parameters: The company's parameters; None while that file is broken, and then nothing is filled in.

    Yields:
        Fields with a key and labels.
    """
    for field in table.fields:
        if field.include is not None:
            asked = parameters.criteria if parameters else ()
            everyone = field.include == "criteria"
            yield from (_criterion(one) for one in asked if everyone or "customer" in one.relations)
        elif field.options_from is not None and parameters is not None:
            yield field.model_copy(update={"options": parameters.options(field.options_from)})
        else:
            yield field


def _criterion(criterion: CriterionText) -> FieldText:
    return FieldText(
        key=criterion.key,
        labels=criterion.labels,
        kind=FieldKind.CHOICE,
        help=criterion.help,
        options=criterion.options,
    )


def _table(table: TableText, parameters: ParametersText) -> TableSpec:
    return TableSpec(
        address=table_address(table.key),
        labels=_labels(table.labels),
        group=_labels(table.group) if table.group else None,
        title=table.title,
        key_field=table.key_field,
        fields=tuple(_field(table.key, field) for field in expand_fields(table, parameters)),
    )


def _field(table: str, field: FieldText) -> FieldSpec:
    key = field.key or ""
    labels = field.labels or LabelsText(zh=key, en=key)
    return FieldSpec(
        address=field_address(table, key),
        labels=_labels(labels),
        kind=field.kind,
        help=_labels(field.help) if field.help else None,
        required=field.required,
        unique=field.unique,
        writer=field.writer,
        options=tuple(_option(table, key, option) for option in field.options),
        target=table_address(field.target) if field.target else None,
        many=field.many,
        decimals=field.decimals,
    )


def _option(table: str, field: str, option: OptionText) -> OptionSpec:
    return OptionSpec(
        address=option_address(table, field, option.key),
        labels=Labels(option.zh, option.en),
        color=option.color,
        points=None if option.points is None else format(option.points, "f"),
    )


def _labels(text: LabelsText) -> Labels:
    return Labels(text.zh, text.en)
