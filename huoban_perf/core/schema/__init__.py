"""The neutral schema: tables and fields as wished (``*Spec``) and as seen (``Observed*``)."""

from huoban_perf.core.schema.fields import (
    CHOICE_KINDS,
    COMPUTED_KINDS,
    MEMBER_KINDS,
    NUMBER_KINDS,
    TEXT_KINDS,
    FieldKind,
    FieldSpec,
    ObservedField,
    ObservedOption,
    OptionSpec,
    Writer,
)
from huoban_perf.core.schema.tables import DesiredSchema, ObservedSchema, ObservedTable, TableSpec

__all__ = [
    "CHOICE_KINDS",
    "COMPUTED_KINDS",
    "MEMBER_KINDS",
    "NUMBER_KINDS",
    "TEXT_KINDS",
    "DesiredSchema",
    "FieldKind",
    "FieldSpec",
    "ObservedField",
    "ObservedOption",
    "ObservedSchema",
    "ObservedTable",
    "OptionSpec",
    "TableSpec",
    "Writer",
]
