"""Run as a script: the demo in a process that kills itself with SIGKILL at its Nth request, before or after the answer.

The embedded workspace lives in the same process, so client and server die together in the middle of their work.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import requests

from huoban_perf.cli.main import main


def kill_at(number: int, moment: str) -> None:
    """Arrange the kill."""
    send = requests.Session.send
    sent = 0

    def counted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal sent
        sent += 1
        if sent == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, request, **options)
        if sent == number and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    requests.Session.send = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    kill_at(int(sys.argv[1]), sys.argv[2])
    main(["demo", "-o", "json"])
