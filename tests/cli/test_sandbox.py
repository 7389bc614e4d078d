from __future__ import annotations

import socket
import subprocess
import sys
import threading

import pytest
import requests

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk
from tests.unit.profile.test_connect import HOLD


def test_served_workspace_answers_until_interrupted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[str] = []

    def look(_: threading.Event) -> None:
        """Stands where the command waits for Ctrl-C."""
        url = desk._capsys.readouterr().out.strip()
        with requests.Session() as session:
            answered.append(session.get(f"{url}/_sandbox/stats", timeout=10).json()["code"])
        raise KeyboardInterrupt

    class Wait:
        wait = look

    monkeypatch.setattr(threading, "Event", _EventOnce(Wait))
    said = desk.run("sandbox", "serve", "--port", "0")
    assert said.exit is Exit.INTERRUPTED
    assert answered == [0]
    assert "已中断" in said.err


class _EventOnce:
    """Gives the real event to everybody but the command that waits for Ctrl-C."""

    def __init__(self, waiting: type) -> None:
        self._waiting, self._real = waiting, threading.Event

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def __call__(self) -> object:
        caller = sys._getframe(1).f_globals["__name__"]
        return self._waiting() if caller == "huoban_perf.cli.sandbox_commands" else self._real()


def test_taken_port_is_told(desk: Desk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = desk.run("sandbox", "serve", "--port", port)
    assert said.exit is Exit.INVALID
    assert f"端口 {port} 已被占用" in said.err


def test_workspace_that_another_process_uses_is_told(desk: Desk) -> None:
    desk.world_file.parent.mkdir(parents=True)
    command = [sys.executable, "-c", HOLD, str(desk.world_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        said = desk.run("plan")
        holder.communicate("")
    assert said.exit is Exit.INVALID
    assert "正被另一个进程使用" in said.err
    assert str(desk.world_file) in said.err
