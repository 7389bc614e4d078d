"""Tables and fields: from their files to specs, first without and then with what they say about each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from huoban_perf.core.addresses import field_address, option_address, table_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DATE_KINDS, NUMBER_KINDS, FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.core.schema.fields import Attached, Formula, Rollup
from huoban_perf.template.compiling.rules import compile_rules
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.compiling.values import LATER, compile_value, placeholders
from huoban_perf.template.model import CriterionText, FieldText, OptionText, ParametersText, TableText
from huoban_perf.template.text_model import LabelsText, SayingText

_COUNTED: Final = NUMBER_KINDS | DATE_KINDS | {FieldKind.FORMULA, FieldKind.ROLLUP}
_ARITHMETIC: Final = re.compile(r"(\{[a-z0-9_]+\}|\d+(\.\d+)?|[-+*/() ])+")


def labels_of(text: LabelsText | SayingText) -> Labels:
    """Return the two languages of a text."""
    return Labels(text.zh, text.en)


def optional_labels(text: LabelsText | SayingText | None) -> Labels | None:
    """Return the two languages of a text, or None."""
    return None if text is None else labels_of(text)


def expand_fields(
    table: TableText, parameters: ParametersText | None, features: frozenset[str] | None = None
) -> Iterator[FieldText]:
    """Yield a table's fields with ``include`` and ``options_from`` filled in.

    Args:
        table: The table file.
        parameters: The company's parameters; None while that file is broken, and then nothing is filled in.
        features: Features of the app: fields for others are left out. None: all fields.

    Yields:
        Fields with a key and labels.
    """
    for field in table.fields:
        if features is not None and field.feature is not None and field.feature not in features:
            continue
        if field.include is not None:
            asked = parameters.criteria if parameters else ()
            yield from (_criterion(one) for one in asked if _is_asked(one, of=field.include))
        elif field.options_from is not None and parameters is not None:
            yield field.model_copy(update={"options": parameters.options(field.options_from)})
        else:
            yield field


def _is_asked(criterion: CriterionText, *, of: str) -> bool:
    match of:
        case "customer_criteria":
            return "customer" in criterion.relations
        case "staff_criteria":
            return any(relation != "customer" for relation in criterion.relations)
        case _:
            return True


def plain_table(table: TableText, parameters: ParametersText | None, features: frozenset[str]) -> TableSpec:
    """Return a table without what its fields say about other fields.

    Args:
        table: The table file.
        parameters: The company's parameters.
        features: Features of the app.

    Returns:
        The table; ``complete_table`` adds defaults, formulas and filters.
    """
    return TableSpec(
        address=table_address(table.key),
        labels=labels_of(table.labels),
        group=optional_labels(table.group),
        title=table.title,
        key_field=table.key_field,
        help=optional_labels(table.help),
        fields=tuple(_field(table.key, field) for field in expand_fields(table, parameters, features) if field.key),
    )


def complete_table(scope: Scope, place: Place, table: TableText) -> TableSpec:
    """Return a table of the scope with defaults, formulas, filters and sub-tables.

    Args:
        scope: What names lead to; its table is the plain one.
        place: The file.
        table: The table file.

    Returns:
        The table.
    """
    spec = scope.tables[table.key]
    texts = {field.key: (place.at("fields", index), field) for index, field in enumerate(table.fields)}
    fields = tuple(
        _complete(scope, *texts[one.address.key], one) if one.address.key in texts else one for one in spec.fields
    )
    named = enumerate(table.details)
    details = tuple(scope.child_relation(place.at("details", row), name, table.key) for row, name in named)
    return replace(spec, fields=fields, details=tuple(one for one in details if one is not None))


def _complete(scope: Scope, place: Place, text: FieldText, spec: FieldSpec) -> FieldSpec:
    table = spec.address.keys[0]
    default = compile_value(scope, place.at("default"), spec, text.default, at_hand=table)
    if isinstance(default, LATER):
        scope.report(place.at("default"), "template.start_value", field=spec.address.key, value=str(text.default))
        default = None
    rows = spec.target_rows
    if spec.target is not None and spec.target.key in scope.tables:
        rows = compile_rules(scope, place.at("target_rows"), text.target_rows, table=spec.target.key, at_hand=table)
    return replace(spec, default=default, target_rows=rows, computed=_computed(scope, place, text, spec))


def _computed(scope: Scope, place: Place, text: FieldText, spec: FieldSpec) -> Formula | Rollup | Attached | None:
    table = spec.address.keys[0]
    if text.formula is not None:
        return _formula(scope, place.at("formula"), text.formula, table)
    if text.rollup is not None:
        child = text.rollup.through.split(".")[0]
        inner = place.at("rollup")
        through = scope.child_relation(inner.at("through"), text.rollup.through, table)
        if through is None:
            return None
        value = scope.field_of_kind(inner.at("value"), child, text.rollup.value, _COUNTED)
        rows = compile_rules(scope, inner.at("rows"), text.rollup.rows, table=child, at_hand=table)
        return Rollup(through=through, summary=text.rollup.summary, value=value, rows=rows)
    if text.attached is not None:
        steps = scope.path(place.at("attached"), table, f"{text.attached.through}.{text.attached.value}")
        return Attached(through=steps[0].address, value=steps[1].address) if steps else None
    return None


def _formula(scope: Scope, place: Place, expression: str, table: str) -> Formula | None:
    names = placeholders(expression)
    if names is None or not _ARITHMETIC.fullmatch(expression):
        scope.report(place, "template.formula", formula=expression)
        return None
    found = [scope.field_of_kind(place, table, name, _COUNTED) for name in dict.fromkeys(names)]
    return Formula(expression=expression, fields=tuple(one for one in found if one is not None))


def _criterion(criterion: CriterionText) -> FieldText:
    return FieldText(
        key=criterion.key,
        labels=criterion.labels,
        kind=FieldKind.CHOICE,
        help=criterion.help,
        options=criterion.options,
        include="criteria",
    )


def _field(table: str, field: FieldText) -> FieldSpec:
    key = field.key or ""
    labels = field.labels or LabelsText(zh=key or "?", en=key or "?")
    return FieldSpec(
        address=field_address(table, key),
        labels=labels_of(labels),
        kind=field.kind,
        help=optional_labels(field.help),
        required=field.required,
        unique=field.unique,
        writer=field.writer,
        options=tuple(_option(table, key, option) for option in field.options),
        target=table_address(field.target) if field.target else None,
        many=field.many,
        decimals=field.decimals,
        parameter="criteria" if field.include is not None else field.options_from,
        least=field.least,
        most=field.most,
    )


def _option(table: str, field: str, option: OptionText) -> OptionSpec:
    return OptionSpec(
        address=option_address(table, field, option.key),
        labels=Labels(option.zh, option.en),
        color=option.color,
        points=None if option.points is None else format(option.points, "f"),
    )
