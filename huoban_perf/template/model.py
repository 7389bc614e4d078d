"""What each file of a template may hold. Every model refuses unknown keys and is frozen."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from huoban_perf.core.schema import FieldKind, Writer

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""ASCII snake_case: the identity of an object; never translated."""

Shown = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Text(BaseModel):
    """Root of all file models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelsText(Text):
    """A name in both languages."""

    zh: Shown
    en: Shown


class OptionText(Text):
    """One choice: its key, its texts, its colour, and its points when it answers a rating criterion."""

    key: Key
    zh: Shown
    en: Shown
    color: Literal["red", "orange", "yellow", "green", "blue", "purple", "grey"] | None = None
    points: Decimal | None = None


class FieldText(Text):
    """One field of a table.

    ``include: criteria`` in place of ``key`` stands for one choice field a rating criterion of the parameters.
    ``options_from`` names the list of the parameters (``grades``, ``position_families``) that gives the options.
    """

    key: Key | None = None
    include: Literal["criteria"] | None = None
    labels: LabelsText | None = None
    kind: FieldKind = FieldKind.TEXT
    help: LabelsText | None = None
    required: bool = False
    unique: bool = False
    writer: Writer = Writer.PEOPLE
    options: tuple[OptionText, ...] = ()
    options_from: Literal["grades", "position_families"] | None = None
    target: Key | None = None
    many: bool = False
    decimals: Annotated[int, Field(ge=0, le=9)] | None = None


class TableText(Text):
    """One table: ``tables/<key>.yaml``."""

    key: Key
    labels: LabelsText
    group: LabelsText | None = None
    title: Key
    key_field: Key | None = None
    fields: tuple[FieldText, ...] = Field(min_length=1)


class MovedText(Text):
    """A renamed key: both are printed addresses."""

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
    moved: tuple[MovedText, ...] = ()
    lifecycle: LifecycleText = LifecycleText()


class CriterionText(Text):
    """One rating criterion, asked of everyone under the named relations; its options carry the points."""

    key: Key
    labels: LabelsText
    help: LabelsText | None = None
    relations: tuple[Key, ...] = Field(min_length=1)
    weight: Annotated[Decimal, Field(ge=0)] = Decimal(1)
    options: tuple[OptionText, ...] = Field(min_length=2)


class ParametersText(Text):
    """What a company sets in one file: ``parameters.yaml``."""

    position_families: tuple[OptionText, ...] = Field(min_length=1)
    grades: tuple[OptionText, ...] = Field(min_length=2)
    criteria: tuple[CriterionText, ...] = Field(min_length=1)
