"""A real browser for tests: headless Chromium, spoken to over a pipe, so that nothing but the program is needed."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
MISSING = "no Chromium on this machine: apt-get install chromium fonts-noto-cjk"
_PATIENCE_S = 40.0


class Browser:
    """One browser with one page."""

    def __init__(self, inlet: int, outlet: int) -> None:
        self._inlet, self._outlet = inlet, outlet
        self._buffer, self._last = b"", 0
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> dict[str, Any]:
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._inlet, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._last:
            self.events.append(answer)
        assert "error" not in answer, answer
        result = answer["result"]
        assert isinstance(result, dict)
        return result

    def open(self, url: str) -> None:
        self.events.clear()
        self.call("Page.navigate", url=url)
        self._wait_for("Page.loadEventFired")

    def reload(self) -> None:
        self.events.clear()
        self.call("Page.reload")
        self._wait_for("Page.loadEventFired")

    def evaluate(self, script: str) -> Any:
        found = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def said(self, method: str) -> list[dict[str, Any]]:
        """Return what the browser told about one kind of event since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def _wait_for(self, method: str) -> None:
        while not self.said(method):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._outlet], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._outlet, 1 << 16)
            assert piece, "the browser has gone"
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(line)
        assert isinstance(message, dict)
        return message


@contextmanager
def browser(home: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile; end it with its own command."""
    assert PROGRAM is not None
    to_child, from_child = os.pipe(), os.pipe()
    child_in, child_out = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (to_child[0], from_child[1]))
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command = [PROGRAM, *flags, "--remote-debugging-pipe", f"--user-data-dir={home}"]
    process = subprocess.Popen(
        ["bash", "-c", f'exec "$0" "$@" 3<&{child_in} 4>&{child_out}', *command],
        pass_fds=(child_in, child_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (child_in, child_out, to_child[0], from_child[1]):
        os.close(end)
    try:
        page = Browser(to_child[1], from_child[0])
        yield page
        page._session = None
        page.call("Browser.close")
    finally:
        os.close(to_child[1])
        os.close(from_child[0])
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)
