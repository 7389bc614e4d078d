"""A proxy between client and server that spoils chosen requests: before or after their effect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Kind = Literal[
    "cut before", "cut after", "502 before", "502 after", "silent after", "late", "kill before", "kill after"
]
KINDS: tuple[Kind, ...] = ("cut before", "cut after", "502 before", "502 after", "silent after")
_LATE_S = 0.5


class Asked(NamedTuple):
    """One request: its verb, its path with parameters, and its number since the last strike, from 1."""

    method: str
    path: str
    number: int


_SIZE = re.compile(r"\b(limit|pageSize)=(\d+)")
Choose = Callable[[Asked], bool]
"""Which requests are spoilt."""


def nothing(_: Asked) -> bool:
    """Choose no request."""
    return False


@dataclass
class Proxy:
    """Forwards to a server.

    Attributes:
        url: Where clients connect.
        spoil: Which requests; at most ``times`` of them.
        kind: How.
        seen: Method and path of every request.
        most: Most rows a page that the server gives, whatever is asked for (``DB_QUERY_LIMIT_MAX``); 0: as it does.
    """

    url: str = ""
    spoil: Choose = nothing
    kind: Kind = "cut before"
    times: int = 1
    most: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    released: Event = field(default_factory=Event)

    def strike(self, kind: Kind, spoil: Choose, *, times: int = 1) -> None:
        """Spoil some of the requests from now on, counted from one."""
        with self.lock:
            self.seen.clear()
            self.kind, self.spoil, self.times = kind, spoil, times

    def calm(self) -> None:
        """Spoil nothing from now on."""
        self.most = 0
        self.strike("cut before", nothing)

    def kill(self) -> None:
        """End the client; whoever strikes with a kill knows how."""
        raise NotImplementedError

    def capped(self, path: str) -> str:
        """What is asked of the server, which gives no more rows a page than ``most``."""
        if not self.most:
            return path
        return _SIZE.sub(lambda found: f"{found[1]}={min(int(found[2]), self.most)}", path)

    def verdict(self, method: str, path: str) -> Kind | None:
        """Return how the next request is spoilt, if it is."""
        with self.lock:
            self.seen.append((method, path.split("?", maxsplit=1)[0]))
            if self.times > 0 and self.spoil(Asked(method, path, len(self.seen))):
                self.times -= 1
                return self.kind
        return None


@contextmanager
def proxy(server_url: str, own: Proxy | None = None) -> Iterator[Proxy]:
    """Run a proxy on a free port of loopback; ``own`` decides what is spoilt and learns its address."""
    target = urlsplit(server_url)
    made = own or Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = made.verdict(self.command, self.path)
            if kind == "kill before":
                made.kill()
            if kind in {"cut before", "kill before"}:
                self.close_connection = True
                return
            if kind == "502 before":
                self._answer(502, b"<html>bad gateway</html>", "text/html")
                return
            onward = HTTPConnection(str(target.hostname), int(target.port or 80), timeout=60)
            try:
                headers = {name: text for name, text in self.headers.items() if name.lower() != "host"}
                onward.request(self.command, made.capped(self.path), body, headers)
                answer = onward.getresponse()
                content, status = answer.read(), answer.status
                content_type = answer.headers.get("Content-Type", "application/json")
            finally:
                onward.close()
            if kind == "late":
                made.released.wait(_LATE_S)
            if kind == "kill after":
                made.kill()
            if kind in {"cut after", "kill after"}:
                self.close_connection = True
            elif kind == "silent after":
                made.released.wait(20)
                self.close_connection = True
            elif kind == "502 after":
                self._answer(502, b"<html>bad gateway</html>", "text/html")
            else:
                self._answer(status, content, content_type)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - the server looks for these names

        def _answer(self, status: int, content: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made.url = f"http://127.0.0.1:{listening.server_port}"
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            made.released.set()
            listening.shutdown()
            thread.join()
