"""Neutral values: what a cell holds once no platform is left in it.

==================== ==========================================================
kinds                neutral value (None = empty)
==================== ==========================================================
text kinds, time     ``str``
number kinds         ``Decimal``; percent is the fraction (0.85 = 85 %)
switch               ``bool``
date                 ``datetime.date``
datetime             ``datetime.datetime``, always aware
choice               ``str``: the option's key
choices              ``tuple[str, ...]``: option keys in option order
member, members      ``tuple[MemberId, ...]``
relation, sub_table  ``tuple[ItemId, ...]``
file kinds           ``tuple[FileId, ...]``
location             ``Mapping[str, object]`` as the platform holds it
computed kinds       ``str`` or ``Decimal``, read only
==================== ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

Value = str | Decimal | bool | date | datetime | tuple[str, ...] | Mapping[str, object] | None
"""One cell. ``datetime`` is always aware; ids are plain ``str`` subtypes by ``NewType``."""

Values = Mapping[str, Value]
"""Field key → value, within one table."""

CHINA = timezone(timedelta(hours=8), "UTC+8")
"""The platform's zone: its times carry none. Source: openapi-v1.md §2 (format [code], zone [inferred])."""
