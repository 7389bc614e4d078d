"""The sample company as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal

from huoban_perf.core.values import CHINA, Value
from huoban_perf.demo.company import END, POSITIONS, START, Company, Form, Item, Person
from huoban_perf.demo.contracts import AVERAGED, METRICS, Metric
from huoban_perf.demo.goal_rows import goal_batches, member
from huoban_perf.demo.outline import Outline
from huoban_perf.demo.posting_rows import postings
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

DECIDER = "E001"
_APPEAL_UNTIL = date(2026, 10, 30)
"""Long enough after the embedded workspace's first day that an appeal can be tried."""
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
    cycle, key = company.outline.cycle, scheme_key(scheme)
    decider = member(account_of, company.people[0].number)
    born = cycle_batch(name=cycle, kind="quarter", start=START, end=END, scheme=key, decider=decider)
    return [
        *organisation_batches(company, scheme=scheme, grade_keys=grade_keys, account_of=account_of),
        postings(company),
        batch("cycle", "name", [{**born.rows[0].values, "appeal_due_on": _APPEAL_UNTIL}], first_only=STATUS),
        appraisal_batch(company, scheme=key),
        *goal_batches(company, account_of),
        *contract_batches(company, criteria_by_relation=criteria_by_relation, account_of=account_of),
    ]


def contract_batches(
    company: Company, *, criteria_by_relation: Mapping[str, tuple[str, ...]], account_of: Mapping[str, str]
) -> list[Batch]:
    """Return the items of the contracts, their monthly figures, and the rating forms handed in.

    Args:
        company: The company.
        criteria_by_relation: Relation → criterion fields asked, in form order.
        account_of: 工号 → member id; a rater without account stands as an outside one.

    Returns:
        The batches.
    """
    return [
        batch("appraisal_item", "natural_key", [_item(company.outline, item) for item in company.items]),
        _actuals(company),
        _forms(company, criteria_by_relation, account_of),
    ]


def organisation_batches(
    company: Company, *, scheme: Mapping[str, object], grade_keys: Mapping[str, str], account_of: Mapping[str, str]
) -> list[Batch]:
    """Return what stands before any cycle: departments, scheme, positions, people, metrics.

    Args:
        company: The company.
        scheme: The scheme document it is scored by.
        grade_keys: Grade name → option key.
        account_of: 工号 → member id; who is missing has no account.

    Returns:
        The batches, in writing order.
    """
    outline, key = company.outline, scheme_key(scheme)
    positions = [_position(outline, code, name, family, key) for code, (name, family) in POSITIONS.items()]
    return [
        *department_levels([(entry.code, entry.name, entry.parent) for entry in outline.departments]),
        *scheme_batches(scheme, grade_keys=grade_keys),
        batch("position", "code", positions),
        *_people(company, account_of),
        batch("metric", "code", [_metric(outline, metric) for metric in METRICS]),
    ]


def appraisal_batch(company: Company, *, scheme: str) -> Batch:
    """Return the appraisals of the company's quarter; ``scheme`` is the scheme's natural key."""
    rows = [_appraisal(company.outline.cycle, person, scheme) for person in company.people]
    return batch("appraisal", "natural_key", rows, first_only=STATUS)


def _position(outline: Outline, code: str, name: str, family: str, scheme: str) -> Row:
    return {"code": outline.code(code), "name": name, "family": family, "default_scheme": Refs("scheme", (scheme,))}


def _people(company: Company, account_of: Mapping[str, str]) -> list[Batch]:
    """Superiors first: one batch a level of command."""
    return [
        batch(
            "employee",
            "emp_no",
            [
                _person(company.outline, person, member(account_of, person.number))
                for person in company.people
                if person.level == level
            ],
        )
        for level in sorted({person.level for person in company.people})
    ]


def _person(outline: Outline, person: Person, account: tuple[str, ...]) -> Row:
    return {
        "employment_status": "active",
        "emp_no": person.number,
        "name": person.name,
        **({"account": account} if account else {"no_account": True}),
        "department": Refs("department", (person.department,)),
        "position": Refs("position", (outline.code(person.position),)),
        "manager": Refs("employee", (person.manager,)) if person.manager else None,
        "hire_date": person.hired,
        "participation": "included" if person.manager else "excluded",
    }


def _metric(outline: Outline, metric: Metric) -> Row:
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
        "code": outline.code(metric.code),
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


def _appraisal(cycle: str, person: Person, scheme: str) -> Row:
    excluded = _TOP if not person.manager else _NEWCOMER if (END - person.hired).days < 45 else ""
    return appraisal_row(
        cycle=cycle,
        person=person.number,
        name=person.name,
        department=person.department,
        scheme=scheme,
        excluded=excluded,
    )


def _item(outline: Outline, item: Item) -> Row:
    cycle, metric = outline.cycle, outline.code(item.metric)
    return {
        "natural_key": natural_key(cycle, item.person, "KPI", metric, item.start.isoformat()),
        "name": _METRIC_NAMES[item.metric],
        "appraisal": Refs("appraisal", (natural_key(cycle, item.person),)),
        "metric": Refs("metric", (metric,)),
        "goal": Refs("goal", (natural_key(cycle, item.person, metric),)),
        "weight": item.weight,
        "passing_value": item.passing,
        "target_value": item.target,
        "excellent_value": item.excellent,
        "valid_from": item.start,
        "valid_to": item.end,
        "origin": "personal_goal",
    }


def _actuals(company: Company) -> Batch:
    names = {person.number: person.name for person in company.people}
    code = company.outline.code
    rows: list[Row] = [
        {
            "natural_key": natural_key(code(actual.metric), actual.person, actual.start.isoformat()),
            "name": f"{_METRIC_NAMES[actual.metric]} {names[actual.person]} {actual.start:%Y-%m}",
            "status": "verified",
            "metric": Refs("metric", (code(actual.metric),)),
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
    cycle = company.outline.cycle
    rows: list[Row] = [
        {
            "natural_key": natural_key(cycle, form.subject, form.relation, form.rater),
            "name": f"{names[form.subject]} {_ASKED[form.relation]} {cycle}",
            "status": "submitted",
            "appraisal": Refs("appraisal", (natural_key(cycle, form.subject),)),
            "relation": form.relation,
            **_rater(form, account_of),
            **({"rater_weight": Decimal(form.weight)} if form.weight else {}),
            **criterion_answers(form, criteria_by_relation[form.relation]),
            "submitted_on": handed_in,
        }
        for form in company.forms
        if form.relation != "self" or form.rater in account_of  # who has no account cannot review himself
    ]
    return batch("review_task", "natural_key", rows, first_only=STATUS)


def criterion_answers(form: Form, criteria: tuple[str, ...]) -> dict[str, Value]:
    """Return the answers of a form by criterion field, as option keys."""
    answers = form.answers[-len(criteria) :]
    return {
        criterion: f"g{answer}" if answer else "unknown" for criterion, answer in zip(criteria, answers, strict=True)
    }


def _rater(form: Form, account_of: Mapping[str, str]) -> Row:
    if form.external or form.rater not in account_of:
        return {"external_rater": form.rater, "invite_code": form.rater}
    return {"rater": member(account_of, form.rater)}
