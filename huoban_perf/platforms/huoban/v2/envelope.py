"""Answers of v2: a bare object or array when all is well; ``code``, ``message``, ``errors`` when not.

HTTP status is meaningful here, unlike on v1; but since business errors were also seen on 5xx elsewhere, a code that we
know decides first.

Source: schema-plane.md §2 [code S2 S4 S5].
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from huoban_perf.core.errors import AccessError, FactValue, NotFoundError, PlatformError
from huoban_perf.platforms.calls.wire import RawAnswer
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.envelope import Answer, code_of, failure, parsed, without_envelope
from huoban_perf.platforms.huoban.errors import is_known

_NOT_ADMIN = 9600001
_MESSAGE_LENGTH = 300


def read_bare(raw: RawAnswer, *, endpoint: Endpoint, now: datetime, scrub: Callable[[str], str]) -> Answer:
    """Decode an answer of v2.

    Args:
        raw: What came back.
        endpoint: What was called.
        now: The current moment.
        scrub: Takes secrets out of a text of the platform.

    Returns:
        The bare object or array; ``{}`` for an empty body. v2 answers carry no request id.

    Raises:
        AccessError: The ticket or token is refused or expired, or it may not do this.
        PlatformError: Anything else.
    """
    body = parsed(raw.content) if raw.content.strip() else {}
    code = code_of(body)
    is_fine = 200 <= raw.status < 300
    if is_fine and code in {None, 0} and body is not None:
        return Answer(data=body, trace_id=None)
    if code is None:
        raise plane_error(without_envelope(raw, endpoint, is_json=body is not None, now=now), raw.status)
    message = message_of(body, scrub)
    if not is_known(code) and (by_status := _by_status(raw.status)) is not None:
        facts: dict[str, FactValue] = {"platform_code": code, "platform_message": message}
        raise plane_error(by_status[0](by_status[1], endpoint=endpoint.name, facts=facts), raw.status)
    raise plane_error(failure(raw, endpoint, code=code, message=message, trace_id=None, now=now), raw.status)


def message_of(body: Any, scrub: Callable[[str], str]) -> str:
    """Return what the platform says went wrong, without secrets, cut short: its message, and its fuller reason if any.

    Source: schema-plane.md §2 [verified by practitioners S6]: ``errors.error_message``.
    """
    errors = body.get("errors")
    reason = errors.get("error_message") if isinstance(errors, dict) else None
    said = f"{body.get('message', '')} ({reason})" if reason else str(body.get("message", ""))
    return scrub(said)[:_MESSAGE_LENGTH]


def plane_error(error: PlatformError, status: int) -> PlatformError:
    """Return an error with the message that speaks of this plane's identity instead of an API key.

    Args:
        error: The error.
        status: HTTP status of the answer.

    Returns:
        For AccessError: ``platform.not_admin`` (the identity is known but has no right) or ``platform.signed_out``
        (refused or expired); any other error as it is.
    """
    if not isinstance(error, AccessError):
        return error
    has_no_right = error.facts.get("platform_code") == _NOT_ADMIN or status == 403
    code = "platform.not_admin" if has_no_right else "platform.signed_out"
    return AccessError(code, endpoint=error.endpoint, trace_id=error.trace_id, facts=error.facts)


def _by_status(status: int) -> tuple[type[PlatformError], str] | None:
    if status in {401, 403}:
        return AccessError, "platform.access"
    return (NotFoundError, "platform.not_found") if status in {404, 410} else None
