"""The sample company as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal

from huoban_perf.core.values import CHINA, Value
from huoban_perf.demo.company import CYCLE, DEPARTMENTS, END, POSITIONS, START, Company, Form, Item, Person
from huoban_perf.demo.contracts import AVERAGED, METRICS, Metric
from huoban_perf.demo.rows import (
    STATUS,
    Batch,
    Row,
    appraisal_row,
    batch,
    cycle_batch,
    department_levels,
    scheme_batches,
    scheme_key,
)
from huoban_perf.sync.wanted import Refs, natural_key

DECIDER = "E001"
_NEWCOMER = "在岗天数不足"
_TOP = "由董事会评价"
_METRIC_NAMES = {metric.code: metric.name for metric in METRICS}
_ASKED = {"self": "自评", "superior": "上级", "peer": "同事", "customer": "客户"}


def company_batches(
    company: Company,
    *,
    scheme: Mapping[str, object],
    grade_keys: Mapping[str, str],
    criteria_by_relation: Mapping[str, tuple[str, ...]],
    account_of: Mapping[str, str],
) -> list[Batch]:
    """Return everything the sample company needs, in writing order.

    Args:
        company: The company.
        scheme: The scheme document it is scored by.
        grade_keys: Grade name → option key.
        criteria_by_relation: Relation → criterion fields asked, in form order.
        account_of: 工号 → member id.

    Returns:
        The batches.
    """
    key = scheme_key(scheme)
    return [
        *department_levels([(entry.code, entry.name, entry.parent) for entry in DEPARTMENTS]),
        *scheme_batches(scheme, grade_keys=grade_keys),
        batch("position", "code", [_position(code, name, family, key) for code, (name, family) in POSITIONS.items()]),
        *_people(company, account_of),
        batch("metric", "code", [_metric(metric) for metric in METRICS]),
        cycle_batch(name=CYCLE, kind="quarter", start=START, end=END, scheme=key, decider=(account_of[DECIDER],)),
        batch("appraisal", "natural_key", [_appraisal(person, key) for person in company.people], first_only=STATUS),
        *_goals(company, account_of),
        batch("appraisal_item", "natural_key", [_item(item) for item in company.items]),
        _actuals(company),
        _forms(company, criteria_by_relation, account_of),
    ]


def _position(code: str, name: str, family: str, scheme: str) -> Row:
    return {"code": code, "name": name, "family": family, "default_scheme": Refs("scheme", (scheme,))}


def _people(company: Company, account_of: Mapping[str, str]) -> list[Batch]:
    """Superiors first: one batch a level of command."""
    return [
        batch(
            "employee",
            "emp_no",
            [_person(person, account_of[person.number]) for person in company.people if person.level == level],
        )
        for level in sorted({person.level for person in company.people})
    ]


def _person(person: Person, account: str) -> Row:
    return {
        "employment_status": "active",
        "emp_no": person.number,
        "name": person.name,
        "account": (account,),
        "department": Refs("department", (person.department,)),
        "position": Refs("position", (person.position,)),
        "manager": Refs("employee", (person.manager,)) if person.manager else None,
        "hire_date": person.hired,
        "participation": "included" if person.manager else "excluded",
    }


def _metric(metric: Metric) -> Row:
    methods: dict[str, Row] = {
        "steps": {"steps": metric.params},
        "deduct": {"start_score": Decimal(100), "unit_deduction": Decimal(5)},
        "range": {"range_lower": Decimal(95), "range_upper": Decimal(105), "tolerance": Decimal(10)},
    }
    veto: Row = (
        {"veto": True, "veto_action": "score_cap", "veto_when": metric.veto, "veto_value": "59"} if metric.veto else {}
    )
    return {
        "status": "active",
        "code": metric.code,
        "name": metric.name,
        "definition": metric.definition,
        "category": metric.category,
        "direction": metric.direction,
        "method": metric.method,
        "unit": metric.unit,
        "aggregation": "average" if metric.code in AVERAGED else "sum",
        "source": "system",
        **methods.get(metric.method, {}),
        **veto,
    }


def _appraisal(person: Person, scheme: str) -> Row:
    excluded = _TOP if not person.manager else _NEWCOMER if (END - person.hired).days < 45 else ""
    return appraisal_row(
        cycle=CYCLE,
        person=person.number,
        name=person.name,
        department=person.department,
        scheme=scheme,
        excluded=excluded,
    )


def _goals(company: Company, account_of: Mapping[str, str]) -> list[Batch]:
    """Department goals of two levels above, each person's first contract line hung below its department's."""
    people = {person.number: person for person in company.people}
    owners = {entry.code: account_of[_head(company, entry.code)] for entry in DEPARTMENTS}
    department_rows: dict[int, list[Row]] = {0: [], 1: [], 2: []}
    depth = {"": -1}
    for entry in DEPARTMENTS:
        depth[entry.code] = depth[entry.parent] + 1
        department_rows[depth[entry.code]].append(
            {
                "natural_key": natural_key(CYCLE, f"D:{entry.code}", "main"),
                "status": "confirmed",
                "name": f"{entry.name}: 完成本季目标",
                "level": "department",
                "kind": "quantitative",
                "owner": (owners[entry.code],),
                "department": Refs("department", (entry.code,)),
                "cycle": Refs("cycle", (CYCLE,)),
                "parent": Refs("goal", (natural_key(CYCLE, f"D:{entry.parent}", "main"),)) if entry.parent else None,
                "start_date": START,
                "end_date": END,
                "weight": Decimal(100),
            }
        )
    personal: list[Row] = [
        {
            "natural_key": natural_key(CYCLE, item.person, item.metric),
            "status": "confirmed",
            "name": _METRIC_NAMES[item.metric],
            "level": "person",
            "kind": "quantitative",
            "owner": (account_of[item.person],),
            "employee": Refs("employee", (item.person,)),
            "department": Refs("department", (people[item.person].department,)),
            "cycle": Refs("cycle", (CYCLE,)),
            "appraisal": Refs("appraisal", (natural_key(CYCLE, item.person),)),
            "parent": Refs("goal", (natural_key(CYCLE, f"D:{people[item.person].department}", "main"),)),
            "metric": Refs("metric", (item.metric,)),
            "passing_value": item.passing,
            "target_value": item.target,
            "excellent_value": item.excellent,
            "start_date": START,
            "end_date": END,
            "weight": item.weight,
        }
        for item in company.items
    ]
    return [
        *(batch("goal", "natural_key", rows, first_only=STATUS) for rows in department_rows.values()),
        batch("goal", "natural_key", personal, first_only=STATUS),
    ]


def _head(company: Company, department: str) -> str:
    inside = [person for person in company.people if person.department == department]
    return min(inside, key=lambda person: (person.level, person.number)).number if inside else DECIDER


def _item(item: Item) -> Row:
    return {
        "natural_key": natural_key(CYCLE, item.person, "KPI", item.metric, START.isoformat()),
        "name": _METRIC_NAMES[item.metric],
        "appraisal": Refs("appraisal", (natural_key(CYCLE, item.person),)),
        "metric": Refs("metric", (item.metric,)),
        "goal": Refs("goal", (natural_key(CYCLE, item.person, item.metric),)),
        "weight": item.weight,
        "passing_value": item.passing,
        "target_value": item.target,
        "excellent_value": item.excellent,
        "valid_from": START,
        "valid_to": END,
        "origin": "personal_goal",
    }


def _actuals(company: Company) -> Batch:
    names = {person.number: person.name for person in company.people}
    rows: list[Row] = [
        {
            "natural_key": natural_key(actual.metric, actual.person, actual.start.isoformat()),
            "name": f"{_METRIC_NAMES[actual.metric]} {names[actual.person]} {actual.start:%Y-%m}",
            "status": "verified",
            "metric": Refs("metric", (actual.metric,)),
            "employee": Refs("employee", (actual.person,)),
            "period_start": actual.start,
            "period_end": actual.end,
            "actual_value": actual.value,
        }
        for actual in company.actuals
    ]
    return batch("metric_actual", "natural_key", rows, first_only=STATUS)


def _forms(
    company: Company, criteria_by_relation: Mapping[str, tuple[str, ...]], account_of: Mapping[str, str]
) -> Batch:
    handed_in = datetime.combine(END, time(17, 30), tzinfo=CHINA)
    names = {person.number: person.name for person in company.people}
    rows: list[Row] = []
    for form in company.forms:
        criteria = criteria_by_relation[form.relation]
        answers: dict[str, Value] = {
            criterion: f"g{answer}" if answer else "unknown"
            for criterion, answer in zip(criteria, form.answers[-len(criteria) :], strict=True)
        }
        rows.append(
            {
                "natural_key": natural_key(CYCLE, form.subject, form.relation, form.rater),
                "name": f"{names[form.subject]} {_ASKED[form.relation]} {CYCLE}",
                "status": "submitted",
                "appraisal": Refs("appraisal", (natural_key(CYCLE, form.subject),)),
                "relation": form.relation,
                **_rater(form, account_of),
                **answers,
                "submitted_on": handed_in,
            }
        )
    return batch("review_task", "natural_key", rows, first_only=STATUS)


def _rater(form: Form, account_of: Mapping[str, str]) -> Row:
    if form.external:
        return {"external_rater": form.rater, "invite_code": form.rater}
    return {"rater": (account_of[form.rater],)}
