"""How much of the spread of ratings is due to raters, to subjects and to chance: the λ of shrinkage.

A complete table has closed formulas. Any other needs REML on scipy, which is imported only then (the optional extra
``analysis``; scoring itself never needs it).

Source: scoring.md S5 L3 (variances by REML; complete data: σ²ₑ = MSE, σ²_β = (MSJ−MSE)/n, σ²_θ = (MSB−MSE)/k).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from huoban_perf.core.errors import FactValue, ScoringError
from huoban_perf.scoring.reliability import mean_squares
from huoban_perf.scoring.rounding import D4
from huoban_perf.scoring.scheme import Severity
from huoban_perf.scoring.severity import Fit, Score, find_components, fit_effects

_NEVER: Final = 1e9
"""λ of a variance of 0: its effects vanish."""

_FARTHEST: Final = 14.0
"""Bound of log λ in the search; beyond it a variance is 0 or everything."""

_MOST_EFFECTS: Final = 6000
"""Most effects of the smaller factor: its matrix is dense (288 MB at this size)."""


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
        ScoringError: Fewer than two raters or subjects, the smaller factor has too many levels, or
            scipy is missing for an incomplete table.

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


def fit_shrunk(scores: Sequence[Score], rules: Severity) -> Fit:
    """Fit the shrunk effects with the scheme's λ, or with estimated ones (L3).

    Args:
        scores: Counted form scores without self forms.
        rules: The scheme's rules; a fixed λ of raters needs no estimate.

    Returns:
        The effects.

    Raises:
        ScoringError: The variances cannot be estimated (``WHY_NOT`` has the codes).

    Source: scoring.md S5 L3 (a scheme may fix λ).
    """
    if rules.rater_lambda_d4 is None:
        return shrink(scores, estimate_variances(scores))
    subject_lambda = (rules.subject_lambda_d4 or 0) / D4
    return fit_effects(scores, rater_lambda=rules.rater_lambda_d4 / D4, subject_lambda=subject_lambda)


WHY_NOT: Final = {
    "severity.too_few": "评价人或被评人不足两位",
    "severity.too_many": "评价人和被评人太多",
    "severity.needs_scipy": "未安装 scipy",
}
"""Code of an error → why variances could not be estimated."""


def _reml(scores: Sequence[Score]) -> Variances:
    """Minimise −2 log restricted likelihood over (log λ_β, log λ_θ); the error variance has a closed form."""
    try:
        from scipy import optimize
    except ImportError as missing:
        raise ScoringError("severity.needs_scipy") from missing
    likelihood = _Likelihood.of(scores)
    found = optimize.minimize(
        lambda at: likelihood(*at)[0],
        x0=[0.0, 0.0],
        method="Nelder-Mead",
        bounds=[(-_FARTHEST, _FARTHEST)] * 2,
        options={"xatol": 1e-5, "fatol": 1e-8},
    )
    rater_lambda, subject_lambda = (math.exp(float(at)) for at in found.x)
    error = likelihood(*(float(at) for at in found.x))[1]
    return Variances(error, _kept(error / rater_lambda, error), _kept(error / subject_lambda, error))


def _kept(variance: float, error: float) -> float:
    return variance if variance > error * 1e-6 else 0.0


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """−2 log restricted likelihood of the additive model with crossed effects.

    One mean a component is fixed. The effects of the larger factor are eliminated, since their block is diagonal; what is
    left is dense over the means and the smaller factor.

    Attributes:
        inner: Cross products of the kept columns.
        cross: Sparse cross products of kept and eliminated columns.
        counts: Scores of each eliminated effect.
        right: Kept columns times scores.
        right_large: Eliminated columns times scores.
        total: Sum of squares of the centred scores.
        fixed: Number of means.
        n: Number of scores.
        swap: The eliminated factor is the raters.
    """

    inner: Any  # numpy and scipy arrays: loaded only when an analysis needs them
    cross: Any
    counts: Any
    right: Any
    right_large: Any
    total: float
    fixed: int
    n: int
    swap: bool

    @classmethod
    def of(cls, scores: Sequence[Score]) -> _Likelihood:
        """Build the cross products."""
        import numpy as np
        from scipy import sparse

        components = find_components(scores)
        raters = {name: at for at, name in enumerate(sorted({s.rater for s in scores}))}
        subjects = {name: at for at, name in enumerate(sorted({s.subject for s in scores}))}
        fixed = max(components.values()) + 1
        of_raters = np.array([raters[s.rater] for s in scores])
        of_subjects = np.array([subjects[s.subject] for s in scores])
        swap = len(raters) > len(subjects)
        large, small = (of_raters, of_subjects) if swap else (of_subjects, of_raters)
        if small.max() >= _MOST_EFFECTS:
            facts: dict[str, FactValue] = {"raters": len(raters), "subjects": len(subjects), "most": _MOST_EFFECTS}
            raise ScoringError("severity.too_many", facts=facts)
        means = np.array([components[f"r:{s.rater}"] for s in scores])
        y = np.array([s.points for s in scores])
        y -= y.mean()
        rows, ones = np.arange(len(scores)), np.ones(len(scores))
        kept = sparse.hstack(
            [sparse.csr_array((ones, (rows, means))), sparse.csr_array((ones, (rows, small)))], format="csr"
        )
        gone = sparse.csr_array((ones, (rows, large)))
        return cls(
            inner=(kept.T @ kept).toarray(),
            cross=(kept.T @ gone).tocsr(),
            counts=np.bincount(large).astype(float),
            right=kept.T @ y,
            right_large=gone.T @ y,
            total=float(y @ y),
            fixed=fixed,
            n=len(scores),
            swap=swap,
        )

    def __call__(self, rater_log: float, subject_log: float) -> tuple[float, float]:
        """Return the criterion and σ²ₑ at two logarithms of λ."""
        import numpy as np
        from scipy import linalg

        of_raters, of_subjects = math.exp(rater_log), math.exp(subject_log)
        of_large, of_small = (of_raters, of_subjects) if self.swap else (of_subjects, of_raters)
        diagonal = self.counts + of_large
        schur = self.inner - (self.cross.multiply(1 / diagonal).tocsr() @ self.cross.T).toarray()
        places = np.arange(self.fixed, len(schur))
        schur[places, places] += of_small
        reduced = self.right - self.cross @ (self.right_large / diagonal)
        factor = linalg.cholesky(schur, lower=True)
        solved = linalg.solve_triangular(factor, reduced, lower=True)
        rest = self.total - float(self.right_large @ (self.right_large / diagonal)) - float(solved @ solved)
        freedom = self.n - self.fixed
        error = max(rest, 1e-12) / freedom
        determinant = float(np.log(diagonal).sum()) + 2 * float(np.log(np.diag(factor)).sum())
        free = len(self.counts) * math.log(of_large) + len(places) * math.log(of_small)
        return freedom * math.log(error) + determinant - free, error
