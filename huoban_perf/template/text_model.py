"""The words all file models are made of: keys, texts, numbers, flags. Scalars arrive as text (``yaml_text``)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

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


Said = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
"""A longer text that people read: a notice, an introduction."""


class SayingText(Text):
    """A sentence or more in both languages."""

    zh: Said
    en: Said
