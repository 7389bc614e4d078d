"""S1: weight sets, their check and the repair proposal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError, largest_remainder

LOW = Fraction(99995, 1000)
HIGH = Fraction(100005, 1000)


@dataclass(frozen=True)
class WeightFault:
    """A set that does not make 100.

    Attributes:
        name: The set.
        difference: Its sum minus 100.
        proposal: Repaired weights, or None when all weights are zero.
    """

    name: str
    difference: Fraction
    proposal: tuple[Fraction, ...] | None


def repair(weights: Sequence[Fraction]) -> tuple[Fraction, ...] | None:
    """Propose weights that make 100 at two decimals.

    Args:
        weights: The set, in row order.

    Returns:
        w·100/Σw by largest remainder, or None when Σ is zero.
    """
    total = sum(weights, Fraction(0))
    if total == 0:
        return None
    shares = [w * 10_000 / total for w in weights]
    return tuple(Fraction(n, 100) for n in largest_remainder(shares, 10_000, range(len(shares))))


def fault_of(name: str, weights: Sequence[Fraction]) -> WeightFault | None:
    """Check one set.

    Args:
        name: How the set is called in the error.
        weights: Its weights, in row order.

    Returns:
        The fault, or None when 99.995 ≤ Σ < 100.005.

    Raises:
        BookError: A weight is negative.
    """
    if any(w < 0 for w in weights):
        raise BookError("negative_weight", name)
    total = sum(weights, Fraction(0))
    return None if LOW <= total < HIGH else WeightFault(name, total - 100, repair(weights))


def check(name: str, weights: Sequence[Fraction]) -> None:
    """Refuse a set that does not make 100.

    Args:
        name: How the set is called in the error.
        weights: Its weights.

    Raises:
        BookError: Σ is off.
    """
    fault = fault_of(name, weights)
    if fault is not None:
        raise BookError("weights", name, str(fault.difference))


def or_equal(name: str, weights: Sequence[Fraction | None]) -> list[Fraction]:
    """Weights of goal siblings and KRs, which need not make 100.

    Args:
        name: How the set is called in the error.
        weights: Weights, all empty for equal ones.

    Returns:
        The weights to use.

    Raises:
        BookError: Some are empty, one is negative, or all are zero.
    """
    given = [w for w in weights if w is not None]
    if not given:
        return [Fraction(1)] * len(weights)
    if len(given) < len(weights) or any(w < 0 for w in given) or not any(given):
        raise BookError("sibling_weights", name)
    return given
