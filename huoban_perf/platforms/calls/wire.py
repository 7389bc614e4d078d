"""Around one request: what every transport of a connection shares, bodies, answers, and what silence means."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests
import simplejson
from urllib3.exceptions import NewConnectionError

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import PlatformError, UnreachableError
from huoban_perf.core.ports import Traffic
from huoban_perf.platforms.calls.errors import NoAnswerError, NotSentError
from huoban_perf.platforms.calls.options import CallOptions
from huoban_perf.platforms.calls.retry import Repeatable, RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """An HTTP answer before anything is read out of it."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def dump_json(body: object) -> bytes:
    """Return a body as JSON: Decimals digit by digit, characters as they are."""
    text: str = simplejson.dumps(body, use_decimal=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


class TrafficCounter:
    """Counts attempts as they are sent; one for all transports of a connection."""

    def __init__(self) -> None:
        """Start at zero."""
        self._lock = threading.Lock()
        self._requests = 0
        self._writes = 0

    def add(self, *, writes: bool) -> None:
        """Count one attempt."""
        with self._lock:
            self._requests += 1
            self._writes += writes

    def traffic(self) -> Traffic:
        """Return the counts so far."""
        with self._lock:
            return Traffic(requests=self._requests, writes=self._writes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What every transport of one connection shares.

    Attributes:
        session: Sends; given from outside, so that tests mount an adapter. Its own headers are not touched.
        options: Timeouts.
        clock: The current moment.
        retry: Repeats attempts.
        counter: Counts attempts.
    """

    session: requests.Session
    options: CallOptions
    clock: Clock
    retry: RetryPolicy
    counter: TrafficCounter


def silence(error: requests.RequestException, *, endpoint: Repeatable, address: str) -> PlatformError:
    """Return the error of a request that got no answer.

    Args:
        error: What the library raised.
        endpoint: What was called.
        address: Host and port, for the message.

    Returns:
        NotSentError when nothing was sent, else NoAnswerError; UnreachableError for what is neither.
    """
    facts = {"address": address, "reason": type(error).__name__}
    kind: Callable[..., UnreachableError] = UnreachableError
    name = "platform.unreachable"
    if isinstance(error, requests.exceptions.SSLError):
        name = "platform.tls"
    elif _is_not_sent(error):
        kind = NotSentError
    elif isinstance(
        error,
        requests.Timeout
        | requests.ConnectionError
        | requests.exceptions.ChunkedEncodingError
        | requests.exceptions.ContentDecodingError,
    ):
        kind, name = NoAnswerError, "platform.no_answer"
    return kind(name, endpoint=endpoint.name, facts=facts)


def _is_not_sent(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)
