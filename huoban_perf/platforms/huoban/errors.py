"""From the platform's error codes, and from silence, to errors of ours: one table."""

from __future__ import annotations

import re

from huoban_perf.core.errors import (
    AccessError,
    FactValue,
    NotFoundError,
    PlatformError,
    RejectedError,
    ThrottledError,
)
from huoban_perf.platforms.huoban.endpoints import Endpoint

_BY_CODE: dict[int, tuple[type[PlatformError], str]] = {
    100: (AccessError, "platform.access"),
    501: (RejectedError, "platform.unknown_method"),
    502: (RejectedError, "platform.parameter"),
    3500002: (NotFoundError, "platform.not_found"),
    9600001: (AccessError, "platform.access"),
}
"""Source: openapi-v1.md §2.1 [code; 9600001 adjacent]. No complete table was recovered."""

_SLOW_DOWN = re.compile(r"频率|频繁|限流|请求过多|too many|rate.?limit|frequen|throttl", re.IGNORECASE)
"""Words of a throttle answer: its code was not recovered. Source: openapi-v1.md §3 [inferred]."""


def platform_error(endpoint: Endpoint, *, code: int, message: str, trace_id: str | None) -> PlatformError:
    """Return the error of an answer whose code is not 0 and whose HTTP status does not say more.

    Args:
        endpoint: What was called.
        code: The platform's code.
        message: The platform's text, free of secrets.
        trace_id: The platform's request id.

    Returns:
        The error of the table; ThrottledError when the text speaks of frequency; else RejectedError.
    """
    kind, name = _BY_CODE.get(code, (RejectedError, "platform.rejected"))
    if code not in _BY_CODE and asks_to_slow_down(message):
        kind, name = ThrottledError, "platform.throttled"
    facts: dict[str, FactValue] = {"platform_code": code, "platform_message": message}
    return kind(name, endpoint=endpoint.name, trace_id=trace_id, facts=facts)


def is_known(code: int) -> bool:
    """Return whether a platform code is in the table."""
    return code in _BY_CODE


def asks_to_slow_down(message: str) -> bool:
    """Return whether a text of the platform speaks of too many requests."""
    return _SLOW_DOWN.search(message) is not None
