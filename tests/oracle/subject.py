"""S0's order for one subject: items, parts, segments, points, coefficient, clamp, veto, result, grade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.oracle import kpi as kpis
from tests.oracle import raters
from tests.oracle.composite import Line, Veto, after_veto, composite, limited_points, receipt
from tests.oracle.departments import by_days, coefficient
from tests.oracle.formula import Formula
from tests.oracle.goals import GoalTree
from tests.oracle.grades import grade, near_bounds, not_better, position
from tests.oracle.numbers import BookError, clamp, quantise, result_of, total_of
from tests.oracle.outcome import Part, Result
from tests.oracle.raters import Review
from tests.oracle.rows import Appeal, Inputs, Subject
from tests.oracle.scheme import Scheme
from tests.oracle.segments import Segment, mean_by_days
from tests.oracle.timeline import Stretch, attendance, home, items_in, segments_of, stretches, window

GROUP_NAMES = ("self", "superior", "upper", "peer", "subordinate", "customer")


@dataclass
class Cycle:
    """Frames and schemes of a run, the goal tree of each scheme, and department grades once known."""

    inputs: Inputs
    schemes: Mapping[str, Scheme]
    grades: dict[str, str] = field(default_factory=dict)

    def tree(self, scheme: Scheme) -> GoalTree:
        """All goals under the rules of a scheme."""
        return GoalTree(self.inputs.goals, scheme.goals, scheme.grid)

    def coefficient(self, scheme: Scheme, parts: Sequence[Stretch]) -> Fraction:
        """C_dept of a person: mean over the departments by days."""
        table = {b.name: b.department_coefficient for b in scheme.bands if b.department_coefficient is not None}
        tree, rules = self.inputs.departments, scheme.departments
        return by_days(
            [
                (p.days, coefficient(tree, self.grades, table, p.department, one_without=rules.one_without))
                for p in parts
            ]
        )


def needs_review(scheme: Scheme) -> bool:
    """Whether the 360 enters the composite; under a formula its guards decide."""
    return not scheme.formula and scheme.parts.weights["mr"] > 0


def needs_kpi(scheme: Scheme) -> bool:
    """Whether the KPI enters the composite; under a formula its guards decide."""
    return not scheme.formula and scheme.parts.weights["kpi"] > 0


def review_of(subject: Subject, cycle: Cycle, scheme: Scheme) -> tuple[Review, Fraction | None, str]:
    """The 360 of a subject under its home scheme: the review, the score that counts, and its state."""
    inputs = cycle.inputs
    appeal = inputs.appeals.get(subject, Appeal())
    if scheme.snapshot is not None and scheme.snapshot not in inputs.beta:
        raise BookError("unknown_snapshot", scheme.snapshot)
    beta = {} if scheme.snapshot is None else inputs.beta[scheme.snapshot]
    rules = replace(scheme.raters, beta=beta)
    found = raters.review(inputs.forms.get(subject, ()), subject, inputs.criteria, rules, scheme.grid, appeal.struck)
    if appeal.decided is not None:
        return found, appeal.decided, "scored"
    return found, found.value, found.state


def part_of(segment: Segment, subject: Subject, cycle: Cycle, parts: Sequence[Stretch]) -> Part:
    """KPI and OKR of a segment under its own scheme."""
    scheme, inputs = cycle.schemes[segment.scheme], cycle.inputs
    tree = cycle.tree(scheme)
    scored = [
        kpis.score_item(item, subject, inputs, scheme, tree, window(item, parts, (inputs.start, inputs.end)))
        for item in items_in(segment, inputs.items.get(subject, ()))
    ]
    return Part(segment, kpis.build(scored, scheme), tree.okr(subject))


def compose(part: Part, cycle: Cycle, review: Review, mr: Fraction | None, review_state: str) -> Part:
    """Composite of a segment; a 待补评 is no missing part (S4.5), and under a formula its guards decide (S0)."""
    scheme = cycle.schemes[part.segment.scheme]
    if part.kpi.state == "veto_unknown" or (part.kpi.state == "held" and needs_kpi(scheme)):
        return replace(part, state="held")
    scores = {"kpi": part.kpi.value, "mr": mr, "okr": part.okr}
    if scheme.formula:
        groups = {name: review.groups[name].value for name in GROUP_NAMES if name in review.groups}
        value = Formula(scheme.formula, scheme.grid).value({**groups, **scores})
        return replace(part, composite=scheme.grid.at("composite", value))
    if review_state in {"held", "incomplete"} and needs_review(scheme):
        return replace(part, state=review_state)
    found = composite(scores, scheme.parts, scheme.grid)
    return replace(part, composite=found.value, state=found.state, used=found.used)


def verdict(parts: Sequence[Part]) -> str:
    """State of an appraisal: held before incomplete before scored."""
    states = {part.state for part in parts}
    return next(state for state in ("held", "incomplete", "scored") if state in states)


def score_subject(subject: Subject, cycle: Cycle) -> Result:
    """Score one subject up to its initial grade.

    Args:
        subject: Kind and code.
        cycle: The run.

    Returns:
        The result, without distribution, calibration and bonus.
    """
    inputs = cycle.inputs
    stretch = stretches(subject, inputs, cycle.schemes)
    if not stretch:
        return Result("excluded", "days")
    base = home(stretch, cycle.schemes)
    scheme = cycle.schemes[base.scheme]
    days, reason = attendance(subject, stretch, inputs, scheme)
    known = Result("scored", scheme=base.scheme, department=base.department, days=days)
    if reason is not None:
        return replace(known, state="excluded", reason=reason)
    segments = segments_of(stretch, inputs.items.get(subject, ()), scheme.periods.shortest)
    review, mr, review_state = review_of(subject, cycle, scheme)
    parts = [compose(part_of(s, subject, cycle, stretch), cycle, review, mr, review_state) for s in segments]
    known = replace(known, parts=parts, review=review, mr=mr, review_state=review_state)
    state = verdict(parts)
    if state != "scored":
        return replace(known, state=state, reason=review_state)
    return finish(subject, known, cycle, scheme, stretch)


def finish(subject: Subject, known: Result, cycle: Cycle, scheme: Scheme, stretch: Sequence[Stretch]) -> Result:
    """From the mean of segments to the initial grade, by the home scheme."""
    pairs = [(part.segment.days, part.composite) for part in known.parts if part.composite is not None]
    mean = mean_by_days(pairs, scheme.grid)
    entries = sorted(cycle.inputs.points.get(subject, ()), key=lambda p: (p.kind != "plus", p.points, p.reason))
    points, limit = limited_points([(p.kind, p.points) for p in entries], scheme.points_cap)
    value = mean + points
    lines = part_lines(replace(known, mean=mean), cycle)
    lines += [Line(f"points:{i}", p.points if p.kind == "plus" else -p.points) for i, p in enumerate(entries)]
    lines += step_line("points_limit", limit)
    department = None
    use = scheme.departments.use
    if subject[0] == "person" and (use == "score" or (use == "bonus" and cycle.inputs.pay)):
        department = cycle.coefficient(scheme, stretch)
        if use == "score":
            before, value = value, scheme.grid.at("department", value * department)
            lines += step_line("department", value - before)
    clamped = clamp(value, scheme.total_floor, scheme.total_cap)
    hits = [hit for part in known.parts for hit in part.kpi.hits]
    after = after_veto(clamped, hits)
    lines += step_line("clamp", clamped - value) + step_line("veto", after - clamped)
    total = total_of(after)
    result = result_of(total, scheme.decimals, scheme.result_mode)
    cap = grade_cap(hits, scheme)
    return replace(
        known,
        mean=mean,
        points=points,
        points_limit=limit,
        department_coefficient=department,
        vetoes=hits,
        total=total,
        result=result,
        initial=not_better(grade(result, scheme.bands), cap, scheme.bands),
        grade_cap=cap,
        near=near_bounds(result, scheme.bands, scheme.near),
        lines=receipt(lines, total),
    )


def grade_cap(hits: Sequence[Veto], scheme: Scheme) -> str | None:
    """The lowest of all 等级封顶."""
    caps = [str(hit.value) for hit in hits if hit.action == "grade_cap"]
    return max(caps, key=lambda name: position(name, scheme.bands), default=None)


def step_line(key: str, change: Fraction) -> list[Line]:
    """A line for a step that changes the value."""
    return [Line(key, change)] if change else []


def part_lines(known: Result, cycle: Cycle) -> list[Line]:
    """Lines of the parts over all segments, each with its items or groups."""
    whole = sum(part.segment.days for part in known.parts)
    top: dict[str, Fraction] = {}
    below: dict[str, dict[str, Fraction]] = {}
    for index, part in enumerate(known.parts):
        share = Fraction(part.segment.days, whole)
        scheme = cycle.schemes[part.segment.scheme]
        if scheme.formula:
            top["formula"] = top.get("formula", Fraction(0)) + share * (part.composite or Fraction(0))
            continue
        scores = {"kpi": part.kpi.value, "mr": known.mr, "okr": part.okr}
        divisor = sum(part.used.values(), Fraction(0))
        for name, weight in part.used.items():
            weighed = share * weight / divisor
            top[name] = top.get(name, Fraction(0)) + weighed * (scores[name] or Fraction(0))
            inner = below.setdefault(name, {})
            for key, value in children(name, index, part, known, cycle.schemes[known.scheme]).items():
                inner[key] = inner.get(key, Fraction(0)) + weighed * value
    lines = [
        Line(n, top[n], (*(Line(k, v) for k, v in below[n].items()), *rounding_line(top[n], below[n].values())))
        if below.get(n)
        else Line(n, top[n])
        for n in ("kpi", "mr", "okr", "formula")
        if n in top
    ]
    return lines + rounding_line(known.mean or Fraction(0), top.values())


def rounding_line(whole: Fraction, parts: Iterable[Fraction]) -> list[Line]:
    """A line for what a rounding policy changed between two levels; it takes the grid's dust, which alone has none."""
    change = quantise(whole) - sum((quantise(part) for part in parts), Fraction(0))
    return [Line("rounding", change)] if abs(change) * 10**6 >= Fraction(1, 2) else []


def children(name: str, index: int, part: Part, known: Result, review: Scheme) -> dict[str, Fraction]:
    """What a part of a segment consists of, in points of the part."""
    if name == "kpi":
        shares = part.kpi.shares
        return {
            f"{index}:{i.item.number}": shares[i.item.number] * i.score
            for i in part.kpi.items
            if i.score is not None and i.item.number in shares
        }
    if name != "mr" or known.review is None or known.mr != known.review.value:
        return {}
    counted = {r: g for r, g in known.review.groups.items() if g.counted and g.value is not None}
    rules = review.raters
    every = [rule.weight for rule in rules.groups.values()]
    weights = every if rules.missing == "zero" else [g.weight for g in counted.values()]
    whole = sum(weights, Fraction(0))
    if review.snapshot is None:
        return {r: g.weight / whole * (g.value or Fraction(0)) for r, g in counted.items()}
    raw = {r: g.weight / whole * (g.raw or Fraction(0)) for r, g in counted.items()}
    moved = sum(
        (g.weight / whole * ((g.value or Fraction(0)) - (g.raw or Fraction(0))) for g in counted.values()), Fraction(0)
    )
    return raw | ({"severity": moved} if moved else {})
