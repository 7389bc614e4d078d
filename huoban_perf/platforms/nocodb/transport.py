"""One call to the server: request, answer, retries. The only module of this adapter that sends HTTP.

Retries, silence and counting are those of every adapter (``calls``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests

from huoban_perf.platforms.calls.identity import Identity, SecretHeader, checked_key
from huoban_perf.platforms.calls.options import check_url
from huoban_perf.platforms.calls.wire import RawAnswer, Wiring, dump_json, silence
from huoban_perf.platforms.nocodb.answers import read_answer
from huoban_perf.platforms.nocodb.endpoints import Endpoint


class Transport:
    """Calls a server with one token."""

    def __init__(self, *, root: str, token: str, wiring: Wiring) -> None:
        """Prepare; sends nothing.

        Args:
            root: The server's address.
            token: API token.
            wiring: Session, timeouts, clock, retries, counter.

        Raises:
            AccessError: The token is empty, or not something that can stand in a header.
            ProfileError: ``root`` is not an address.
        """
        self._root = check_url(root)
        self._identity = Identity(secrets=(SecretHeader(name="xc-token", secret=checked_key(token)),))
        self._wiring = wiring

    @property
    def root(self) -> str:
        """The server's address, without a stroke at its end."""
        return self._root.rstrip("/")

    def call(
        self,
        endpoint: Endpoint,
        body: object = None,
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a route, repeating attempts where that is right.

        Args:
            endpoint: What to call.
            body: JSON body, or None for none.
            ids: Ids of the path.
            query: Parameters of the address.

        Returns:
            The payload: JSON with Decimals.

        Raises:
            PlatformError: The call failed; never an exception of a library.
        """
        content = None if body is None else dump_json(body)
        return self._run(endpoint, ids=ids, query=query, content=content)

    def upload(self, endpoint: Endpoint, *, name: str, content: bytes, query: Mapping[str, str]) -> Any:
        """Send a file as a multipart form; a repeat only leaves a file that no item holds.

        Args:
            endpoint: Where to.
            name: Its name.
            content: Its bytes.
            query: Parameters of the address.

        Returns:
            The payload.

        Raises:
            PlatformError: The call failed.
        """
        return self._run(endpoint, query=query, files={"file": (name, content)})

    def fetch(self, endpoint: Endpoint, *, path: str) -> bytes:
        """Return the bytes that stand at a path under the server's address.

        Args:
            endpoint: What it is.
            path: The path, as the server named it.

        Returns:
            The bytes.

        Raises:
            PlatformError: The call failed.
        """
        url = f"{self._root}/{quote(path.lstrip('/'))}"
        return self._wiring.retry.run(endpoint, lambda: self._bytes(endpoint, url))

    def _bytes(self, endpoint: Endpoint, url: str) -> bytes:
        raw = self._send(endpoint, url, headers=self._identity.headers())
        if raw.status != 200:
            read_answer(raw, endpoint=endpoint, scrub=self._identity.scrub)
        return raw.content

    def _run(
        self,
        endpoint: Endpoint,
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> Any:
        quoted = {name: quote(id_, safe="") for name, id_ in (ids or {}).items()}
        url = self._root + endpoint.path.format(**quoted) + (f"?{urlencode(query)}" if query else "")
        headers = self._headers() if files is None else {"Accept": "application/json", **self._identity.headers()}

        def attempt() -> Any:
            raw = self._send(endpoint, url, headers=headers, content=content, files=files)
            return read_answer(raw, endpoint=endpoint, scrub=self._identity.scrub)

        return self._wiring.retry.run(endpoint, attempt)

    def _send(
        self,
        endpoint: Endpoint,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> RawAnswer:
        self._wiring.counter.add(writes=endpoint.writes)
        options = self._wiring.options
        try:
            response = self._wiring.session.request(
                endpoint.method,
                url,
                data=content,
                files=files,
                headers=headers,
                timeout=(options.connect_timeout_s, options.read_timeout_s),
                allow_redirects=False,  # requests would send our token on to another host
            )
        except requests.RequestException as error:
            raise silence(error, endpoint=endpoint, address=urlsplit(self._root).netloc) from error
        return RawAnswer(status=response.status_code, headers=response.headers, content=response.content)

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json", "Content-Type": "application/json", **self._identity.headers()}
