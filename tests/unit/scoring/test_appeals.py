"""Released group figures stay as they are (S4.7)."""

from __future__ import annotations

import duckdb

from huoban_perf.scoring import CycleFrames, ScoreOptions, parse_scheme, results, score_cycle
from tests.cases.scoring.harness import register

SCHEME = parse_scheme(
    {
        "key": "s",
        "parts": {"kpi_weight": 0, "review_weight": 100},
        "raters": {"groups": [{"relation": "peer", "weight": 100}]},
    }
)


def test_settle_groups_a_fourth_rating_after_release_changes_nothing() -> None:
    connection = duckdb.connect()
    rows = [f"个人 {who} 同事 p{at} 是 已提交 {x}" for who in ("E1", "E2") for at, x in enumerate((70, 80, 90))]
    register(connection, {"forms": ["kind subject relation rater external status q", *rows]})
    frames = CycleFrames.discover(connection)
    score_cycle(connection, frames=frames, schemes={"s": SCHEME})
    connection.execute("CREATE TABLE released AS SELECT * FROM out_groups WHERE subject = 'E1'")
    for who in ("E1", "E2"):
        connection.execute("INSERT INTO in_forms VALUES ('个人', ?, '同事', 'p9', '是', '已提交', '70')", [who])
    score_cycle(connection, frames=frames, schemes={"s": SCHEME}, options=ScoreOptions(frozen="released"))
    assert {row.subject: str(row.result) for row in results(connection)} == {"E1": "80.000000", "E2": "77.500000"}
