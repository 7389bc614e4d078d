"""Commands in processes of their own that may kill themselves with SIGKILL at their Nth request.

A nursery imports the program once and forks for each command. The embedded workspace lives in the same process as the
command, so client and server die together in the middle of their work. Run as a script it is the nursery: a line of
JSON on standard input is a command, a line on standard output is how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a command ended; a negative code is the signal."""

    code: int
    out: str
    err: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Nursery:
    """Runs commands, each in a fork of one process."""

    def __enter__(self) -> Self:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HUOBAN_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flow.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=60)

    def run(self, home: Path, *words: str, kill: tuple[int, str] | None = None, writes_to: str = "") -> Ended:
        """Run a command; ``kill`` names the request and the moment ("before" or "after" its answer).

        With ``writes_to`` only requests that write to such an address are counted.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: PT018
        asked = {"home": str(home), "words": words, "kill": kill, "writes_to": writes_to}
        stdin.write(json.dumps(asked) + "\n")
        stdin.flush()
        return Ended(**json.loads(stdout.readline()))


def _nursery() -> None:
    for name in ("tests.shipped", "huoban_perf.cli.main", "huoban_perf.demo.script"):  # what each would import again
        import_module(name)
    from huoban_perf.template import load_template

    load_template("performance")
    for line in sys.stdin:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = os.fork()
            if not child:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                _command(**json.loads(line))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = {"code": code, "out": _text(out), "err": _text(err)}
        print(json.dumps(said), flush=True)


def _text(stream: Any) -> str:
    stream.seek(0)
    return str(stream.read().decode("utf-8", "replace"))


def _command(*, home: str, words: list[str], kill: list[Any] | None, writes_to: str) -> None:
    from huoban_perf.cli.main import run

    os.environ["HUOBAN_PERF_HOME"] = home
    if kill is not None:
        _kill_at(*kill, writes_to=writes_to)
    code = 70
    try:
        code = int(run(words))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _kill_at(number: int, moment: str, *, writes_to: str) -> None:
    import requests

    send, sent = requests.Session.send, 0

    def counted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal sent
        counts = not writes_to or (request.method in {"POST", "PUT"} and writes_to in str(request.url))
        sent += counts
        if counts and sent == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, request, **options)
        if counts and sent == number and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    requests.Session.send = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    _nursery()
