"""How much of the spread of ratings is due to raters, to subjects and to chance: the λ of shrinkage.

A complete table has closed formulas. Any other needs REML on numpy, which is imported only then (an optional extra for
analysis; scoring itself never needs it).

Source: scoring.md S5 L3 (variances by REML; complete data: σ²ₑ = MSE, σ²_β = (MSJ−MSE)/n, σ²_θ = (MSB−MSE)/k).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring.reliability import mean_squares
from huoban_perf.scoring.severity import Fit, Score, find_components, fit_effects

_NEVER: Final = 1e9
"""λ of a variance of 0: its effects vanish."""


@dataclass(frozen=True, slots=True)
class Variances:
    """Variance components of the additive model.

    Attributes:
        error: σ²ₑ.
        raters: σ²_β, 0 when the estimate is negative.
        subjects: σ²_θ, 0 when the estimate is negative.
    """

    error: float
    raters: float
    subjects: float

    @property
    def rater_lambda(self) -> float:
        """σ²ₑ ÷ σ²_β."""
        return self.error / self.raters if self.raters > 0 else _NEVER

    @property
    def subject_lambda(self) -> float:
        """σ²ₑ ÷ σ²_θ."""
        return self.error / self.subjects if self.subjects > 0 else _NEVER


def estimate_variances(scores: Sequence[Score]) -> Variances:
    """Estimate the variance components.

    Args:
        scores: Counted form scores without self forms.

    Returns:
        The components.

    Raises:
        ScoringError: Fewer than two raters or subjects, or numpy is missing for an incomplete table.

    Source: scoring.md S5 L3.
    """
    table = {(s.subject, s.rater): Fraction(str(s.points)) for s in scores}
    subjects, raters = sorted({s.subject for s in scores}), sorted({s.rater for s in scores})
    if len(subjects) < 2 or len(raters) < 2:
        raise ScoringError("severity.too_few", facts={"raters": len(raters), "subjects": len(subjects)})
    if len(table) == len(scores) == len(subjects) * len(raters):
        squares = mean_squares([[table[subject, rater] for rater in raters] for subject in subjects])
        between = (squares.between - squares.error) / len(raters)
        columns = (squares.raters - squares.error) / len(subjects)
        return Variances(float(squares.error), max(float(columns), 0.0), max(float(between), 0.0))
    return _reml(scores)


def shrink(scores: Sequence[Score], variances: Variances) -> Fit:
    """Fit the shrunk effects for given variances (L3).

    Args:
        scores: Counted form scores without self forms.
        variances: The components.

    Returns:
        The effects; those of a zero variance are 0.
    """
    return fit_effects(scores, rater_lambda=variances.rater_lambda, subject_lambda=variances.subject_lambda)


def _reml(scores: Sequence[Score]) -> Variances:
    try:
        import numpy as np
    except ImportError as missing:
        raise ScoringError("severity.needs_numpy") from missing
    criterion = _criterion(scores, np)
    best = _descend(lambda at: criterion(at)[0], (0.0, 0.0))
    error, rater_lambda, subject_lambda = criterion(best)[1], math.exp(best[0]), math.exp(best[1])
    return Variances(error, _kept(error / rater_lambda, error), _kept(error / subject_lambda, error))


def _kept(variance: float, error: float) -> float:
    return variance if variance > error * 1e-6 else 0.0


def _criterion(scores: Sequence[Score], np: Any) -> Callable[[tuple[float, float]], tuple[float, float]]:
    """Build −2 log restricted likelihood over (log λ_β, log λ_θ); the larger factor is eliminated as a diagonal.

    Returns:
        A function returning the criterion and σ²ₑ.
    """
    components = find_components(scores)
    raters = {name: at for at, name in enumerate(sorted({s.rater for s in scores}))}
    subjects = {name: at for at, name in enumerate(sorted({s.subject for s in scores}))}
    fixed = max(components.values()) + 1
    swap = len(raters) > len(subjects)
    large, small = (raters, subjects) if swap else (subjects, raters)
    rows = [(s.rater, s.subject) if swap else (s.subject, s.rater) for s in scores]
    big = np.array([large[one] for one, _ in rows])
    little = np.array([small[other] for _, other in rows]) + fixed
    group = np.array([components[f"r:{s.rater}"] for s in scores])
    y = np.array([s.points for s in scores])
    y = y - y.mean()
    size = fixed + len(small)
    cross = np.zeros((size, len(large)))
    np.add.at(cross, (little, big), 1.0)
    np.add.at(cross, (group, big), 1.0)
    inner = np.zeros((size, size))
    for one, other in ((little, little), (group, group), (little, group), (group, little)):
        np.add.at(inner, (one, other), 1.0)
    counts = np.bincount(big, minlength=len(large)).astype(float)
    rhs_big = np.bincount(big, weights=y, minlength=len(large))
    rhs = np.bincount(little, weights=y, minlength=size) + np.bincount(group, weights=y, minlength=size)
    freedom = len(scores) - fixed
    total = float(y @ y)

    def criterion(at: tuple[float, float]) -> tuple[float, float]:
        of_raters, of_subjects = math.exp(at[0]), math.exp(at[1])
        of_big, of_small = (of_raters, of_subjects) if swap else (of_subjects, of_raters)
        diagonal = counts + of_big
        schur = inner - (cross / diagonal) @ cross.T
        schur[range(fixed, size), range(fixed, size)] += of_small
        reduced = rhs - cross @ (rhs_big / diagonal)
        factor = np.linalg.cholesky(schur)
        solved = np.linalg.solve(factor, reduced)
        rest = total - float(rhs_big @ (rhs_big / diagonal)) - float(solved @ solved)
        error = rest / freedom
        determinant = float(np.log(diagonal).sum()) + 2 * float(np.log(np.diag(factor)).sum())
        free = len(large) * math.log(of_big) + len(small) * math.log(of_small)
        return freedom * math.log(error) + determinant - free, error

    return criterion


def _descend(value: Callable[[tuple[float, float]], float], start: tuple[float, float]) -> tuple[float, float]:
    """Minimise over the plane by a pattern search with halving steps, bounded to e^±14."""
    at, best, step = start, value(start), 1.0
    while step > 1e-4:
        around = [(at[0] + dx * step, at[1] + dy * step) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        found = [(value(point), point) for point in around if max(abs(point[0]), abs(point[1])) <= 14.0]
        lowest, point = min(found)
        if lowest < best - 1e-10:
            at, best = point, lowest
        else:
            step /= 2
    return at
