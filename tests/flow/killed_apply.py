"""Run as a script: one command in a process that kills itself with SIGKILL at its Nth request that writes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import requests

from huoban_perf.cli.main import main


def kill_at(number: int, moment: str) -> None:
    """Arrange the kill, before or after the answer of a request to the tables plane that writes."""
    send = requests.Session.send
    sent = 0

    def counted(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal sent
        writes = request.method in {"POST", "PUT"} and "/v2/table" in str(request.url)
        sent += writes
        if writes and sent == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, request, **options)
        if writes and sent == number and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    requests.Session.send = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    kill_at(int(sys.argv[1]), sys.argv[2])
    main(sys.argv[3:])
