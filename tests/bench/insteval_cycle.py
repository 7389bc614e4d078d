"""InstEval from 公示 to 公布 through the jobs, in figures: ``python -m tests.bench.insteval_cycle [D07,D01|all]``."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import perf_counter, process_time

from huoban_perf.service.occurrences import State
from tests.flow.insteval_cycle import CYCLE, Teaching, means, play, teaching


def main(departments: str = "D07") -> None:
    """Print what one run came to."""
    chosen = None if departments == "all" else frozenset(departments.split(","))
    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder, teaching(Path(folder), departments=chosen) as run:
        ready, cpu = perf_counter(), process_time()
        before = run.app.connection.traffic.traffic()
        play(run, after=_Parts(run))
        after = run.app.connection.traffic.traffic()
        sheets = run.rows("appraisal")
        right = sum(
            Decimal(str(sheets[f"[{CYCLE}|{lecturer}]"]["released_score"])) == _shown(mean.numerator, mean.denominator)
            for lecturer, mean in means(run.marks).items()
        )
        fired = Counter(state.value for _, _, _, state, _, _ in run.ledger.listed())
        print(f"departments {departments}: {len(run.marks)} answers, {len(means(run.marks))} lecturers")
        print(f"  deployed and seeded in {ready - started:.0f} s; the cycle took {perf_counter() - ready:.0f} s")
        print(f"  processor time of the cycle {process_time() - cpu:.0f} s (sandbox and service in one process)")
        print(f"  peak memory {getrusage(RUSAGE_SELF).ru_maxrss // 1024} MB (both)")
        print(f"  requests {after.requests - before.requests}, of which writes {after.writes - before.writes}")
        print(f"  firings {dict(fired)}; cycle is {run.rows('cycle')[CYCLE]['status']}")
        states = Counter(str(sheet["status"]) for sheet in sheets.values())
        forms = Counter(str(task["status"]) for task in run.rows("review_task").values())
        print(f"  sheets {dict(states)}; forms {dict(forms)}; jobs parked {run.store.counts()[State.PARKED]}")
        print(f"  released scores equal to the exact mean: {right} of {len(means(run.marks))}")


class _Parts:
    """Prints what each part of the cycle took."""

    def __init__(self, run: Teaching) -> None:
        """Start the clock."""
        self._run = run
        self._since, self._before = perf_counter(), run.app.connection.traffic.traffic()

    def __call__(self, name: str) -> None:
        """Print one line and start anew."""
        now, traffic = perf_counter(), self._run.app.connection.traffic.traffic()
        memory = getrusage(RUSAGE_SELF).ru_maxrss // 1024
        requests, writes = traffic.requests - self._before.requests, traffic.writes - self._before.writes
        line = f"  {name:<12}{now - self._since:8.1f} s {requests:7} requests {writes:6} writes {memory:6} MB at most"
        print(line, file=sys.stderr, flush=True)
        self._since, self._before = now, traffic


def _shown(numerator: int, denominator: int) -> Decimal:
    exact, whole = numerator * 20_000_000, denominator
    six = Decimal((2 * exact + whole) // (2 * whole)) / 1_000_000
    return six.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


if __name__ == "__main__":
    main(*sys.argv[1:])
