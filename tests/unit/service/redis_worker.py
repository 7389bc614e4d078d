"""A worker process on Redis for the two-worker test: what a second machine would run.

The job writes one line to a shared file under its lease, in two halves; the first worker is killed between them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from huoban_perf.core.clock import SystemClock
from huoban_perf.service.fence import Lease
from huoban_perf.service.occurrences import Claim
from huoban_perf.service.queue import connect_store, make_queue, run_worker
from huoban_perf.service.rounds import Rounds


def main(url: str, name: str, folder: str) -> None:
    ledger = Path(folder)

    def run_job(claim: Claim, *, lease: Lease) -> str:
        lease.check()
        with (ledger / "begun").open("a") as stream:
            stream.write(f"{name} {claim.job}\n")
        if name == "first" and claim.job == "job3":
            print("in the middle of job3", flush=True)
            sys.stdin.read()  # until the test kills this process
        lease.check()
        with (ledger / "ended").open("a") as stream:
            stream.write(f"{name} {claim.profile} {claim.job}\n")
        return "ok"

    rounds = Rounds(tenants=(), store=connect_store(url), run_job=run_job, clock=SystemClock(), name=name)
    queue = make_queue(url, rounds=rounds)
    print("serving", flush=True)
    run_worker(queue, rounds=rounds)


if __name__ == "__main__":
    main(*sys.argv[1:])
