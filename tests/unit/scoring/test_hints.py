"""Hints about the quality of ratings (S15)."""

from __future__ import annotations

from typing import Any

from huoban_perf.scoring import ScoreOptions
from tests.cases.scoring.harness import Run, score

GROUPS = [
    {"relation": "superior", "weight": 50},
    {"relation": "peer", "weight": 50, "threshold": 1},
    {"relation": "self", "weight": 0},
]
SCHEME: dict[str, Any] = {"parts": {"kpi_weight": 0, "review_weight": 100}, "raters": {"groups": GROUPS}}


def hinted(frames: dict[str, Any], scheme: dict[str, Any] | None = None) -> list[tuple[str, str, str]]:
    run: Run = score(frames, {"s": scheme or SCHEME}, ScoreOptions(hints=True), traced=False)
    assert run.error is None, run.error
    return [(row["hint"], row["key"], row["detail"]) for row in run.rows("out_hints")]


def forms(by_rater: dict[str, list[tuple[int, int, int]]]) -> list[str]:
    return [
        f"个人 E{at} 同事 {rater} 是 已提交 {a} {b} {c}"
        for rater, given in by_rater.items()
        for at, (a, b, c) in enumerate(given)
    ]


HEADER = "kind subject relation rater external status a b c"
PLAIN = [(60, 80, 100), (50, 70, 90), (80, 90, 70), (40, 60, 80), (70, 50, 90)]


def test_write_hints_halo_straight_and_central_raters() -> None:
    found = hinted(
        {
            "forms": [
                HEADER,
                *forms(
                    {
                        "good": PLAIN,
                        "same": [(75, 75, 75)] * 5,
                        "halo": [(50 + at, 52 + at, 54 + at) for at in range(0, 45, 9)],
                    }
                ),
                "个人 E0 同事 few 是 已提交 75 75 75",
            ]
        }
    )
    flags = {(flag, key) for flag, key, _ in found}
    assert {("halo", "same"), ("straight", "same"), ("central", "same"), ("halo", "halo")} <= flags
    assert not {key for _, key in flags} & {"good", "few"}


def test_write_hints_lenient_and_severe_by_the_shrunk_model() -> None:
    given = {
        "mild": [(95, 95, 90)] * 3 + [(85, 90, 95)] * 3,
        "hard": [(55, 60, 50)] * 3 + [(45, 55, 50)] * 3,
        "mid": [(75, 70, 80)] * 3 + [(70, 75, 65)] * 3,
    }
    found = {(flag, key) for flag, key, _ in hinted({"forms": [HEADER, *forms(given)]})}
    assert {("lenient", "mild"), ("severe", "hard")} <= found
    assert ("lenient", "mid") not in found
    fixed = {**SCHEME, "severity": {"mode": "hint", "rater_lambda": 1000, "subject_lambda": 1}}
    assert not {flag for flag, _, _ in hinted({"forms": [HEADER, *forms(given)]}, fixed)} & {"lenient", "severe"}


def test_write_hints_quick_forms_self_gap_and_late_logs() -> None:
    found = hinted(
        {
            "forms": [
                "task_no kind subject relation rater external status a b c opened_at submitted_at log_nos",
                "t1 个人 E1 上级 boss 是 已提交 60 60 99 2026-03-01T09:00:00 2026-03-01T09:00:59 L1",
                "t2 个人 E1 自评 E1 - 已提交 90 90 90 - - -",
                "t3 个人 E2 上级 boss 是 已提交 60 60 5 2026-03-01T09:00:00 2026-03-01T09:01:00 -",
            ],
            "logs": [
                "log_no emp_no date",
                "L1 E1 2026-03-10",
                "L2 E1 2026-03-11",
                "L3 E1 2026-03-31",
                "L4 E1 2026-01-05",
                "L5 E2 2026-01-05",
            ],
        }
    )
    shown = {(flag, key): detail for flag, key, detail in found}
    assert shown["quick", "superior:boss"] == "打开后 59 秒提交"
    assert ("self_gap", "E1") in shown
    assert shown["recency", "E1"] == "过程记录 3/4 条集中在期末"
    assert ("recency", "E2") not in shown
    assert shown["evidence", "s"] == "极端评分 2 个, 有过程记录 1 个 (50%)"


def test_write_hints_long_form_links_and_no_extremes() -> None:
    frames = {
        "criteria": ["form criterion weight", "k a 100"],
        "forms": [
            "task_no kind subject relation rater external status form",
            "t1 个人 E1 上级 boss 是 已提交 k",
            "t2 个人 E2 上级 boss 是 已提交 k",
        ],
        "ratings": ["task_no criterion score log_no", "t1 a 95 L9", "t2 a 60 -"],
    }
    assert [detail for flag, _, detail in hinted(frames) if flag == "evidence"] == [
        "极端评分 1 个, 有过程记录 1 个 (100%)"
    ]
    frames["ratings"] = ["task_no criterion score", "t1 a 50", "t2 a 60"]
    assert [flag for flag, _, _ in hinted(frames) if flag == "evidence"] == []


def test_s15_a_scheme_whose_people_nobody_else_rated_has_no_severity() -> None:
    assert hinted({"forms": [HEADER, "个人 E1 自评 E1 - 已提交 60 70 80"]}) == []


def test_s15_too_few_raters_say_why_severity_is_missing() -> None:
    found = hinted({"forms": [HEADER, "个人 E1 同事 x 是 已提交 60 70 80"]})
    assert ("severity_skipped", "s", "未估计评分松紧: 评价人或被评人不足两位") in found
