"""Reading parameters out of a request's body: ids as text or integer, the rest of one type each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.sandbox.world.refusals import ParameterError

Body = Mapping[str, Any]


def id_of(body: Body, name: str) -> int:
    """Return an id sent as text or integer; ParameterError when it is missing or no id.

    Source: openapi-v1.md §2 [doc, code].
    """
    value = optional_id(body, name)
    if value is None:
        raise ParameterError(name)
    return value


def optional_id(body: Body, name: str) -> int | None:
    """Return an id, or None when it is missing; ParameterError when it is no id."""
    value = body.get(name)
    if value is None or value == "":
        return None
    return as_id(value, name)


def as_id(value: Any, name: str) -> int:
    """Return an id from text or integer; ParameterError when it is none."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ParameterError(name, "an id is expected")
    return int(text)


def text_of(body: Body, name: str, *, default: str | None = None) -> str:
    """Return a text; ParameterError when it is no text, or missing without a default."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ParameterError(name)
    return value


def number_of(body: Body, name: str, *, default: int) -> int:
    """Return a number that is not negative, sent as integer or text; ParameterError otherwise."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**18:
        raise ParameterError(name)
    return value


def list_of(body: Body, name: str) -> list[Any]:
    """Return an array; ParameterError when it is missing or none."""
    value = body.get(name)
    if not isinstance(value, list):
        raise ParameterError(name)
    return value


def object_of(body: Body, name: str) -> dict[str, Any]:
    """Return an object, ``[]`` counting as an empty one; ParameterError when it is missing or none."""
    value = body.get(name)
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise ParameterError(name)
    return value
