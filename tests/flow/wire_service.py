"""A nursery of service processes for the quarter over the wire: everything is imported once, each start is a fork.

``serve`` itself runs, with the HTTP adapter and its own threads; only the clock and the pause between rounds follow a
shared file that the test moves. Words on standard input: ``start`` (a new process), ``term`` (SIGTERM to it), ``wait``
(until it is gone). Answers: ``serving <pid> <url>``, ``ended <status>``.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path

from huoban_perf.cli.serving import ServeOptions, serve
from huoban_perf.cli.session import Settings
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.platforms.calls.options import CallOptions
from huoban_perf.platforms.huoban import HuobanOptions
from huoban_perf.platforms.nocodb import connect as connect_nocodb

_PLACE = struct.Struct("<dd")
READ_TIMEOUT_S = 2.0
SERVER_TIMEOUT_S = 5.0
"""A real server may be slow on a busy machine."""


class SharedClock:
    """Time in a file: one number that the test moves, one that sleeping moves; and a little with every look."""

    def __init__(self, file: Path) -> None:
        with file.open("r+b") as stream:
            self._memory = mmap.mmap(stream.fileno(), _PLACE.size)
        self._looks = 0
        self._resumed_s = self.at_s

    @staticmethod
    def create(file: Path, moment: datetime) -> SharedClock:
        file.write_bytes(_PLACE.pack(moment.timestamp(), 0.0))
        return SharedClock(file)

    @property
    def at_s(self) -> float:
        moved, slept = _PLACE.unpack(self._memory[:])
        return float(moved + slept)

    def move_to(self, moment: datetime) -> None:
        """The test sets the time; it never goes back."""
        moved, slept = _PLACE.unpack(self._memory[:])
        self._memory[: _PLACE.size] = _PLACE.pack(max(moved, moment.timestamp() - slept), slept)

    def now(self) -> datetime:
        self._looks += 1
        return datetime.fromtimestamp(self.at_s + self._looks * 1e-4, UTC)

    def monotonic_s(self) -> float:
        return self.at_s

    def sleep(self, seconds: float) -> None:
        """Sleeping costs nothing, but it is later afterwards."""
        moved, slept = _PLACE.unpack(self._memory[:])
        self._memory[: _PLACE.size] = _PLACE.pack(moved, slept + seconds)

    def pause(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, or until so much shared time has passed since the last pause ended.

        Time may have been moved while the round was under way; then there is nothing to wait for.
        """
        while not (is_set := event.wait(0.01)) and self.at_s < self._resumed_s + seconds:
            pass
        self._resumed_s = self.at_s
        return is_set


def _serve(clock: SharedClock) -> None:
    settings = replace(Settings.of(os.environ, lang="zh", profile="quarter"), clock=clock)
    # A silent workspace is given up after seconds, not after a minute: this is the one wait that is real.
    module = import_module("huoban_perf.profile.connect")
    module.HuobanOptions = partial(HuobanOptions, read_timeout_s=READ_TIMEOUT_S)  # type: ignore[attr-defined]
    module = import_module("huoban_perf.profile.nocodb")
    patience = CallOptions(read_timeout_s=SERVER_TIMEOUT_S)
    module.connect_server = partial(connect_nocodb, patience=patience)  # type: ignore[attr-defined]

    def ready(url: str) -> None:
        print(f"serving {os.getpid()} {url}", flush=True)

    port = int(os.environ.get("QUARTER_PORT", "0"))
    serve(settings, ServeOptions(port=port, poll_s=60), ready=ready, pause=clock.pause)


def main(file: str) -> None:
    clock, child = SharedClock(Path(file)), 0
    for word in sys.stdin:
        match word.strip():
            case "start":
                child = os.fork()
                if child == 0:
                    code = 1
                    try:
                        _serve(clock)
                        code = 0
                    except HuobanPerfError as error:
                        print(f"failed {error.code} {dict(error.facts)}", flush=True)
                    finally:
                        os._exit(code)
            case "term":
                os.kill(child, signal.SIGTERM)
            case "wait":
                _, status = os.waitpid(child, 0)
                print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
