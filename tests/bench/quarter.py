"""The story of the quarter in numbers: ``python -m tests.bench.quarter [--people 12|60] [--wire]``.

Clean, in memory; with ``--wire`` also over the wire with faults and kills, and whether both worlds are the same. Calls
are held against a minimum: a look at the events of n tables is n reads, a job reads each of its tables once, page by
page, and all rows of one table that change in one round are one write per hundred.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from huoban_perf.service.fence import Lease
from huoban_perf.service.occurrences import Claim
from tests.flow.quarter import Quarter, quarter
from tests.flow.quarter_company import DOZEN
from tests.flow.quarter_script import play
from tests.flow.quarter_wire import wire_quarter
from tests.unit.sync.company import schema

_PAGE = 100


class Meter:
    """Counts what one run asks of the platform, and what would have been enough."""

    def __init__(self, run: Quarter) -> None:
        self._run = run
        self._round = 0
        self._job = ""
        self.reads: Counter[str] = Counter()
        self.looks = 0
        self.pages: dict[tuple[int, str, str], int] = {}
        self.rows: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        memory = run.company.memory
        self._scan, self._submit = memory.scan, memory.submit
        memory.scan, memory.submit = self.scan, self.submit  # type: ignore[method-assign]
        worker = run.rounds._worker
        self._run_job, worker.run_job = worker.run_job, self.run_job

    def run_job(self, claim: Claim, *, lease: Lease) -> str:
        self._round += 1
        self._job = claim.job
        self.looks += claim.job == "events"
        try:
            return self._run_job(claim, lease=lease)
        finally:
            self._job = ""

    def scan(self, **asked: Any) -> Iterator[Any]:
        table = asked["query"].table.key
        pages = list(self._scan(**asked))
        if self._job:
            kind = "events" if self._job == "events" else "jobs"
            self.reads[kind] += len(pages)
            if kind == "jobs":
                place = (self._round, self._job, table)
                self.pages[place] = max(self.pages.get(place, 0), len(pages))
        yield from pages

    def submit(self, **asked: Any) -> Any:
        batch = asked["batch"]
        self.rows[self._round, batch.table.key] |= {row.key or str(row.item_id) for row in batch.rows}
        return self._submit(**asked)

    def lines(self) -> list[tuple[str, int, int]]:
        """Name, calls, minimum."""
        watched = {machine.table.key for machine in schema().machines}
        watched |= {spec.address.keys[0] for spec in schema().automations if hasattr(spec.trigger, "events")}
        least = sum(-(-len(keys) // _PAGE) for keys in self.rows.values())
        return [
            ("reads: looking for events", self.reads["events"], self.looks * len(watched)),
            ("reads: jobs", self.reads["jobs"], sum(self.pages.values())),
            ("writes", self._run.company.memory.writes, least),
        ]


def main() -> None:
    """Print the story."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, choices=(12, 60), default=12)
    parser.add_argument("--wire", action="store_true")
    asked = parser.parse_args()
    people = DOZEN if asked.people == 12 or asked.wire else None
    with tempfile.TemporaryDirectory() as folder:
        started = perf_counter()
        with quarter(Path(folder) / "clean", people=people) as run:
            meter = Meter(run)
            play(run)
            world, story = run.world(), run.story()
            fired = Counter(name.removeprefix("automation:") for name, *_ in run.ledger.listed())
        _show(f"clean, in memory, {len(people or range(60))} people", story, perf_counter() - started)
        for name, calls, least in meter.lines():
            print(f"  {name:<28}{calls:>7}   minimum {least:>6}   x{calls / least:.2f}")
        print("  firings by automation and action:")
        for name, count in sorted(fired.items()):
            print(f"    {name:<36}{count:>6}")
        if asked.wire:
            started = perf_counter()
            with wire_quarter(Path(folder) / "wire", people=DOZEN, luck=7) as wire:
                play(wire)
                _show("over the wire, faults and kills", wire.story(), perf_counter() - started)
                print(f"  the same world as the clean run: {'yes' if wire.world() == world else 'NO'}")
                print(f"  exit code after SIGTERM: {wire.close()}")


def _show(title: str, story: dict[str, Any], seconds: float) -> None:
    print(f"{title}: {seconds:.0f} s")
    for name, value in story.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        print(f"  {name}: {shown}")


if __name__ == "__main__":
    main()
