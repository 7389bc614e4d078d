"""How files state conditions and values: comparisons by field key, and words that begin with ``$``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from huoban_perf.template.text_model import Flag, Key, Text

_LONGEST = 2000


def _given(value: object) -> object:
    if value is None or (isinstance(value, str) and len(value) <= _LONGEST):
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise PydanticCustomError("not_a_value", "expected a text, a number, or a list of option keys")


Given = Annotated[str | tuple[str, ...] | None, BeforeValidator(_given)]
"""A value as written: option keys, numbers, dates (YYYY-MM-DD), texts, ``true``/``false``, or a word.

Words: ``$me`` the person who looks or acts · ``$today``, ``$today+3``, ``$today-7`` days · ``$now`` (values only) ·
``$row.field`` the field of the row at hand, in values also through relations: ``$row.appraisal.employee.name`` ·
``$row`` the row itself, as the value of a relation · ``$each.field`` the row of the loop · ``$reason`` what was written
into 操作说明 · ``$open``, ``$closed`` the open or closed states of the table's machine.
"""

PathText = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$")]
"""Field keys from the row at hand through relations, joined by dots: ``appraisal.employee.account``."""

FieldKey = Annotated[str, StringConstraints(pattern=r"^(\$criteria|[a-z][a-z0-9_]*)$")]
"""A field of the table, or ``$criteria``: all rating criteria that the parameters put into it."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""``table.key``: a field, view, form or automation of a named table."""


class RuleText(Text):
    """One condition on a row: a field with exactly one comparison, or ``all`` or ``any`` of further conditions.

    Wherever a list of conditions stands, all of them must hold.
    """

    field: Key | None = None
    """Field of the table whose rows are tested."""
    is_: Given = Field(default=None, alias="is")
    """Equal; a member field: ``$me`` is among its members."""
    is_not: Given = None
    """Not equal, or empty."""
    in_: Given = Field(default=None, alias="in")
    """One of several; may hold ``$open`` or ``$closed`` for a status field."""
    not_in: Given = None
    above: Given = None
    at_least: Given = None
    below: Given = None
    at_most: Given = None
    empty: Flag | None = None
    """Whether the field has no value."""
    all_: tuple[RuleText, ...] = Field(default=(), alias="all")
    any_: tuple[RuleText, ...] = Field(default=(), alias="any")


Rules = tuple[RuleText, ...]
"""Conditions that must all hold."""

Assignments = dict[Key, Given]
"""Field key → value; an empty value empties the field."""
