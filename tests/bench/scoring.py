"""Time and memory of scoring, beside a floor and a rival: ``python -m tests.bench.scoring --people 100000``.

The inputs are made columns in Parquet: 8 indicators and 10 rating forms of 6 criteria a person. Every figure comes from
a fresh process, start-up included; peak memory is the process's own maximum.

- floor: DuckDB reads the same columns once (count and sum of each).
- rival: the script one would write in pandas first (mean of group means, weighted by group, floats, no receipt).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

CRITERIA = tuple(f"c{n}" for n in range(1, 7))
METRICS = 8
FRAMES = ("cycle", "departments", "people", "appraisals", "metrics", "items", "forms")
SCHEME = {
    "key": "std",
    "parts": {"kpi_weight": "65", "review_weight": "35", "okr_weight": "0"},
    "raters": {
        "groups": [
            {"relation": "self", "weight": "10"},
            {"relation": "superior", "weight": "50"},
            {"relation": "peer", "weight": "25", "trim": "20"},
            {"relation": "subordinate", "weight": "15"},
        ]
    },
}
_RELATION = "CASE WHEN k = 0 THEN 'self' WHEN k = 1 THEN 'superior' WHEN k < 7 THEN 'peer' ELSE 'subordinate' END"
_OTHER = "(n + k * 7919) % $people"
_RATER = f"CASE WHEN k = 0 THEN 'E' || n ELSE 'E' || ({_OTHER} + (CASE WHEN {_OTHER} = n THEN 1 ELSE 0 END)) END"


def make_inputs(folder: Path, *, people: int) -> None:
    """Write the frames as Parquet; the same number of people gives the same bytes."""
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")

    def frame(name: str, query: str) -> None:
        connection.execute(f"COPY ({query}) TO '{folder / name}.parquet' (FORMAT parquet)")

    frame("cycle", "SELECT '2026Q3' AS cycle, DATE '2026-07-01' AS start, DATE '2026-09-30' AS \"end\"")
    frame("departments", f"SELECT 'D' || d AS dept_code FROM range({max(people // 50, 1)}) AS t(d)")
    frame(
        "people",
        f"SELECT 'E' || n AS emp_no, 'active' AS status, 'D' || (n // 50) AS dept_code, DATE '2020-01-01' AS hire_date"
        f" FROM range({people // 50 * 50}) AS t(n)",
    )
    frame("appraisals", f"SELECT 'person' AS kind, 'E' || n AS subject, 'std' AS scheme FROM range({people}) AS t(n)")
    frame(
        "metrics",
        f"SELECT 'M' || m AS metric_code, CASE m % 4 WHEN 0 THEN 'linear' WHEN 1 THEN 'ratio' WHEN 2 THEN 'reflection'"
        f" ELSE 'linear' END AS method, CASE m % 4 WHEN 2 THEN 'lower' ELSE 'higher' END AS direction"
        f" FROM range({METRICS}) AS t(m)",
    )
    frame(
        "items",
        "SELECT 'person' AS kind, 'E' || n AS subject, 'I' || m AS item, 'M' || m AS metric_code,"
        " CAST(12.5 AS DECIMAL(9,4)) AS weight, CAST(100 AS DECIMAL(18,4)) AS target,"
        " CAST(70 + (n * 31 + m * 17) % 60 + 0.5 AS DECIMAL(18,4)) AS actual"
        f" FROM range({people}) AS t(n), range({METRICS}) AS u(m)",
    )
    scores = ", ".join(
        f"CAST(60 + (n * 13 + k * 29 + {i} * 7) % 41 AS DECIMAL(9,4)) AS {c}" for i, c in enumerate(CRITERIA)
    )
    rater = _RATER.replace("$people", str(people))
    frame(
        "forms",
        f"SELECT 'T' || n || '_' || k AS task_no, 'person' AS kind, 'E' || n AS subject, {_RELATION} AS relation,"
        f" {rater} AS rater, 'submitted' AS status, {scores} FROM range({people}) AS t(n), range(10) AS u(k)",
    )
    connection.close()


def run_engine(folder: Path, *, explain: bool) -> int:
    """Score the inputs; return how many results there are."""
    from huoban_perf.scoring import CycleFrames, ScoreOptions, parse_scheme, score_cycle

    connection = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    connection.execute("SET preserve_insertion_order = false")
    for name in FRAMES:
        connection.execute(f"CREATE VIEW in_{name} AS SELECT * FROM '{folder / name}.parquet'")
    result = score_cycle(
        connection,
        frames=CycleFrames.discover(connection),
        schemes={"std": parse_scheme(SCHEME)},
        options=ScoreOptions(explain=explain, details=explain),
    )
    row = connection.execute(f"SELECT count(*) FROM {result.results} WHERE result IS NOT NULL").fetchone()
    return int(row[0]) if row else 0


def run_floor(folder: Path) -> int:
    """Read every column once."""
    connection = duckdb.connect(config={"threads": 2})
    rows = 0
    for name in ("items", "forms"):
        columns = connection.execute(f"DESCRIBE SELECT * FROM '{folder / name}.parquet'").fetchall()
        sums = ", ".join(f"count({c[0]}), {'sum' if 'DECIMAL' in c[1] else 'max'}({c[0]})" for c in columns)
        row = connection.execute(f"SELECT count(*), {sums} FROM '{folder / name}.parquet'").fetchone()
        rows += int(row[0]) if row else 0
    return rows


def run_pandas(folder: Path) -> int:
    """The obvious script: floats, no checks, no receipt."""
    import pandas as pd

    forms = pd.read_parquet(folder / "forms.parquet", columns=["subject", "relation", *CRITERIA])
    forms["score"] = forms[list(CRITERIA)].astype("float64").mean(axis=1)
    groups = forms.groupby(["subject", "relation"])["score"].mean().unstack()
    weights = {"self": 10, "superior": 50, "peer": 25, "subordinate": 15}
    review = sum(groups[name] * weight for name, weight in weights.items()) / 100
    items = pd.read_parquet(folder / "items.parquet", columns=["subject", "target", "actual", "weight"])
    score = (items["actual"].astype("float64") / items["target"].astype("float64") * 100).clip(0, 120)
    kpi = (score * items["weight"].astype("float64") / 100).groupby(items["subject"]).sum()
    return len((kpi * 0.65 + review * 0.35).round(2))


def measure(name: str, folder: Path) -> dict[str, float | int | str]:
    """Run one contender in a fresh process."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scoring", "--only", name, "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.monotonic() - started
    if done.returncode != 0:
        return {"name": name, "error": done.stderr.strip().splitlines()[-1][:200] if done.stderr else "?"}
    return {"name": name, "seconds": round(wall, 2), **json.loads(done.stdout)}


def only(name: str, folder: Path) -> None:
    """Run one contender in this process and print its rows and peak memory."""
    contenders = {
        "engine": lambda: run_engine(folder, explain=False),
        "engine, explained": lambda: run_engine(folder, explain=True),
        "floor": lambda: run_floor(folder),
        "pandas": lambda: run_pandas(folder),
    }
    rows = contenders[name]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"rows": rows, "peak_mib": peak}))


def main() -> None:
    """Make the inputs, run every contender, print a table with ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--explain", action="store_true", help="also the run with receipts")
    parser.add_argument("--no-rival", action="store_true", help="leave pandas out")
    parser.add_argument("--only")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.only:
        only(given.only, given.folder)
        return
    with TemporaryDirectory() as place:
        folder = Path(place)
        make_inputs(folder, people=given.people)
        names = ["floor", "engine", *(["engine, explained"] if given.explain else [])]
        names += [] if given.no_rival else ["pandas"]
        rows = [measure(name, folder) for name in names]
    floor = float(rows[0].get("seconds", 0) or 1)
    print(f"{given.people} people, {given.people * METRICS} indicators, {given.people * 60} ratings")
    for row in rows:
        if "error" in row:
            print(f"{row['name']:<20} failed: {row['error']}")
            continue
        ratio = float(row["seconds"]) / floor
        print(f"{row['name']:<20} {row['seconds']:>8} s  {row['peak_mib']:>6} MiB  {ratio:>6.1f} × floor")


if __name__ == "__main__":
    main()
