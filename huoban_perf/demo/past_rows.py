"""The quarter before, archived: results, talks, improvement plans, appeals, outcomes, suggestions of a seeded company.

Its scores are made up here, as if a company had brought its last quarter along from another system; so its appraisals
have no line-by-line receipt, and the receipt says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from huoban_perf.core.values import CHINA, Value
from huoban_perf.demo import texts
from huoban_perf.demo.company import Person
from huoban_perf.demo.life_rows import Life
from huoban_perf.demo.outline import SEED_PAST_CYCLE
from huoban_perf.demo.rows import Batch, Row, appraisal_row, batch
from huoban_perf.sync.wanted import Refs, natural_key

Values = dict[str, Value | Refs]

_START, _END = date(2026, 4, 1), date(2026, 6, 30)
_DATES: Mapping[str, date] = {
    "start_date": _START,
    "end_date": _END,
    "goal_open_on": date(2026, 3, 27),
    "goal_due_on": date(2026, 4, 9),
    "review_start_on": date(2026, 7, 1),
    "data_due_on": date(2026, 7, 3),
    "self_due_on": date(2026, 7, 6),
    "review_due_on": date(2026, 7, 9),
    "calibration_on": date(2026, 7, 10),
    "release_on": date(2026, 7, 15),
    "interview_due_on": date(2026, 7, 24),
    "confirm_due_on": date(2026, 7, 28),
    "appeal_due_on": date(2026, 7, 24),
}
_RECEIPT = "示例数据: 此周期的结果由外部导入, 没有逐行明细."


@dataclass(frozen=True, slots=True)
class GradeLine:
    """A grade's option key, from which score it is given, and whether it lies below 合格."""

    grade: str
    lower: Decimal
    weak: bool


@dataclass(frozen=True, slots=True)
class PastResult:
    """One person's result of the quarter before; ``grade`` is an option key, ``weak`` says that it is a low one."""

    person: Person
    score: Decimal
    grade: str
    weak: bool


def past_results(life: Life, lines: Sequence[GradeLine]) -> tuple[PastResult, ...]:
    """Draw everybody's result of the quarter before.

    Args:
        life: The company.
        lines: Grade lines of the scheme, best first.

    Returns:
        One result a person who was there; scores have two decimals.
    """
    draw = life.draw("past")
    results = []
    for person in life.company.people[1:]:
        score = Decimal(draw.randint(5600, 8400) + draw.randint(0, 2000)) / 100
        line = next(one for one in lines if score >= one.lower)
        if person.hired <= _START:
            results.append(PastResult(person, score, line.grade, line.weak))
    return tuple(results)


def past_batches(life: Life, results: Sequence[PastResult]) -> list[Batch]:
    """Return the archived quarter.

    Args:
        life: The company.
        results: Its results.

    Returns:
        The batches, in writing order.
    """
    cycle: Values = {
        "status": "archived",
        "name": SEED_PAST_CYCLE,
        "kind": "quarter",
        "schemes": Refs("scheme", (life.scheme,)),
        "decider": life.member(life.company.people[0].number),
        "min_days": Decimal(30),
        "completion": Decimal(1),
        **_DATES,
    }
    return [
        batch("cycle", "name", [cycle], first_only=frozenset({"status"})),
        batch("appraisal", "natural_key", [_sheet(life, result) for result in results]),
        batch("interview", "natural_key", list(_interviews(life, results))),
        *_improvements(life, results),
        batch("appeal", "natural_key", list(_appeals(life, results))),
        pool_batch(SEED_PAST_CYCLE, people=len(life.company.people)),
        batch("outcome", "natural_key", list(_outcomes(results))),
        batch("survey", "natural_key", list(_surveys(life))),
    ]


def pool_batch(cycle: str, *, people: int) -> Batch:
    """Return the 奖金包 of a cycle: eight thousand a head."""
    row: Row = {
        "natural_key": natural_key(cycle, "company"),
        "cycle": Refs("cycle", (cycle,)),
        "calibration_pool": "company",
        "amount": Decimal(8000 * people),
    }
    return batch("bonus_pool", "natural_key", [row])


def _sheet(life: Life, result: PastResult) -> Row:
    person = result.person
    first = appraisal_row(
        cycle=SEED_PAST_CYCLE,
        person=person.number,
        name=person.name,
        department=person.department,
        scheme=life.scheme,
    )
    return {
        **first,
        "status": "completed",
        "days_present": Decimal((_END - _START).days + 1),
        "released_score": result.score,
        "released_grade": result.grade,
        "released_receipt": _RECEIPT,
        "release_revision": Decimal(1),
        "released_on": datetime.combine(_DATES["release_on"], time(9), tzinfo=CHINA),
        "confirmation_kind": "self",
        "last_talk_on": date(2026, 7, 20),
    }


def _ref(result: PastResult) -> Refs:
    return Refs("appraisal", (natural_key(SEED_PAST_CYCLE, result.person.number),))


def _interviews(life: Life, results: Sequence[PastResult]) -> Iterator[Row]:
    draw = life.draw("talks")
    for place, result in enumerate(results):
        person = result.person
        day = date(2026, 7, 16) + timedelta(days=place % 5)
        yield {
            "natural_key": natural_key(SEED_PAST_CYCLE, person.number, "1"),
            "name": f"{person.name} {SEED_PAST_CYCLE} 面谈",
            "status": "signed",
            "appraisal": _ref(result),
            "interviewer": life.member(person.manager),
            "employee": Refs("employee", (person.number,)),
            "due_on": _DATES["interview_due_on"],
            "scheduled_at": datetime.combine(day, time(9 + place % 8), tzinfo=CHINA),
            "mode": ("in_person", "in_person", "video")[place % 3],
            "template": "weak" if result.weak else "acceptable",
            "strengths": draw.choice(texts.STRENGTHS),
            "weaknesses": draw.choice(texts.WEAKNESSES),
            "agreements": draw.choice(texts.AGREEMENTS),
            "strategy_alignment": "change_plan" if place % 20 == 3 else "aligned",
        }


def _improvements(life: Life, results: Sequence[PastResult]) -> Iterator[Batch]:
    plans: list[Row] = []
    tasks: list[Row] = []
    for place, result in enumerate(one for one in results if one.weak):
        person = result.person
        key = natural_key(person.number, SEED_PAST_CYCLE, person.number)
        plans.append(
            {
                "natural_key": key,
                "name": f"{person.name} 改进计划",
                "status": ("running", "running", "achieved", "not_achieved")[place % 4],
                "employee": Refs("employee", (person.number,)),
                "appraisal": _ref(result),
                "gap": texts.GAPS,
                "objective": texts.OBJECTIVES,
                "support": texts.SUPPORT,
                "coach": life.member(person.manager),
                "start_date": date(2026, 7, 27),
                "end_date": date(2026, 10, 26),
                "review_frequency": "two_weeks",
                "progress": Decimal(place % 4 + 6) / 10,
                "conclusion": (None, None, "连续两个月达标, 按期结案", "第三个月仍低于合格值, 依据见复核记录")[
                    place % 4
                ],
            }
        )
        if life.member(person.number):
            tasks.append(
                {
                    "natural_key": natural_key(person.number, SEED_PAST_CYCLE, person.number, "T1"),
                    "status": "doing",
                    "name": texts.PLAN_TASK,
                    "kind": "improvement",
                    "improvement": Refs("improvement", (key,)),
                    "owner": life.member(person.number),
                    "planned_start": date(2026, 7, 27),
                    "planned_end": date(2026, 10, 26),
                    "frequency": "weekly",
                }
            )
    yield batch("improvement", "natural_key", plans, first_only=frozenset({"status"}))
    yield batch("plan_task", "natural_key", tasks, first_only=frozenset({"status"}))


def _appeals(life: Life, results: Sequence[PastResult]) -> Iterator[Row]:
    for place, result in enumerate(results):
        if place % 45 != 11 or not life.member(result.person.number):
            continue
        matter, reason = texts.APPEALS[place // 45 % len(texts.APPEALS)]
        yield {
            "natural_key": natural_key(SEED_PAST_CYCLE, result.person.number, "1"),
            "status": "upheld",
            "appraisal": _ref(result),
            "appellant": life.member(result.person.number),
            "matter": matter,
            "reason": reason,
            "final_decider": life.member(life.company.people[0].number),
            "procedure_checks": ("weights_match", "timetable", "data_verified", "talk_held"),
            "remedy": "keep_group",
            "accept_by": date(2026, 7, 24),
            "decide_by": date(2026, 8, 5),
            "original_score": result.score,
            "original_grade": result.grade,
            "reviewed_score": result.score,
            "conclusion": "已核对原始凭证与评价记录, 程序和数据无误, 维持原结果",
            "notified_on": date(2026, 8, 3),
        }


def _outcomes(results: Sequence[PastResult]) -> Iterator[Row]:
    top = max(results, key=lambda one: one.score, default=None)
    for result in results:
        if not result.weak and result is not top:
            continue
        kind = "promotion" if result is top else "training"
        yield {
            "natural_key": natural_key(SEED_PAST_CYCLE, result.person.number, kind),
            "status": "executed",
            "appraisal": _ref(result),
            "employee": Refs("employee", (result.person.number,)),
            "cycle": Refs("cycle", (SEED_PAST_CYCLE,)),
            "kind": kind,
            "training_content": "客户沟通与数据分析两天课" if kind == "training" else None,
            "rule_basis": "公示方案第四条" if kind == "promotion" else "等级低于合格, 先安排培训",
            "effective_on": date(2026, 8, 10),
        }


def _surveys(life: Life) -> Iterator[Row]:
    draw = life.draw("surveys")
    stages = ("goal", "review", "calibration", "interview", "appeal")
    for place, person in enumerate(life.company.people[::4]):
        yield {
            "natural_key": natural_key(SEED_PAST_CYCLE, f"Q{place + 1:05d}"),
            "kind": "satisfaction",
            "cycle": Refs("cycle", (SEED_PAST_CYCLE,)),
            "stage": stages[place % len(stages)],
            "satisfaction": Decimal(draw.choice((2, 3, 4, 4, 4, 5, 5))),
            "department": Refs("department", (person.department,)),
            "status": "to_read",
        }
    for place, (stage, suggestion, status, reply) in enumerate(texts.SUGGESTIONS, start=1):
        yield {
            "natural_key": natural_key(SEED_PAST_CYCLE, f"S{place:05d}"),
            "kind": "suggestion",
            "cycle": Refs("cycle", (SEED_PAST_CYCLE,)),
            "stage": stage,
            "suggestion": suggestion,
            "status": status,
            "reply": reply or None,
        }
