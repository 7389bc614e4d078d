"""Answers of the gateway: enveloped under ``/paas``, bare under ``/paasapi``; a 500 with or without its reason.

Source: schema-plane.md §2 [code S5 S7, verified S6]; automation-plane.md §3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from huoban_perf.core.errors import FactValue, RejectedError
from huoban_perf.platforms.calls.errors import NoAnswerError
from huoban_perf.platforms.calls.wire import RawAnswer
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.envelope import Answer, code_of, parsed
from huoban_perf.platforms.huoban.gateway.endpoints import AUTOMATION_LIST
from huoban_perf.platforms.huoban.v2.envelope import message_of, read_bare

_INTERNAL = 500


def read_gateway(raw: RawAnswer, *, endpoint: Endpoint, now: datetime, scrub: Callable[[str], str]) -> Answer:
    """Decode an answer of the gateway.

    Args:
        raw: What came back.
        endpoint: What was called.
        now: The current moment.
        scrub: Takes secrets out of a text of the platform.

    Returns:
        The payload.

    Raises:
        RejectedError: The platform gives its reason (a script or variable that is not valid).
        NoAnswerError: A bare 500: most likely the company header is missing or has ended; nothing is known for sure.
        AccessError: The token is refused, or the person is no administrator.
        PlatformError: Anything else.
    """
    body = parsed(raw.content) if raw.content.strip() else None
    code = code_of(body)
    if endpoint is not AUTOMATION_LIST and code == 0 and isinstance(body, dict):
        data = body.get("data")
        return Answer(data={} if data is None or data == [] else data, trace_id=None)
    if code == _INTERNAL and isinstance(body, dict):
        errors = body.get("errors")
        facts: dict[str, FactValue] = {
            "platform_code": _INTERNAL,
            "platform_message": message_of(body, scrub),
            "status": raw.status,
        }
        if isinstance(errors, dict) and errors.get("error_message"):
            raise RejectedError("platform.automation_rejected", endpoint=endpoint.name, facts=facts)
        raise NoAnswerError("platform.bare_500", endpoint=endpoint.name, facts=facts)
    return read_bare(raw, endpoint=endpoint, now=now, scrub=scrub)
