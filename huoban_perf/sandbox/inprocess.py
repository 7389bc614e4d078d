"""Mounts the application on a ``requests.Session``: the whole wire without a socket, for quick tests.

Faults that leave a client without an answer raise what ``requests`` would raise over a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from flask import Flask
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from huoban_perf.sandbox.faces.v1 import ABANDON


def mount(session: requests.Session, app: Flask, base_url: str) -> None:
    """Send a session's requests below an address to the application.

    Args:
        session: Whose requests.
        app: The application.
        base_url: Address prefix, for example ``http://sandbox.local``; nothing listens there.
    """
    session.mount(base_url, WsgiAdapter(app))


class WsgiAdapter(HTTPAdapter):
    """Calls a WSGI application where a socket would be opened."""

    def __init__(self, app: Flask) -> None:
        """Take the application."""
        super().__init__()
        self._app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Return the application's answer.

        Raises:
            ReadTimeout: A fault keeps the answer back.
            ConnectionError: A fault cuts the connection.
        """
        del stream, timeout, verify, cert, proxies
        environ = _environ(request)
        told: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> Callable[[bytes], object]:
            del error
            told.append((status, headers))
            return lambda data: data

        chunks: Iterable[bytes] = self._app(environ, start_response)
        content = b"".join(chunks)
        abandon = environ.get(ABANDON)
        if abandon == "silence":
            raise requests.exceptions.ReadTimeout("the sandbox keeps the answer back", request=request)
        if abandon == "cut":
            raise requests.exceptions.ConnectionError("the sandbox cut the connection", request=request)
        status, headers = told[-1]
        answer = HTTPResponse(
            body=BytesIO(content),
            headers=HTTPHeaderDict(headers),
            status=int(status.split(" ", 1)[0]),
            reason=status.split(" ", 1)[1],
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, answer)


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    parts = urlsplit(request.url or "")
    body: Any = request.body or b""
    content: bytes = body.encode() if isinstance(body, str) else body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, encoding="latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(content),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = str(value, "latin-1") if isinstance(value, bytes) else value  # type: ignore[redundant-expr] # requests may hold bytes
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = text
    environ["CONTENT_LENGTH"] = str(len(content))
    return environ
