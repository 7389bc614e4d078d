"""Bad luck between the sandbox and one client: requests fail, callbacks go astray, the client's process is killed.

WSGI middleware around the sandbox's application; everybody else's requests pass untouched.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import cycle
from random import Random
from typing import Any

import requests
from flask import Flask

RELAY = "/relay"
_READ_FAULTS = ("throttle", "http_5xx_envelope", "cut_connection")
_WRITE_FAULTS = (*_READ_FAULTS, "cut after effect", "timeout_after_effect")
_KILLS = ("kill before", "kill after", "kill before", "kill after")
_KILL_EVERY = 60
"""Writes among which one is drawn for a kill: how many there are depends on how fast the machine is."""
StartResponse = Callable[..., Any]


class BadLuck:
    """Strikes the requests of one key, and the callbacks that go to one address.

    Attributes:
        struck: What happened, by kind.
        requests: Requests of the key.
        writes: Those among them that write.
        hook: Where callbacks are passed on; empty while nobody listens.
        pid: Process to be killed; 0 for none.
        dead: Set when it was killed.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]
        self._control = app.test_client()
        self._luck: Random | None = None
        self._key = ""
        self._late: list[bytes] = []
        self._session = requests.Session()
        self._session.trust_env = False
        self.struck: Counter[str] = Counter()
        self.requests = self.writes = self.pid = 0
        self._kills: dict[int, str] = {}
        self._turn = cycle(_WRITE_FAULTS)
        self.silences = 2
        """Answers that never come cost their client real seconds, so there are few."""
        self.hook = ""
        self.dead = threading.Event()

    def watch(self, key: str, *, luck: Random | None) -> None:
        """Count the requests of a key, and strike them by a source of luck."""
        self._key, self._luck = f"Bearer {key}", luck
        if luck is not None:
            self._kills = {
                place * _KILL_EVERY + luck.randrange(1, _KILL_EVERY): kind for place, kind in enumerate(_KILLS)
            }

    def close(self) -> None:
        """End what passes callbacks on."""
        self._session.close()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == RELAY:
            return self._relay(environ, start_response)
        if not self._key or environ.get("HTTP_OPEN_AUTHORIZATION") != self._key:
            return self._app(environ, start_response)
        writes = environ["REQUEST_METHOD"] == "PUT" or environ["PATH_INFO"].endswith(("/item", "/items"))
        self.requests += 1
        self.writes += writes
        match self._fate(writes=writes):
            case "kill before":
                self._kill()
                return self._nothing(start_response)
            case "kill after":
                answer = b"".join(self._app(environ, start_response))
                self._kill()
                return [answer]
            case "":
                pass
            case kind:
                self._arrange(kind)
        return self._app(environ, start_response)

    def _fate(self, *, writes: bool) -> str:
        if self._luck is None:
            return ""
        kind = self._kills.pop(self.writes, "") if writes else ""
        if not kind and self._luck.random() < (0.06 if writes else 0.003):
            kind = next(self._turn) if writes else self._luck.choice(_READ_FAULTS)
        if kind == "timeout_after_effect":
            self.silences -= 1
            kind = kind if self.silences >= 0 else "cut after effect"
        if kind:
            self.struck[kind] += 1
        return kind

    def _arrange(self, kind: str) -> None:
        after = kind == "cut after effect"
        fault = {"endpoint": "*", "kind": "cut_connection" if after else kind, "after_effect": after}
        self._control.post("/_sandbox/faults", json={"faults": [fault]})

    def _kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.hook = ""
        self.dead.set()

    def _nothing(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return [b""]

    # --- callbacks -----------------------------------------------------------------------------------------------

    def _relay(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        fate = "once" if self._luck is None else self._luck.choice(("once", "once", "once", "lost", "late", "twice"))
        self.struck[f"callback {fate}"] += 1
        self.struck["callback sealed" if body.startswith(b'{"encrypted"') else "callback in clear"] += 1
        waiting, self._late = self._late, []
        if fate == "late":
            self._late.append(body)
        elif fate != "lost":
            waiting.insert(0, body)
        for one in waiting + ([body] if fate == "twice" else []):
            self._pass_on(one)
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    def _pass_on(self, body: bytes) -> None:
        hook = self.hook
        if hook:
            try:
                self._session.post(hook, data=body, timeout=5)
            except requests.RequestException:
                self.struck["callback unheard"] += 1
