"""One call: limiter, request, envelope, retries. The only module that touches HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests

from huoban_perf.core.errors import ThrottledError
from huoban_perf.platforms.calls.identity import Speaker
from huoban_perf.platforms.calls.options import check_url
from huoban_perf.platforms.calls.wire import RawAnswer, Wiring, dump_json, silence
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.envelope import Answer, read_answer
from huoban_perf.platforms.huoban.limiter import Limiter

_THROTTLE_PAUSE_S = 1.0
"""A throttled key rests so long when the platform names no time: the limit counts by the second (§3 [code])."""


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
