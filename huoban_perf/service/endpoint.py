"""The HTTP side: callbacks come in as hints; health and metrics go out.

How the platform pushes (shape, signature, cipher) was not recovered, so what a body says is never believed: who knows
the secret path may say "look again", and the poll that follows reads the rows through the API. Where an Encrypt Key is
agreed, an encrypted body must open with it. Everything else gets the same empty 404. Source: openapi-v1.md §11,
automation-plane.md §10.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import ServiceError
from huoban_perf.service.decipher import Decipher, sealed_part
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.store import SqliteStore

BODY_BYTES = 256 * 1024
REPLAY_WINDOW = timedelta(minutes=10)
SECRET_LENGTH = 24
"""A shorter secret path could be guessed."""
_LOOP_WAIT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What the endpoint needs.

    Attributes:
        secret: The secret part of the callback path; empty turns callbacks off.
        store: Remembers bodies for the replay window.
        metrics: Counted and shown.
        clock: Time.
        poke: Called for every hint that counts.
        is_healthy: Whether rounds still happen.
        decipher: Opens encrypted bodies, or None where no Encrypt Key is agreed: then a cipher text is a hint like any.
    """

    secret: str = field(repr=False)
    store: SqliteStore
    metrics: Metrics
    clock: Clock
    poke: Callable[[], None]
    is_healthy: Callable[[], bool]
    decipher: Decipher | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a secret that could be guessed."""
        if self.secret and len(self.secret) < SECRET_LENGTH:
            raise ServiceError("service.short_secret", facts={"length": SECRET_LENGTH})


def create_endpoint(endpoint: Endpoint) -> Flask:
    """Return the WSGI application.

    Args:
        endpoint: What it needs.

    Returns:
        An application with ``POST /hook/<secret>``, ``GET /health`` and ``GET /metrics``.
    """
    app = Flask("huoban_perf.service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES

    @app.post("/hook/<path:secret>")
    def hook(secret: str) -> Response:
        return _hook(endpoint, secret)

    @app.get("/health")
    def health() -> Response:
        healthy = endpoint.is_healthy()
        ends = sorted(endpoint.metrics.audit_ends.items())
        said = ["ok" if healthy else "stalled", *(f"audit {profile} {end}" for profile, end in ends)]
        return _answer(200 if healthy else 503, ("\n".join(said) + "\n").encode())

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(endpoint.metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return _answer(413 if isinstance(error, RequestEntityTooLarge) else 404)

    return app


def _hook(endpoint: Endpoint, secret: str) -> Response:
    if not endpoint.secret or not hmac.compare_digest(secret.encode(), endpoint.secret.encode()):
        endpoint.metrics.hinted("unknown")
        return _answer(404)
    body = request.get_data(cache=False)
    sealed = sealed_part(body) if endpoint.decipher is not None else None
    if sealed is not None and endpoint.decipher is not None:
        opened = endpoint.decipher.opened(sealed)
        if opened is None:
            endpoint.metrics.hinted("unreadable")
            return _answer(404)
        body = opened  # the same event comes under another IV each time
    if is_replay(endpoint.store, body, clock=endpoint.clock):
        endpoint.metrics.hinted("replay")
        return _answer(200)
    endpoint.metrics.hinted("accepted")
    endpoint.poke()
    return _answer(200)


def is_replay(store: SqliteStore, body: bytes, *, clock: Clock) -> bool:
    """Return whether the same body came within the window, and remember it.

    Args:
        store: Where bodies are remembered, by digest.
        body: What came.
        clock: Time.

    Returns:
        True for a repetition.
    """
    now_s = clock.now().timestamp()
    with store.step() as database:
        database.execute("DELETE FROM seen_bodies WHERE at_s <= ?", (now_s - REPLAY_WINDOW.total_seconds(),))
        fresh = database.execute(
            "INSERT OR IGNORE INTO seen_bodies VALUES (?, ?)", (hashlib.sha256(body).hexdigest(), now_s)
        ).rowcount
    return not fresh


def _answer(status: int, body: bytes = b"") -> Response:
    return Response(body, status=status, content_type="text/plain; charset=utf-8")


@contextmanager
def listening(app: Flask, *, host: str, port: int) -> Iterator[str]:
    """Serve the application from a thread for the length of a ``with`` block.

    Args:
        app: The application.
        host: Address to listen on; keep it on this machine and put the company's TLS proxy before it.
        port: Port; 0 takes a free one.

    Yields:
        The address.

    Raises:
        ServiceError: The port is taken.
    """
    from waitress.server import create_server  # type: ignore[import-untyped]

    sockets: dict[int, object] = {}
    ending = threading.Event()
    try:
        server = create_server(app, host=host, port=port, threads=2, ident=None, map=sockets)
    except OSError as error:
        raise ServiceError("service.port_taken", facts={"port": port}) from error

    def run() -> None:
        while not ending.is_set():
            server.asyncore.loop(timeout=_LOOP_WAIT_S, map=sockets, use_poll=True, count=1)

    thread = threading.Thread(target=run, name="endpoint", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.effective_port}"
    finally:
        ending.set()
        server.pull_trigger()
        thread.join()
        server.task_dispatcher.shutdown(cancel_pending=True)
        server.asyncore.close_all(sockets, ignore_all=True)
