"""The neutral schema as wished (``*Spec``) and as seen (``Observed*``).

Tables and fields, views, forms, roles and permissions, pages, state machines, automations.
"""

from huoban_perf.core.schema.automations import AutomationSpec, JobSpec
from huoban_perf.core.schema.definitions import DEFINITION_KINDS, DefinitionSpec, declared_from, definitions_of
from huoban_perf.core.schema.desired import DesiredSchema
from huoban_perf.core.schema.fields import (
    CHOICE_KINDS,
    COMPUTED_KINDS,
    DATE_KINDS,
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
from huoban_perf.core.schema.forms import FormFieldSpec, FormSpec
from huoban_perf.core.schema.machines import Machine, State, Transition
from huoban_perf.core.schema.pages import BlockKind, BlockSpec, Measure, PageSpec
from huoban_perf.core.schema.roles import PERMISSION_COLUMNS, Grant, GroupSpec, PermissionSpec, Right, RoleSpec
from huoban_perf.core.schema.tables import ObservedDefinition, ObservedSchema, ObservedTable, TableSpec
from huoban_perf.core.schema.views import Sort, ViewKind, ViewSpec

__all__ = [
    "CHOICE_KINDS",
    "COMPUTED_KINDS",
    "DATE_KINDS",
    "DEFINITION_KINDS",
    "MEMBER_KINDS",
    "NUMBER_KINDS",
    "PERMISSION_COLUMNS",
    "TEXT_KINDS",
    "AutomationSpec",
    "BlockKind",
    "BlockSpec",
    "DefinitionSpec",
    "DesiredSchema",
    "FieldKind",
    "FieldSpec",
    "FormFieldSpec",
    "FormSpec",
    "Grant",
    "GroupSpec",
    "JobSpec",
    "Machine",
    "Measure",
    "ObservedDefinition",
    "ObservedField",
    "ObservedOption",
    "ObservedSchema",
    "ObservedTable",
    "OptionSpec",
    "PageSpec",
    "PermissionSpec",
    "Right",
    "RoleSpec",
    "Sort",
    "State",
    "TableSpec",
    "Transition",
    "ViewKind",
    "ViewSpec",
    "Writer",
    "declared_from",
    "definitions_of",
]
