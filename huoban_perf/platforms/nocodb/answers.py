"""What an HTTP answer of the server means: its payload, or an error of ours.

Error bodies come as ``{"msg"}`` or as ``{"error", "message", "code"}``; the status decides, the body explains.

Source: nocodb/api.md, gotcha 11; statuses tried on 0.265.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simplejson

from huoban_perf.core.errors import (
    AccessError,
    FactValue,
    NotFoundError,
    PlatformError,
    ProtocolError,
    RejectedError,
    ThrottledError,
)
from huoban_perf.platforms.calls.errors import NoAnswerError
from huoban_perf.platforms.calls.wire import RawAnswer
from huoban_perf.platforms.nocodb.config import SUPPORTED
from huoban_perf.platforms.nocodb.endpoints import Endpoint

_MESSAGE_LENGTH = 300


def read_answer(raw: RawAnswer, *, endpoint: Endpoint, scrub: Callable[[str], str]) -> Any:
    """Decode an answer.

    Args:
        raw: What came back.
        endpoint: What was called.
        scrub: Takes secrets out of a text of the platform.

    Returns:
        JSON with Decimals.

    Raises:
        PlatformError: The status is not a success, or the body is not JSON.
    """
    body = _json(raw.content)
    if 200 <= raw.status < 300 and body is not None:
        return body
    if raw.status < 400 or (body is None and raw.status in {400, 405, 422}):
        content_type = raw.headers.get("Content-Type", "-").split(";")[0].strip() or "-"
        seen: dict[str, FactValue] = {"status": raw.status, "content_type": content_type, "supported": SUPPORTED}
        raise ProtocolError("nocodb.not_json", endpoint=endpoint.name, facts=seen | {"size_bytes": len(raw.content)})
    raise _failure(raw.status, body, endpoint=endpoint, scrub=scrub)


def _failure(status: int, body: Any, *, endpoint: Endpoint, scrub: Callable[[str], str]) -> PlatformError:
    facts: dict[str, FactValue] = {"status": status, "platform_code": status, "platform_message": f"HTTP {status}"}
    if isinstance(body, dict):
        said = scrub(str(body.get("message") or body.get("msg") or ""))[:_MESSAGE_LENGTH]
        facts["platform_code"] = str(body.get("error") or body.get("code") or status)
        facts["platform_message"] = said or f"HTTP {status}"
    if status >= 500:
        return NoAnswerError("platform.server_failure", endpoint=endpoint.name, facts=facts)
    if status == 429:
        return ThrottledError("platform.throttled", endpoint=endpoint.name, facts=facts)
    if status in {401, 403}:
        return AccessError("nocodb.access", endpoint=endpoint.name, facts=facts)
    if status == 404:
        return NotFoundError("nocodb.not_found", endpoint=endpoint.name, facts=facts)
    return RejectedError("nocodb.rejected", endpoint=endpoint.name, facts=facts)


def _json(content: bytes) -> Any:
    try:
        return simplejson.loads(content.decode("utf-8-sig"), use_decimal=True)
    except (ValueError, ArithmeticError, RecursionError):
        return None
