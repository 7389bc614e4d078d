"""S4: forms to rater scores, rater scores to groups, groups to the 360 score, with anonymity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from tests.oracle.numbers import BookError, Grid, clamp, mean, quantise

ORDER = ("self", "superior", "dotted", "upper", "subordinate", "peer", "customer")
"""Precedence of the relations of one rater; 虚线上级 stands beside 上级 where a scheme names it a group."""
THRESHOLDS = {"self": 1, "superior": 1, "dotted": 1, "upper": 1, "peer": 3, "subordinate": 3, "customer": 3}
MERGED = "merged"


@dataclass(frozen=True)
class Criterion:
    """A criterion of a form; without a scale its options carry points."""

    form: str
    name: str
    weight: Fraction | None
    low: Fraction | None = None
    high: Fraction | None = None
    to_min: Fraction | None = None
    to_max: Fraction | None = None


@dataclass(frozen=True)
class Form:
    """One form of one rater about one subject; an unanswered criterion is not in ``answers``."""

    task: str
    subject: tuple[str, str]
    relation: str
    rater: str
    kind: str
    answers: Mapping[str, Fraction] = field(default_factory=dict)
    external: bool = False
    weight: Fraction = Fraction(1)
    submitted: bool = True
    conflict: bool = False
    due: bool = True


@dataclass(frozen=True)
class GroupRule:
    """What the scheme says about one group; ``trim`` is a share of n."""

    relation: str
    weight: Fraction
    threshold: int
    trim: Fraction = Fraction(0)
    required: bool = False
    merge: bool = False


@dataclass(frozen=True)
class RaterRules:
    """What the scheme says about raters."""

    groups: Mapping[str, GroupRule]
    min_coverage: Fraction = Fraction(60)
    by_criterion: bool = False
    missing: str = "renormalise"
    equal_criteria: bool = False
    dotted_as: str = "superior"
    outlier_points: Fraction = Fraction(20)
    scale: Fraction = Fraction(100)
    beta: Mapping[str, Fraction] = field(default_factory=dict)

    def group_of(self, relation: str) -> str:
        """Group of a relation: 虚线上级 is 上级 unless the scheme names another group."""
        return self.dotted_as if relation == "dotted" and "dotted" not in self.groups else relation


@dataclass(frozen=True)
class Group:
    """One group of a subject: ``state`` is shown, hidden, merged or absent; ``raw`` is its score before 采用."""

    relation: str
    weight: Fraction
    n: int
    value: Fraction | None
    state: str
    raters: Mapping[str, Fraction] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    raw: Fraction | None = None

    @property
    def counted(self) -> bool:
        """Whether it takes part in the 360 score."""
        return self.state == "shown" and self.weight > 0


@dataclass(frozen=True)
class Review:
    """The 360 of a subject: ``state`` is scored, missing, incomplete (待补评) or held (暂不计分)."""

    state: str
    value: Fraction | None
    groups: Mapping[str, Group]
    excluded: Mapping[str, str]
    outliers: frozenset[tuple[str, str]]


def mapped(criterion: Criterion, score: Fraction, scale: Fraction, grid: Grid) -> Fraction:
    """Map a rating to points.

    Args:
        criterion: What was rated.
        score: The rating.
        scale: What 100 means.
        grid: Rounding of the scheme.

    Returns:
        The rating on the range of the criterion.

    Raises:
        BookError: The rating lies outside its scale.
    """
    if criterion.low is None or criterion.high is None:
        if not 0 <= score <= scale:
            raise BookError("rating_outside", criterion.name, str(score))
        return score
    if not criterion.low <= score <= criterion.high:
        raise BookError("rating_outside", criterion.name, str(score))
    low = Fraction(0) if criterion.to_min is None else criterion.to_min
    high = scale if criterion.to_max is None else criterion.to_max
    return grid.at("rating", low + (score - criterion.low) * (high - low) / (criterion.high - criterion.low))


def trimmed_mean(values: Sequence[Fraction], trim: Fraction) -> Fraction:
    """Mean without ⌊t·n⌋ values at each end, from five values on."""
    ordered = sorted(values)
    cut = math.floor(trim * len(ordered)) if len(ordered) >= 5 else 0
    kept = ordered[cut : len(ordered) - cut]
    if not kept:
        raise BookError("trim", str(trim))
    return sum(kept, Fraction(0)) / len(kept)


def group_value(pairs: Sequence[tuple[Fraction, Fraction]], trim: Fraction) -> Fraction:
    """Exact score of a group from (ω, x): trimmed under equal ω, else weighted."""
    if len({w for w, _ in pairs}) == 1:
        return trimmed_mean([x for _, x in pairs], trim)
    value = mean([x for _, x in pairs], [w for w, _ in pairs])
    if value is None:
        raise BookError("rater_weight")
    return value


def median(values: Sequence[Fraction]) -> Fraction:
    """The middle value, or the mean of the two middle ones."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def outliers(values: Sequence[Fraction], points: Fraction = Fraction(20)) -> list[bool]:
    """Flag values far from the median, from five values on."""
    if len(values) < 5:
        return [False] * len(values)
    middle = median(values)
    deviation = median([abs(x - middle) for x in values])
    if deviation == 0:
        return [abs(x - middle) > points for x in values]
    return [6745 * abs(x - middle) > 35000 * deviation for x in values]


def half_answered(form: Form, weights: Mapping[str, Fraction]) -> bool:
    """Whether at least half of the criterion weight was answered."""
    answered = sum((w for name, w in weights.items() if name in form.answers), Fraction(0))
    return answered > 0 and 2 * answered >= sum(weights.values(), Fraction(0))


def counted_forms(
    forms: Sequence[Form], subject: tuple[str, str], criteria: Mapping[str, Sequence[Criterion]], rules: RaterRules
) -> tuple[list[Form], dict[str, str]]:
    """Forms that count for one subject, each with the relation of its group.

    Args:
        forms: All forms of the subject.
        subject: Kind and code.
        criteria: Criteria by form kind.
        rules: What the scheme says.

    Returns:
        The counted forms, and the reason of every other submitted one by task.

    Raises:
        BookError: Two forms of one relation by one rater, or a relation that cannot be.
    """
    sent = [replace(form, relation=rules.group_of(form.relation)) for form in forms if form.submitted]
    seen: set[tuple[bool, str, str]] = set()
    for form in sent:
        key = (form.external, form.rater, form.relation)
        if key in seen:
            raise BookError("rated_twice", form.task)
        seen.add(key)
        own = not form.external and form.rater == subject[1]
        if subject[0] == "person" and own != (form.relation == "self"):
            raise BookError("self_relation", form.task)
    excluded: dict[str, str] = {}
    for form in sent:
        if form.relation not in rules.groups:
            excluded[form.task] = "no_group"
        elif form.conflict:
            excluded[form.task] = "conflict"
        elif not half_answered(form, criterion_weights(criteria[form.kind], rules)):
            excluded[form.task] = "half_answered"
    first: dict[tuple[bool, str], Form] = {}
    for form in sorted(sent, key=lambda f: ORDER.index(f.relation)):
        if form.task in excluded:
            continue
        if (form.external, form.rater) in first:
            excluded[form.task] = "other_relation"
        else:
            first[form.external, form.rater] = form
    return [form for form in sent if form.task not in excluded], excluded


def criterion_weights(criteria: Sequence[Criterion], rules: RaterRules) -> dict[str, Fraction]:
    """Weights of the criteria of one form kind."""
    if rules.equal_criteria:
        return {c.name: Fraction(1) for c in criteria}
    return {c.name: Fraction(0) if c.weight is None else c.weight for c in criteria}


def rater_score(
    form: Form,
    criteria: Sequence[Criterion],
    rules: RaterRules,
    grid: Grid,
    every: Sequence[Criterion] = (),
) -> Fraction | None:
    """Score that one rater gives over the criteria answered, adjusted where 采用 is in force.

    Args:
        form: The form.
        criteria: The criteria that count.
        rules: What the scheme says.
        grid: Rounding of the scheme.
        every: All criteria of the form, which bound an adjusted score, also when some do not count.

    Returns:
        The score, or None when nothing with weight is answered.
    """
    weights = criterion_weights(criteria, rules)
    answered = [c for c in criteria if c.name in form.answers]
    value = mean(
        [mapped(c, form.answers[c.name], rules.scale, grid) for c in answered], [weights[c.name] for c in answered]
    )
    if value is None:
        return None
    score = grid.at("rater", value)
    if form.relation == "self" or form.rater not in rules.beta:
        return score
    lows = [Fraction(0) if c.to_min is None else c.to_min for c in every or criteria]
    highs = [rules.scale if c.to_max is None else c.to_max for c in every or criteria]
    return clamp(score - rules.beta[form.rater], min(lows), max(highs))


def kept_criteria(
    forms: Sequence[Form], criteria: Mapping[str, Sequence[Criterion]], threshold: int
) -> dict[str, list[Criterion]]:
    """Criteria with at least ``threshold`` answers among the forms of a group."""
    kinds = {form.kind for form in forms}
    return {
        kind: [c for c in criteria[kind] if sum(f.kind == kind and c.name in f.answers for f in forms) >= threshold]
        for kind in sorted(kinds)
    }


def build_group(
    forms: Sequence[Form], rule: GroupRule, criteria: Mapping[str, Sequence[Criterion]], rules: RaterRules, grid: Grid
) -> Group:
    """One group of a subject from its counted forms."""
    n = len(forms)
    if n == 0:
        return Group(rule.relation, rule.weight, 0, None, "absent")
    used: Mapping[str, Sequence[Criterion]] = criteria
    if rules.by_criterion:
        used = kept_criteria(forms, criteria, rule.threshold)
    scored = [(form, rater_score(form, used[form.kind], rules, grid, criteria[form.kind])) for form in forms]
    present = [(form, x) for form, x in scored if x is not None]
    if not present or n < rule.threshold:
        return Group(rule.relation, rule.weight, n, None, "hidden")
    value = grid.at("group", group_value([(form.weight, x) for form, x in present], rule.trim))
    plain = replace(rules, beta={})
    before = {form.task: rater_score(form, used[form.kind], plain, grid) or Fraction(0) for form, _ in present}
    raw = quantise(raw_value([(form, x, before[form.task]) for form, x in present], rule.trim))
    return Group(rule.relation, rule.weight, n, value, "shown", {form.task: x for form, x in present}, raw=raw)


def raw_value(scored: Sequence[tuple[Form, Fraction, Fraction]], trim: Fraction) -> Fraction:
    """Exact score of a group before adjustments, over the raters that the adjusted scores keep."""
    if len({form.weight for form, _, _ in scored}) > 1:
        return group_value([(form.weight, x) for form, _, x in scored], trim)
    ordered = sorted(scored, key=lambda entry: (entry[1], entry[0].rater, entry[0].external))
    cut = math.floor(trim * len(ordered)) if len(ordered) >= 5 else 0
    kept = [x for _, _, x in ordered[cut : len(ordered) - cut]]
    return sum(kept, Fraction(0)) / len(kept)


def build_groups(
    counted: Sequence[Form], criteria: Mapping[str, Sequence[Criterion]], rules: RaterRules, grid: Grid
) -> dict[str, Group]:
    """All groups of a subject, small ones hidden or merged.

    Args:
        counted: Counted forms, with the relation of their group.
        criteria: Criteria by form kind.
        rules: What the scheme says.
        grid: Rounding of the scheme.

    Returns:
        Groups by relation; the merged one under ``MERGED``.
    """
    forms = {name: [f for f in counted if f.relation == name] for name in rules.groups}
    groups = {name: build_group(forms[name], rule, criteria, rules, grid) for name, rule in rules.groups.items()}
    small = [
        name
        for name, rule in rules.groups.items()
        if rule.merge and rule.weight > 0 and 1 <= len(forms[name]) < rule.threshold
    ]
    if not small:
        return groups
    rule = GroupRule(
        MERGED,
        sum((rules.groups[name].weight for name in small), Fraction(0)),
        max(rules.groups[name].threshold for name in small),
    )
    merged = build_group([f for name in small for f in forms[name]], rule, criteria, rules, grid)
    if merged.state == "shown":
        for name in small:
            groups[name] = replace(groups[name], state="merged")
        groups[MERGED] = replace(merged, members=tuple(small))
    return groups


def review(
    forms: Sequence[Form],
    subject: tuple[str, str],
    criteria: Mapping[str, Sequence[Criterion]],
    rules: RaterRules,
    grid: Grid,
    struck: frozenset[str] = frozenset(),
) -> Review:
    """The 360 score of a subject.

    Args:
        forms: All forms about the subject.
        subject: Kind and code.
        criteria: Criteria by form kind.
        rules: What the scheme says.
        grid: Rounding of the scheme.
        struck: Groups that an appeal struck out.

    Returns:
        Score or state, groups, exclusions and outlier flags.
    """
    counted, excluded = counted_forms(forms, subject, criteria, rules)
    excluded |= {f.task: "struck" for f in counted if f.relation in struck}
    groups = build_groups([f for f in counted if f.task not in excluded], criteria, rules, grid)
    flags = {
        (group.relation, task)
        for group in groups.values()
        for task, hit in zip(group.raters, outliers(list(group.raters.values()), rules.outlier_points), strict=True)
        if hit
    }
    weighed = {name for name, rule in rules.groups.items() if rule.weight > 0}
    state, value = _total(groups, rules, grid, due=any(f.due and rules.group_of(f.relation) in weighed for f in forms))
    return Review(state, value, groups, excluded, frozenset(flags))


def _total(groups: Mapping[str, Group], rules: RaterRules, grid: Grid, *, due: bool) -> tuple[str, Fraction | None]:
    """State and score over the groups, by the policy for missing ones."""
    whole = sum((rule.weight for rule in rules.groups.values()), Fraction(0))
    if not due or whole == 0:
        return "missing", None
    used = [(g.weight, g.value) for g in groups.values() if g.counted and g.value is not None]
    present = sum((w for w, _ in used), Fraction(0))
    if rules.missing == "zero":
        return "scored", grid.at("review", sum((w * x for w, x in used), Fraction(0)) / whole)
    if rules.missing == "hold" and present < whole:
        return "held", None
    value = mean([x for _, x in used], [w for w, _ in used])
    merged = groups[MERGED].members if MERGED in groups else ()
    needed = [r for r, rule in rules.groups.items() if rule.required and rule.weight > 0]
    short = any(groups[r].state != "shown" and r not in merged for r in needed)
    if value is None or short or 100 * present < rules.min_coverage * whole:
        return "incomplete", None
    return "scored", grid.at("review", value)


def hide_complement(parts: Sequence[tuple[str, int, bool]]) -> frozenset[str]:
    """Parts of a shown whole that must be hidden so that none follows from the rest.

    Args:
        parts: Name, size and whether it is shown.

    Returns:
        The hidden ones; with exactly one, the next smallest joins it.
    """
    hidden = {name for name, _, shown in parts if not shown}
    rest = sorted((size, name) for name, size, shown in parts if shown)
    if len(hidden) == 1 and rest:
        hidden.add(rest[0][1])
    return frozenset(hidden)
