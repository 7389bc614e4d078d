"""``serve`` as a process of its own beside a test: started, killed, started again, and waited for until it rests."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.flow.wire_service import SharedClock

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-path-of-more-than-24-characters"
_ROUNDS = 60
_ROUND_S = 120


class Luck(Protocol):
    """What stands between the service and its workspace.

    Attributes:
        writes: Requests of the service that write.
        pid: The service's process, to be killed; 0 for none.
        hook: Where its callbacks go.
        dead: Set when it was killed.
    """

    writes: int
    pid: int
    hook: str
    dead: threading.Event


class Nursery:
    """The process that starts the service's processes."""

    def __init__(self, folder: Path, clock_file: Path, environ: dict[str, str]) -> None:
        self._errors = (folder / "service.log").open("w+b")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flow.wire_service", str(clock_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        )

    def ask(self, *words: str, answer: bool = True) -> list[str]:
        """Say words, one a line, and return the words of the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: PT018
        stdin.write("".join(f"{word}\n" for word in words).encode())
        if not answer:
            return []
        ready, _, _ = select.select([stdout], [], [], _ROUND_S)
        assert ready, f"no answer to {words}"
        found = stdout.readline().decode().split()
        assert found, self.errors()
        return found

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode()

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.kill()
        self._process.wait(timeout=10)
        self._errors.close()


class Served:
    """A workspace with the service beside it.

    Attributes:
        luck: Between the two.
        clock: The service's clock; it moves when told.
        nursery: Starts its processes.
        store: Its file, read only.
        kills: How often it was killed.
    """

    luck: Luck
    clock: SharedClock
    nursery: Nursery
    store: sqlite3.Connection
    kills: int

    def begin(self, folder: Path, environ: dict[str, str]) -> None:
        """Start the service.

        Args:
            folder: Holds the clock's file and ``home`` with the profile ``quarter``.
            environ: The service's environment, besides the test's own.
        """
        home = folder / "home"
        secret = {"HUOBAN_PERF_HOME": str(home), "HUOBAN_PERF_CALLBACK_SECRET": SECRET}
        self.nursery = Nursery(folder, folder / "clock", {**secret, **environ})
        self._start()
        self.store = sqlite3.connect(f"file:{home / 'service.sqlite'}?mode=ro", uri=True, isolation_level=None)

    def _start(self) -> None:
        self.luck.dead.clear()
        word, pid, url = self.nursery.ask("start")
        assert word == "serving", (word, pid, url, self.nursery.errors())
        self.luck.pid = int(pid)
        self.luck.hook = f"{url}/hook/{SECRET}"

    def hints(self) -> dict[str, float]:
        """How the process that runs now judged the callbacks it was given."""
        url = self.luck.hook.partition("/hook/")[0]
        page = requests.get(f"{url}/metrics", timeout=30).text
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        return {s.labels["verdict"]: s.value for s in samples if s.name == "huoban_perf_callbacks_total"}

    def close(self) -> int:
        """End the service in good order; return its exit code."""
        *_, code = self.nursery.ask("term", "wait")
        self.luck.pid = 0
        self.store.close()
        self.nursery.close()
        return int(code)

    def abandon(self) -> None:
        """End whatever still runs, in whatever order."""
        if self.luck.pid and not self.luck.dead.is_set():
            os.kill(self.luck.pid, signal.SIGKILL)
        self.nursery.close()
        self.store.close()

    # --- time --------------------------------------------------------------------------------------------------------

    def settle(self) -> Self:
        """Move the clock on by 75 s and wait for the round, until one wrote nothing and nothing waits."""
        for _ in range(_ROUNDS):
            seen, writes = self._looked(), self.luck.writes
            self._pass(75)
            self._wait_for_round(seen)
            if self.luck.dead.is_set():
                self.kills += 1
                assert self.nursery.ask("wait") == ["ended", str(-signal.SIGKILL)]
                self._pass(240)  # the dead one's lease ends
                self._start()
            elif writes == self.luck.writes and not self._waiting():
                return self
        raise AssertionError(f"the service does not come to rest: {self._waiting()} {self.nursery.errors()}")

    def _pass(self, seconds: float) -> None:
        self.clock.move_to(datetime.fromtimestamp(self.clock.at_s + seconds, UTC))

    def _looked(self) -> float:
        """Due time of the latest look for events that is noted."""
        return float(self._count("SELECT coalesce(max(due_s), 0) FROM occurrences WHERE job = 'events'"))

    def _waiting(self) -> int:
        return int(
            self._count("SELECT count(*) FROM occurrences WHERE state IN ('due', 'running')")
            + self._count("SELECT count(*) FROM firings WHERE state = 'pending'")
        )

    def _wait_for_round(self, seen: float) -> None:
        """Wait until a look noted after ``seen`` has ended, and whatever else can run; or the process is dead."""
        busy = "SELECT count(*) FROM occurrences WHERE state = 'running' OR (state = 'due' AND not_before_s <= ?)"
        for _ in range(_ROUND_S * 50):
            if self.luck.dead.wait(0.02):
                return
            if self._looked() > seen and not self._count(busy, self.clock.at_s + 1):
                return
        raise AssertionError(f"no round ended: {self.nursery.errors()}")

    def _count(self, sql: str, *values: float) -> float:
        (found,) = self.store.execute(sql, values).fetchone()
        return float(found)
