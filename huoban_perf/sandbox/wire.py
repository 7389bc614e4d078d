"""JSON of the wire: numbers exact in both directions, ids as text, one envelope.

Numbers are parsed to int or Decimal and written from them; a binary float never appears.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import simplejson

from huoban_perf.sandbox.world.refusals import ParameterError


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_DECODER = simplejson.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)
_ENCODER = simplejson.JSONEncoder(use_decimal=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_CANONICAL = simplejson.JSONEncoder(
    use_decimal=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, sort_keys=True
)


def parse(text: str) -> Any:
    """Return the value of a JSON text; ValueError when it is none."""
    return _DECODER.decode(text)


def write(value: Any) -> str:
    """Return a value as JSON text, keys in their order."""
    return str(_ENCODER.encode(value))


def canonical(value: Any) -> str:
    """Return a value as JSON text, keys sorted: equal values of equal digits give equal text."""
    return str(_CANONICAL.encode(value))


def body_of(data: bytes) -> Mapping[str, Any]:
    """Return a request's body as an object, as leniently as the platform is believed to.

    Args:
        data: Bytes of the body: an object, or ``{}``, ``[]`` or nothing for an empty one.

    Returns:
        The object; empty for ``[]``, ``null`` and nothing.

    Raises:
        ParameterError: The body is no JSON, or neither an object nor an empty array.

    Source: openapi-v1.md §8.6 [code]: public clients send ``[]`` and ``{}``.
    """
    if not data.strip():
        return {}
    try:
        body = parse(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ParameterError("body", f"no JSON: {error}") from error
    if isinstance(body, dict):
        return body
    if body in ([], None):
        return {}
    raise ParameterError("body", "an object is expected")
