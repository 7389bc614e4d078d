"""One person's own data holds nothing of those who rated him (S16)."""

from __future__ import annotations

from huoban_perf.scoring.privacy import person_data
from tests.cases.scoring.harness import score


def test_person_data_own_results_and_own_forms_only() -> None:
    run = score(
        {
            "items": ["kind subject item weight manual_score", "个人 E1 1 100 80", "个人 E2 1 100 70"],
            "pay": ["emp_no base", "E1 10000", "E2 20000"],
            "calibration": ["kind subject status new_grade reason", "个人 E1 已批 A 与E2相比"],
            "forms": ["kind subject relation rater status q", "个人 E1 上级 E2 已提交 81", "个人 E2 同事 E1 已提交 64"],
        },
        {
            "s": {
                "parts": {"kpi_weight": 50, "review_weight": 50},
                "raters": {"groups": [{"relation": "superior", "weight": 60}, {"relation": "peer", "weight": 40}]},
            }
        },
        traced=False,
    )
    mine = person_data(run.connection, "E1")
    assert [row["subject"] for row in mine["results"]] == ["E1"]
    assert [(row["subject"], row["rater"]) for row in mine["forms"]] == [("E2", "E1")]
    assert [row["relation"] for row in mine["groups"]] == ["superior"]
    assert "E2" not in {row.get("rater") for rows in mine.values() for row in rows}
    assert [row["key"] for row in mine["excluded"]] == ["peer"]
    assert [(row["first_grade"], row["final_grade"]) for row in mine["grades"]] == [("B", "A")]
    assert not {"rank", "percentile", "pool", "note"} & {column for row in mine["grades"] for column in row}
    assert [(row["subject"], row["base"]) for row in mine["bonus"]] == [("E1", 10000)]
