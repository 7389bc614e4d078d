"""Pushes results to a key's callback address, sealed where an Encrypt Key is set: loopback only unless told otherwise.

How the platform pushes (method, headers, expected answer, retries) was not recovered: here it is a POST of JSON, any
status below 400 counts as arrived, and nothing is tried again. Source: openapi-v1.md §11.1 [inferred], §18.2.
"""

from __future__ import annotations

import ipaddress
import logging
from threading import Event, Thread
from urllib.parse import urlsplit

import requests

from huoban_perf.sandbox.cipher import sealed
from huoban_perf.sandbox.world.events import Push
from huoban_perf.sandbox.world.refusals import ParameterError
from huoban_perf.sandbox.world.state import World

_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


def check_address(url: str, *, anywhere: bool) -> None:
    """Refuse a callback address that is no http address, or leaves this machine.

    Args:
        url: The address.
        anywhere: Whether other machines are allowed.

    Raises:
        ParameterError: The address is refused.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ParameterError("callback_url", "an http address is expected")
    if not anywhere and not _is_loopback(parts.hostname):
        raise ParameterError("callback_url", "only this machine (127.0.0.1) may be called")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def push_due(world: World, *, session: requests.Session) -> int:
    """Push every callback that is due, each once, without holding the world while a push is under way.

    Args:
        world: Whose callbacks.
        session: Carries the pushes.

    Returns:
        How many were tried.
    """
    with world.control():
        due = world.events.due()
        sealing = world.rules.callback_encryption != "off"
    for push in due:
        try:
            answer = session.post(
                push.url,
                data=_body(push, sealing=sealing).encode(),
                headers={"Content-Type": "application/json; charset=utf-8"},
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
            arrived = answer.status_code < 400
        except requests.RequestException as error:
            _log.warning("callback %s: %s", push.callback_id, error)
            arrived = False
        with world.control():
            world.events.pushed(push, arrived=arrived)
    return len(due)


def _body(push: Push, *, sealing: bool) -> str:
    if not (sealing and push.encrypt_key):
        return push.body
    return sealed(push.body, key=push.encrypt_key, callback_id=push.callback_id)


class Pusher:
    """A thread that pushes whenever it is woken."""

    def __init__(self, world: World) -> None:
        """Take the world; nothing runs before ``start``."""
        self._world = world
        self._woken = Event()
        self._ended = False
        self._thread = Thread(target=self._run, name="sandbox-callbacks", daemon=True)

    def start(self) -> None:
        """Begin to push."""
        self._thread.start()

    def wake(self) -> None:
        """Say that callbacks may be due."""
        self._woken.set()

    def stop(self) -> None:
        """End after the push under way."""
        self._ended = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while True:
                self._woken.wait()
                self._woken.clear()
                if self._ended:
                    return
                while push_due(self._world, session=session) and not self._ended:
                    pass
