"""What each file of a template may hold. Every model refuses unknown keys and is frozen; scalars arrive as text."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from huoban_perf.core.schema import FieldKind, Writer

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,4})?")


def _flag(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise PydanticCustomError("not_a_flag", "expected true or false")


def _number(value: object) -> object:
    if isinstance(value, Decimal) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        return Decimal(value)
    raise PydanticCustomError("not_a_number", "expected a number with at most 4 decimals")


def _whole(value: object) -> object:
    if isinstance(value, str) and _NUMBER.fullmatch(value) and "." not in value:
        return int(value)
    raise PydanticCustomError("not_a_whole_number", "expected a whole number")


Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
"""ASCII snake_case: the identity of an object; never translated."""

Shown = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
"""Text that people read."""

Flag = Annotated[bool, BeforeValidator(_flag)]
"""``true`` or ``false``, nothing else."""

Number = Annotated[Decimal, BeforeValidator(_number)]
"""An exact number of at most 4 decimals."""

Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number."""

Weight = Annotated[Number, Field(ge=0)]
"""A share of 100."""

Color = Literal["red", "orange", "yellow", "green", "blue", "purple", "grey"]

Relation = Literal["self", "superior", "upper", "dotted", "peer", "subordinate", "customer"]
"""评价关系. Source: data-model.md §1 rule 9."""

RELATIONS: tuple[Relation, ...] = get_args(Relation)


class Text(BaseModel):
    """Root of all file models."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LabelsText(Text):
    """A name in both languages."""

    zh: Shown
    en: Shown


class OptionText(Text):
    """One choice: its key, its texts, its colour, and its points when it answers a rating criterion."""

    key: Key
    zh: Shown
    en: Shown
    color: Color | None = None
    points: Number | None = None


class FieldText(Text):
    """One field of a table.

    ``include: criteria`` in place of ``key`` stands for one choice field a rating criterion of the parameters;
    ``include: customer_criteria`` for those that customers are asked. ``options_from`` names the list of the parameters
    that gives the options: ``grades``, ``position_families`` or an entry of ``lists``.
    """

    key: Key | None = None
    include: Literal["criteria", "customer_criteria"] | None = None
    labels: LabelsText | None = None
    kind: FieldKind = FieldKind.TEXT
    help: LabelsText | None = None
    """Said to the person who fills the field in."""
    required: Flag = False
    unique: Flag = False
    writer: Writer = Writer.PEOPLE
    """Who fills it: a job's field is read-only to people."""
    options: tuple[OptionText, ...] = ()
    options_from: Key | None = None
    target: Key | None = None
    """Table a relation points to."""
    many: Flag = False
    decimals: Annotated[Whole, Field(ge=0, le=9)] | None = None


class TableText(Text):
    """One table: ``tables/<key>.yaml``."""

    key: Key
    labels: LabelsText
    group: LabelsText | None = None
    """Heading under which the workspace lists the table."""
    title: Key
    """Field whose value names an item in relations."""
    key_field: Key | None = None
    """Field that holds the natural key or business code."""
    fields: tuple[FieldText, ...] = Field(min_length=1)
    """In form order."""


class MovedText(Text):
    """A renamed key: both are printed addresses, for example ``field:goal.weight``."""

    from_: str = Field(alias="from")
    to: str


class LifecycleText(Text):
    """Addresses whose removal from the template may delete them on the platform."""

    allow_delete: tuple[str, ...] = ()


class AppText(Text):
    """The app: ``app.yaml``."""

    key: Key
    version: Shown
    labels: LabelsText
    order: tuple[Key, ...] = Field(min_length=1)
    """Tables in the order in which a person would build them."""
    moved: tuple[MovedText, ...] = ()
    lifecycle: LifecycleText = LifecycleText()


class CriterionText(Text):
    """One rating criterion, asked of everyone under the named relations; its options carry the points."""

    key: Key
    labels: LabelsText
    help: LabelsText | None = None
    relations: tuple[Relation, ...] = Field(min_length=1)
    weight: Weight = Decimal(1)
    """Share of the criterion within a form: all equal, or adding up to 100 for each relation."""
    options: tuple[OptionText, ...] = Field(min_length=2)
    """Best first."""


class PassingText(Text):
    """What 合格 means: the option of a criterion, and the grade that people with nothing but it must get."""

    option: Key
    grade: Key


class ParametersText(Text):
    """What a company sets in one file: ``parameters.yaml``."""

    position_families: tuple[OptionText, ...] = Field(min_length=1)
    grades: tuple[OptionText, ...] = Field(min_length=2)
    """Best first."""
    lists: dict[Key, tuple[OptionText, ...]] = Field(default_factory=dict)
    """Further choices that a company sets: dimensions, job levels, calibration pools."""
    passing: PassingText | None = None
    criteria: tuple[CriterionText, ...] = Field(min_length=1)
    scheme: Shown | None = None
    """Scheme document beside this file that belongs to these criteria; none: the template's own ``scheme.yaml``."""

    def options(self, name: str) -> tuple[OptionText, ...]:
        """Return the choices of a list; none when there is no such list."""
        fixed = {"grades": self.grades, "position_families": self.position_families}
        return fixed.get(name) or self.lists.get(name, ())
