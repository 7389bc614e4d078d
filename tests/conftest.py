"""Isolation for every test: no network beyond loopback, no real waiting, a home and an environment of its own.

What costs much and changes nothing is done once: a shipped template is read once a process, nothing waits for the disk.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import tests.shipped  # noqa: F401 - before any module takes the name load_template

settings.register_profile(
    "house", deadline=None, derandomize=True, print_blob=False, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

_CONNECT = socket.socket.connect
_LOOPBACK = ("127.", "::1", "localhost")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else ""
    if self.family in {socket.AF_INET, socket.AF_INET6} and not str(host).startswith(_LOOPBACK):
        raise OSError(f"tests may not reach {host}")
    _CONNECT(self, address)


_SLEEP = time.sleep


def _no_sleep(seconds: float) -> None:
    if sys._getframe(1).f_globals.get("__name__") == "subprocess":  # its wait with a timeout polls
        _SLEEP(seconds)
        return
    raise AssertionError(f"a test slept {seconds} s: take a clock")


@pytest.fixture(autouse=True)
def isolation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Block the network, real sleep, waits for the disk and the user's own settings."""
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)
    monkeypatch.setattr(time, "sleep", _no_sleep)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # outlasting a power cut is not what a test can see
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HUOBAN_API_KEY", "HUOBAN_PERF_PROFILE", "HUOBAN_PERF_HOME", "HUOBAN_PERF_LANG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
