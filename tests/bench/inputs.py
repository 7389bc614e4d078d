"""Made inputs of any size: 8 indicators and 10 rating forms of 6 criteria a person, as Parquet."""

from __future__ import annotations

from pathlib import Path

import duckdb

CRITERIA = tuple(f"c{n}" for n in range(1, 7))
METRICS = 8
FORMS = 10
TEAM = 50
FRAMES = ("cycle", "departments", "people", "appraisals", "metrics", "items", "criteria", "forms")
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


def make_inputs(folder: Path, *, people: int, is_shuffled: bool = False) -> None:
    """Write the frames as Parquet.

    Args:
        folder: An existing folder.
        people: A multiple of 50; the same number gives the same rows.
        is_shuffled: Rows stand in no order; else a person's rows stand together, as exports have them.
    """
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")

    def frame(name: str, query: str, *, mixed: str = "") -> None:
        order = f" ORDER BY hash({mixed})" if mixed and is_shuffled else ""
        connection.execute(f"COPY ({query}{order}) TO '{folder / name}.parquet' (FORMAT parquet)")

    frame("cycle", "SELECT '2026Q3' AS cycle, DATE '2026-07-01' AS start, DATE '2026-09-30' AS \"end\"")
    frame("departments", f"SELECT 'D' || d AS dept_code FROM range({people // TEAM}) AS t(d)")
    frame(
        "people",
        f"SELECT 'E' || n AS emp_no, 'active' AS status, 'D' || (n // {TEAM}) AS dept_code,"
        f" DATE '2020-01-01' AS hire_date FROM range({people}) AS t(n)",
    )
    frame("appraisals", f"SELECT 'person' AS kind, 'E' || n AS subject, 'std' AS scheme FROM range({people}) AS t(n)")
    frame(
        "metrics",
        "SELECT 'M' || m AS metric_code, CASE m % 4 WHEN 0 THEN 'linear' WHEN 1 THEN 'ratio' WHEN 2 THEN 'reflection'"
        " ELSE 'linear' END AS method, CASE m % 4 WHEN 2 THEN 'lower' ELSE 'higher' END AS direction"
        f" FROM range({METRICS}) AS t(m)",
    )
    frame(
        "items",
        "SELECT 'person' AS kind, 'E' || n AS subject, 'I' || m AS item, 'M' || m AS metric_code,"
        " CAST(12.5 AS DECIMAL(9,4)) AS weight, CAST(100 AS DECIMAL(18,4)) AS target,"
        " CAST(70 + (n * 31 + m * 17) % 60 + 0.5 AS DECIMAL(18,4)) AS actual"
        f" FROM range({people}) AS t(n), range({METRICS}) AS u(m)",
        mixed="n, m",
    )
    weights = [25, 15, 15, 15, 15, 15]
    frame(
        "criteria",
        f"SELECT 'review' AS form, unnest({list(CRITERIA)}) AS criterion,"
        f" CAST(unnest({weights}) AS DECIMAL(9,4)) AS weight",
    )
    scores = ", ".join(
        f"CAST(60 + (n * 13 + k * 29 + {i} * 7) % 41 AS DECIMAL(9,4)) AS {c}" for i, c in enumerate(CRITERIA)
    )
    rater = _RATER.replace("$people", str(people))
    frame(
        "forms",
        f"SELECT 'T' || n || '_' || k AS task_no, 'person' AS kind, 'E' || n AS subject, {_RELATION} AS relation,"
        f" {rater} AS rater, '已提交' AS status, 'review' AS form, {scores}"
        f" FROM range({people}) AS t(n), range({FORMS}) AS u(k)",
        mixed="n, k",
    )
    connection.close()
