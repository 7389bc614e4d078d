"""Whether a set of weights passes, and the proposal that repairs it.

Source: scoring.md S1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LEAST_D4: Final = 999_950
BEYOND_D4: Final = 1_000_050
_CENTS: Final = 10_000


def is_full(total_d4: int) -> bool:
    """Tell whether a set of weights adds up to 100.

    Args:
        total_d4: Sum of the weights, ten-thousandths.

    Returns:
        True when 99.995 ≤ sum < 100.005.

    Source: scoring.md S1.
    """
    return LEAST_D4 <= total_d4 < BEYOND_D4


def repair(weights_d4: Sequence[int]) -> tuple[int, ...] | None:
    """Propose weights of two decimals that add up to 100 exactly.

    Args:
        weights_d4: The given weights, ten-thousandths, none negative.

    Returns:
        Weights in ten-thousandths, by largest remainder, equal remainders to the earlier row; None when all are zero.

    Source: scoring.md S1.
    """
    total = sum(weights_d4)
    if total <= 0:
        return None
    shares = [divmod(weight * _CENTS, total) for weight in weights_d4]
    left = _CENTS - sum(whole for whole, _ in shares)
    order = sorted(range(len(shares)), key=lambda row: -shares[row][1])
    extra = set(order[:left])
    return tuple((whole + (row in extra)) * 100 for row, (whole, _) in enumerate(shares))
