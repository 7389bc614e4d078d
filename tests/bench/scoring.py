"""Time and memory of scoring beside a floor and a rival: ``python -m tests.bench.scoring`` (``pip install .[bench]``).

Without options it measures 5,000, 100,000 and 1,000,000 people and prints one table. Every figure comes from a fresh
process, start-up and imports included; of several runs the quickest stands, for a shared machine only ever adds time.
The load says how much: where others work, compare CPU seconds and their ratios, which load changes least.

- floor: DuckDB reads every cell of items and forms once.
- scored: every check of the inputs, scores, grades, ranks and quotas. "written": to Parquet.
- explained: with every receipt line. "written": to Parquet, each line in words and in machine form.
- pandas: the script one would write first (mean of group means, floats, no checks, no receipt).

``--check`` compares whole teams of each size with the oracle of the rule book, cell by cell.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.inputs import FORMS, METRICS, make_inputs

SIZES = {5_000: 3, 100_000: 3, 1_000_000: 2}
"""People → runs."""
LARGEST_EXPLAINED = 100_000
TEAMS = 4

Row = dict[str, float | int | str]


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, nargs="*", default=list(SIZES), help="multiples of 50")
    parser.add_argument("--runs", type=int, help="runs of each figure, the quickest stands")
    parser.add_argument("--shuffled", action="store_true", help="rows of a person do not stand together")
    parser.add_argument("--check", action="store_true", help="compare a sample with the oracle instead of measuring")
    parser.add_argument("--names", nargs="*", help="only these contenders")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        _one(given.only, given.folder)
        return
    if not given.check:
        print(
            f"{'people':>9}  {'what':<20}{'wall s':>8}{'CPU s':>8}{'MiB':>7}{'× floor':>9}{'× pandas':>10}"
            f"{'CPU × floor':>13}{'CPU × pandas':>14}",
            flush=True,
        )
    for people in given.people:
        with TemporaryDirectory() as place:
            make_inputs(Path(place), people=people, is_shuffled=given.shuffled)
            if given.check:
                _check(Path(place), people)
            else:
                _measure(Path(place), people, given.runs or SIZES.get(people, 1), given.names)


def _check(folder: Path, people: int) -> None:
    from tests.bench.check import check_sample

    compared, found = check_sample(folder, people=people, teams=min(TEAMS, people // 50))
    print(f"{people:>9,}  {compared} people beside the oracle, every cell: {found} differ", flush=True)
    if found:
        raise SystemExit(1)


def _measure(folder: Path, people: int, runs: int, names: list[str] | None) -> None:
    chosen = ["floor", "scored", "scored, written", "explained", "explained, written", "pandas"]
    if people > LARGEST_EXPLAINED:
        chosen = [name for name in chosen if not name.startswith("explained")]
    found = {name: _quickest(name, folder, runs) for name in chosen if names is None or name in names}
    for name, row in found.items():
        if "error" in row:
            print(f"{people:>9,}  {name:<20}  {row['error']}", flush=True)
            continue
        others = [found.get(other, {}) for other in ("floor", "pandas")]
        walls, cpus = ([_ratio(row, other, of) for other in others] for of in ("wall", "cpu"))
        figures = f"{row['wall']:>8.2f}{row['cpu']:>8.2f}{row['peak_mib']:>7}"
        ratios = f"{walls[0]:>9}{walls[1]:>10}{cpus[0]:>13}{cpus[1]:>14}"
        print(f"{people:>9,}  {name:<20}{figures}{ratios}", flush=True)
    told = f"{people * METRICS:,} indicators, {people * FORMS * 6:,} ratings; quickest of {runs}"
    print(f"{'':>9}  ({told}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)", flush=True)


def _ratio(row: Row, other: Row, of: str) -> str:
    return f"{float(row[of]) / float(other[of]):.2f}" if of in other else "-"


def _quickest(name: str, folder: Path, runs: int) -> Row:
    rows = [_run(name, folder) for _ in range(runs)]
    return min(rows, key=lambda row: float(row.get("wall", float("inf"))))


def _run(name: str, folder: Path) -> Row:
    """Run one contender in a fresh process."""
    command = [sys.executable, "-m", "tests.bench.scoring", "--only", name, "--folder", str(folder)]
    compiled = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}  # as once installed
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | compiled)
    wall = time.monotonic() - started
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["?"])[-1][:100]}
    return {"wall": wall, **json.loads(done.stdout)}


def _one(name: str, folder: Path) -> None:
    """Run one contender in this process; print its rows, processor time and peak memory."""
    from tests.bench.contenders import CONTENDERS

    rows = CONTENDERS[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"rows": rows, "cpu": used.ru_utime + used.ru_stime, "peak_mib": used.ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
