"""Fields and options: what a table can hold, in words of no platform.

Source: field-kinds.md (the catalogue of kinds).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, Me, Rule, Today, tests_of
from huoban_perf.core.values import Value


class FieldKind(StrEnum):
    """The neutral field kinds; a platform adapter maps each to its own, or declares that it cannot."""

    TEXT = "text"
    TEXT_LONG = "text_long"
    TEXT_RICH = "text_rich"
    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    RATING = "rating"
    PROGRESS = "progress"
    SWITCH = "switch"
    TIME = "time"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    SCAN = "scan"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"
    MEMBER = "member"
    MEMBERS = "members"
    RELATION = "relation"
    SUB_TABLE = "sub_table"
    FORMULA = "formula"
    ROLLUP = "rollup"
    ATTACHED = "attached"
    AUTO_NUMBER = "auto_number"
    FILE = "file"
    IMAGE = "image"
    SIGNATURE = "signature"
    LOCATION = "location"
    SEPARATOR = "separator"


TEXT_KINDS = frozenset(
    {
        FieldKind.TEXT,
        FieldKind.TEXT_LONG,
        FieldKind.TEXT_RICH,
        FieldKind.PHONE,
        FieldKind.EMAIL,
        FieldKind.ADDRESS,
        FieldKind.SCAN,
        FieldKind.TIME,
    }
)
NUMBER_KINDS = frozenset({FieldKind.NUMBER, FieldKind.MONEY, FieldKind.PERCENT, FieldKind.RATING, FieldKind.PROGRESS})
DATE_KINDS = frozenset({FieldKind.DATE, FieldKind.DATETIME})
CHOICE_KINDS = frozenset({FieldKind.CHOICE, FieldKind.CHOICES})
MEMBER_KINDS = frozenset({FieldKind.MEMBER, FieldKind.MEMBERS})
COMPUTED_KINDS = frozenset({FieldKind.FORMULA, FieldKind.ROLLUP, FieldKind.ATTACHED, FieldKind.AUTO_NUMBER})
"""Kinds the platform fills by itself; never written by anyone."""


class Writer(StrEnum):
    """Who fills a field; a job field is read-only to every person (⟳ in data-model.md)."""

    PEOPLE = "people"
    JOB = "job"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """One choice of a choice field.

    Attributes:
        address: ``option:table.field.key``.
        labels: Text shown; the Chinese text is unique inside its field.
        color: Platform-neutral colour word, or None.
        points: Points on the scoring scale when the option is an answer of a rating criterion (text of a decimal), or
            None for 「不了解,无法评价」 and for options that carry no points.
    """

    address: Address
    labels: Labels
    color: str | None = None
    points: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """Arithmetic on fields of the same row.

    Attributes:
        expression: For example ``{target_value} - {baseline_value}``: ``+ - * / ( )``, numbers and ``{field key}``.
        fields: The fields it reads, in order of first use.
    """

    expression: str
    fields: tuple[Address, ...]

    def reads(self) -> tuple[Address, ...]:
        """Return the fields that must stand first."""
        return self.fields


class Summary(StrEnum):
    """How a rollup makes one value of many rows."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    LARGEST = "largest"
    SMALLEST = "smallest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """One value from the rows of another table that relate to this row.

    Attributes:
        through: Relation field of the other table that points here.
        summary: How.
        value: Field of the other table; None for COUNT.
        rows: Which of the related rows count.
    """

    through: Address
    summary: Summary
    value: Address | None = None
    rows: Rule = ALWAYS

    def reads(self) -> tuple[Address, ...]:
        """Return the fields that must stand first."""
        compared = (test.field for test in tests_of(self.rows))
        return tuple(dict.fromkeys((self.through, *(() if self.value is None else (self.value,)), *compared)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A field of a related row, shown here.

    Attributes:
        through: Relation field of this table.
        value: Field of the related table.
    """

    through: Address
    value: Address

    def reads(self) -> tuple[Address, ...]:
        """Return the fields that must stand first."""
        return (self.through, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """A field as wished by the template.

    Attributes:
        address: ``field:table.key``.
        labels: Name shown.
        kind: What it holds; never changes in place.
        help: Text for the person who fills it in, or None.
        required: Whether the form refuses an empty value.
        unique: Whether two items of the table may not hold the same value.
        writer: Who fills it.
        options: Choices in order; empty unless the kind is a choice.
        target: Table a relation points to; None unless the kind is relation or sub_table.
        many: Whether a relation, member or choice may hold several (members and choices imply it).
        decimals: Digits after the point that a number field keeps, or None where the kind has none.
        default: Value of a new row unless its maker says otherwise, or None.
        least: Smallest number that people may enter, or None.
        most: Largest, or None.
        target_rows: Rows of the target that a relation offers; ``FieldOf`` in it speaks of the row being filled in.
        computed: What a formula, rollup or attached field computes; None for every other kind.
        parameter: Where the company's parameter file states the options: ``grades``, ``criteria``, the name of a list;
            None for options of the template. Removing such an option may orphan live data.
        generated: Whether the compiler made it (action fields, permission columns), not a template file.
    """

    address: Address
    labels: Labels
    kind: FieldKind
    help: Labels | None = None
    required: bool = False
    unique: bool = False
    writer: Writer = Writer.PEOPLE
    options: tuple[OptionSpec, ...] = ()
    target: Address | None = None
    many: bool = False
    decimals: int | None = None
    default: Value | Me | Today = None
    least: Decimal | None = None
    most: Decimal | None = None
    target_rows: Rule = ALWAYS
    computed: Formula | Rollup | Attached | None = None
    parameter: str | None = None
    generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedOption:
    """A choice as the platform shows it; ``option_id`` is unique only inside its field."""

    option_id: str
    name: str
    color: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedField:
    """A field as a read of the platform proves it; None means *not shown*, never *no*.

    Attributes:
        field_id: Platform id.
        name: Name shown.
        alias: Platform alias, or None.
        kinds: Every neutral kind the read is compatible with (a platform text may be any text kind); empty when the
            platform's type is unknown to us.
        raw_type: The platform's own word for the type, for messages.
        required: Whether a value is demanded, or None.
        unique: Whether values must differ, or None.
        options: Choices in order; empty unless it is a choice.
        target_id: Table id a relation points to, or None.
        many: Whether several values are allowed, or None.
        mirrored: Whether the field only mirrors a related table's field (read-only).
    """

    field_id: str
    name: str
    alias: str | None = None
    kinds: frozenset[FieldKind] = frozenset()
    raw_type: str = ""
    required: bool | None = None
    unique: bool | None = None
    options: tuple[ObservedOption, ...] = ()
    target_id: str | None = None
    many: bool | None = None
    mirrored: bool = False
