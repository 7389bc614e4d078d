"""``score explain`` on the workspace as it stands, and what-ifs on the run that the score job stored."""

from __future__ import annotations

from decimal import Decimal

import pytest

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, too_wide


def test_explain_takes_a_staff_number_or_the_key_of_an_appraisal(company: Desk) -> None:
    before = company.dump()
    by_number = company.run("score", "explain", "E025")
    assert by_number.exit is Exit.DONE
    assert by_number.out.startswith("结果 87.78 · 等级 A")
    assert company.run("score", "explain", "[2026Q3|E025]").out == by_number.out
    report = company.run("score", "explain", "E025", "-o", "json").json
    assert (report["format_version"], report["cycle"], report["person"]) == (1, "2026Q3", "E025")
    assert company.dump() == before


def test_live_and_stored_receipts_are_the_same_figures(company: Desk) -> None:
    live = company.run("score", "explain", "E025", "-o", "json").json["lines"]
    stored = company.run("score", "explain", "E025", "--run", "latest", "-o", "json").json
    assert stored["lines"] == live
    tops = [Decimal(line["printed"]) for line in stored["receipt"] if line["level"] == 1]
    assert sum(tops) == Decimal(stored["unrounded"])


@pytest.mark.parametrize("change", ["grades.A.lower=90", "items.cap=100", "total.cap=100"])
def test_simulate_on_the_stored_run_leaves_workspace_and_run_alone(company: Desk, change: str) -> None:
    world = company.dump()
    runs = {file: file.read_bytes() for file in (company.home / "runs").rglob("*") if file.is_file()}
    said = company.run("score", "simulate", "latest", "--set", change)
    assert said.exit is Exit.DONE
    assert not too_wide(said.out)
    assert company.run("score", "simulate", "latest", "--set", change, "-o", "json").json["moved"] > 0
    assert company.dump() == world
    assert {file: file.read_bytes() for file in (company.home / "runs").rglob("*") if file.is_file()} == runs
