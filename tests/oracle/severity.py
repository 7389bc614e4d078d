"""S5: rater severity by exact linear algebra; L1 alone needs a root, taken in 60-digit decimals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from tests.oracle.numbers import BookError, round_to

Rating = tuple[str, str, Fraction]
"""Subject, rater, score of the form."""
BETA_DECIMALS = 4


@dataclass(frozen=True)
class Effects:
    """μ, θ by subject and β by rater of one component."""

    mu: Fraction
    theta: Mapping[str, Fraction]
    beta: Mapping[str, Fraction]


def components(ratings: Sequence[Rating]) -> list[list[Rating]]:
    """Connected parts of the bipartite graph, by their smallest subject; only within one do figures compare."""
    label: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while label.setdefault(node, node) != node:
            node = label[node]
        return node

    for subject, rater, _ in ratings:
        low, high = sorted((root(("subject", subject)), root(("rater", rater))))
        label[low] = high
    parts: dict[tuple[str, str], list[Rating]] = {}
    for rating in ratings:
        parts.setdefault(root(("subject", rating[0])), []).append(rating)
    return sorted(parts.values(), key=lambda part: min(subject for subject, _, _ in part))


def moments(values: Sequence[Fraction]) -> tuple[Fraction, Decimal]:
    """Mean and population standard deviation."""
    centre = sum(values, Fraction(0)) / len(values)
    variance = sum(((x - centre) ** 2 for x in values), Fraction(0)) / len(values)
    with localcontext() as context:
        context.prec = 60
        return centre, (Decimal(variance.numerator) / Decimal(variance.denominator)).sqrt()


def standardise(by_rater: Mapping[str, Sequence[Fraction]]) -> dict[str, list[Decimal]]:
    """L1: every rater with at least five scores and a spread, put on the common mean and spread."""
    whole = [x for values in by_rater.values() for x in values]
    centre, spread = moments(whole)
    result: dict[str, list[Decimal]] = {}
    for rater, values in by_rater.items():
        own, deviation = moments(values)
        if len(values) < 5 or deviation == 0:
            continue
        with localcontext() as context:
            context.prec = 60
            shifts = [x - own for x in values]
            base = Decimal(centre.numerator) / Decimal(centre.denominator)
            result[rater] = [base + spread * Decimal(d.numerator) / Decimal(d.denominator) / deviation for d in shifts]
    return result


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Solve a square linear system exactly.

    Args:
        matrix: Rows of coefficients.
        right: Right-hand side.

    Returns:
        The solution.

    Raises:
        BookError: The system has no single solution.
    """
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = next((r for r in range(column, size) if rows[r][column]), None)
        if pivot is None:
            raise BookError("singular")
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        rows[column] = [x / head for x in rows[column]]
        for r in range(size):
            if r != column and rows[r][column]:
                lead = rows[r][column]
                rows[r] = [x - lead * y for x, y in zip(rows[r], rows[column], strict=True)]
    return [row[-1] for row in rows]


def fit(
    ratings: Sequence[Rating],
    lambda_beta: Fraction | None = None,
    lambda_theta: Fraction | None = None,
) -> Effects:
    """Fit x = μ + θ + β on one component.

    Without λ this is L2 (Σθ = Σβ = 0, unweighted); with λ it is L3. A λ of None for one effect alone leaves
    that effect unshrunk with sum 0.

    Args:
        ratings: Ratings of one component.
        lambda_beta: Shrinkage of the raters.
        lambda_theta: Shrinkage of the subjects.

    Returns:
        The effects.
    """
    subjects = sorted({subject for subject, _, _ in ratings})
    raters = sorted({rater for _, rater, _ in ratings})
    place = {("s", s): 1 + i for i, s in enumerate(subjects)}
    place |= {("r", r): 1 + len(subjects) + i for i, r in enumerate(raters)}
    size = 1 + len(place)
    normal = [[Fraction(0)] * size for _ in range(size)]
    right = [Fraction(0)] * size
    for subject, rater, score in ratings:
        cells = (0, place["s", subject], place["r", rater])
        for i in cells:
            right[i] += score
            for j in cells:
                normal[i][j] += 1
    for kind, lam in (("s", lambda_theta), ("r", lambda_beta)):
        mine = [i for (k, _), i in place.items() if k == kind]
        for i in mine:
            if lam is not None:
                normal[i][i] += lam
            else:
                for j in mine:
                    normal[i][j] += 1
    found = solve(normal, right)
    return Effects(found[0], {s: found[place["s", s]] for s in subjects}, {r: found[place["r", r]] for r in raters})


def variances(ratings: Sequence[Rating]) -> tuple[Fraction, Fraction, Fraction]:
    """σ²ₑ, σ²_β and σ²_θ of complete data by mean squares; a negative one is 0.

    Args:
        ratings: Every subject rated once by every rater.

    Returns:
        The three variances.

    Raises:
        BookError: The table is not complete.
    """
    subjects = sorted({subject for subject, _, _ in ratings})
    raters = sorted({rater for _, rater, _ in ratings})
    table = {(subject, rater): score for subject, rater, score in ratings}
    n, k = len(subjects), len(raters)
    if len(table) != n * k or len(ratings) != n * k or n < 2 or k < 2:
        raise BookError("incomplete_table")
    centre = sum(table.values(), Fraction(0)) / (n * k)
    row = {s: sum((table[s, r] for r in raters), Fraction(0)) / k for s in subjects}
    column = {r: sum((table[s, r] for s in subjects), Fraction(0)) / n for r in raters}
    between = k * sum(((x - centre) ** 2 for x in row.values()), Fraction(0)) / (n - 1)
    judges = n * sum(((x - centre) ** 2 for x in column.values()), Fraction(0)) / (k - 1)
    rest = sum(((x - row[s] - column[r] + centre) ** 2 for (s, r), x in table.items()), Fraction(0))
    error = rest / ((n - 1) * (k - 1))
    return error, max(Fraction(0), (judges - error) / n), max(Fraction(0), (between - error) / k)


def shrink(ratings: Sequence[Rating]) -> Effects:
    """L3 on complete data with λ from its own variances; an effect without variance is 0."""
    error, of_beta, of_theta = variances(ratings)
    if of_beta and of_theta:
        return fit(ratings, (error / of_beta) or None, (error / of_theta) or None)
    centre = sum((x for _, _, x in ratings), Fraction(0)) / len(ratings)
    zero_theta = {s: Fraction(0) for s, _, _ in ratings}
    zero_beta = {r: Fraction(0) for _, r, _ in ratings}
    if not of_beta and not of_theta:
        return Effects(centre, zero_theta, zero_beta)
    # On complete data the two effects are orthogonal, so that either may be fitted beside zeros of the other.
    ratio = (error / (of_beta or of_theta)) or None
    kept = fit(ratings, ratio, ratio)
    return Effects(centre, zero_theta if of_beta else kept.theta, kept.beta if of_beta else zero_beta)


def adopted(effects: Effects, ratings: Sequence[Rating]) -> dict[str, Fraction]:
    """β̂ re-centred so that the adjusted mean is the raw mean, at four decimals."""
    counts: dict[str, int] = {}
    for _, rater, _ in ratings:
        counts[rater] = counts.get(rater, 0) + 1
    shift = sum((n * effects.beta[r] for r, n in counts.items()), Fraction(0)) / sum(counts.values())
    return {r: round_to(effects.beta[r] - shift, BETA_DECIMALS) for r in sorted(counts)}
