"""Opens a world, makes the WSGI application over it, and serves it on this machine only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import waitress  # type: ignore[import-untyped]
from flask import Flask, Response, request

from huoban_perf.core.clock import Clock, SystemClock
from huoban_perf.core.errors import ProfileError
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.callbacks import Pusher
from huoban_perf.sandbox.faces.control import control_face
from huoban_perf.sandbox.faces.paas import paas_face
from huoban_perf.sandbox.faces.v1 import ABANDON, Gate, v1_face
from huoban_perf.sandbox.faces.v2 import v2_face
from huoban_perf.sandbox.faults import FaultBook
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.throttle import Throttle
from huoban_perf.sandbox.web.asking import sorry
from huoban_perf.sandbox.web.face import web_face
from huoban_perf.sandbox.web.guard import LOOPBACK, harden, settle_session
from huoban_perf.sandbox.web.port import Behaviour
from huoban_perf.sandbox.web.site import Site
from huoban_perf.sandbox.world.state import World

_HOST = "127.0.0.1"
_MACHINES = ("/openapi", "/v2", "/paas", "/_sandbox")
_SITE = "huoban_perf.site"
_LOCAL = frozenset({"127.0.0.1", "::1"})
_THREADS = 8
_BODY_MAX_BYTES = 256 * 1024 * 1024
_SILENCE_MAX_S = 600.0
"""A request that shall never be answered is let go after so long, or when the server stops."""
_SILENCE_LOOK_S = 0.1
_LOOP_WAIT_S = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """How the pages for people are shown.

    Attributes:
        behaviour: What happens beyond the data; None: nothing.
        hosts: Names by which the site may be called, without port; None for any.
    """

    behaviour: Behaviour | None = None
    hosts: frozenset[str] | None = None


StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def open_world(path: Path | None, *, start: datetime, seed: int) -> World:
    """Open the world in a file, or begin one.

    Args:
        path: SQLite file, made when missing; None for a world in memory.
        start: First instant of a new world, aware; a world that stands keeps its own.
        seed: Chooses the ids of a new world.

    Returns:
        The world; one process at a time may have it open.

    Raises:
        ProfileError: The file is in use, no world, or of another format.
    """
    return World(Store(path), start=start, seed=seed)


def _nothing() -> None:
    return None


def create_app(
    world: World,
    *,
    clock: Clock | None = None,
    after_call: Callable[[], None] = _nothing,
    push_anywhere: bool = False,
    pages: Pages | None = None,
) -> Flask:
    """Return the application: the platform's faces, the control plane, and the pages for people.

    Args:
        world: What it serves.
        clock: Real time for the limit of requests; the machine's when None.
        after_call: Told after each call; ``serve`` pushes callbacks then. Without it callbacks are only listed.
        push_anywhere: Whether callback addresses may leave this machine.
        pages: How the pages are shown; None: with nothing happening by itself, under any name.
    """
    shown = pages or Pages()
    gate = Gate(
        world=world,
        faults=FaultBook(),
        throttle=Throttle(clock or SystemClock()),
        after_call=after_call,
        push_anywhere=push_anywhere,
    )
    app = Flask("huoban_perf.sandbox", static_folder=None)
    app.register_blueprint(v1_face(gate))
    app.register_blueprint(v2_face(gate))
    app.register_blueprint(paas_face(gate))
    app.register_blueprint(control_face(gate))
    settle_session(app)
    site = Site(world, shown.behaviour)
    app.register_blueprint(web_face(site, hosts=shown.hosts))
    app.extensions[_SITE] = site
    app.before_request(_machines_are_local)

    @app.errorhandler(404)
    @app.errorhandler(405)
    def unknown(error: Exception) -> Response:
        del error
        if request.accept_mimetypes.best == "text/html" and not request.path.startswith(_MACHINES):
            return harden(sorry(404))
        return Response(_own_envelope(501, "unknown method"), mimetype="application/json")

    @app.errorhandler(500)
    def broken(error: Exception) -> Response:
        _log.error("the sandbox failed", exc_info=error)
        return Response(_own_envelope(500, "internal error of the sandbox"), status=500, mimetype="application/json")

    return app


def _machines_are_local() -> Response | None:
    """Let only the pages be used from elsewhere: keys of the sandbox protect nothing, and control asks for none."""
    if request.blueprint == "web" or request.remote_addr in {None, *_LOCAL}:
        return None
    return Response(_own_envelope(403, "only from this machine"), status=403, mimetype="application/json")


def _own_envelope(code: int, message: str) -> str:
    return wire.write({"code": code, "message": message, "data": {}, "meta": {"trace_id": "0" * 16}})


class RunningServer:
    """A served world; a context manager that ends cleanly."""

    def __init__(self, *, application: Flask, listening: socket, threads: int, pusher: Pusher) -> None:
        """Take what it serves and a bound socket; nothing is answered before ``start``."""
        self._prepare: Callable[[], None] = application.extensions[_SITE].prepare
        self._ending = Event()
        self._sockets: dict[int, Any] = {}
        self._pusher = pusher
        logging.getLogger("waitress.queue").setLevel(
            logging.ERROR
        )  # a request that waits its turn is no news for a terminal
        self._server = waitress.create_server(
            self._unless_abandoned(application),
            map=self._sockets,
            sockets=[listening],
            threads=threads,
            channel_request_lookahead=1,
            max_request_body_size=_BODY_MAX_BYTES,
            clear_untrusted_proxy_headers=True,
            ident="huoban-sandbox",
        )
        host, port = listening.getsockname()[:2]
        self.url = f"http://{_HOST if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - asked for by name
        self._thread = Thread(target=self._run, name="sandbox-server", daemon=True)

    def prepare(self) -> None:
        """Index what the pages ask for before anybody asks."""
        self._prepare()

    def start(self) -> Self:
        """Begin to answer."""
        self._pusher.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """End: requests under way are finished, connections closed, threads gone."""
        if self._ending.is_set():
            return
        self._ending.set()
        if self._thread.is_alive():
            self._server.pull_trigger()
            self._thread.join()
        self._server.task_dispatcher.shutdown(cancel_pending=True)
        self._server.asyncore.close_all(self._sockets, ignore_all=True)
        self._pusher.stop()

    def __enter__(self) -> Self:
        """Begin to answer."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.stop()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._server.asyncore.loop(timeout=_LOOP_WAIT_S, map=self._sockets, use_poll=True, count=1)

    def _unless_abandoned(self, application: Application) -> Application:
        """Carry out the faults that leave a client without an answer."""

        def abandoning(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            body = application(environ, start_response)
            abandon = environ.get(ABANDON)
            if abandon is None:
                return body
            if abandon == "silence":
                self._keep_silent(environ.get("waitress.client_disconnected"))
            return _cut(environ, body)

        return abandoning

    def _keep_silent(self, is_gone: Callable[[], bool] | None) -> None:
        """Hold a request until its client gives up, the server ends, or a long time has passed."""
        for _ in range(int(_SILENCE_MAX_S / _SILENCE_LOOK_S)):
            if self._ending.wait(_SILENCE_LOOK_S) or (is_gone is not None and is_gone()):
                return


def _cut(environ: dict[str, Any], body: Iterable[bytes]) -> Iterable[bytes]:
    """End the connection of a request; waitress shows its channel through the check it offers for disconnects."""
    channel = getattr(environ.get("waitress.client_disconnected"), "__self__", None)
    connection = getattr(channel, "socket", None)
    if connection is not None:
        connection.shutdown(2)
    return body


def serve(
    world: World,
    *,
    port: int = 0,
    push_anywhere: bool = False,
    host: str = _HOST,
    behaviour: Behaviour | None = None,
) -> RunningServer:
    """Serve a world, on 127.0.0.1 unless told otherwise; from elsewhere only the pages can be used.

    Args:
        world: What is served; it stays open when the server ends.
        port: Port, or 0 for any that is free.
        push_anywhere: Whether callback addresses may leave this machine.
        host: Address to listen on.
        behaviour: What happens beyond the data when people use the pages; None: nothing.

    Returns:
        The server, to be used as a context manager or with ``start`` and ``stop``.

    Raises:
        ProfileError: The port is taken.
    """
    pusher = Pusher(world)
    pages = Pages(behaviour=behaviour, hosts=LOOPBACK if host in _LOCAL else None)
    app = create_app(world, after_call=pusher.wake, push_anywhere=push_anywhere, pages=pages)
    listening = socket()
    listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise ProfileError("sandbox.port_taken", facts={"port": port, "reason": str(error)}) from error
    return RunningServer(application=app, listening=listening, threads=_THREADS, pusher=pusher)
