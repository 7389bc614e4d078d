"""The InstEval ratings as rows: a lecturer is an employee with an appraisal, a mark one submitted form by a customer.

Source: data-model.md "For the first deployment", InstEval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from huoban_perf.core.values import CHINA
from huoban_perf.demo.insteval import Mark
from huoban_perf.demo.rows import (
    STATUS,
    Batch,
    Row,
    appraisal_row,
    batch,
    cycle_batch,
    department_levels,
    scheme_batches,
)
from huoban_perf.sync.scheme_rows import scheme_key
from huoban_perf.sync.wanted import Refs, natural_key

CYCLE = "InstEval"
CRITERION = "teaching"
_START, _END = date(2026, 3, 1), date(2026, 8, 31)
_POSITION = "LECT"


def insteval_batches(
    marks: Sequence[Mark], *, scheme: Mapping[str, object], grade_keys: Mapping[str, str]
) -> list[Batch]:
    """Return the InstEval workspace, in writing order.

    Args:
        marks: The ratings.
        scheme: The scheme document they are scored by.
        grade_keys: Grade name → option key.

    Returns:
        The batches; the last one holds one row a rating.
    """
    key = scheme_key(scheme)
    home = {mark.lecturer: mark.department for mark in marks}
    departments = sorted(set(home.values()))
    position: Row = {
        "code": _POSITION,
        "name": "讲师",
        "family": "lecturer",
        "default_scheme": Refs("scheme", (key,)),
    }
    people: list[Row] = [
        {
            "employment_status": "active",
            "emp_no": lecturer,
            "name": f"讲师{lecturer}",
            "department": Refs("department", (department,)),
            "position": Refs("position", (_POSITION,)),
            "hire_date": _START,
            "participation": "included",
        }
        for lecturer, department in sorted(home.items())
    ]
    appraisals = [
        appraisal_row(cycle=CYCLE, person=lecturer, name=f"讲师{lecturer}", department=department, scheme=key)
        for lecturer, department in sorted(home.items())
    ]
    return [
        *department_levels([(code, f"院系{code[1:]}", "") for code in departments]),
        *scheme_batches(scheme, grade_keys=grade_keys),
        batch("position", "code", [position]),
        batch("employee", "emp_no", people),
        cycle_batch(name=CYCLE, kind="half_year", start=_START, end=_END, scheme=key),
        batch("appraisal", "natural_key", appraisals, first_only=STATUS),
        batch("review_task", "natural_key", [_form(mark) for mark in marks], first_only=STATUS),
    ]


def _form(mark: Mark) -> Row:
    return {
        "natural_key": natural_key(CYCLE, mark.lecturer, "customer", str(mark.row)),
        "name": f"讲师{mark.lecturer}",
        "status": "submitted",
        "appraisal": Refs("appraisal", (natural_key(CYCLE, mark.lecturer),)),
        "relation": "customer",
        "external_rater": mark.student,
        "invite_code": str(mark.row),
        CRITERION: f"g{mark.value}",
        "submitted_on": datetime.combine(_END, time(12), tzinfo=CHINA),
    }
