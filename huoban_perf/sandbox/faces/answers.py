"""The envelope, and which code and text each refusal has on the wire."""

from __future__ import annotations

from typing import Any

from flask import Response

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.refusals import (
    AccessRefusedError,
    BrokenError,
    GoneError,
    NoRightError,
    ParameterError,
    RefusalError,
    ThrottledError,
    UnknownCallError,
    ValuesRefusedError,
)

_INVALID = "One of the parameters specified was missing or invalid. parameters name {}"
"""Source: openapi-v1.md §2.1 [code]."""
_THROTTLED = (429, "too many requests: 请求频率超过限制")
"""Source: none; §18.5 is open."""
_THROTTLE_STATUS = {"http_429": 429, "envelope": 200, "http_5xx": 503}


def envelope(data: Any, *, trace_id: str) -> Response:
    """Return a successful answer. Source: openapi-v1.md §2 [doc]."""
    return _json({"code": 0, "message": "success", "data": data, "meta": {"trace_id": trace_id}}, status=200)


def refusal(error: RefusalError, *, rules: Rules, trace_id: str) -> Response:
    """Return the answer to a call that was refused.

    Source: openapi-v1.md §2.1 [code] for codes 100, 501, 502, 3500002; §2.2 for the status, switch ``error_status``.
    """
    code, message = meaning_of(error, rules)
    status = rules.error_status
    if isinstance(error, ThrottledError):
        status = _THROTTLE_STATUS[rules.throttle_answer]
    elif isinstance(error, BrokenError):
        status = 500
    body = {"code": code, "message": message, "data": empty_object(rules), "meta": {"trace_id": trace_id}}
    response = _json(body, status=status)
    if status == 429:
        response.headers["Retry-After"] = "1"
    return response


def empty_object(rules: Rules) -> Any:
    """Return an object without keys as the platform writes it. Switch ``empty_object``."""
    return {} if rules.empty_object == "object" else []


def page_of_html() -> Response:
    """Return what a proxy or a login page would."""
    return Response("<!DOCTYPE html><html><body>login</body></html>", status=200, mimetype="text/html")


def meaning_of(error: RefusalError, rules: Rules) -> tuple[int, str]:
    """Return the code and text of a refusal. Source: openapi-v1.md §2.1 [code]."""
    if isinstance(error, ParameterError):
        text = _INVALID.format(error.name)
        return 502, f"{text} ({error.detail})" if error.detail else text
    if isinstance(error, ValuesRefusedError):
        places = "; ".join(f"fields.{key} ({reason})" for key, reason in error.problems)
        return rules.bad_write_code, _INVALID.format(places)
    if isinstance(error, NoRightError):
        return rules.no_right_code, "no permission: 无权限操作"
    for kind, meaning in (
        (AccessRefusedError, (100, "authentication failed")),
        (UnknownCallError, (501, "unknown method")),
        (GoneError, (3500002, "数据不存在或已删除")),
        (ThrottledError, _THROTTLED),
    ):
        if isinstance(error, kind):
            return meaning
    return 500, "internal error"


def _json(body: dict[str, Any], *, status: int) -> Response:
    return Response(wire.write(body).encode(), status=status, mimetype="application/json")
