"""Published averages: visible cells only, never one hidden part beside a shown whole (S4.6)."""

from __future__ import annotations

from huoban_perf.scoring.averages import hide_complement, publish_averages
from tests.cases.scoring.harness import score

SCHEMES = {
    "s": {
        "parts": {"kpi_weight": 0, "review_weight": 100},
        "raters": {"groups": [{"relation": "superior", "weight": 50}, {"relation": "peer", "weight": 50}]},
    }
}


def test_hide_complement_hides_the_next_smallest_beside_a_single_hidden_part() -> None:
    assert hide_complement({"a": 2, "b": 5, "c": 9}, 3) == {"a", "b"}
    assert hide_complement({"a": 2, "b": 1, "c": 9}, 3) == {"a", "b"}
    assert hide_complement({"a": 3, "b": 4}, 3) == frozenset()
    assert hide_complement({"a": 1}, 3) == {"a"}


def test_publish_averages_hidden_cells_never_enter() -> None:
    people = {"E1": ("A", (80, 80, 83)), "E2": ("A", (90,)), "E3": ("B", (60, 60, 60)), "E4": ("C", (70, 70, 70, 70))}
    forms = [
        f"个人 {who} 同事 {who}p{at} 是 已提交 {x}" for who, (_, given) in people.items() for at, x in enumerate(given)
    ]
    forms += [f"个人 {who} 上级 boss 是 已提交 75" for who in people]
    run = score(
        {
            "departments": ["dept_code", "A", "B", "C"],
            "people": ["emp_no dept_code", *(f"{who} {department}" for who, (department, _) in people.items())],
            "forms": ["kind subject relation rater external status q", *forms],
        },
        SCHEMES,
        traced=False,
    )
    found = {(entry.relation, entry.dept_code): entry for entry in publish_averages(run.connection)}
    assert (found["peer", "A"].people, found["peer", "A"].mean_n) == (1, 81 * 10**9)
    assert (found["peer", ""].people, found["peer", ""].raters) == (3, 10)
    assert found["superior", ""].mean_n == 75 * 10**9
    strict = {
        (e.relation, e.dept_code): e.mean_n for e in publish_averages(run.connection, least={"peer": 4, "superior": 99})
    }
    assert [strict["peer", code] is None for code in ("", "A", "B", "C")] == [False, True, True, False]
    assert strict["superior", ""] is None
