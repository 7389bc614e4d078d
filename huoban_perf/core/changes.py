"""Changes: what a plan consists of, as data. Showing and doing are separate readers of the same objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from huoban_perf.core.addresses import Address, RemoteId
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema.definitions import DefinitionSpec
from huoban_perf.core.schema.fields import FieldSpec, OptionSpec
from huoban_perf.core.schema.tables import TableSpec

AttributeValue = str | bool | int | tuple[str, ...] | None


class Action(StrEnum):
    """What happens to one object; ``sign`` is how it is printed."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    FORGET = "forget"
    BIND = "bind"

    @property
    def sign(self) -> str:
        """``+`` create, ``~`` update, ``-`` delete, ``.`` forget, ``=`` bind."""
        return {"create": "+", "update": "~", "delete": "-", "forget": ".", "bind": "="}[self.value]


class Cause(StrEnum):
    """Why an attribute differs, by the three-way comparison (template, last applied, live)."""

    CHANGE = "change"
    DRIFT = "drift"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChange:
    """One managed attribute: value on the platform, value wished, and who moved."""

    attribute: str
    before: AttributeValue
    after: AttributeValue
    cause: Cause = Cause.CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaOperation:
    """One step handed to a ``SchemaSink``.

    Attributes:
        address: The object.
        action: CREATE, UPDATE or DELETE.
        spec: The object as wished: a table (without its fields), a field (with its options), an option, or a
            definition.
        remote_ids: Ids of everything the step refers to: its parent table and field, a relation's target, and for
            UPDATE and DELETE the object itself.
        attributes: Names of the attributes to set: ``name``, ``group``, ``title`` (table); ``name``, ``help``,
            ``required``, ``unique``, ``many``, ``decimals`` (field); ``name``, ``color`` (option); any part
            of a definition, which is written as a whole. Empty for CREATE (all) and DELETE. A sink that cannot set one
            raises UnsupportedChangeError; the step becomes manual.
        locale: Language in which names are written.
        is_title: For a field: whether its value names the items of its table (the spec of a field does not say so).
    """

    address: Address
    action: Action
    spec: TableSpec | FieldSpec | OptionSpec | DefinitionSpec
    remote_ids: dict[Address, RemoteId]
    locale: Locale
    attributes: tuple[str, ...] = ()
    is_title: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Performed:
    """Ids that a step brought into being (a field's options come with it)."""

    created: dict[Address, RemoteId]
