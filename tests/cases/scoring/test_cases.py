"""Every YAML case: frames and schemes in, results, lines and problems out; and no CASE arm is left unreached."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from huoban_perf.scoring import ScoreOptions
from tests.cases.scoring.harness import ARMS_REACHED, Run, all_arms, score

pytestmark = pytest.mark.xdist_group("scoring_cases")  # the last test asks what the others reached

GRADES = "subject pool rank percentile first_grade suggested_grade final_grade final_score note"
BONUS = "subject raw amount reason"
POOLS = "pool n waiting is_advisory grade quota first_count suggested_count final_count is_over"
CHECKS = "check_text count holds"
CRITERIA = "subject relation criterion n score"
FOLDER = Path(__file__).parent


class _Text(yaml.SafeLoader):
    """Every scalar is text, as in the product's own YAML."""


_Text.yaml_implicit_resolvers = {}


def _cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        cases = yaml.load(path.read_text(encoding="utf-8"), Loader=_Text)
        found += [pytest.param(case, id=f"{path.stem}: {case['name']}") for case in cases]
    return found


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_typed(part) for part in value]
    return {"true": True, "false": False}.get(value, value)


@pytest.mark.parametrize("case", _cases())
def test_case(case: dict[str, Any]) -> None:
    options = {
        key: int(value) if value.isdigit() else value == "true" for key, value in case.get("options", {}).items()
    }
    run = score(case["frames"], _typed(case.get("schemes")), ScoreOptions(**options))
    expected = case["expect"]
    found_problems = sorted({_problem(problem) for problem in run.problems})
    assert found_problems == sorted(expected.get("problems", [])), [str(problem) for problem in run.problems]
    for subject, wanted in expected.get("results", {}).items():
        row = run.of(subject)
        assert {key: _shown(row, key) for key in wanted} == wanted, subject
    for subject, wanted in expected.get("items", {}).items():
        found = run.rows("out_items", f"subject = '{subject}'", "segment, item")
        assert [f"{row['segment']} {row['item']} {_points(row['score_n'])}" for row in found] == wanted, subject
    for subject, wanted in expected.get("lines", {}).items():
        assert _lines(run, subject) == wanted, subject
    for table, columns in (
        ("grades", GRADES),
        ("bonus", BONUS),
        ("pools", POOLS),
        ("checks", CHECKS),
        ("criteria", CRITERIA),
    ):
        if table in expected:
            found = run.rows(f"out_{table}")
            shown = [" ".join(_shown(row, key) for key in columns.split()) for row in found]
            assert shown == expected[table]
    for table in ("flags", "excluded", "no_appraisal"):
        if table in expected:
            where = {"excluded": "reason <> 'no_appraisal'", "no_appraisal": "reason = 'no_appraisal'"}.get(
                table, "true"
            )
            found = run.rows("out_flags" if table == "flags" else "out_excluded", where)
            shown = [" ".join(str(cell) for cell in list(row.values())[1:4]) for row in found]
            assert shown == expected[table]


def _problem(problem: Any) -> str:
    extra = [str(problem.facts[name]) for name in ("value", "subject", "goal", "metric") if problem.facts.get(name)]
    return " ".join([problem.code, *(extra[:1]), *([f"@{problem.line}"] if problem.line else [])])


def _points(value: int | None) -> str:
    return "-" if value is None else _plain(Decimal(value) / 10**9)


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f") if value else "0"


def _shown(row: dict[str, Any], key: str) -> str:
    if key not in row:
        return _points(row[f"{key}_n"])
    value = row[key]
    return "-" if value is None else _plain(value) if isinstance(value, Decimal) else str(value)


def _lines(run: Run, subject: str) -> list[str]:
    rows = run.rows("out_lines", f"subject = '{subject}'", "line_no")
    for parent in {row["parent"] for row in rows}:
        children = [row["printed"] for row in rows if row["parent"] == parent and row["printed"] is not None]
        total = run.of(subject)["unrounded"] if parent == 0 else rows[parent - 1]["printed"]
        assert not children or sum(children) == total, (subject, parent)
    return [
        f"{row['level']} {row['part']} {row['key']} {'-' if row['printed'] is None else _plain(row['printed'])}"
        for row in rows
    ]


def test_arms_every_case_arm_is_reached_by_the_cases() -> None:
    unreached = sorted(all_arms() - ARMS_REACHED)
    assert not unreached, " ".join(unreached)
