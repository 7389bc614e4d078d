"""S7: parts to composite, ± points, clamp, veto, and the printing of a receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError, Grid, largest_remainder, quantise

PARTS = ("kpi", "mr", "okr")


@dataclass(frozen=True)
class PartRules:
    """What the scheme says about parts: weights, the policy for a missing one, and its threshold."""

    weights: Mapping[str, Fraction]
    missing: str = "renormalise"
    min_coverage: Fraction = Fraction(60)


@dataclass(frozen=True)
class Composite:
    """A composite: ``state`` is scored, incomplete (待补评) or held (暂不计分); ``used`` are the weights divided by."""

    state: str
    value: Fraction | None
    used: Mapping[str, Fraction]


@dataclass(frozen=True)
class Veto:
    """One hit: ``item_zero``, ``total_zero``, ``score_cap`` or ``grade_cap`` with its value."""

    action: str
    value: str | None = None


def composite(parts: Mapping[str, Fraction | None], rules: PartRules, grid: Grid) -> Composite:
    """Weigh the parts.

    Args:
        parts: Score of each part, None for a missing one.
        rules: What the scheme says.
        grid: Rounding of the scheme.

    Returns:
        The composite, or why there is none.

    Raises:
        BookError: The policy is unknown.
    """
    weighed = {name: w for name, w in rules.weights.items() if w > 0}
    present = {name: w for name, w in weighed.items() if parts.get(name) is not None}
    whole, got = sum(weighed.values(), Fraction(0)), sum(present.values(), Fraction(0))
    match rules.missing:
        case "zero":
            used = weighed
        case "hold" if got < whole:
            return Composite("held", None, present)
        case "hold" | "renormalise":
            if got == 0 or 100 * got < rules.min_coverage * whole:
                return Composite("incomplete", None, present)
            used = present
        case other:
            raise BookError("missing_policy", other)
    total = sum((w * (parts.get(name) or Fraction(0)) for name, w in used.items()), Fraction(0))
    divisor = sum(used.values(), Fraction(0))
    if divisor == 0:
        return Composite("incomplete", None, used)
    return Composite("scored", grid.at("composite", total / divisor), used)


def limited_points(entries: Sequence[tuple[str, Fraction]], cap: Fraction | None) -> tuple[Fraction, Fraction]:
    """Sum of ± points.

    Args:
        entries: (plus or minus, points) of the approved rows.
        cap: ``adj_cap``, None for no limit.

    Returns:
        The sum that counts, and the correction of the limit.

    Raises:
        BookError: Negative points, or an unknown kind.
    """
    if any(points < 0 or kind not in {"plus", "minus"} for kind, points in entries):
        raise BookError("points")
    raw = sum((points if kind == "plus" else -points for kind, points in entries), Fraction(0))
    if cap is None:
        return raw, Fraction(0)
    kept = max(-cap, min(cap, raw))
    return kept, kept - raw


def after_veto(value: Fraction, hits: Sequence[Veto]) -> Fraction:
    """Value after every hit: 总分0 first, then the lowest 分数封顶; the floor does not hold here."""
    if any(hit.action == "total_zero" for hit in hits):
        value = Fraction(0)
    caps = [Fraction(hit.value) for hit in hits if hit.action == "score_cap" and hit.value is not None]
    return min([value, *caps])


def printed(contributions: Sequence[Fraction], total: Fraction) -> list[Fraction]:
    """Print contributions at six decimals so that they add up exactly.

    Args:
        contributions: Exact contributions, in line order.
        total: Their printed sum, at six decimals.

    Returns:
        One printed value a line.

    Raises:
        BookError: The total has more than six decimals.
    """
    units = total * 10**6
    if units.denominator != 1:
        raise BookError("printed_total", str(total))
    shares = [quantise(c) * 10**6 for c in contributions]
    return [Fraction(n, 10**6) for n in largest_remainder(shares, units.numerator, range(len(shares)))]


@dataclass(frozen=True)
class Line:
    """A line of a receipt: a key, its exact contribution, and the lines it consists of."""

    key: str
    contribution: Fraction
    children: tuple[Line, ...] = ()


def receipt(lines: Sequence[Line], total: Fraction, above: str = "") -> list[tuple[str, Fraction]]:
    """Print a receipt level by level.

    Args:
        lines: Lines of one level.
        total: What they add up to as printed.
        above: Key of the line above.

    Returns:
        Path and printed value of every line, each followed by its children.
    """
    result: list[tuple[str, Fraction]] = []
    for line, value in zip(lines, printed([x.contribution for x in lines], total), strict=True):
        path = f"{above}/{line.key}" if above else line.key
        result.append((path, value))
        if line.children:
            result += receipt(line.children, value, path)
    return result
