"""Cycles in parent chains."""

from __future__ import annotations

from huoban_perf.scoring.trees import find_cycles


def test_find_cycles_names_each_ring_once_without_what_hangs_below() -> None:
    parents = {"a": "b", "b": "c", "c": "a", "d": "a", "e": "e", "f": "root", "g": "f"}
    assert find_cycles(parents) == [("a", "b", "c"), ("e",)]


def test_find_cycles_a_tree_has_none() -> None:
    assert find_cycles({"a": "b", "b": "c"}) == []
