"""A process for the tests of several: what a worker on Redis, the one that looks for events, or an instance runs.

Its job writes a line to a shared file as it begins and as it ends, under its lease; a process that is told a word stops
there in the middle, until the test kills it.
"""

from __future__ import annotations

import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from huoban_perf.core.clock import SystemClock
from huoban_perf.service.fence import Lease
from huoban_perf.service.occurrences import Claim, Share
from huoban_perf.service.queue import connect_store, make_queue, run_worker
from huoban_perf.service.rounds import EVENTS_JOB, Rounds, Tenant, run_forever
from huoban_perf.service.store import SqliteStore


def main(url: str, name: str, folder: str, stops_in: str = "", role: str = "all") -> None:
    ledger = Path(folder)

    def note(file: str, claim: Claim) -> None:
        with (ledger / file).open("a") as stream:
            stream.write(f"{name} {claim.profile} {claim.job} {claim.fence}\n")

    def run_job(claim: Claim, *, lease: Lease) -> str:
        lease.check()
        note("begun", claim)
        if claim.job == stops_in:
            print(f"in the middle of {claim.job}", flush=True)
            sys.stdin.read()  # until the test kills this process
        lease.check()
        note("ended", claim)
        return "ok"

    share = {"all": Share(), "jobs": Share(without=EVENTS_JOB), "events": Share(only=EVENTS_JOB)}[role]
    tenants = (Tenant(profile="company0", schedules=(), poll=timedelta(seconds=1)),) if role == "events" else ()
    store = connect_store(url) if url.startswith("redis") else SqliteStore(Path(url))
    rounds = Rounds(tenants=tenants, store=store, run_job=run_job, clock=SystemClock(), name=name, share=share)
    print("serving", flush=True)
    if url.startswith("redis") and role != "events":
        print(f"ran {rounds.tick()}", flush=True)
        run_worker(make_queue(url, rounds=rounds), rounds=rounds)
        return
    stop, poked = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: (stop.set(), poked.set()))
    run_forever(rounds, stop=stop, poked=poked, pause_s=0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
