"""Whether a set of weights adds up to 100, and the proposal that repairs it.

Source: scoring.md S1.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from typing import Final

_LEAST: Final = Decimal("99.995")
_BEYOND: Final = Decimal("100.005")
_CENT: Final = Decimal("0.01")


def is_full(weights: Sequence[Decimal]) -> bool:
    """Tell whether 99.995 ≤ Σ < 100.005.

    Args:
        weights: The set.

    Returns:
        True when the set passes.
    """
    return _LEAST <= sum(weights, Decimal(0)) < _BEYOND


def repair(weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Propose weights of two decimals that add up to 100 exactly.

    Args:
        weights: The given weights, none negative.

    Returns:
        w·100/Σw by largest remainder, equal remainders to the earlier row; empty when all are zero.
    """
    total = sum(weights, Decimal(0))
    if total <= 0:
        return ()
    exact = [weight * 100 / total for weight in weights]
    floors = [share.quantize(_CENT, rounding=ROUND_DOWN) for share in exact]
    left = int((100 - sum(floors)) / _CENT)
    order = sorted(range(len(exact)), key=lambda row: floors[row] - exact[row])
    raised = set(order[:left])
    return tuple(floor + _CENT if row in raised else floor for row, floor in enumerate(floors))


def plain(number: Decimal) -> str:
    """Return a number as people write it: no exponent, no trailing zeros.

    Args:
        number: Any finite number.

    Returns:
        For example ``33.34`` or ``70``.
    """
    return format(number.normalize(), "f")
