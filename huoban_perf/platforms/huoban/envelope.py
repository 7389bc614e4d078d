"""The envelope: a body becomes data or an error, whatever the HTTP status.

Errors may come on HTTP 200 or on 5xx with the same body (openapi-v1.md §2.2 [code → inferred]), so the body decides
whenever it is one of ours, and the status only where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import simplejson

from huoban_perf.core.errors import AccessError, FactValue, PlatformError, ProtocolError, ThrottledError
from huoban_perf.platforms.calls.errors import NoAnswerError
from huoban_perf.platforms.calls.wire import RawAnswer
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.errors import asks_to_slow_down, is_known, platform_error

_MESSAGE_LENGTH = 300
"""So much of the platform's text is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer. ``data`` is JSON with Decimals; an absent or empty payload is ``{}``."""

    data: Any
    trace_id: str | None


def read_answer(raw: RawAnswer, *, endpoint: Endpoint, now: datetime, scrub: Callable[[str], str]) -> Answer:
    """Decode an answer.

    Args:
        raw: What came back.
        endpoint: What was called.
        now: The current moment, for a Retry-After that is a date.
        scrub: Takes secrets out of a text of the platform.

    Returns:
        The payload.

    Raises:
        PlatformError: The code is not 0 (see ``errors``), or the body is not an envelope.

    Source: openapi-v1.md §2 [doc], §2.2 [code → inferred].
    """
    body = parsed(raw.content)
    code = code_of(body)
    if code is None:
        raise without_envelope(raw, endpoint, is_json=body is not None, now=now)
    trace_id = _trace_id(body)
    if code == 0:
        data = body.get("data")
        return Answer(data={} if data is None or data == [] else data, trace_id=trace_id)
    message = scrub(str(body.get("message", "")))[:_MESSAGE_LENGTH]
    raise failure(raw, endpoint, code=code, message=message, trace_id=trace_id, now=now)


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the wait a server asked for.

    Args:
        headers: Of the answer; names compare without regard to case.
        now: The current moment.

    Returns:
        Seconds, never negative; None when the header is absent or unreadable.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def code_of(body: Any) -> int | None:
    """Return the platform's code in a body, or None when it has none."""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def parsed(content: bytes) -> Any:
    """Return the JSON of a body with Decimals, or None when it is none."""
    try:
        return simplejson.loads(content.decode("utf-8-sig"), use_decimal=True)
    except (ValueError, ArithmeticError, RecursionError):  # not UTF-8, not JSON, or numbers and depths beyond reason
        return None


def _trace_id(body: Mapping[str, Any]) -> str | None:
    meta = body.get("meta")
    trace_id = meta.get("trace_id") if isinstance(meta, dict) else None
    return None if trace_id is None else str(trace_id)


def failure(
    raw: RawAnswer, endpoint: Endpoint, *, code: int, message: str, trace_id: str | None, now: datetime
) -> PlatformError:
    """Return the error of an answer whose code is not 0.

    Args:
        raw: What came back.
        endpoint: What was called.
        code: The platform's code.
        message: The platform's text, free of secrets.
        trace_id: The platform's request id.
        now: The current moment, for a Retry-After that is a date.

    Returns:
        The error; the code decides where we know it, else the HTTP status.
    """
    facts: dict[str, FactValue] = {"platform_code": code, "platform_message": message}
    if raw.status == 429:
        return _throttled(raw, endpoint, facts=facts, trace_id=trace_id, now=now)
    if raw.status >= 500 and not is_known(code) and not asks_to_slow_down(message):
        return _server_failure(raw, endpoint, facts=facts, trace_id=trace_id, now=now)
    error = platform_error(endpoint, code=code, message=message, trace_id=trace_id)
    if isinstance(error, ThrottledError):
        error.retry_after_s = retry_after_s(raw.headers, now=now)
    return error


def without_envelope(raw: RawAnswer, endpoint: Endpoint, *, is_json: bool, now: datetime) -> PlatformError:
    """Return the error of an answer that is not in the platform's envelope.

    Args:
        raw: What came back.
        endpoint: What was called.
        is_json: Whether the body is JSON at all.
        now: The current moment, for a Retry-After that is a date.

    Returns:
        The error that the HTTP status allows.
    """
    content_type = raw.headers.get("Content-Type", "-").split(";")[0].strip() or "-"
    facts: dict[str, FactValue] = {"platform_code": raw.status, "platform_message": f"HTTP {raw.status}"}
    if raw.status == 429:
        return _throttled(raw, endpoint, facts=facts, trace_id=None, now=now)
    if raw.status >= 500:
        return _server_failure(raw, endpoint, facts=facts, trace_id=None, now=now)
    if raw.status in {401, 403}:
        return AccessError("platform.access", endpoint=endpoint.name, facts=facts)
    name = "platform.no_envelope" if is_json else "platform.not_json"
    seen: dict[str, FactValue] = {"status": raw.status, "content_type": content_type, "size_bytes": len(raw.content)}
    return ProtocolError(name, endpoint=endpoint.name, facts=seen)


def _throttled(
    raw: RawAnswer, endpoint: Endpoint, *, facts: Mapping[str, FactValue], trace_id: str | None, now: datetime
) -> ThrottledError:
    error = ThrottledError("platform.throttled", endpoint=endpoint.name, trace_id=trace_id, facts=facts)
    error.retry_after_s = retry_after_s(raw.headers, now=now)
    return error


def _server_failure(
    raw: RawAnswer, endpoint: Endpoint, *, facts: Mapping[str, FactValue], trace_id: str | None, now: datetime
) -> NoAnswerError:
    seen = {**facts, "status": raw.status}
    error = NoAnswerError("platform.server_failure", endpoint=endpoint.name, trace_id=trace_id, facts=seen)
    error.retry_after_s = retry_after_s(raw.headers, now=now)
    return error
