"""How severe each rater is, compared within the groups in which ratings can be compared at all.

Advisory: floats are allowed here. A company that adopts the figures takes a snapshot: rounded, approved, stored, and
from then on an exact input (``rater_adjustments``); replay reads the snapshot and never fits again.

Not made: L4, the many-facet Rasch model. The book names it for analysis reports only and no rule reads it; what decides is
L1–L3.

Source: scoring.md S5 (L1 standardise, L2 additive model, L3 shrinkage, 采用).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

LEAST_FORMS: Final = 5
_TOLERANCE: Final = 1e-12
_ROUNDS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Score:
    """One counted form score, not a self form.

    Attributes:
        rater: Rater code.
        subject: Subject code.
        points: The form's score.
    """

    rater: str
    subject: str
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Effects of one fit.

    Attributes:
        mean: μ per component.
        raters: Rater → β̂; positive = lenient.
        subjects: Subject → θ̂; a subject's figure is μ + θ̂.
        components: Rater → number of its component; figures compare only within one.
        forms: Rater → number of scores.
        subject_components: Subject → number of its component.
        rater_lambda: Shrinkage of raters, 0 = none.
        subject_lambda: Shrinkage of subjects.
    """

    mean: Mapping[int, float]
    raters: Mapping[str, float]
    subjects: Mapping[str, float]
    components: Mapping[str, int]
    forms: Mapping[str, int]
    subject_components: Mapping[str, int]
    rater_lambda: float = 0.0
    subject_lambda: float = 0.0

    @property
    def is_comparable(self) -> bool:
        """Whether all raters can be compared with one another."""
        return len(set(self.components.values())) <= 1

    def figure(self, subject: str) -> float:
        """Return a subject's figure, freed of who happened to rate.

        Args:
            subject: Subject code.

        Returns:
            μ + θ̂ within the subject's component.
        """
        return self.mean[self.subject_components[subject]] + self.subjects[subject]


@dataclass(frozen=True, slots=True)
class Standardised:
    """One score as L1 shows it; never adopted, since it assumes that all teams are equally good."""

    rater: str
    subject: str
    points: Decimal


def standardise(scores: Sequence[Score]) -> tuple[Standardised, ...]:
    """Give every rater the same mean and spread (L1).

    Args:
        scores: Scores of raters of one relation.

    Returns:
        Adjusted scores to 4 decimals of raters with at least five scores and some spread.

    Source: scoring.md S5 L1: x' = M + S·(x−mᵣ)/sᵣ, population SD.
    """
    by_rater: dict[str, list[Score]] = {}
    for score in scores:
        by_rater.setdefault(score.rater, []).append(score)
    kept = {rater: mine for rater, mine in by_rater.items() if len(mine) >= LEAST_FORMS and _variance(mine) > 0}
    every = [score for mine in kept.values() for score in mine]
    if not every:
        return ()
    grand, spread = _mean(every), _variance(every).sqrt()
    return tuple(
        Standardised(score.rater, score.subject, _rounded(grand + spread * (_exact(score) - mean) / deviation))
        for mine in kept.values()
        for mean, deviation in [(_mean(mine), _variance(mine).sqrt())]
        for score in mine
    )


def _exact(score: Score) -> Decimal:
    return Decimal(str(score.points))


def _mean(scores: Sequence[Score]) -> Decimal:
    return sum((_exact(score) for score in scores), Decimal(0)) / len(scores)


def _variance(scores: Sequence[Score]) -> Decimal:
    mean = _mean(scores)
    return sum(((_exact(score) - mean) ** 2 for score in scores), Decimal(0)) / len(scores)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def find_components(scores: Iterable[Score]) -> dict[str, int]:
    """Number the connected parts of the graph of raters and subjects.

    Args:
        scores: Who rated whom.

    Returns:
        ``r:rater`` and ``s:subject`` → number, counted from 0 in order of the smallest rater code.

    Source: scoring.md S5 ("not comparable" otherwise).
    """
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for score in scores:
        one, other = root(f"r:{score.rater}"), root(f"s:{score.subject}")
        parent[max(one, other)] = min(one, other)
    numbers: dict[str, int] = {}
    return {node: numbers.setdefault(root(node), len(numbers)) for node in sorted(parent)}


def fit_effects(scores: Sequence[Score], *, rater_lambda: float = 0.0, subject_lambda: float = 0.0) -> Fit:
    """Fit x = μ + θ (subject) + β (rater) + error within each component.

    Args:
        scores: Counted form scores without self forms.
        rater_lambda: σ²ₑ ÷ σ²_β; 0 = no shrinkage of raters (L2).
        subject_lambda: σ²ₑ ÷ σ²_θ; 0 = no shrinkage of subjects.

    Returns:
        The effects; Σθ = Σβ = 0 per component where they are not shrunk.

    Source: scoring.md S5 L2 (least squares), L3 (minimise Σe² + λ_β Σβ² + λ_θ Σθ²).
    """
    numbers = find_components(scores)
    means: dict[int, float] = {}
    raters: dict[str, float] = {}
    subjects: dict[str, float] = {}
    parts: dict[int, list[Score]] = {}
    forms: dict[str, int] = {}
    for score in scores:
        parts.setdefault(numbers[f"r:{score.rater}"], []).append(score)
        forms[score.rater] = forms.get(score.rater, 0) + 1
    for number, part in parts.items():
        means[number], mine, theirs = _fit_part(part, rater_lambda, subject_lambda)
        raters |= mine
        subjects |= theirs
    return Fit(
        mean=means,
        raters=raters,
        subjects=subjects,
        components={rater: numbers[f"r:{rater}"] for rater in raters},
        forms=forms,
        subject_components={subject: numbers[f"s:{subject}"] for subject in subjects},
        rater_lambda=rater_lambda,
        subject_lambda=subject_lambda,
    )


def _fit_part(
    part: Sequence[Score], rater_lambda: float, subject_lambda: float
) -> tuple[float, dict[str, float], dict[str, float]]:
    """Solve one component by conjugate gradients on its normal equations."""
    names = sorted({f"r:{s.rater}" for s in part} | {f"s:{s.subject}" for s in part})
    place = {name: at for at, name in enumerate(names)}
    pairs = [(place[f"r:{s.rater}"], place[f"s:{s.subject}"]) for s in part]
    shrink = [rater_lambda if name.startswith("r:") else subject_lambda for name in names]
    grand = sum(s.points for s in part) / len(part)
    target = [0.0] * len(names)
    for (rater, subject), score in zip(pairs, part, strict=True):
        target[rater] += score.points - grand
        target[subject] += score.points - grand
    effects, centre = _solve(pairs, shrink, target)
    mine = {name[2:]: effects[at] for at, name in enumerate(names) if name.startswith("r:")}
    theirs = {name[2:]: effects[at] for at, name in enumerate(names) if name.startswith("s:")}
    mean = grand + centre
    if rater_lambda == 0:
        mean += _centre(mine)
    if subject_lambda == 0:
        mean += _centre(theirs)
    return mean, mine, theirs


def _centre(effects: dict[str, float]) -> float:
    middle = sum(effects.values()) / len(effects)
    for name in effects:
        effects[name] -= middle
    return middle


def _solve(
    pairs: Sequence[tuple[int, int]], shrink: Sequence[float], target: Sequence[float]
) -> tuple[list[float], float]:
    """Solve for all effects with the mean free: the mean is eliminated by centring each product.

    Returns:
        Effects, and what the mean moves from the plain average.
    """
    size, n = len(target), len(pairs)
    degree = [0.0] * size
    for rater, subject in pairs:
        degree[rater] += 1
        degree[subject] += 1

    def apply(x: Sequence[float]) -> list[float]:
        shift = sum(d * v for d, v in zip(degree, x, strict=True)) / n
        out = [shrink[at] * x[at] - degree[at] * shift for at in range(size)]
        for rater, subject in pairs:
            both = x[rater] + x[subject]
            out[rater] += both
            out[subject] += both
        return out

    x = [0.0] * size
    residual = list(target)
    scale = [1.0 / (d + s) for d, s in zip(degree, shrink, strict=True)]
    z = [r * s for r, s in zip(residual, scale, strict=True)]
    direction = list(z)
    energy = sum(r * v for r, v in zip(residual, z, strict=True))
    goal = _TOLERANCE**2 * max(energy, 1e-300)
    rounds = 0
    while energy > goal and rounds < _ROUNDS:
        rounds += 1
        product = apply(direction)
        curve = sum(d * p for d, p in zip(direction, product, strict=True))
        step = energy / curve
        x = [v + step * d for v, d in zip(x, direction, strict=True)]
        residual = [r - step * p for r, p in zip(residual, product, strict=True)]
        z = [r * s for r, s in zip(residual, scale, strict=True)]
        following = sum(r * v for r, v in zip(residual, z, strict=True))
        direction = [v + following / energy * d for v, d in zip(z, direction, strict=True)]
        energy = following
    return x, -sum(d * v for d, v in zip(degree, x, strict=True)) / n


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One rater's stored adjustment: x' = x − beta, kept inside the scale.

    Attributes:
        rater: Rater code.
        beta: Points, 4 decimals; positive = was lenient.
        n: Forms it was estimated from.
        component: Component it belongs to.
    """

    rater: str
    beta: Decimal
    n: int
    component: int


def snapshot(fit: Fit) -> tuple[Adjustment, ...]:
    """Make the figures a company may adopt.

    Args:
        fit: A shrunk fit (L3).

    Returns:
        One entry a rater, by code: β̂ re-centred to Σ nⱼβ̂ⱼ = 0 per component, so that the adjusted mean is the raw mean,
        then rounded to 4 decimals half away.

    Source: scoring.md S5 (采用).
    """
    centres: dict[int, Fraction] = {}
    for component in set(fit.components.values()):
        members = [rater for rater, found in fit.components.items() if found == component]
        total = sum(fit.forms[rater] for rater in members)
        centres[component] = sum((fit.forms[r] * Fraction(fit.raters[r]) for r in members), Fraction(0)) / total
    found = []
    for rater in sorted(fit.raters):
        exact = Fraction(fit.raters[rater]) - centres[fit.components[rater]]
        beta = _rounded(Decimal(exact.numerator) / Decimal(exact.denominator))
        found.append(Adjustment(rater, beta, fit.forms[rater], fit.components[rater]))
    return tuple(found)
