"""The story of the quarter in numbers: ``python -m tests.bench.quarter [--people 12|60] [--wire]``.

Clean, in memory; with ``--wire`` also over the wire with faults and kills, side by side, and whether both worlds are
the same. Requests are counted as they are made, page by page, and held against the least that would do: a look for
events is one page of each table that is watched; a job, or a round of automations, reads no table twice; all rows of
one table that one round or job changes are one write per hundred; and each such write is read back once.
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
        self._round = 0
        self._job = ""
        self.asked: Counter[str] = Counter()
        self.looks = 0
        self._unconfirmed: set[str] = set()
        self._most: dict[tuple[str, int, str], int] = {}
        self._rows: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        memory = run.company.memory
        self._scan, self._submit = memory.scan, memory.submit
        memory.scan, memory.submit = self.scan, self.submit  # type: ignore[method-assign]
        worker = run.rounds._worker
        self._run_job, worker.run_job = worker.run_job, self.run_job

    def run_job(self, claim: Claim, *, lease: Lease) -> str:
        self._round += 1
        self._job = claim.job
        self.looks += claim.job == "events"
        self._unconfirmed.clear()
        try:
            return self._run_job(claim, lease=lease)
        finally:
            self._job = ""

    def scan(self, **asked: Any) -> Iterator[Any]:
        query = asked["query"]
        kind = self._kind(query)
        place = (kind, self._round, query.table.key)
        for pages, page in enumerate(self._scan(**asked), start=1):
            if self._job:
                self.asked[kind] += 1
                self._most[place] = max(self._most.get(place, 0), pages)
            yield page

    def _kind(self, query: Any) -> str:
        """The first read of a table after a write to it reads back; the rest looks for events or reads tables."""
        if query.table.key in self._unconfirmed:
            self._unconfirmed.discard(query.table.key)
            return "back"
        if self._job == "events" and query.order.field == "updated_on":
            return "look"
        return "events" if self._job == "events" else "jobs"

    def submit(self, **asked: Any) -> Any:
        batch = asked["batch"]
        if self._job:
            self.asked["writes"] += 1
            self._unconfirmed.add(batch.table.key)
            self._rows[self._round, batch.table.key] |= {row.key or str(row.item_id) for row in batch.rows}
        return self._submit(**asked)

    def lines(self) -> list[tuple[str, int, int]]:
        """Name, requests, the least that would do."""
        watched = {machine.table.key for machine in schema().machines}
        watched |= {spec.address.keys[0] for spec in schema().automations if hasattr(spec.trigger, "events")}
        writes = sum(-(-len(keys) // _PAGE) for keys in self._rows.values())
        least = {
            kind: sum(pages for (found, *_), pages in self._most.items() if found == kind)
            for kind in ("events", "jobs")
        }
        return [
            ("looks for events", self.asked["look"], self.looks * len(watched)),
            ("tables read by automations", self.asked["events"], least["events"]),
            ("tables read by jobs", self.asked["jobs"], least["jobs"]),
            ("writes", self.asked["writes"], writes),
            ("rows read back", self.asked["back"], writes),
        ]


_EVENTS = (
    "SELECT count(DISTINCT substr(key, instr(key, '|') + 1)) FROM firings WHERE cause = 'created' OR cause LIKE 'ch%'"
)
Story = dict[str, int | str]


def main() -> None:
    """Print the story."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, choices=(12, 60), default=12)
    parser.add_argument("--wire", action="store_true")
    asked = parser.parse_args()
    people = DOZEN if asked.people == 12 or asked.wire else None
    with tempfile.TemporaryDirectory() as folder:
        clean, world, meter, fired = _clean(Path(folder) / "clean", people)
        wire = _over_the_wire(Path(folder) / "wire", world) if asked.wire else {}
    print(f"{'the quarter of ' + str(len(people or range(60))) + ' people':<34}{'clean, in memory':>18}", end="")
    print(f"{'over the wire, faults and kills':>34}" if wire else "")
    for name in {**clean, **wire}:
        print(f"{name:<34}{clean.get(name, '-'):>18}" + (f"{wire.get(name, '-'):>34}" if wire else ""))
    print(f"\n{'requests of the clean run':<34}{'made':>8}{'least':>8}")
    for name, calls, least in [*meter.lines(), _sum(meter.lines())]:
        print(f"  {name:<32}{calls:>8}{least:>8}   x{calls / max(least, 1):.2f}")
    print("\nfirings of the clean run by automation and action")
    for name, count in sorted(fired.items()):
        print(f"  {name:<36}{count:>6}")


def _sum(lines: list[tuple[str, int, int]]) -> tuple[str, int, int]:
    return "all", sum(calls for _, calls, _ in lines), sum(least for *_, least in lines)


def _clean(folder: Path, people: frozenset[str] | None) -> tuple[Story, Any, Meter, Counter[str]]:
    started = perf_counter()
    with quarter(folder, people=people) as run:
        meter = Meter(run)
        play(run)
        story, world = run.story(), run.world()
        fired = Counter(name.removeprefix("automation:") for name, *_ in run.ledger.listed())
        with run.store.step() as database:
            (events,) = database.execute(_EVENTS).fetchone()
            (notices,) = database.execute("SELECT count(*) FROM notices").fetchone()
    told = _told(story, events, notices, perf_counter() - started)
    told["requests"] = sum(calls for _, calls, _ in meter.lines())
    told["  of these writes"] = meter.asked["writes"]
    return told, world, meter, fired


def _over_the_wire(folder: Path, world: Any) -> Story:
    started = perf_counter()
    with wire_quarter(folder, people=DOZEN, luck=7) as run:
        play(run)
        story = run.story()
        (events,), (notices,) = (run.store.execute(sql).fetchone() for sql in (_EVENTS, "SELECT count(*) FROM notices"))
        told = _told(story, events, notices, perf_counter() - started)
        told["requests"] = story["requests"]
        told["  of these writes"] = story["writes"]
        told["kills of the service (-9)"] = story["kills"]
        for kind, count in story["luck"].items():
            if "kill" not in kind:
                told[kind if "callback" in kind else f"fault: {kind}"] = count
        told["same world as the clean run"] = "yes" if run.world() == world else "NO"
        told["exit code after SIGTERM"] = run.close()
    return told


def _told(story: dict[str, Any], events: int, notices: int, seconds: float) -> Story:
    return {
        "seconds": round(seconds),
        "events that set something off": events,
        **{f"firings {state}": count for state, count in sorted(story["firings"].items())},
        "runs of jobs": sum(story["jobs"].values()),
        "notices": notices,
        "rows of the run log": story["run_log"],
    }


if __name__ == "__main__":
    main()
