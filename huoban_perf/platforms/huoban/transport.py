"""One call: limiter, request, envelope, retries. The only module that touches HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import PlatformError, ThrottledError, UnreachableError
from huoban_perf.core.ports import Traffic
from huoban_perf.platforms.huoban.config import HuobanOptions, check_url
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.envelope import Answer, RawAnswer, dump_json, read_answer
from huoban_perf.platforms.huoban.errors import NoAnswerError, NotSentError
from huoban_perf.platforms.huoban.identity import Speaker
from huoban_perf.platforms.huoban.limiter import Limiter
from huoban_perf.platforms.huoban.retry import Repeatable, RetryPolicy

_THROTTLE_PAUSE_S = 1.0
"""A throttled key rests so long when the platform names no time: the limit counts by the second (§3 [code])."""


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
    options: HuobanOptions
    clock: Clock
    retry: RetryPolicy
    counter: TrafficCounter


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to send as multipart form: the name shown, and the bytes."""

    name: str
    content: bytes


class AnswerReader(Protocol):
    """Turns an HTTP answer into a payload or an error; one a plane, because their envelopes differ."""

    def __call__(self, raw: RawAnswer, *, endpoint: Endpoint, now: datetime, scrub: Callable[[str], str]) -> Answer:
        """Return the payload, or raise PlatformError."""
        ...


class Transport:
    """Calls endpoints under one root as one identity."""

    def __init__(
        self,
        *,
        root: str,
        identity: Speaker | None,
        limiter: Limiter,
        wiring: Wiring,
        reader: AnswerReader = read_answer,
    ) -> None:
        """Prepare; sends nothing.

        Args:
            root: Address under which the endpoints lie.
            identity: Who asks, or None where nobody need say (control plane).
            limiter: Asked before each attempt.
            wiring: Everything shared with the connection's other transports.
            reader: Reads the plane's envelope.

        Raises:
            ProfileError: ``root`` is not an address.
        """
        self._root = check_url(root)
        self._identity = identity
        self._limiter = limiter
        self._wiring = wiring
        self._reader = reader

    def call(
        self,
        endpoint: Endpoint,
        body: object = None,
        *,
        ids: Mapping[str, str] | None = None,
        upload: Upload | None = None,
    ) -> Answer:
        """Call an endpoint, repeating attempts where that is right.

        Args:
            endpoint: What to call.
            body: JSON body, or None for none.
            ids: Ids of the path.
            upload: A file to send instead of a JSON body.

        Returns:
            The payload and the platform's request id.

        Raises:
            PlatformError: The call failed; never an exception of a library.
        """
        quoted = {name: quote(id_, safe="") for name, id_ in (ids or {}).items()}
        url = self._root + endpoint.path.format(**quoted)
        content = None if body is None else dump_json(body)
        return self._wiring.retry.run(endpoint, lambda: self._attempt(endpoint, url, content, upload))

    def _attempt(self, endpoint: Endpoint, url: str, content: bytes | None, upload: Upload | None) -> Answer:
        self._limiter.acquire()
        self._wiring.counter.add(writes=endpoint.writes)
        raw = self._send(endpoint, url, content, upload)
        try:
            return self._reader(raw, endpoint=endpoint, now=self._wiring.clock.now(), scrub=self._scrub)
        except ThrottledError as error:
            self._limiter.pause(error.retry_after_s if error.retry_after_s is not None else _THROTTLE_PAUSE_S)
            raise

    def _send(self, endpoint: Endpoint, url: str, content: bytes | None, upload: Upload | None) -> RawAnswer:
        options = self._wiring.options
        form = {"type": "attachment", "name": upload.name} if upload is not None else None
        files = {"source": (upload.name, upload.content)} if upload is not None else None
        try:
            response = self._wiring.session.request(
                endpoint.method,
                url,
                data=content if form is None else form,
                files=files,
                headers=self._headers(is_json=upload is None),
                timeout=(options.connect_timeout_s, options.read_timeout_s),
                allow_redirects=False,  # requests would send our key header on to another host
            )
        except requests.RequestException as error:
            raise silence(error, endpoint=endpoint, address=urlsplit(self._root).netloc) from error
        return RawAnswer(status=response.status_code, headers=response.headers, content=response.content)

    def _headers(self, *, is_json: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "huoban-perf"}
        if is_json:
            headers["Content-Type"] = "application/json"
        return headers if self._identity is None else {**headers, **self._identity.headers()}

    def _scrub(self, text: str) -> str:
        return text if self._identity is None else self._identity.scrub(text)


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
