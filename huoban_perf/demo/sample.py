"""The seeded company of any size as batches: organisation, life, the quarter before, and the quarter under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.demo.company import END, START, Company, sample_company
from huoban_perf.demo.company_rows import appraisal_batch, contract_batches, organisation_batches
from huoban_perf.demo.goal_rows import goal_batches, heads_of, strategy_batch
from huoban_perf.demo.life_rows import Life, leavers, organisation_life, position_standards, quarter_life
from huoban_perf.demo.outline import MARK, outline_for
from huoban_perf.demo.past_rows import GradeLine, past_batches, past_results, pool_batch
from huoban_perf.demo.rows import STATUS, Batch, appraisal_row, batch, cycle_batch, folded
from huoban_perf.sync.scheme_rows import scheme_key
from huoban_perf.template import AppTemplate

ASKED = ("self", "superior", "peer", "customer")
_LEFT = "已离职"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A company to be seeded.

    Attributes:
        company: Its people and figures.
        leavers: How many people left; they come on top.
        template: The app it is made for: scheme, grades and criteria are the template's.
    """

    company: Company
    leavers: int
    template: AppTemplate

    @property
    def scheme(self) -> dict[str, object]:
        """The template's scheme document under a name of the seed's own; departments are not appraised here."""
        return {**self.template.scheme, "name": f"{MARK}示例方案", "departments": {"use": "none"}}

    @property
    def grade_keys(self) -> dict[str, str]:
        """Grade name → option key."""
        return {option.zh: option.key for option in self.template.parameters.model.grades}

    @property
    def grade_lines(self) -> tuple[GradeLine, ...]:
        """The scheme's grade lines, best first; grades after the one called 合格 are weak."""
        grades, keys = self.template.scheme["grades"], self.grade_keys
        found = [(keys[str(one["name"])], one.get("lower")) for one in grades] if isinstance(grades, list) else []
        passing = self.template.parameters.model.passing
        weak_after = [grade for grade, _ in found].index(passing.grade) if passing else len(found)
        return tuple(
            GradeLine(grade, Decimal(str(lower or 0)), place > weak_after) for place, (grade, lower) in enumerate(found)
        )

    def life(self, account_of: Mapping[str, str]) -> Life:
        """Return the company with its people's accounts."""
        key = scheme_key(self.scheme)
        return Life(company=self.company, account_of=account_of, scheme=key, heads=heads_of(self.company))


def criteria_asked(template: AppTemplate) -> dict[str, tuple[str, ...]]:
    """Return relation → criterion fields asked, in form order."""
    criteria = template.parameters.model.criteria
    return {
        relation: tuple(criterion.key for criterion in criteria if relation in criterion.relations)
        for relation in ASKED
    }


def sample_of(template: AppTemplate, *, people: int) -> Sample:
    """Make the company of a size.

    Args:
        template: The app.
        people: How many work there.

    Returns:
        The company; the same size and template give the same company.
    """
    most = max(len(keys) for keys in criteria_asked(template).values())
    company = sample_company(criteria=most, outline=outline_for(people))
    return Sample(company=company, leavers=len(leavers(company)), template=template)


def standing_batches(sample: Sample, account_of: Mapping[str, str]) -> list[Batch]:
    """Return what stands before the quarter begins: organisation, standards, strategy, the quarter before.

    Args:
        sample: The company.
        account_of: 工号 → member id; who is missing has no account.

    Returns:
        The batches, in writing order.
    """
    life = sample.life(account_of)
    results = past_results(life, sample.grade_lines)
    batches = [
        *organisation_batches(
            sample.company, scheme=sample.scheme, grade_keys=sample.grade_keys, account_of=account_of
        ),
        position_standards(life),
        *organisation_life(life),
        strategy_batch(sample.company, account_of),
        *past_batches(life, results),
    ]
    return folded(batches)


def sample_batches(sample: Sample, account_of: Mapping[str, str]) -> list[Batch]:
    """Return everything: the quarter is in 评价中 and every form is in, ready to be scored.

    Args:
        sample: The company.
        account_of: 工号 → member id; who is missing has no account.

    Returns:
        The batches, in writing order.
    """
    company, life = sample.company, sample.life(account_of)
    cycle, key = company.outline.cycle, life.scheme
    gone = [
        appraisal_row(
            cycle=cycle, person=one.number, name=one.name, department=one.department, scheme=key, excluded=_LEFT
        )
        for one in leavers(company)
    ]
    row = cycle_batch(
        name=cycle, kind="quarter", start=START, end=END, scheme=key, decider=life.member(company.people[0].number)
    )
    return [
        *standing_batches(sample, account_of),
        row,
        appraisal_batch(company, scheme=key),
        batch("appraisal", "natural_key", gone, first_only=STATUS),
        *goal_batches(company, account_of),
        *contract_batches(company, criteria_by_relation=criteria_asked(sample.template), account_of=account_of),
        *quarter_life(life),
    ]


def draft_batches(sample: Sample, account_of: Mapping[str, str], more: Mapping[str, Value]) -> list[Batch]:
    """Return the quarter's cycle in 草稿 and the pool its bonuses will come from.

    Args:
        sample: The company.
        account_of: 工号 → member id.
        more: Dates and stages.

    Returns:
        Two batches; 状态 is a first value only.
    """
    company, life = sample.company, sample.life(account_of)
    decider = life.member(company.people[0].number)
    born = cycle_batch(
        name=company.outline.cycle, kind="quarter", start=START, end=END, scheme=life.scheme, decider=decider
    )
    values = {**born.rows[0].values, "status": "draft", **more}
    cycle = company.outline.cycle
    return [batch("cycle", "name", [values], first_only=STATUS), pool_batch(cycle, people=len(company.people))]
