"""What is timed: each reads Parquet, each runs alone in a fresh process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.bench.inputs import CRITERIA, FRAMES, SCHEME

MEMORY_LIMIT = "800MB"


def run_engine(folder: Path, *, explain: bool, is_written: bool = False) -> int:
    """Score the inputs; return how many results there are.

    Args:
        folder: The inputs.
        explain: With every receipt line.
        is_written: Write the results, and the lines with all their words, as Parquet.
    """
    with duckdb.connect(config={"threads": 2, "temp_directory": str(folder / "spill")}) as connection:
        score(connection, folder, explain=explain)
        if is_written:
            for name in ("out_results", *(["out_lines"] if explain else [])):
                connection.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")
        return _count(connection, "SELECT count(*) FROM out_results WHERE result IS NOT NULL")


def score(connection: duckdb.DuckDBPyConnection, folder: Path, *, explain: bool, details: bool = False) -> None:
    """Register the inputs and score them, as ``score run`` does."""
    from huoban_perf.scoring import CycleFrames, ScoreOptions, parse_scheme, score_cycle
    from huoban_perf.scoring.workbench import tune

    for name in FRAMES:
        connection.execute(f"CREATE VIEW in_{name} AS SELECT * FROM '{folder / name}.parquet'")
    connection.execute("SET enable_progress_bar = false")
    tune(connection, memory_limit=MEMORY_LIMIT)
    score_cycle(
        connection,
        frames=CycleFrames.discover(connection),
        schemes={"std": parse_scheme(SCHEME)},
        options=ScoreOptions(explain=explain, details=details),
    )


def run_floor(folder: Path) -> int:
    """Read every cell of the large frames once: the length of texts, the sum of numbers."""
    rows = 0
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for name in ("items", "forms"):
            columns = connection.execute(f"DESCRIBE SELECT * FROM '{folder / name}.parquet'").fetchall()
            sums = ", ".join(f"sum({c[0]})" if "DECIMAL" in c[1] else f"sum(strlen({c[0]}))" for c in columns)
            rows += _count(connection, f"SELECT count(*), {sums} FROM '{folder / name}.parquet'")
    return rows


def run_pandas(folder: Path) -> int:
    """The obvious script: floats, no checks, no trimming, no receipt."""
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


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


CONTENDERS: dict[str, Callable[[Path], int]] = {
    "floor": run_floor,
    "scored": lambda folder: run_engine(folder, explain=False),
    "scored, written": lambda folder: run_engine(folder, explain=False, is_written=True),
    "explained": lambda folder: run_engine(folder, explain=True),
    "explained, written": lambda folder: run_engine(folder, explain=True, is_written=True),
    "pandas": run_pandas,
}
