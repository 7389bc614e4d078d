"""Merging of calibration pools (S10)."""

from __future__ import annotations

from huoban_perf.scoring.pools import NO_DEPARTMENT, Department, Merged, merge_pools, pool_tree

DEPARTMENTS = {
    code: Department(code, parent, pool)
    for code, parent, pool in [
        ("R", None, None),
        ("A", "R", "x"),
        ("B", "A", "x"),
        ("T1", "A", None),
        ("T2", "A", None),
        ("T3", "A", None),
        ("T31", "T3", None),
    ]
}


def test_pool_tree_hangs_pools_above_their_shallowest_department() -> None:
    tree = pool_tree(DEPARTMENTS)
    assert tree.parents["pool:x"] == "dept:R"
    assert tree.parents["dept:T31"] == "dept:T3"
    assert tree.parents["dept:R"] is None
    assert tree.order == ("dept:T31", "dept:T1", "dept:T2", "dept:T3", "pool:x", "dept:R", NO_DEPARTMENT)


def test_merge_pools_three_small_teams_pool_together() -> None:
    merged = merge_pools(pool_tree(DEPARTMENTS), {"dept:T1": 7, "dept:T2": 8, "dept:T3": 5}, least=10)
    assert set(merged.values()) == {Merged("pool:x", 20, False)}


def test_merge_pools_a_parent_is_judged_in_turn_and_a_small_root_only_advises() -> None:
    merged = merge_pools(pool_tree(DEPARTMENTS), {"dept:T31": 2, "dept:T3": 3, "none": 1}, least=10)
    assert merged["dept:T31"] == merged["dept:T3"] == Merged("dept:R", 5, True)
    assert merged["none"] == Merged("none", 1, True)


def test_merge_pools_a_large_team_stays_alone() -> None:
    merged = merge_pools(pool_tree(DEPARTMENTS), {"dept:T1": 10, "pool:x": 4, "dept:R": 0}, least=10)
    assert merged["dept:T1"] == Merged("dept:T1", 10, False)
    assert merged["pool:x"].pool == "dept:R"


def test_pool_tree_a_pool_over_several_levels_has_one_head() -> None:
    departments = {
        "A": Department("A", None, "x"),
        "B": Department("B", "A", "y"),
        "C": Department("C", "B", "x"),
        "D": Department("D", "C", "y"),
    }
    tree = pool_tree(departments)
    assert tree.parents == {"none": None, "pool:x": None, "pool:y": "pool:x"}


def test_pool_tree_skips_ancestors_of_the_same_pool() -> None:
    departments = {"A": Department("A", None, None), "B": Department("B", "A", "x"), "C": Department("C", "B", None)}
    departments["D"] = Department("D", "B", "x")
    assert pool_tree(departments).parents["pool:x"] == "dept:A"
    only = {"A": Department("A", None, "x"), "B": Department("B", "A", "x")}
    assert pool_tree(only).parents["pool:x"] is None
